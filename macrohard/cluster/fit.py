"""Whether a cluster can serve a workload at all."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from macrohard.cluster.workload import Workload
from macrohard.errors import ConfigError

if TYPE_CHECKING:
    from macrohard.cluster.simulation import ServingPool


def _longest_calls(workload: Workload) -> dict[int, int]:
    """Most tokens of a call, by the pool it asks for."""
    columns: tuple[Any, ...] = (workload.prompt, workload.output, workload.pool)
    if all(hasattr(column, "dtype") for column in columns):
        prompt, output, pool = columns
        return {
            which: int((prompt + output)[pool == which].max())
            for which in range(int(pool.max()) + 1)
            if (pool == which).any()
        }
    longest: dict[int, int] = {}
    for asked, made, which in zip(*columns, strict=True):
        longest[which] = max(longest.get(which, 0), asked + made)
    return longest


def check_fit(pools: "Sequence[ServingPool]", workload: Workload) -> None:
    """Refuse a workload that the cluster can never serve.

    Raises:
        ConfigError: A model or a request that does not fit, or a pool nobody defined.
    """
    if not len(workload):
        raise ConfigError(f"workload {workload.name} has no calls")
    longest = [0] * len(pools)
    for pool, tokens in _longest_calls(workload).items():
        if pool >= len(pools):
            raise ConfigError(f"workload {workload.name} asks for pool {pool}, there is none")
        longest[pool] = tokens
    for served, tokens in zip(pools, longest, strict=True):
        for deployment in (served.deployment, served.decode):
            if deployment:
                deployment.check(context_tokens=int(tokens) + 2 * deployment.block_tokens)
                verify = deployment.speculation.draft_tokens + 1
                if deployment.max_batch * verify >= deployment.chunk_tokens:
                    raise ConfigError(
                        f"{deployment}: a full batch of {deployment.max_batch} fills the step "
                        f"budget of {deployment.chunk_tokens} tokens; raise chunk_tokens"
                    )
