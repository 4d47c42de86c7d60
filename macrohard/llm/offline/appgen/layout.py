"""Breaks long lines of generated code the way formatters do.

The writers of code put a statement on one line; here the lines that are too long are broken at
their last bracket, then at its commas, then at operators. Only what the writers write is
understood, not all of Python.
"""

import io
import tokenize
from dataclasses import dataclass
from itertools import pairwise

WIDTH = 100
STEP = "    "
OPENING, CLOSING = "([{", ")]}"
LOOSEST_FIRST = (
    ("if", "else"),
    ("for", "if"),
    ("or",),
    ("and",),
    ("==", "!=", "<", "<=", ">", ">=", "is", "in", "not"),
    ("+", "-"),
    ("*", "/"),
)
"""Operators at which a line without commas is broken, those that bind loosest first."""
CHAINS = {"else", "for", "and", "or", "+", "-", "*", "/", "==", "!=", "<", "<=", ">", ">="}
"""Operators that make a bare element a chain, which is broken at them before its brackets."""


@dataclass(frozen=True)
class Token:
    """A word of a line, and how deep in brackets it stands."""

    text: str
    start: int
    end: int
    depth: int


def laid_out(text: str) -> str:
    """The code with every long line broken that can be."""
    lines: list[str] = []
    quoted = False
    for line in text.split("\n"):
        if not quoted and len(line) > WIDTH and line.count('"""') == 0:
            lines += broken(line)
        else:
            lines.append(line)
        quoted ^= line.count('"""') % 2 == 1
    return "\n".join(lines)


def broken(line: str) -> list[str]:
    """One line as several that fit; as it is where it cannot be broken."""
    if len(line) <= WIDTH:
        return [line]
    words = tokens(line)
    if not words:
        return [line]
    if wants_brackets(words):
        return in_brackets(line, words)
    pair = last_pair(words)
    if pair is None:
        return at_operators(line, words)
    opening, closing = pair
    if closing.text == ")" and stands_open(words, closing):
        return at_operators(line, words)
    return at_bracket(line, words, opening, closing)


def tokens(line: str) -> list[Token]:
    """The words of a line; none when it is no whole line of code."""
    found: list[Token] = []
    depth = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(line.strip()).readline):
            if token.type in (tokenize.NEWLINE, tokenize.ENDMARKER, tokenize.INDENT):
                continue
            depth -= token.string in CLOSING and token.type == tokenize.OP
            found.append(Token(token.string, token.start[1], token.end[1], depth))
            depth += token.string in OPENING and token.type == tokenize.OP
    except (tokenize.TokenError, IndentationError):
        return []
    return [word for word in found if word.text]


def wants_brackets(words: list[Token]) -> bool:
    """Whether a statement's expression is a chain that is best bracketed as a whole."""
    if expression_start(words) is None:
        return False
    outer = {word.text for word in words if word.depth == 0}
    return bool(outer & {"and", "or", "else"}) and "for" not in outer


def expression_start(words: list[Token]) -> int | None:
    """Where the expression of a ``return``, an ``if`` or an assignment begins."""
    if words[0].text in {"return", "if"} and len(words) > 1:
        return words[1].start
    assigns = len(words) > 2 and words[1].text == "=" and words[1].start > words[0].end
    return words[2].start if assigns else None


def in_brackets(line: str, words: list[Token]) -> list[str]:
    """The statement with its expression in brackets, broken inside where it is still too long."""
    indent = line[: len(line) - len(line.lstrip())]
    start = expression_start(words) or 0
    head = line.strip()[:start].rstrip()
    tail = ":" if words[-1].text == ":" else ""
    expression = line.strip()[start:].removesuffix(tail)
    inner = f"{indent}{STEP}{expression}"
    inside = [inner] if len(inner) <= WIDTH else at_operators(inner, tokens(expression))
    return [f"{indent}{head} (", *inside, f"{indent}){tail}"]


def last_pair(words: list[Token]) -> tuple[Token, Token] | None:
    """The last brackets that stand in no others."""
    arrow = next((w.start for w in words if w.text == "->"), words[-1].end)
    brackets = [w for w in words if w.depth == 0 and w.text in CLOSING and w.start < arrow]
    closing = brackets[-1] if brackets else None
    if closing is None:
        return None
    opening = [w for w in words if w.depth == 0 and w.text in OPENING and w.start < closing.start]
    return opening[-1], closing


def stands_open(words: list[Token], closing: Token) -> bool:
    """Whether a chain goes on behind the last bracket, or before it in a bare element."""
    behind = [w.text for w in words if w.start > closing.start and w.depth == 0]
    if behind and behind[0] in {"if", "for"}:
        return True
    outer = [w.text for w in words if w.depth == 0]
    statement = words[0].text in {"return", "def", "if", "class", "with", "raise", "for"}
    return not statement and bool(CHAINS & set(outer))


def at_bracket(line: str, words: list[Token], opening: Token, closing: Token) -> list[str]:
    """The line broken behind its last opening bracket and before the closing one."""
    indent = line[: len(line) - len(line.lstrip())]
    code = line.strip()
    head, body, tail = code[: opening.end], code[opening.end : closing.start], code[closing.start :]
    if not body.strip():
        return [line]
    if len(indent + head) > WIDTH and expression_start(words) is not None:
        return in_brackets(line, words)
    inside = [w for w in words if opening.start < w.start < closing.start]
    commas = [w for w in inside if w.depth == 1 and w.text == ","]
    inner = f"{indent}{STEP}{body}"
    display = is_display(words, opening)
    if words[0].text == "def" and not commas:
        return [f"{indent}{head}", f"{inner},", f"{indent}{tail}"]
    if len(inner) <= WIDTH and not (display and commas):
        return [f"{indent}{head}", inner, f"{indent}{tail}"]
    if not commas:
        return [f"{indent}{head}", *broken(inner), f"{indent}{tail}"]
    items = split_at(code, opening.end, closing.start, commas)
    lines = [part for item in items for part in broken(f"{indent}{STEP}{item},")]
    return [f"{indent}{head}", *lines, f"{indent}{tail}"]


def is_display(words: list[Token], opening: Token) -> bool:
    """Whether a bracket opens a list, a tuple or a dict, rather than a call's arguments."""
    before = [word for word in words if word.end <= opening.start]
    if opening.text == "{" or not before:
        return True
    last = before[-1]
    adjacent = last.end == opening.start and (last.text.isidentifier() or last.text in CLOSING)
    return not adjacent


def split_at(code: str, start: int, end: int, commas: list[Token]) -> list[str]:
    """The items between commas."""
    edges = [start, *(comma.end for comma in commas), end]
    parts = [code[a:b].strip().removesuffix(",") for a, b in pairwise(edges)]
    return [part for part in parts if part]


def at_operators(line: str, words: list[Token]) -> list[str]:
    """The line broken before its loosest operators, at one indentation."""
    indent = line[: len(line) - len(line.lstrip())]
    code = line.strip()
    outer = [word for word in words if word.depth == 0]
    for operators in LOOSEST_FIRST:
        if operators == ("if", "else") and not any(word.text == "else" for word in outer):
            continue
        if operators == ("for", "if") and not any(word.text == "for" for word in outer):
            continue
        cuts = [word.start for word in outer[1:] if word.text in operators]
        if cuts:
            edges = [0, *cuts, len(code)]
            parts = [code[a:b].strip() for a, b in pairwise(edges)]
            return [line for part in parts for line in broken(f"{indent}{part}")]
    return [line]
