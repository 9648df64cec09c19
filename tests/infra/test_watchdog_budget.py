"""What the parts of a watchdog's pass keep for themselves fits into its time."""

from idexx_sync.upkeep import mornings, telling, watchdog, wiring
from infra.stages import STAGES

SECONDS_FOR_ALL_ELSE = 10


def test_telling_and_mornings_leave_the_rest_its_time() -> None:
    own = mornings.NEEDS_S + telling.NEEDS_S
    for stage in STAGES.values():
        whole = stage.watchdog.timeout_s - wiring.RESERVE_S - watchdog.RESERVE_S
        assert whole - own >= SECONDS_FOR_ALL_ELSE
        assert stage.watchdog.timeout_s < 60, "the next pass begins"
