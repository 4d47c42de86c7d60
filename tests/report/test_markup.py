"""HTML is escaped whoever calls."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from macrohard.report.markup import Markup, join, table, tag


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.text += "".join(value or "" for name, value in attrs if name == "title")

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


@given(st.text())
def test_no_text_becomes_an_element_or_leaves_an_attribute(text: str) -> None:
    reader = read(tag("p", text, title=text))
    assert reader.tags == ["p"]
    kept = "".join(c for c in text if c >= " " or c in "\t\n")
    said = "".join(c if not 0xD800 <= ord(c) < 0xE000 else "?" for c in kept)
    assert reader.text.count(said) >= (1 if said else 0)
    tag("p", text).encode()


def test_markup_is_left_as_it_is_and_nested() -> None:
    assert tag("p", "a < b ", tag("b", "&")) == "<p>a &lt; b <b>&amp;</b></p>"


def test_attributes_are_named_and_left_out() -> None:
    made = tag("a", "x", class_="n", aria_label='"', hidden=True, id=None, open=False)
    assert made == '<a class="n" aria-label="&quot;" hidden>x</a>'
    assert tag("meta", charset="utf-8") == '<meta charset="utf-8">'


def test_none_is_left_out_and_nought_is_not() -> None:
    assert tag("td", None, 0) == "<td>0</td>"
    assert join(["a", None, Markup("<b>")], between=" & ") == "a &amp; <b>"


def test_tables_have_captions_scopes_and_flush_numbers() -> None:
    made = table("Runs", ("Name", "Count"), [("<x>", 3), (tag("td", "y", id="i"), 4)], numbers=[1])
    assert "<caption>Runs</caption>" in made
    assert '<th scope="col" class="n">Count</th>' in made
    assert '<td>&lt;x&gt;</td><td class="n">3</td>' in made
    assert '<td id="i">y</td><td class="n">4</td>' in made
    assert 'role="region"' in made
