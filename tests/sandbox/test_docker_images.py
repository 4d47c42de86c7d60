"""Images: named by what is in them, described before they are built, in step with Dockerfiles."""

import re
from pathlib import Path
from typing import Any

import pytest

from macrohard.errors import SandboxError
from macrohard.paths import sandboxes_dir
from macrohard.sandbox.docker import Engine, debian, hardening
from macrohard.sandbox.docker.images import Images
from macrohard.sandbox.profile import load_profile

PROFILES = ("python", "web", "desktop")


def images(profile: str, folder: Path | None = None) -> Images:
    client: Any = None
    return Images(Engine(client, {}), profile, folder)


@pytest.mark.parametrize("name", PROFILES)
def test_dockerfiles_install_what_profiles_list(name: str) -> None:
    profile = load_profile(name)
    text = (sandboxes_dir() / name / "Dockerfile").read_text().replace("\\\n", " ")
    installed = re.search(r"--no-install-recommends (.*?) &&", text)
    by_pip = re.search(r"--break-system-packages(.*)", text)

    assert installed is not None
    assert tuple(installed[1].split()) == profile.debian
    assert (tuple(by_pip[1].split()) if by_pip else ()) == profile.pip


def test_a_tag_names_what_is_inside(tmp_path: Path) -> None:
    def tag(debian_list: str, packages: str = "[]") -> str:
        folder = tmp_path / "x"
        folder.mkdir(exist_ok=True)
        (folder / "profile.toml").write_text(f"debian = {debian_list}\npackages = {packages}\n")
        return images("x", tmp_path).tag

    assert tag('["python3"]') == tag('["python3"]')
    assert tag('["python3"]') != tag('["python3", "less"]')
    assert tag('["python3"]') != tag('["python3"]', '["pytest"]')
    assert tag('["python3"]').startswith("macrohard/x:")


def test_a_profile_changes_with_the_one_it_extends(tmp_path: Path) -> None:
    for name, text in (("low", 'debian = ["python3"]'), ("high", 'extends = "low"')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "profile.toml").write_text(text)
    before = images("high", tmp_path).tag
    (tmp_path / "low" / "profile.toml").write_text('debian = ["python3", "less"]')

    assert images("high", tmp_path).tag != before


def test_a_machine_that_cannot_make_debian_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    assert "needs root" in debian.hindrance()


async def test_without_debian_and_registry_both_reasons_are_told(
    engine_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian, "hindrance", lambda: "debootstrap is missing")
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "profile.toml").write_text('debian = ["python3"]\n')
    (tmp_path / "far" / "Dockerfile").write_text("FROM registry.invalid/nothing:1\n")
    engine, said = Engine.find(engine_address), list[str]()
    with pytest.raises(SandboxError, match=r"(?s)cannot be built.*debootstrap is missing"):
        await Images(engine, "far", tmp_path).build(said.append)
    engine.close()

    assert "from its Dockerfile" in said[0]


async def test_a_build_says_what_it_would_do_and_nothing_when_it_is_done(
    engine_address: str, tmp_path: Path
) -> None:
    for name in ("python", "desktop"):
        shipped = (sandboxes_dir() / name / "profile.toml").read_text()
        (tmp_path / name).mkdir()
        (tmp_path / name / "profile.toml").write_text(shipped.replace('"xvfb"', '"xvfb", "less"'))
    engine = Engine.find(engine_address)
    built, unbuilt = Images(engine, "python"), Images(engine, "desktop", tmp_path)

    assert built.built()
    assert await built.missing() == []
    assert not unbuilt.built()
    steps = await unbuilt.missing()
    assert len(steps) == 2  # the base of python is there
    assert "xdotool" in steps[0]
    assert "minute" in steps[0]
    engine.close()


async def test_what_a_broken_off_build_finished_is_not_done_again(
    engine_address: str, tmp_path: Path
) -> None:
    for name in ("python", "mine"):
        (tmp_path / name).mkdir()
    shipped = (sandboxes_dir() / "python" / "profile.toml").read_text()
    (tmp_path / "python" / "profile.toml").write_text(shipped)
    (tmp_path / "mine" / "profile.toml").write_text('extends = "python"\n')
    engine, said = Engine.find(engine_address), list[str]()
    found = Images(engine, "mine", tmp_path)
    assert not found.built()
    tag = await found.build(said.append)

    assert found.built()
    assert said[0].startswith(f"{tag}: adding the agent")  # Debian's part was there
    await engine.call("remove an image", engine.client.remove_image, tag)
    engine.close()


def test_the_refused_system_calls_are_named_and_complete() -> None:
    text = hardening.seccomp_profile()

    for call in ("io_uring_setup", "ptrace", "keyctl", "bpf", "userfaultfd", "perf_event_open",
                 "mount", "unshare", "setns", "open_by_handle_at", "kexec_load"):  # fmt: skip
        assert f'"{call}"' in text
    assert "comment" not in text
