"""The calendar's values: what a row of `schedule_appointments` says, and a change to one. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, time
from typing import Any, Final, Self
from uuid import UUID

from idexx_sync.core.catalog import LoggedKind
from idexx_sync.core.clinic_time import LAST_SECOND
from idexx_sync.core.errors import ShapeChanged
from idexx_sync.core.faults import Fault, Unfit, unreadable
from idexx_sync.core.personal import Discreet, Personal
from idexx_sync.core.vocabulary import FREES_TIME
from idexx_sync.pims.protocol import RecordKind
from idexx_sync.syncs.change import Action
from idexx_sync.syncs.gate import DoubtCause
from idexx_sync.syncs.holds import Finding
from idexx_sync.syncs.memory import Record
from idexx_sync.syncs.proof import Unproven

BLOCK_TYPE: Final = "block"
"""`appointment_type` of a block (ODIS schema, vocabularies)."""


@dataclass(frozen=True, slots=True, repr=False)
class Appointment(Discreet):
    """The columns of `schedule_appointments` that this sync owns."""

    date: date
    start_time: time
    end_time: time
    room_id: str | None
    status: str
    appointment_type: str | None
    patient_name: Personal[str | None]
    client_name: Personal[str | None]
    client_phone: Personal[str | None]
    provider_name: Personal[str | None]

    @property
    def kind(self) -> RecordKind:
        return "block" if self.appointment_type == BLOCK_TYPE else "visit"

    @property
    def frees_time(self) -> bool:
        return self.status in FREES_TIME


COLUMNS: Final = tuple(column.name for column in fields(Appointment))
_MOST_TIME: Final = {"date": date.max, "start_time": time.min, "end_time": LAST_SECOND}


@dataclass(frozen=True, slots=True)
class Row:
    """An appointment as it is stored."""

    id: UUID
    version: str
    """Postgres's version of the row (`xmin`): it changes with every write to it."""
    key: str
    """`neo_appointment_id`: a visit's id, or `<id>@<start>` for a block."""
    deleted: bool
    appointment: Appointment
    faults: tuple[Fault, ...] = ()
    """Columns that cannot be read; the appointment has what takes most time in their place."""

    @classmethod
    def read(
        cls, id_: UUID, version: str, key: str, columns: Mapping[str, Any], *, deleted: bool
    ) -> Self:
        """The row of the stored columns, which may hold what no clock and no calendar shows."""
        stored: dict[str, Any] = {
            name: _MOST_TIME[name] if isinstance(value, Unfit) else value
            for name, value in columns.items()
        }
        faults = tuple(unreadable("schedule_appointments", id_, columns))
        return cls(id_, version, key, deleted, Appointment(**stored), faults)

    @property
    def occupies(self) -> bool:
        return not self.deleted and not self.appointment.frees_time


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored of a window: live rows of its days, rows and records of the answer's ids."""

    rows: Mapping[str, Row]
    """Key -> the live row, else the newest soft-deleted one."""
    records: Mapping[str, Record]
    reported_words: frozenset[tuple[str, str]] = frozenset()

    def record(self, key: str) -> Record:
        return self.records.get(key) or Record(key)


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row to create, update (reviving it if it was removed) or remove."""

    key: str
    action: Action
    reason: str
    after: Appointment
    row: Row | None
    """The row before; None when there is none."""
    record: Record
    """What to remember of the source record once the change is written."""
    proven: bool = False
    """The source was asked for this very id (rule R8: such a loss never trips the gate)."""
    shift_minutes: int = 0
    """By how much the source moved the start, in wall-clock minutes."""

    @property
    def logs(self) -> LoggedKind:
        return "appointment"

    @property
    def fields(self) -> dict[str, tuple[Any, Any]]:
        """Field -> before and after, for those that differ."""
        before = self.row.appointment if self.row else None
        changed = {
            name: (getattr(before, name, None), getattr(self.after, name))
            for name in COLUMNS
            if getattr(before, name, None) != getattr(self.after, name)
        }
        for fault in self.row.faults if self.row else ():
            changed[fault.column] = (fault.code, getattr(self.after, fault.column))
        was_deleted, is_deleted = bool(self.row and self.row.deleted), self.action == "remove"
        if was_deleted != is_deleted:
            changed["removed"] = (was_deleted, is_deleted)
        return changed

    @property
    def is_loss(self) -> bool:
        """A row that stops occupying time."""
        return bool(self.row and self.row.occupies) and (
            self.action == "remove" or self.after.frees_time
        )


@dataclass(frozen=True, slots=True)
class Missing:
    """A live row that the read lacks and that nothing has proven gone."""

    row: Row
    verdict: Unproven
    record: Record
    """What to remember of it: the look-up and, if it counts, the strike."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record of the answer that could not be understood."""

    key: str | None
    code: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class Apart:
    """A record that made several reads incomplete, set apart by name for a person (rule R1)."""

    cause: DoubtCause
    finding: Finding
    change: RowChange | None
    """What a person may let through."""
    record: Record
    """What is remembered then."""
    memory: Record
    """What is remembered until then."""
    is_asked: bool = True
    """False: nothing is known of it anew, so a permit has to wait."""


@dataclass(slots=True)
class Plan:
    """What a run would do, before anybody judges whether it is plausible."""

    changes: list[RowChange] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    """Memory to write although the row does not change."""
    missing: list[Missing] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    unknown_words: set[tuple[str, str]] = field(default_factory=set)
    """(field, word) pairs never reported before."""
    present: set[str] = field(default_factory=set)
    """Keys that the answer shows, quarantined ones included."""
    rooms: set[str] = field(default_factory=set)
    """Room ids that the answer shows."""
    read: int = 0
    """Visits and blocks of the answer that concern this clinic's rows."""
    unchanged: int = 0
    cut_at_midnight: int = 0
    visits_compared: int = 0
    """Visits of which both the old and the new start are known."""
    complete: bool = True
    """The read was complete for the window and no look-up contradicted it (rules R1, R6)."""
    frees_nothing: bool = False
    """A record may be on any day: no slot may become freer than it is (rule R3)."""
    of_no_day: set[str] = field(default_factory=set)
    """Records that may be on any day too, until a person has let them through."""
    doubts: dict[str, str] = field(default_factory=dict)
    """Record in doubt -> why, in one word."""
    apart: dict[str, Apart] = field(default_factory=dict)
    """Records that are set apart, because they have made too many reads incomplete (rule R1)."""
    unstruck: dict[str, Record] = field(default_factory=dict)
    """Record without a row that was not found -> what to remember where nobody is struck."""
    failure: ShapeChanged | None = None
    """The answer is not what the reader was made for: no row is written."""
    unforeseen: set[Fault] = field(default_factory=set)
    """Records at which their own planning broke (rule R26)."""

    def forget(self, key: str) -> None:
        """Take out what was planned of one record, but for what the answer shows of it."""
        self.changes = [change for change in self.changes if change.key != key]
        self.records = [record for record in self.records if record.key != key]
        self.missing = [item for item in self.missing if item.row.key != key]
        self.quarantined = [item for item in self.quarantined if item.key != key]
        for planned in (self.doubts, self.apart, self.unstruck):
            planned.pop(key, None)
        self.of_no_day.discard(key)

    def distrust(self, failure: ShapeChanged, taking: Sequence[Record]) -> None:
        """Write no row; what the answer names takes time nevertheless, by the records `taking`."""
        self.failure, self.complete = failure, False
        self.records = [record for record in taking if record.claims]
        self.changes, self.missing, self.apart = [], [], {}
