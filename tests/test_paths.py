"""Where shipped data is found: in an installed package, else in the checkout, never elsewhere."""

from pathlib import Path

import pytest

from macrohard.errors import MacrohardError
from macrohard.paths import agents_dir, data_dir


def test_an_installed_package_uses_its_own_data(tmp_path: Path) -> None:
    package = tmp_path / "macrohard"
    (package / "_data" / "agents").mkdir(parents=True)
    (tmp_path / "agents").mkdir()
    assert data_dir("agents", package) == package / "_data" / "agents"


def test_a_checkout_uses_the_folder_beside_the_package(tmp_path: Path) -> None:
    package = tmp_path / "macrohard"
    package.mkdir()
    (tmp_path / "sandboxes").mkdir()
    assert data_dir("sandboxes", package) == tmp_path / "sandboxes"


def test_an_incomplete_installation_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(MacrohardError, match="install macrohard again") as caught:
        data_dir("agents", tmp_path / "macrohard")
    assert str(tmp_path / "agents") in str(caught.value)


def test_the_current_folder_is_never_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "agents").mkdir()
    monkeypatch.chdir(tmp_path)
    assert agents_dir() != tmp_path / "agents"
