"""The images boxes are made from: named by what is in them, built once, without a registry.

Three layers: what Debian gives (slow, see :mod:`macrohard.sandbox.docker.debian`), what a profile
adds to the one it extends, and on top the agent and the Python packages of the profile, copied
from the environment that runs us, so that every kind of box has the same ones.
"""

import asyncio
import contextlib
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata
from pathlib import Path

from docker.errors import DockerException
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

from macrohard import errors
from macrohard.errors import SandboxError
from macrohard.paths import sandboxes_dir
from macrohard.sandbox import export, files, inbox, interpreter
from macrohard.sandbox.docker import debian
from macrohard.sandbox.docker.agent import CODE_IN_BOX
from macrohard.sandbox.docker.engine import Engine, EngineError
from macrohard.sandbox.docker.hardening import APP, DRIVER, KEEPER
from macrohard.sandbox.profile import Profile, load_profile

Say = Callable[[str], None]

PREFIX = "macrohard/"
PACKAGES = ".packages"
"""Folder of the workspace that has the packages of the app, where it has any."""
LABEL = "macrohard.image"
_BUILD_S = 1800.0
_DIGITS = 12
_HERE = f"{CODE_IN_BOX}/macrohard"
_USERS = ((KEEPER, "keeper"), (APP, "app"), (DRIVER, "driver"))


class Images:
    """The images of one profile on one engine.

    Args:
        engine: Where they are kept and built.
        profile: What they are for.
        folder: Where profiles are; those that ship with macrohard when None.
    """

    def __init__(self, engine: Engine, profile: str, folder: Path | None = None) -> None:
        self._engine = engine
        self._folder = folder
        self._chain = [load_profile(profile, folder)]
        while (below := self._chain[0].extends) and len(self._chain) < _DIGITS:
            self._chain.insert(0, load_profile(below, folder))
        self.profile = self._chain[-1]

    @property
    def tag(self) -> str:
        """The image boxes are made from."""
        parts: list[str] = [self._base_tag(len(self._chain)), *_packages(self.profile)]
        for name, data in _code():
            parts += [name, hashlib.sha256(data).hexdigest()]
        parts.append(_SETUP)
        return f"{PREFIX}{self.profile.name}:{_digest(parts)}"

    def tags(self) -> set[str]:
        """Every image a build of this profile makes or rests on."""
        return {self.tag, *(self._base_tag(depth + 1) for depth in range(len(self._chain)))}

    def _base_tag(self, depth: int) -> str:
        """What Debian and pip give a profile and those it extends, down to ``depth``."""
        while depth > 1 and not (self._chain[depth - 1].debian or self._chain[depth - 1].pip):
            depth -= 1  # it adds nothing
        chain = self._chain[:depth]
        parts = [debian.RECIPE, *(json.dumps([each.debian, each.pip]) for each in chain)]
        return f"{PREFIX}{self._chain[depth - 1].name}-base:{_digest(parts)}"

    async def present(self, tag: str = "") -> bool:
        """Whether the image is there already."""
        inspect = self._engine.client.inspect_image
        try:
            await self._engine.call("look for an image", inspect, tag or self.tag)
        except EngineError as error:
            if error.missing:
                return False
            raise
        return True

    def built(self) -> bool:
        """Whether the image is there already; asks at once, without an event loop.

        Raises:
            EngineError: The engine does not say.
        """
        return bool(self._engine.ask("look for an image", self._engine.client.images, self.tag))

    @property
    def hint(self) -> str:
        """What a build from nothing downloads, and how long it takes."""
        return "; ".join(f"{each.name}: {each.build_hint}" for each in self._chain)

    async def missing(self) -> list[str]:
        """What a build would do and how long it takes, one sentence each; empty when built."""
        if await self.present():
            return []
        found = []
        for depth, profile in enumerate(self._chain, start=1):
            if await self.present(self._base_tag(depth)):
                continue
            if depth > 1:
                found.append(f"{profile.name}: {_names(profile)} installed from Debian and PyPI"
                             f" ({profile.build_hint})")  # fmt: skip
            elif debian.archive_of(self._base_tag(depth)).exists():
                found.append(f"{profile.name}: Debian base from this user's cache (about 10 s)")
            else:
                found.append(f"{profile.name}: Debian base by debootstrap ({profile.build_hint})")
        return [*found, f"{self.profile.name}: the agent and the test tools on top (about 5 s)"]

    async def build(self, say: Say) -> str:
        """Build what is missing; the tag. Broken off, it goes on where it was.

        Args:
            say: Told what is being done.

        Raises:
            SandboxError: It cannot be built; says why and what to do.
        """
        for depth, profile in enumerate(self._chain, start=1):
            base = self._base_tag(depth)
            if await self.present(base):
                continue
            if depth == 1:
                await self._make_base(base, profile, say)
            else:
                below = self._base_tag(depth - 1)
                say(f"{base}: installing {_names(profile)} ({profile.build_hint})")
                context = await asyncio.to_thread(debian.layer, below, profile)
                await self._run_build(base, context, say, network="host")
        tag = self.tag
        if not await self.present(tag):
            say(f"{tag}: adding the agent and {', '.join(_packages(self.profile))}")
            context = await asyncio.to_thread(self._top, self._base_tag(len(self._chain)))
            await self._run_build(tag, context, say, network="none")
        return tag

    async def _make_base(self, tag: str, profile: Profile, say: Say) -> None:
        """Debian's part: by debootstrap where this machine can, else by the engine's registry."""
        reason = "" if debian.archive_of(tag).exists() else debian.hindrance()
        if not reason:
            await self._import(tag, profile, say)
            return
        say(f"{tag}: from its Dockerfile and a registry, because {reason}")
        dockerfile = (self._folder or sandboxes_dir()) / profile.name / "Dockerfile"
        context = debian.tarred({"Dockerfile": dockerfile.read_bytes()})
        try:
            await self._run_build(tag, context, say, network="default")
        except SandboxError as error:
            raise SandboxError(f"{error} (debootstrap was no way either: {reason})") from error

    async def _import(self, tag: str, profile: Profile, say: Say) -> None:
        archive = await debian.make_archive(tag, profile, say)
        say(f"{tag}: importing {archive.stat().st_size // 2**20} MB")
        client = self._engine.client
        # Name and version in one: Podman does not look at a version given beside it.
        await self._engine.call(
            "import an image", client.import_image_from_file, str(archive), tag,
            changes=[
                "ENV PATH=/opt/python/bin:/usr/local/bin:/usr/bin:/bin",
                "WORKDIR /work",
                f"LABEL {LABEL}={tag}",
            ],
        )  # fmt: skip

    async def _run_build(self, tag: str, context: bytes, say: Say, *, network: str) -> None:
        def work() -> None:
            said: list[str] = []
            steps = self._engine.client.build(
                fileobj=io.BytesIO(context), custom_context=True, tag=tag, rm=True, forcerm=True,
                network_mode=network, decode=True, timeout=_BUILD_S, labels={LABEL: tag},
            )  # fmt: skip
            for step in steps:
                text = str(step.get("error") or step.get("stream") or "").strip()
                if text:
                    said.append(text)
                if "error" in step:
                    raise SandboxError(f"{tag} cannot be built: " + "\n".join(said[-12:]))

        try:
            async with asyncio.timeout(_BUILD_S):
                await asyncio.to_thread(work)
        except (DockerException, HTTPError, RequestException, OSError, TimeoutError) as error:
            raise EngineError(
                f"{tag}: the engine stopped building ({error}); what is done is kept:"
                " start the engine and run the command again",
                absent=True,
            ) from error
        if not await self.present(tag):
            raise SandboxError(f"{tag}: the engine built something else; run the command again")
        say(f"{tag}: done")

    def _top(self, base: str) -> bytes:
        lines = [
            f"FROM {base}",
            f"COPY code/ {CODE_IN_BOX}/",
            "COPY site/ /opt/python/site/",
            "COPY bin/ /opt/python/bin/",
            "COPY setup.sh /tmp/setup.sh",
            "RUN /bin/sh /tmp/setup.sh && rm /tmp/setup.sh",
        ]
        wanted: dict[str, bytes] = {
            "Dockerfile": "\n".join(lines).encode(),
            "setup.sh": _SETUP.encode(),
            "site/.keep": b"",
            "bin/pytest": interpreter.PYTEST_STUB.encode(),
        }
        wanted |= {f"code/{name}": data for name, data in _code()}
        for source in interpreter.files_of(self.profile.packages):
            for path in [source] if source.is_file() else sorted(source.rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    wanted[f"site/{path.relative_to(source.parent)}"] = path.read_bytes()
        return debian.tarred(wanted)


_SETUP = f"""set -e
version=$(/usr/bin/python3 -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
home=/opt/python
mkdir -p $home/bin $home/lib/$version /work
mv $home/site $home/lib/$version/site-packages
printf 'home = /usr/bin\\ninclude-system-site-packages = true\\n' > $home/pyvenv.cfg
for name in python python3 $version; do ln -sf /usr/bin/python3 $home/bin/$name; done
chmod 755 $home/bin/pytest
echo /work/{PACKAGES} > $home/lib/$version/site-packages/app.pth
printf 'root:x:0:0:root:/:/bin/false\\n' > /etc/passwd
printf 'root:x:0:\\n' > /etc/group
for user in {" ".join(f"{uid}:{name}" for uid, name in _USERS)}; do
  id=${{user%%:*}} name=${{user##*:}}
  printf '%s:x:%s:%s:%s:/tmp:/bin/sh\\n' $name $id $id $name >> /etc/passwd
  printf '%s:x:%s:\\n' $name $id >> /etc/group
done
rm -f /etc/shadow /etc/shadow- /etc/gshadow /etc/gshadow- /etc/passwd- /etc/group-
printf '[safe]\\n\\tdirectory = *\\n' > /etc/gitconfig
rm -rf /home/* /root
find / -xdev -perm /6000 -type f -exec chmod a-s {{}} +
/usr/bin/python3 -m compileall -q {CODE_IN_BOX} $home/lib/$version/site-packages || true
"""


def _code() -> Iterator[tuple[str, bytes]]:
    """The agent and what it needs of us, as it lies in an image."""
    for name in ("macrohard/__init__.py", "macrohard/sandbox/__init__.py"):
        yield name, b""
    yield "macrohard/errors.py", Path(errors.__file__).read_bytes()
    for module in (export, files):
        path = Path(str(module.__file__))
        yield f"macrohard/sandbox/{path.name}", path.read_bytes()
    for path in sorted(Path(str(inbox.__file__)).parent.glob("*.py")):
        yield f"macrohard/sandbox/inbox/{path.name}", path.read_bytes()


def _packages(profile: Profile) -> list[str]:
    found = []
    for name in profile.packages:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return found


def _names(profile: Profile) -> str:
    return ", ".join((*profile.debian, *profile.pip))


def _digest(parts: list[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:_DIGITS]


async def remove_old(engine: Engine, profiles: Iterable[str]) -> list[str]:
    """Remove images of these profiles that are not what would be built today; their names.

    Only what we built and labelled ourselves, and nothing that a container still rests on.

    Args:
        engine: Where they are.
        profiles: Those that ship with macrohard; images of others are left alone.
    """
    client, known, current = engine.client, set(), set()
    for name in profiles:
        current |= Images(engine, name).tags()
        known |= {f"{PREFIX}{name}", f"{PREFIX}{name}-base"}
    listed = await engine.call("list images", client.images, filters={"label": LABEL})
    removed = []
    for image in listed:
        for found in image.get("RepoTags") or []:
            tag = found.removeprefix("docker.io/")  # as Podman writes it
            label = (image.get("Labels") or {}).get(LABEL)
            if tag != label or tag in current or tag.rpartition(":")[0] not in known:
                continue
            with contextlib.suppress(EngineError):  # a container rests on it
                await engine.call("remove an image", client.remove_image, tag)
                removed.append(tag)
    return removed
