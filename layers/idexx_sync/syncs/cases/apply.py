"""What a case run writes: cases and patients, and the marks of patients that have died
(rules R14, R16, R19)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from idexx_sync.database.parts import Refusal
from idexx_sync.syncs.audit import Audit, refused_audit
from idexx_sync.syncs.cases import change_store
from idexx_sync.syncs.cases.calendar_store import expect_no_more
from idexx_sync.syncs.cases.marking import mark_the_dead
from idexx_sync.syncs.cases.model import ANOTHER_PATIENT, CaseChange, Plan
from idexx_sync.syncs.cases.record_memory import ConsultationMemory
from idexx_sync.syncs.cases.stored import PREFIX, StoredVisit
from idexx_sync.syncs.commit import Transaction, Written
from idexx_sync.syncs.holds import HoldDecisions
from idexx_sync.syncs.memory import REFUSED, ConsultationRecord, VisitRecord


@dataclass(frozen=True, slots=True)
class CasePiece:
    """Visits that were planned, and judged where that is needed: one piece of a case run."""

    plan: Plan
    stored: Mapping[str, StoredVisit]
    now: datetime
    """When it was planned, after it was loaded."""
    holds: HoldDecisions | None = None
    read: frozenset[str] = frozenset()
    """Visits whose record was read, and need not be read again in this job."""
    warnings: Mapping[str, int] = field(default_factory=dict)
    """Answers that are no record to be written, and are not asked for again: code -> how many."""
    shown: Collection[str] = ()
    """Visits that the calendar shows."""
    let_go: Collection[str] = ()
    """Visits that it does not show any more, as the source tells by their ids, or a person."""

    @property
    def changes(self) -> Sequence[CaseChange]:
        return self.plan.changes

    def write(self, transaction: Transaction) -> Written:
        """Write the cases; visits whose rows somebody else has changed are left alone whole."""
        conn, clinic_id = transaction.conn, transaction.clinic_id
        settle = transaction.settle
        free = change_store.lock_unchanged(conn, self.changes, settle) if self.changes else set()
        conflicts = frozenset(change.visit_id for change in self.changes) - free
        if conflicts and not transaction.leaves_conflicts:
            return Written(conflicts=conflicts)
        wanted = self.plan.without(conflicts)
        made, refused = self._write_cases(transaction, wanted)
        new = frozenset(change.visit_id for change in wanted.changes if change.case is None)
        not_made = new - made.keys() - refused.keys()
        plan = wanted.without(frozenset(not_made | refused.keys()))
        change_store.keep_keys(conn, clinic_id, plan.adopted, settle)
        left = _left_of_former(transaction, plan)
        of_former = {visit: found.case_id for visit, found in left.items() if found.is_marked}
        expect_no_more(conn, clinic_id, self.let_go, transaction.now)
        marking = mark_the_dead(transaction, plan, self.stored, made, of_former.values())
        told = {visit: refusal.of(PREFIX + visit) for visit, refusal in refused.items()}
        still_open = _stop(
            transaction,
            {case.id: PREFIX + visit for visit in refused for case in self.stored[visit].cases}
            | {
                case.id: PREFIX + visit
                for visit in plan.unforeseen
                for case in self.stored[visit].cases
            }
            | {case.id: case.key for case in marking.refused},
        )
        return Written(
            changes=[*plan.changes, *marking.changes],
            conflicts=conflicts | not_made,
            records={
                "visit": [*_with_what_is_left(plan.records, left), *self._quarantined(refused)],
                "consultation": [
                    m.as_record(visit)
                    for visit, m in (plan.memories | self._asked_daily(refused)).items()
                ],
            },
            unknown_words=plan.unknown_words,
            skipped=[
                *_skipped(plan),
                *(
                    refused_audit(PREFIX + visit, fault)
                    for visit, fault in told.items()
                    if not self._was_refused(visit)
                ),
            ],
            case_ids={
                **{change.key: _case_of(change, made) for change in plan.changes},
                **{change.key: change.case_id for change in marking.changes},
            },
            for_review=frozenset(
                [
                    *(PREFIX + mark.visit_id for mark in plan.marks if mark.in_doubt),
                    *marking.denied,
                    *(PREFIX + visit for visit in plan.partly_screened),
                    *(PREFIX + visit for visit in of_former),
                    *still_open,
                ]
            ),
            read=self.read - conflicts - not_made,
            shown=self.shown,
            faults=[
                *told.values(),
                *(r.of(case.key) for case, r in marking.refused.items()),
                *self.plan.unread,
                *self.plan.unforeseen.values(),
            ],
        )

    def _write_cases(
        self, transaction: Transaction, plan: Plan
    ) -> tuple[dict[str, UUID], dict[str, Refusal]]:
        """Visit -> case made, and visit -> what refused a row of it; of that one nothing is
        written."""
        conn, clinic_id = transaction.conn, transaction.clinic_id
        now, settle = transaction.now, transaction.settle
        of_visit: dict[str, list[CaseChange]] = {}
        for change in plan.changes:
            of_visit.setdefault(change.visit_id, []).append(change)

        def write(visits: Sequence[str]) -> dict[str, UUID]:
            changes = [change for visit in visits for change in of_visit[visit]]
            new = [change for change in changes if change.case is None]
            made = change_store.insert_cases(conn, clinic_id, new, now, settle)
            touched = [change for change in changes if change.case is not None]
            change_store.update_cases(conn, clinic_id, touched, now)
            return made

        parts = transaction.in_parts("cases", list(of_visit), write, self._was_refused)
        made = {visit: case for part in parts.results for visit, case in part.items()}
        return made, dict(parts.refused)

    def _was_refused(self, visit: str) -> bool:
        return self.stored[visit].record.quarantine_code == REFUSED

    def _quarantined(self, refused: Collection[str]) -> list[VisitRecord]:
        """What is remembered of visits whose rows were refused: they stay to be written."""
        return [
            replace(self.stored[visit].record, key=visit, quarantine_code=REFUSED)
            for visit in refused
            if not self._was_refused(visit)
        ]

    def _asked_daily(self, refused: Collection[str]) -> dict[str, ConsultationMemory]:
        """What is remembered of records that were read and refused: nobody has taken them over."""
        return {
            visit: replace(self.stored[visit].consultation, code=REFUSED, read_at=self.now)
            for visit in self.plan.memories.keys() & refused
        }

    def observe(self, transaction: Transaction) -> Written:  # noqa: ARG002 it writes nothing itself
        """Remember what calendar and records said, and none of it as written or screened."""
        return Written(
            records={
                "visit": list(self._observed_visits()),
                "consultation": [
                    self._observed_consultation(visit, memory)
                    for visit, memory in self.plan.memories.items()
                ],
            },
            unknown_words=self.plan.unknown_words,
            faults=[*self.plan.unread, *self.plan.unforeseen.values()],
            read=self.read,
            shown=self.shown,
        )

    def _observed_visits(self) -> Iterator[VisitRecord]:
        for record in self.plan.records:
            before = self.stored[record.key]
            words = replace(
                record.source or before.memory,
                screened=before.memory.screened,
                partly=before.memory.partly,
                derived=before.memory.derived,
                edited=before.memory.edited,
                observed=before.memory.observed,
                marked_for=before.memory.marked_for,
                old_summary=before.memory.old_summary,
                unsaid=before.memory.unsaid,
            )
            if words != before.memory:
                yield replace(before.record, source=replace(words, observed=True))

    def _observed_consultation(self, visit: str, memory: ConsultationMemory) -> ConsultationRecord:
        written = self.stored[visit].consultation
        return replace(
            memory,
            screened=written.screened,
            partly=written.partly,
            derived=written.derived,
            edited=written.edited,
        ).as_record(visit, observed=True)


def _left_of_former(transaction: Transaction, plan: Plan) -> dict[str, change_store.Left]:
    """Visit -> what stays of a former patient, of those that are another one's now: a mark is
    never taken back, and a person has to look whom it means (rule R19)."""
    changed = {
        change.case.id: change.visit_id
        for change in plan.changes
        if change.case is not None and change.reason == ANOTHER_PATIENT
    }
    if not changed:
        return {}
    found = change_store.left_in_odis(transaction.conn, transaction.clinic_id, list(changed))
    return {changed[left.case_id]: left for left in found}


def _with_what_is_left(
    records: Sequence[VisitRecord], left: Mapping[str, change_store.Left]
) -> Iterator[VisitRecord]:
    """What to remember of the visits, by what stays of a former patient."""
    for record in records:
        source, found = record.source, left.get(record.key)
        if source is not None and found is not None:
            whose = source.marked_for if found.is_marked else None
            source = replace(source, marked_for=whose, old_summary=found.has_summary)
        yield replace(record, source=source)


def _stop(transaction: Transaction, cases: Mapping[UUID, str]) -> list[str]:
    """Let nobody be called about cases that could not be written: what they say is not what is
    known. `cases` is case -> key; returns the keys of which not even that could be written."""
    conn, clinic_id, now = transaction.conn, transaction.clinic_id, transaction.now

    def write(some: Sequence[UUID]) -> None:
        change_store.stop_calls(conn, clinic_id, some, now)

    parts = transaction.in_parts("cases", list(cases), write)
    return [cases[case] for case, _ in parts.refused]


def _case_of(change: CaseChange, made: Mapping[str, UUID]) -> UUID:
    return change.case.id if change.case else made[change.visit_id]


def _skipped(plan: Plan) -> Iterator[Audit]:
    """What was seen and left as it is, told once."""
    changed = {change.key for change in plan.changes}
    for visit in sorted(plan.newly_edited):
        if PREFIX + visit not in changed:
            fields: dict[str, dict[str, Any]] = {name: {} for name in plan.edited[visit]}
            yield Audit(PREFIX + visit, "update", "edited_in_odis", fields, "skipped")
    for visit in sorted(plan.newly_quarantined):
        code = plan.quarantined[visit]
        yield Audit(PREFIX + visit, "update", "quarantined", outcome="skipped", error_message=code)
