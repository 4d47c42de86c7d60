"""Which sandbox a run gets, and what it is told when it gets none."""

import pytest

from macrohard.errors import ConfigError, SandboxError
from macrohard.sandbox import ProcessProvider, choose


@pytest.mark.parametrize("name", ["auto", "process"])
@pytest.mark.parametrize(("offline", "allowed"), [(True, False), (True, True), (False, True)])
def test_processes_run_code_of_the_offline_model_and_what_the_person_allowed(
    name: str, offline: bool, allowed: bool
) -> None:
    chosen = choose(name, model_is_offline=offline, allow_process=allowed)  # type: ignore[arg-type]

    assert isinstance(chosen, ProcessProvider)


@pytest.mark.parametrize("name", ["auto", "process"])
def test_code_of_a_real_model_does_not_run_in_processes_by_itself(name: str) -> None:
    with pytest.raises(SandboxError, match="--allow-process-sandbox"):
        choose(name, model_is_offline=False, allow_process=False)  # type: ignore[arg-type]


@pytest.mark.parametrize("offline", [True, False])
def test_docker_is_never_replaced_silently(offline: bool) -> None:
    with pytest.raises(SandboxError, match="not built yet"):
        choose("docker", model_is_offline=offline, allow_process=True)


def test_an_unknown_kind_is_a_usage_error() -> None:
    with pytest.raises(ConfigError, match="auto, docker or process"):
        choose("podman", model_is_offline=True, allow_process=True)  # type: ignore[arg-type]
