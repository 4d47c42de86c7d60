"""Settings shared by all tests."""

from hypothesis import HealthCheck, settings

# Derandomised, so that a red run is red again; no deadlines, because machines differ in speed.
settings.register_profile(
    "macrohard", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("macrohard")
