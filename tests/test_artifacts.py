from pathlib import Path

import pytest

from macrohard.artifacts import Artifacts
from macrohard.errors import MacrohardError
from macrohard.work import Criterion


def test_a_noun_comes_back_as_it_went_in(tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path)
    noun = Criterion(id="S1.C1", given="nothing", when="ü", then="1 < 2")
    assert artifacts.noun(artifacts.put(noun), Criterion) == noun


def test_the_same_content_is_kept_once(tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path)
    assert artifacts.put("text") == artifacts.put(b"text")
    assert sum(1 for path in tmp_path.rglob("*") if path.is_file()) == 1


def test_a_changed_artifact_is_noticed(tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path)
    digest = artifacts.put("true")
    (tmp_path / digest[:2] / digest[2:]).write_text("false")
    with pytest.raises(MacrohardError, match="was changed after the run"):
        artifacts.text(digest)


def test_a_missing_artifact_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MacrohardError, match="build again into another folder"):
        Artifacts(tmp_path).text("0" * 64)
