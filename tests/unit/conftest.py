"""How much hypothesis tries: enough to find a fault within some runs, little in each."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "tests",
    max_examples=60,
    deadline=None,  # machines that do other things too are slow now and then
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
)
settings.load_profile("tests")
