"""Pages are read as somebody hears them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macrohard.users.web.outline import hearing_problems, outline
from macrohard.webpage import Page, plain_text

PAGE = """<!DOCTYPE html><html lang="en"><head><title>Shop</title></head><body>
<nav aria-label="Main"><a href="/things">Things</a></nav>
<main><h1>Things &amp; more</h1>
<form method="post"><input type="hidden" name="t" value="1">
<label for="n">Name <em>of it</em></label><span id="h">a text</span>
<input id="n" name="n" aria-describedby="h" value="Zo&euml;">
<label>Colour <select name="c"><option value="">(any)<option selected>red</select></label>
<button>Add a thing</button></form>
<table><caption>2 things</caption><tr><th>id<th>name<tr><td>1<td>Hammer</table>
<p hidden>never seen</p><script>document.write("x")</script></main></body></html>"""


def names(page: Page, role: str) -> list[str]:
    return [page.name(node) for node in page.nodes if page.role(node) == role]


def test_names_come_from_labels_and_content() -> None:
    page = Page(PAGE)
    assert page.title == "Shop"
    assert names(page, "textbox") == ["Name of it"]
    assert names(page, "combobox") == ["Colour"]
    assert names(page, "button") == ["Add a thing"]
    assert names(page, "table") == ["2 things"]
    assert hearing_problems(page) == ()


def test_the_outline_shows_roles_names_and_values() -> None:
    page = Page(PAGE)
    text = outline(page, {})
    for line in (
        '- navigation "Main"',
        '- heading "Things & more" [level=1]',
        '- textbox "Name of it": Zoë',
        '- option "red" [selected]',
        '- cell "Hammer"',
    ):
        assert line in text
    assert "never seen" not in text
    field = page.find(frozenset({"textbox"}), "name  OF it")[0]
    assert ': Ann"' not in text
    assert '- textbox "Name of it": Ann' in outline(page, {id(field): "Ann"})


def test_the_text_has_a_row_in_one_line_and_nothing_hidden() -> None:
    text = plain_text(Page(PAGE))
    assert "1 Hammer" in text.splitlines()
    assert "never seen" not in text
    assert "document.write" not in text


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (PAGE.replace('for="n"', 'for="m"'), "has no label"),
        (PAGE.replace("Add a thing", ""), "a button has no name"),
        (PAGE.replace("<h1>", "<h2>"), "no main heading"),
        (PAGE.replace(' lang="en"', ""), "language"),
        (PAGE.replace("<title>Shop</title>", ""), "no title"),
        (PAGE.replace("<p hidden>", '<img src="a.png"><p hidden>'), "picture"),
        (PAGE.replace("<p hidden>", '<p id="n">'), "same id"),
    ],
)
def test_what_hinders_is_found(broken: str, told: str) -> None:
    assert broken != PAGE
    (problem,) = hearing_problems(Page(broken))
    assert told in problem.text
    assert problem.kind == "accessibility"


@given(st.text(alphabet="<>/=\"' abcinputselectformlabel&;#0-!", max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    page = Page(text)
    outline(page, {})
    plain_text(page)
    hearing_problems(page)
