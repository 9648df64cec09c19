"""What the planning of all records of a run shares: the plan while it is made. Pure."""

from dataclasses import replace

from idexx_sync.core.clinic_time import Span, day_of, occupied_span
from idexx_sync.pims.protocol import RecordKind, Snapshot
from idexx_sync.syncs.decision import Decision, Decisions, Fact
from idexx_sync.syncs.inbound.context import CalendarContext, key_of
from idexx_sync.syncs.inbound.model import Plan, Row, RowChange, Stored
from idexx_sync.syncs.memory import Record, settled
from idexx_sync.syncs.proof import latest_stamp


class Planning:
    """The plan of a run while it is made, with what it is made from.

    Why each record is treated as it is gets noted in `decisions`, if there are any.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        stored: Stored,
        context: CalendarContext,
        decisions: Decisions | None = None,
    ) -> None:
        self.plan = Plan(complete=snapshot.is_whole)
        self.snapshot = snapshot
        self.stored = stored
        self.context = context
        self.decisions = decisions
        self.read_at = snapshot.read_at
        self.latest_stamp = latest_stamp(snapshot.read_at, context.zone)
        self.single_blocks = {record.id for record in snapshot.records if record.recurs is False}
        """Ids of blocks that the answer shows and that it says do not recur."""
        blocks = [record for record in snapshot.records if record.kind == "block"]
        self.days_of_blocks = {
            key_of(one.id, one.kind, one.start).partition(" ")[0] for one in blocks
        }
        """Keys of blocks that the answer shows, without their times of day."""
        self.vague_ids = {item.id for item in snapshot.unreadable if item.is_vague}
        """Ids of which it does not tell which record, or which day, is meant."""
        self.shown_visits = {record.id for record in snapshot.records if record.kind == "visit"}
        """Ids that the answer shows as visits."""
        self.shown_ids = {record.id for record in snapshot.records} | {
            item.id for item in snapshot.unreadable if item.id is not None
        }
        """Ids that the answer shows in whatever form."""

    def concerns(self, key: str, start: str | None) -> bool:
        """Whether the window's predicate lets a record of the answer through (rule R2)."""
        return start is None or key in self.stored.rows or self.context.covers(day_of(start))

    def span(self, start: str, end: str | None, kind: RecordKind) -> Span:
        """The time that a row says; raises EndsBeforeStart."""
        return occupied_span(
            start, end, self.context.zone, self.context.slot_minutes, is_block=kind == "block"
        )

    def remember(self, memory: Record, *, ignoring_look_up: bool = False) -> None:
        """Keep what is remembered in step; when a record was looked up last is no news of it."""
        before = self.stored.record(memory.key)
        if ignoring_look_up:
            before = replace(before, looked_up_at=memory.looked_up_at)
        if before != memory:
            self.plan.records.append(memory)

    def remove(self, row: Row, reason: str, record: Record, status: str | None = None) -> None:
        self.plan.changes.append(removal(row, reason, record, status))

    def note(self, key: str, rule: str, code: str, /, **facts: Fact) -> None:
        """Note a decision about the record, if anybody asks for any."""
        if self.decisions is not None:
            self.decisions.note(key, Decision(rule, code, facts))


def removal(row: Row, reason: str, record: Record, status: str | None = None) -> RowChange:
    """The row's proven removal, which settles what is remembered of its record."""
    after = row.appointment if status is None else replace(row.appointment, status=status)
    return RowChange(row.key, "remove", reason, after, row, settled(record), proven=True)
