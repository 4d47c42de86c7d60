"""Images out of Debian packages, for machines without a registry.

The packages come from where this machine's own apt gets them; nothing here names a mirror.
"""

import asyncio
import contextlib
import io
import os
import secrets
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

from macrohard.errors import SandboxError
from macrohard.sandbox.profile import Profile

RECIPE = "1"
"""Counted up when the steps below change what an image holds."""

_TRIM = """set -e
cd "$1"
rm -rf var/cache/apt/* var/lib/apt/lists/* usr/share/doc usr/share/man usr/share/info var/log/*
find usr/share/locale -mindepth 1 -maxdepth 1 ! -name 'C*' -exec rm -rf {} +
find . -xdev -perm /6000 -type f -exec chmod a-s {} +
rm -rf dev/* proc/* sys/* tmp/* run/*
"""
_MILESTONES = ("I: Unpacking the base system...", "I: Configuring python3...")
_LEAN = "--no-install-recommends"
_HASTY = "etc/dpkg/dpkg.cfg.d/hasty"
"""While an image is made, nothing waits for the disk: what is broken off is begun anew."""
_LAYER_CLEAN = (
    "rm -rf /var/cache/apt/* /var/lib/apt/lists/* /usr/share/doc /usr/share/man /var/log/*"
)


def cache_folder() -> Path:
    """Where archives are kept between builds."""
    return Path.home() / ".cache" / "macrohard" / "images"


def archive_of(tag: str) -> Path:
    """The archive of a base image in this user's cache, whether it is there or not."""
    return cache_folder() / (tag.replace("/", "-").replace(":", "-") + ".tar")


async def make_archive(tag: str, profile: Profile, say: Callable[[str], None]) -> Path:
    """A Debian system with the packages of a profile, as a tar archive.

    Raises:
        SandboxError: This machine cannot make one; says what to do instead.
    """
    archive = archive_of(tag)
    if archive.exists():
        return archive
    if reason := hindrance():
        raise SandboxError(f"{tag} cannot be made here: {reason}")
    mirror, suite = _source()
    archive.parent.mkdir(parents=True, exist_ok=True)
    say(f"{tag}: Debian {suite} with {', '.join(profile.debian)} ({profile.build_hint})")
    downloads = archive.parent / "packages"
    downloads.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="root-", dir=archive.parent) as scratch:
        root = Path(scratch, "root")
        hasty = root / _HASTY
        hasty.parent.mkdir(parents=True)
        hasty.write_text("force-unsafe-io\n")
        command = [
            "debootstrap", "--variant=minbase", f"--cache-dir={downloads}",
            f"--include={','.join(profile.debian)}", suite, str(root), mirror,
        ]  # fmt: skip
        # In a mount namespace of its own, so that nothing stays mounted when it is broken off.
        await _run(["unshare", "--mount", *command], say)
        hasty.unlink()
        await _run(["/bin/sh", "-c", _TRIM, "sh", str(root)])
        draft = archive.with_name(f"{archive.name}.{secrets.token_hex(4)}.part")
        try:
            await _run(["tar", "--numeric-owner", "-C", str(root), "-cf", str(draft), "."])
            draft.replace(archive)
        finally:
            draft.unlink(missing_ok=True)
    return archive


def hindrance() -> str:
    """Why this machine cannot make a Debian system; empty when it can."""
    if os.geteuid() != 0:
        return "making a Debian system needs root (`sudo macrohard sandbox build python`, once)"
    for program, package in (("debootstrap", "debootstrap"), ("unshare", "util-linux")):
        if shutil.which(program) is None:
            return f"{program} is missing (`apt-get install {package}`)"
    try:
        _source()
    except SandboxError as error:
        return str(error)
    return ""


def _source() -> tuple[str, str]:
    """Where apt gets Debian itself from, and which release."""
    wanted = ["apt-get", "indextargets", "--format", "$(SITE) $(CODENAME) $(ORIGIN) $(LABEL)",
              "Created-By: Packages", "Component: main"]  # fmt: skip
    try:
        asked = subprocess.run(wanted, capture_output=True, text=True, check=True, timeout=60)
        release = Path("/etc/os-release").read_text(encoding="utf-8")
    except (OSError, subprocess.SubprocessError) as error:
        raise SandboxError(f"where this machine gets Debian packages is not known: {error}") from (
            error
        )
    fields = dict(line.split("=", 1) for line in release.splitlines() if "=" in line)
    suite = fields.get("VERSION_CODENAME", "").strip('"')
    if fields.get("ID", "").strip('"') != "debian" or not suite:
        raise SandboxError("this machine does not run Debian")
    for line in asked.stdout.splitlines():
        site, codename, *_ = [*line.split(), ""]
        if codename == suite:
            return site, suite
    raise SandboxError(f"apt of this machine has no source for Debian {suite}")


async def _run(command: list[str], say: Callable[[str], None] | None = None) -> None:
    process = await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    last = ""
    try:
        stream = process.stdout or asyncio.StreamReader()
        async for line in stream:
            last = line.decode(errors="replace").strip()
            if say is not None and last in _MILESTONES:
                say(f"  {last[3:]}")
        status = await process.wait()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        raise
    if status != 0:
        raise SandboxError(f"{' '.join(command[:3])} ended with {status}: {last}")


def layer(below: str, profile: Profile) -> bytes:
    """What an engine needs to put the packages of a profile onto another image.

    Raises:
        SandboxError: Python packages cannot be had.
    """
    lines = [f"FROM {below}", "COPY apt/ /etc/apt/", "COPY wheels/ /tmp/wheels/"]
    steps = [
        f"echo force-unsafe-io > /{_HASTY}",
        "apt-get update -qq -o Acquire::Languages=none",
        f"DEBIAN_FRONTEND=noninteractive apt-get install -y -qq {_LEAN} {' '.join(profile.debian)}",
    ]
    wanted: dict[str, bytes] = {"wheels/.keep": b"", "apt/.keep": b""}
    # An image of Debian's own brings its sources; one of ours has those of this machine.
    copied = () if hindrance() else ("sources.list", "sources.list.d", "apt.conf.d", "keyrings")
    for name in copied:
        for path in sorted(Path("/etc/apt").glob(f"{name}/*")) or [Path("/etc/apt", name)]:
            if path.is_file():
                wanted[f"apt/{path.relative_to('/etc/apt')}"] = path.read_bytes()
    if profile.pip:
        wanted |= {f"wheels/{name}": data for name, data in _wheels(profile.pip)}
        steps.append(
            "python3 -m pip install -q --no-index --no-deps --break-system-packages"
            " --no-warn-script-location /tmp/wheels/*.whl"
        )
    lines.append(f"RUN {' && '.join([*steps, _LAYER_CLEAN, f'rm -rf /tmp/wheels /{_HASTY}'])}")
    wanted["Dockerfile"] = "\n".join(lines).encode()
    return tarred(wanted)


def tarred(wanted: dict[str, bytes]) -> bytes:
    """A tar of these files, the same bytes for the same files."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name in sorted(wanted):
            member = tarfile.TarInfo(name)
            member.size = len(wanted[name])
            member.mode = 0o644
            archive.addfile(member, io.BytesIO(wanted[name]))
    return data.getvalue()


def _wheels(names: tuple[str, ...]) -> list[tuple[str, bytes]]:
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "pip", "download", "-q", "--only-binary=:all:",
                   "--python-version=3.11", "-d", scratch, *names]  # fmt: skip
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=900)
        except (OSError, subprocess.SubprocessError) as error:
            said = getattr(error, "stderr", b"") or b""
            reason = said.decode(errors="replace").strip()[-300:] or error
            raise SandboxError(f"{', '.join(names)} cannot be downloaded: {reason}") from error
        return [(path.name, path.read_bytes()) for path in sorted(Path(scratch).iterdir())]
