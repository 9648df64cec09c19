"""Appointments by day, room and patient, as Neo shows them beside what is stored. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from idexx_sync.core.clinic_time import day_of
from idexx_sync.core.faults import or_else
from idexx_sync.explain.model import StoredRow
from idexx_sync.pims.protocol import Snapshot, SourceRecord, Window
from idexx_sync.syncs.inbound.context import key_of


@dataclass(frozen=True, slots=True)
class Sought:
    """What an appointment has to be like; None: whatever it is."""

    days: tuple[date, date]
    """First and last."""
    room: str | None = None
    patient: str | None = None
    """Part of the patient's name, in whatever case."""


@dataclass(frozen=True, slots=True)
class Match:
    """One appointment, in Neo, here, or both."""

    key: str
    shown: SourceRecord | None
    row: StoredRow | None
    """The live one, else the removed one that was there last."""

    @property
    def id(self) -> str:
        """Neo's bare id."""
        return self.key.partition("@")[0]

    @property
    def start(self) -> str:
        """`2026-05-04 09:00`, as Neo has it, else as it is stored."""
        if self.shown is not None:
            return self.shown.start[:16]
        return self._stored_start

    @property
    def _stored_start(self) -> str:
        assert self.row is not None
        return f"{self.row.date} {self.row.start_time:%H:%M}"

    @property
    def room_id(self) -> str | None:
        side = self.shown if self.shown is not None else self.row
        return None if side is None else side.room_id

    @property
    def status(self) -> str | None:
        """Neo's own word, else the stored one."""
        side = self.shown if self.shown is not None else self.row
        return None if side is None else side.status

    def where(self, usual: Window, *, asked: bool) -> str:
        """Where it is, and whether both say the same; `asked` is whether Neo was.

        Of the days that inbound runs do not read by themselves nothing is missing in ODIS.
        """
        is_live = self.row is not None and self.row.deleted_at is None
        if self.shown is None:
            here = "ODIS" if is_live else "removed from ODIS"
            return f"{here}, Neo does not show it" if asked else here
        if not is_live:
            return self._only_in_neo(usual) if self.row is None else "Neo, removed from ODIS"
        assert self.row is not None
        if (self._stored_start, self.row.room_id) == (self.start, self.shown.room_id):
            return "Neo and ODIS"
        return f"Neo; ODIS has it at {self._stored_start}, room {self.row.room_id or '-'}"

    def _only_in_neo(self, usual: Window) -> str:
        day = day_of(self.start)
        if day < usual.first_day:
            return f"Neo; runs read from {usual.first_day} on, and not its day"
        if day > usual.last_day:
            return f"Neo; runs read to {usual.last_day}, and not its day yet"
        return "Neo, not in ODIS"


def matches(sought: Sought, snapshot: Snapshot | None, rows: Sequence[StoredRow]) -> list[Match]:
    """Those that fit, in the order of their starts."""
    shown: dict[str, SourceRecord] = {}
    for record in () if snapshot is None else snapshot.records:
        shown.setdefault(key_of(record.id, record.kind, record.start), record)
    stored: dict[str, StoredRow] = {}
    for row in sorted(rows, key=_newest_first):
        stored.setdefault(row.key, row)
    found = [Match(key, shown.get(key), stored.get(key)) for key in {*shown, *stored}]
    return sorted((one for one in found if _fits(one, sought)), key=lambda m: (m.start, m.key))


def _newest_first(row: StoredRow) -> tuple[bool, float]:
    """Live rows before removed ones."""
    gone: datetime | None = or_else(row.deleted_at)
    return row.deleted_at is not None, 0.0 if gone is None else -gone.timestamp()


def _fits(one: Match, sought: Sought) -> bool:
    sides = [side for side in (one.shown, one.row) if side is not None]
    if sought.room is not None and all(side.room_id != sought.room for side in sides):
        return False
    if one.shown is not None and one.row is None and not _lies_in(one.shown, sought):
        return False
    if sought.patient is None:
        return True
    return any(_contains(side.patient_name, sought.patient) for side in sides)


def _lies_in(record: SourceRecord, sought: Sought) -> bool:
    """A calendar also shows what began before its days."""
    first, last = sought.days
    return first <= day_of(record.start) <= last


def _contains(name: str | None, part: str) -> bool:
    return name is not None and _folded(part) in _folded(name)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
