"""A spec that single lines are tried in, and short ways to read them."""

import pytest

from macrohard.errors import SpecError
from macrohard.llm.offline.dialect.ast import App, Condition, Expression, Field, Kind, Rule
from macrohard.llm.offline.dialect.parser import parse_spec

BASE = """# Pool

Lends things.

## Data

### Person (plural: people)
- name: text, required
- limit: integer, default 3
- open loans = count of loans where returned is empty

### Item
- name: text
- price: decimal
- status: one of (in stock, lent out, not started), default in stock
- stock = total quantity of movements where direction is in
  - total quantity of movements where direction is out

### Loan
- item: reference to Item, required
- borrower: a person, required
- start: date
- end: date
- returned: date
- quantity: integer
- done: yes/no
- remark: text
- cost = quantity * item.price

### Movement
- item: an item
- direction: one of (in, out)
- quantity: integer, at least 1
- at: date-time

### Booking
- room: text
- desk: text
- from: date-time
- to: date-time

### Transfer
- sender: a person
- receiver: a person
- amount: decimal
""".replace("direction is in\n  - total", "direction is in minus total")
HEAD = "# Small\n\nKeeps things.\n\n## Data\n\n"


def read(*lines: str, section: str = "") -> App:
    """The base spec with lines more, under a section heading where one is given."""
    heading = f"\n## {section}\n" if section else ""
    return parse_spec(BASE + heading + "".join(f"{line}\n" for line in lines))


def field_of(line: str) -> Field:
    """A field from its line, in a kind of its own."""
    return read("### Extra", f"- {line}").kind("extra").fields[0]


def computed(kind: str, line: str) -> Field:
    """A computed field added to a kind of the base spec."""
    head = next(text for text in BASE.splitlines() if text.lower().startswith(f"### {kind}"))
    name = parse_spec(BASE.replace(f"{head}\n", f"{head}\n- {line}\n")).kind(kind).fields[0]
    assert name.computed is not None
    return name


def formula(kind: str, text: str) -> Expression | None:
    """An expression about a kind of the base spec."""
    return computed(kind, f"result = {text}").computed


def condition(kind: str, text: str) -> Condition:
    """A condition about a kind of the base spec."""
    plural = {"person": "people"}.get(kind, f"{kind}s")
    app = read(f'- List "odd" {plural} where {text}', section="Features")
    return app.kind(kind).features.conditions[0].condition


def kind_with(line: str, slug: str) -> Kind:
    """A kind of the base spec with one line of features."""
    return read(f"- {line}", section="Features").kind(slug)


def rules_of(*lines: str) -> tuple[Rule, ...]:
    """Rules from their lines."""
    return read(*(f"- {line}" for line in lines), section="Rules").rules


def refusal(*lines: str, section: str = "") -> str:
    """What is said when lines cannot be read; checks that the error names the first of them."""
    with pytest.raises(SpecError) as caught:
        read(*lines, section=section)
    return str(caught.value)


def refused_text(text: str) -> SpecError:
    """The error a whole spec gives."""
    with pytest.raises(SpecError) as caught:
        parse_spec(text, "my.md")
    return caught.value
