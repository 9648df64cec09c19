"""What a pass of the mirror is made of in tests: rows, targets, time that is moved."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from idexx_sync.core.catalog import SYNCS
from idexx_sync.schedules.mirror.aws import AwsScheduler
from idexx_sync.schedules.mirror.one_pass import Mirror
from idexx_sync.schedules.mirror.wanted import ClinicRow, Targets
from tests.kit.strict_scheduler import StrictScheduler

GROUP: Final = "clinics"
ACCOUNT: Final = "123456789012"
TARGETS: Final = Targets(
    group=GROUP,
    queues={sync: f"arn:aws:sqs:us-west-2:{ACCOUNT}:ticks-{sync}" for sync in SYNCS},
    role=f"arn:aws:iam::{ACCOUNT}:role/schedules",
    dead_letters=f"arn:aws:sqs:us-west-2:{ACCOUNT}:dead-letters",
)
THREE: Final = {"inbound": "*/15 * * * *", "cases": "0 3 * * *", "reconciliation": "0 4 * * *"}
"""The schedules of a clinic in ODIS's other form."""


def row(clinic: int = 1, schedules: Any = None, **more: Any) -> ClinicRow:
    """A clinic that is synced; what is not named is as usual."""
    told = {
        "clinic_id": UUID(int=clinic),
        "timezone": "America/Los_Angeles",
        "is_set_up": True,
        "runs": True,
        "has_settings": True,
        "sync_schedules": THREE if schedules is None else schedules,
    }
    return ClinicRow(**{**told, **more})


class Moment:
    """The time of a scheduler and of who calls it; it passes where somebody waits."""

    def __init__(self) -> None:
        self.now = datetime(2026, 5, 4, 14, 0, tzinfo=UTC)
        self._began = self.now

    def elapsed(self) -> float:
        return (self.now - self._began).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def left_of(self, seconds: float) -> Callable[[], float]:
        """What is left of so many seconds, from now on."""
        ends = self.elapsed() + seconds
        return lambda: ends - self.elapsed()


def mirror_over(
    client: StrictScheduler, moment: Moment, per_second: float = 50, at_once: int = 1
) -> Mirror:
    """The mirror that calls this client, in this time."""
    return Mirror(
        AwsScheduler(GROUP, client=client),
        TARGETS,
        per_second,
        at_once,
        moment.elapsed,
        moment.sleep,
    )
