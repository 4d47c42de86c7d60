"""docs/endpoints.md lists the keys of an endpoint's table as they are."""

import re
from dataclasses import fields

from support.commands import ROOT

from macrohard.llm.endpoint import Preset


def test_every_key_is_in_the_table_with_its_default() -> None:
    text = (ROOT / "docs" / "endpoints.md").read_text()
    section = text.split("## Keys of an endpoint's table")[1].split("\n## ")[0]
    listed: dict[str, str] = {}
    for line in re.findall(r"^\|.*\|$", section, re.MULTILINE):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        for name in re.findall(r"`(\w+)`", cells[0]):
            listed[name] = cells[-1].strip("`")
    preset = Preset(url="http://x")
    assert set(listed) == {item.name for item in fields(Preset)}
    for name, told in listed.items():
        value = getattr(preset, name)
        if isinstance(value, bool):
            assert told == str(value).lower()
        elif name != "url" and value and told not in {"none", "no bound"}:
            assert told == str(value)
