"""A PIMS in memory that shows what a test tells it to."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from idexx_sync.core.errors import PimsUnavailable
from idexx_sync.pims.protocol import (
    Configuration,
    ConsultationAnswer,
    Found,
    Gone,
    Lookup,
    Room,
    Snapshot,
    SourceRecord,
    Unreadable,
    Window,
)


@dataclass
class ScriptedPims:
    """A calendar in memory that behaves as the source does.

    `records` are what exists; `hidden` ids exist but the calendar leaves them out, as an incomplete
    answer would. Whatever is neither is not found by a look-up.
    """

    clock: Any
    records: list[SourceRecord] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)
    beside: list[SourceRecord] = field(default_factory=list)
    """Shown whatever days are asked for, as a source with loose bounds does."""
    answers: dict[str, Lookup] = field(default_factory=dict)
    """What a look-up answers instead of what `records` say."""
    charts: dict[str, ConsultationAnswer] = field(default_factory=dict)
    """Consultation -> its record."""
    charts_read: list[str] = field(default_factory=list)
    breaks_at: str | None = None
    """The consultation at which the source breaks down."""
    is_whole: bool = True
    """False: the answer says of itself that it failed, or that there is more."""
    rooms: Sequence[str] = ("3", "5")
    error: Exception | None = None
    logged_in: bool = False
    will_log_in: bool = False
    configurations_read: int = 0
    looked_up: list[str] = field(default_factory=list)
    reads: int = 0
    before_answer: Any = None
    """Called while the calendar is being read."""

    def schedule(self, window: Window) -> Snapshot:
        self.reads += 1
        if self.error is not None:
            raise self.error
        read_at = self.clock()
        shown = [
            record
            for record in self.records
            if record.id not in self.hidden and date.fromisoformat(record.start[:10]) in window
        ]
        if self.before_answer:
            self.before_answer()
        return Snapshot(
            window,
            read_at,
            shown + self.beside,
            list(self.unreadable),
            is_whole=self.is_whole,
        )

    def appointments(self, ids: Sequence[str]) -> Mapping[str, Lookup]:
        self.looked_up += ids
        by_id = {record.id: record for record in reversed(self.records)}
        return {id_: self.answers.get(id_) or _found(by_id.get(id_)) for id_ in ids}

    def consultations(
        self, ids: Sequence[str]
    ) -> Generator[tuple[str, ConsultationAnswer], None, None]:
        for consultation_id in ids:
            if consultation_id == self.breaks_at:
                raise PimsUnavailable("broken down", code="refused")
            self.charts_read.append(consultation_id)
            yield consultation_id, self.charts.get(consultation_id, Gone())

    def configuration(self) -> Configuration:
        self.configurations_read += 1
        return Configuration(30, [Room(room, f"ROOM {room}") for room in self.rooms])

    def replace(self, record_id: str, **fields: Any) -> None:
        self.records = [
            replace(record, **fields) if record.id == record_id else record
            for record in self.records
        ]

    def delete(self, record_id: str) -> None:
        """As Neo does it: gone from the calendar, readable by id as deleted."""
        record = next(record for record in self.records if record.id == record_id)
        self.records.remove(record)
        found = _found(record)
        assert isinstance(found, Found)
        self.answers[record_id] = replace(found, deleted=True)

    def forget(self, *record_ids: str) -> None:
        """Gone without a trace."""
        self.records = [record for record in self.records if record.id not in record_ids]

    def hide_as(self, record_id: str, **facts: Any) -> None:
        """Left out of the calendar; a look-up finds the record, with these facts."""
        record = next(record for record in self.records if record.id == record_id)
        found = _found(record)
        assert isinstance(found, Found)
        self.hidden.add(record_id)
        self.answers[record_id] = replace(found, **facts)


def _found(record: SourceRecord | None) -> Lookup:
    if record is None:
        return Gone()
    return Found(
        id=record.id,
        kind=record.kind,
        start=record.start,
        end=record.end,
        room_id=record.room_id,
        status=record.status,
        deleted=False,
        cancelled=False,
        patient_id=record.patient_id,
    )
