"""What a pass of the mirror is made of in tests: rows, targets, time that is moved."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from idexx_sync.core.catalog import SYNCS, SyncName
from idexx_sync.database.connection import Conn
from idexx_sync.schedules.mirror import mirror_store
from idexx_sync.schedules.mirror.aws import AwsScheduler
from idexx_sync.schedules.mirror.names import ScheduleName
from idexx_sync.schedules.mirror.one_pass import Mirror, Mirrored, Order
from idexx_sync.schedules.mirror.plan import Listed
from idexx_sync.schedules.mirror.wanted import ClinicRow, Targets, wanted_of
from idexx_sync.schedules.spread import Place
from tests.kit.clinic import add_clinic
from tests.kit.database import update
from tests.kit.fleet import add_fleet
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


class MirroredWorld:
    """Clinics of a database and their schedules in a strict scheduler, in moved time."""

    def __init__(self, conn: Conn, upkeep: Conn, **scheduler: Any) -> None:
        self.conn = conn
        self._upkeep = upkeep
        self.moment = Moment()
        self.client = StrictScheduler(
            groups=(GROUP, "others"), now=lambda: self.moment.now, **scheduler
        )
        self.per_second = 50.0
        self.at_once = 1
        self.pass_s = 240.0
        """What a pass may take."""
        self.between_s = 300.0
        """From the beginning of one pass to that of the next."""

    def add(self, schedules: Any = None, **columns: Any) -> UUID:
        """A clinic on board with these schedules, all three syncs if none are named."""
        clinic_id = add_clinic(self.conn, **columns)
        self.set(clinic_id, THREE if schedules is None else schedules)
        return clinic_id

    def add_fleet(self, clinics: int) -> None:
        """So many clinics at once, each with all three syncs."""
        add_fleet(self.conn, clinics, [THREE])

    def pretend_mirrored(self) -> None:
        """As it is after two passes: all schedules are there, listed and remembered."""
        schedules = wanted_of(mirror_store.clinic_rows(self.conn, None), TARGETS).schedules
        for one in schedules.values():
            self.client.write_by_hand(one.name, **one.request)
        for number in range(0, len(schedules), 1000):
            some = list(schedules.values())[number : number + 1000]
            mirror_store.keep_written(
                self._upkeep, [(one.name, one.clinic_id, one.digest, None) for one in some]
            )
        mirror_store.keep_listed(
            self._upkeep, [Listed(name, self.client.modified_at(name)) for name in schedules]
        )

    def set(self, clinic_id: UUID, schedules: Any) -> None:
        self.conn.execute(
            "UPDATE public.clinic_schedule_configs SET sync_schedules = %s WHERE clinic_id = %s",
            (Jsonb(schedules), clinic_id),
        )

    def change(self, clinic_id: UUID, **columns: Any) -> None:
        """Columns of the clinic in ODIS."""
        update(self.conn, "public.clinics", columns, id=clinic_id)

    def run(self, clinic_id: UUID | None = None, **order: bool) -> Mirrored:
        """One pass; the next one begins five minutes later."""
        began = self.moment.now
        mirror = mirror_over(self.client, self.moment, self.per_second, self.at_once)
        try:
            return mirror(self._upkeep, Order(clinic_id, **order), self.moment.left_of(self.pass_s))
        finally:
            self.moment.now = max(self.moment.now, began + timedelta(seconds=self.between_s))

    def made(self, **order: Any) -> Counter[str]:
        """The calls that a pass makes, by kind."""
        before = self.client.counts
        self.run(**order)
        return self.client.counts - before

    def wanted(self) -> dict[str, dict[str, Any]]:
        """Name -> what each schedule should be told, by the rows as they are."""
        rows = mirror_store.clinic_rows(self.conn, None)
        return {name: dict(one.request) for name, one in wanted_of(rows, TARGETS).schedules.items()}

    def is_right(self) -> bool:
        return self.client.schedules() == self.wanted()

    def told(self, clinic_id: UUID, sync: SyncName = "cases") -> dict[str, Any]:
        """What the first schedule of the clinic's sync was told last."""
        return self.client.schedules()[str(ScheduleName(Place(clinic_id, sync)))]
