"""Settings shared by all tests."""

import os

from hypothesis import HealthCheck, settings

# Derandomised, so that a red run is red again; no deadlines, because machines differ in speed.
settings.register_profile(
    "macrohard", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("macrohard")


def pytest_configure() -> None:
    """Keep the person's own configuration out of the tests, and out of processes they start."""
    os.environ["XDG_CONFIG_HOME"] = "/nonexistent/macrohard-tests"
    for name in [name for name in os.environ if name.startswith("MACROHARD_")]:
        if name != "MACROHARD_DATA":  # where tests of the cluster find measurements
            del os.environ[name]
