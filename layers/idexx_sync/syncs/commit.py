"""The one transaction of all syncs (rules R21 to R23).

A run writes in pieces. Each piece is one transaction: fence and lease are checked first, then come
the slice's rows, holds, memory and audits, and with the last piece the end of the job and of its
lease. No slice ends a job or frees a lease by itself.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from idexx_sync.core.faults import Fault
from idexx_sync.database.connection import Conn, Settle, writing
from idexx_sync.database.parts import Parts, Refusal, in_parts, tried
from idexx_sync.jobs import leases
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.contract import Report, Run
from idexx_sync.syncs.audit import Audit
from idexx_sync.syncs.audit_store import store_audits, tell_audits, written_by
from idexx_sync.syncs.change import ACTIONS, Action, Change, disclosed, planned_changes
from idexx_sync.syncs.hold_store import store_decisions
from idexx_sync.syncs.holds import HoldDecisions
from idexx_sync.syncs.memory import Kind, Remembered
from idexx_sync.syncs.memory_store import clear_strikes, store_records, store_unknown_words

MOST_PLANNED: Final = 200
"""A run that applies nothing tells so many of its changes; the others are only counted."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """What a piece writes with; `now` is the one moment of all that the transaction says."""

    conn: Conn
    clinic_id: UUID
    job_id: UUID
    now: datetime
    settle: Settle
    leaves_conflicts: bool
    """Whether what somebody else has changed is left; else one conflict undoes the whole piece,
    and there is no need to write more of it."""

    def in_parts[T, R](
        self,
        table: str,
        items: Sequence[T],
        write: Callable[[Sequence[T]], R],
        apart: Callable[[T], bool] = lambda _: False,
    ) -> Parts[T, R]:
        """Write all items but those of which a row is refused (rule R26)."""
        return in_parts(self.conn, self.settle, table, items, write, apart)

    def remember(self, records: Mapping[Kind, Sequence[Remembered[Any]]]) -> None:
        """Store what is remembered of the source, by kind of record."""
        for kind, remembered in records.items():
            store_records(self.conn, self.clinic_id, kind, remembered, self.now)

    def tried[R](self, table: str, write: Callable[[], R]) -> R | Refusal:
        """Write all of it, or nothing where a row of it is refused."""
        return tried(self.conn, self.settle, table, write)


@dataclass(slots=True)
class Written:
    """What a piece has written of its own rows, and what the commit is to write beside them."""

    changes: Sequence[Change] = ()
    conflicts: frozenset[str] = frozenset()
    """Records that somebody else wrote after they were planned, and that were left alone."""
    records: Mapping[Kind, Sequence[Remembered[Any]]] = field(default_factory=dict)
    """What to remember of the source, by kind of record."""
    unknown_words: Collection[tuple[str, str]] = ()
    """(field, word) pairs that are to be reported once."""
    skipped: Sequence[Audit] = ()
    """What was seen and left as it is."""
    case_ids: Mapping[str, UUID] = field(default_factory=dict)
    """Key of a change -> the case that it is about."""
    for_review: frozenset[str] = frozenset()
    """Records that a person should look at."""
    faults: Collection[Fault] = ()
    """Rows that the database refused, and that were left out."""
    read: frozenset[str] = frozenset()
    """Records that were read for the piece, and are done with it."""
    shown: Collection[str] = ()
    """Records that the calendar has shown: they are struck no longer, whoever struck them."""


class Piece(Protocol):
    """A part of a run's work, planned and judged."""

    @property
    def now(self) -> datetime:
        """When it was planned; after it was loaded, or it would be older than what it changes."""
        ...

    @property
    def changes(self) -> Sequence[Change]:
        """What it would write, for a run that applies nothing."""
        ...

    @property
    def holds(self) -> HoldDecisions | None: ...

    @property
    def warnings(self) -> Mapping[str, int]:
        """What its reading came upon and will not be asked again: code -> how often."""
        ...

    def write(self, transaction: Transaction) -> Written:
        """Write the piece's own rows, each only if it is as it was planned (rule R22)."""
        ...

    def observe(self, transaction: Transaction) -> Written:
        """Write no row of ODIS's; what to remember of the source although nothing was written.

        Nothing may be remembered as written, screened or told that was not: a run that applies is
        to do all of that still.
        """
        ...


@dataclass(frozen=True, slots=True)
class Tally:
    """What a run has written so far, over all of its pieces and attempts."""

    done: Mapping[str, Action] = field(default_factory=dict)
    """Record -> what was done to it first: one that was created stays so."""
    by_reason: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Reason -> the records changed for it."""
    conflicts: frozenset[str] = frozenset()
    for_review: frozenset[str] = frozenset()
    faults: frozenset[Fault] = frozenset()
    pieces: int = 0
    read: frozenset[str] = frozenset()
    """Records that need not be read again in this job: what they say is in."""
    warnings: Mapping[str, int] = field(default_factory=dict)
    """What the pieces' readings came upon: code -> how often."""
    planned: tuple[dict[str, Any], ...] = ()
    """What a run that applies nothing would change."""

    def and_(
        self,
        written: Written,
        planned: Sequence[dict[str, Any]] = (),
        warnings: Mapping[str, int] | None = None,
    ) -> "Tally":
        """The tally with one more piece."""
        done, by_reason = dict(self.done), dict(self.by_reason)
        for change in written.changes:
            by_reason[change.reason] = by_reason.get(change.reason, frozenset()) | {change.key}
            done.setdefault(change.key, change.action)
        return Tally(
            done=done,
            by_reason=by_reason,
            conflicts=self.conflicts | written.conflicts,
            for_review=self.for_review | written.for_review,
            faults=self.faults | frozenset(written.faults),
            pieces=self.pieces + 1,
            read=self.read | written.read,
            warnings=Counter(self.warnings) + Counter(warnings or {}),
            planned=(*self.planned, *planned),
        )

    @property
    def progress(self) -> dict[str, Any]:
        """What a later attempt of the job has to know beside the log."""
        progress: dict[str, Any] = {"pieces": self.pieces}
        if self.read:
            progress["read"] = sorted(self.read)
        if self.for_review:
            progress["for_review"] = sorted(self.for_review)
        if self.faults:
            progress["faults"] = [fault.told() for fault in sorted(self.faults)]
        if self.warnings:
            progress["warnings"] = dict(self.warnings)
        return progress

    def counted(self) -> dict[str, int]:
        """Created, updated and removed records, by the words of a report."""
        found = dict.fromkeys(ACTIONS.values(), 0)
        for action in self.done.values():
            found[ACTIONS[action]] += 1
        return found


type Prepare[P: Piece] = Callable[[bool], P]
"""Plans and judges a piece; told True, it first loads anew what is stored."""
type Conclude[P: Piece] = Callable[[P, Tally], Report | None]
"""Makes the report of a run that ends with this piece; None: more pieces are to come."""


class Commits:
    """All transactions of one run, in its manner.

    One that previews commits nothing but its outcome; one that observes, what it remembers too.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self.tally = _of_earlier_attempts(run)
        self.report: Report | None = None
        """How the run ended; None: it has not."""

    @property
    def outcome(self) -> Report:
        """The report of a run that has ended."""
        assert self.report is not None, "the run's last piece has not been committed"
        return self.report

    def write[P: Piece](self, prepare: Prepare[P], conclude: Conclude[P] | None = None) -> P:
        """Commit a piece, and the end of the job with it where `conclude` makes the report.

        A piece whose rows somebody else has changed meanwhile is prepared once more; what has
        changed again by then is left for the next run. Returns the piece as it was committed;
        raises LeaseLost when another run has taken the clinic over.
        """
        try:
            return self._commit(prepare, conclude, again=False)
        except _PlanAgain:
            return self._commit(prepare, conclude, again=True)

    def end(self, conclude: Callable[[Tally], Report]) -> Report:
        """End the job after its last piece."""
        report = conclude(self.tally)
        self._finish(report, self.tally)
        return report

    def _commit[P: Piece](
        self, prepare: Prepare[P], conclude: Conclude[P] | None, *, again: bool
    ) -> P:
        run = self._run
        piece = prepare(again)
        if run.manner == "preview":
            self._preview(piece, conclude)
            return piece
        with writing(run.conn) as settle:
            left_s = leases.require(run.conn, run.lease, settle)
            transaction = Transaction(run.conn, run.clinic.id, run.job.id, piece.now, settle, again)
            if run.manner == "observe":
                tally = self._observe(piece, transaction)
            else:
                tally = self._apply(piece, transaction)
            report = conclude(piece, tally) if conclude is not None else None
            if report is None:
                job_store.store_progress(run.conn, run.lease, tally.progress, left_s)
            else:
                self._end(report, tally)
        self.tally, self.report = tally, report
        run.progress.committed(tally.counted())
        return piece

    def _apply(self, piece: Piece, transaction: Transaction) -> Tally:
        """Write the piece with all that it leaves behind."""
        written = piece.write(transaction)
        if written.conflicts and not transaction.leaves_conflicts:
            raise _PlanAgain
        untold = _leave_behind(self._run, piece, transaction, written)
        written.faults = [*written.faults, *untold]
        return self.tally.and_(written, warnings=piece.warnings)

    def _observe(self, piece: Piece, transaction: Transaction) -> Tally:
        """Write what the piece remembers, and count it as if it had been written."""
        observed = piece.observe(transaction)
        _remember(transaction, observed)
        return self._counted(piece, observed.read)

    def _preview[P: Piece](self, piece: P, conclude: Conclude[P] | None) -> None:
        """Count the piece as if it had been written."""
        self.tally = self._counted(piece)
        if conclude is not None and (report := conclude(piece, self.tally)) is not None:
            self._finish(report, self.tally)

    def _counted(self, piece: Piece, read: frozenset[str] = frozenset()) -> Tally:
        """The tally with what the piece would have written."""
        would_be = Written(piece.changes, read=read)
        return self.tally.and_(would_be, planned_changes(piece.changes), piece.warnings)

    def _finish(self, report: Report, tally: Tally) -> None:
        """End the job by itself, without rows."""
        run = self._run
        with writing(run.conn) as settle:
            leases.require(run.conn, run.lease, settle)
            self._end(report, tally)
        self.report = report

    def _end(self, report: Report, tally: Tally) -> None:
        """End the job with its report, as part of the transaction that is open."""
        run = self._run
        if run.manner != "apply":
            planned = sorted(tally.planned, key=lambda entry: (entry["id"], entry["reason"]))
            report.plan, report.planned = planned[:MOST_PLANNED], len(planned)
        job_store.end(
            run.conn,
            run.lease,
            report.status,
            result=report.as_result(),
            error=report.failure,
            also_tells=report.also_tells,
        )


class _PlanAgain(Exception):
    """Rows were written by somebody else since the plan read them; nothing is committed."""


def _of_earlier_attempts(run: Run) -> Tally:
    """What the job has written before it was given back to the queue, or taken over."""
    if run.job.attempt < 2:
        return Tally()
    by_reason: dict[str, frozenset[str]] = {}
    logged = written_by(run.conn, run.job.id)
    for record in logged:
        for reason in record.reasons:
            by_reason[reason] = by_reason.get(reason, frozenset()) | {record.external_id}
    progress = run.job.progress or {}
    return Tally(
        done={record.external_id: record.action for record in logged},
        by_reason=by_reason,
        for_review=frozenset(progress.get("for_review", ())),
        faults=frozenset(Fault(**told) for told in progress.get("faults", ())),
        warnings=progress.get("warnings", {}),
        pieces=int(progress.get("pieces", 0)),
        read=frozenset(progress.get("read", ())),
    )


def _leave_behind(
    run: Run, piece: Piece, transaction: Transaction, written: Written
) -> list[Fault]:
    """Write what every piece leaves behind: holds, memory and audits; the audits refused."""
    conn, clinic_id, job_id = transaction.conn, transaction.clinic_id, transaction.job_id
    if piece.holds is not None and piece.holds.changes_anything:
        store_decisions(conn, clinic_id, run.job.sync, job_id, piece.holds, transaction.now)
    audits = [_audit(run, change, written) for change in written.changes]
    audits = [*written.skipped, *audits]
    store_audits(conn, clinic_id, run.job.sync, job_id, audits, transaction.now)
    _remember(transaction, written)

    def tell(records: Sequence[str]) -> None:
        tell_audits(conn, job_id, records)

    records = sorted({audit.external_id for audit in audits})
    parts = transaction.in_parts("case_sync_audits", records, tell)
    return [refusal.of(record) for record, refusal in parts.refused]


def _remember(transaction: Transaction, written: Written) -> None:
    """Write what a piece remembers of the source."""
    conn, clinic_id, now = transaction.conn, transaction.clinic_id, transaction.now
    transaction.remember(written.records)
    clear_strikes(conn, clinic_id, written.shown)
    store_unknown_words(conn, clinic_id, transaction.job_id, written.unknown_words, now)


def _audit(run: Run, change: Change, written: Written) -> Audit:
    return Audit(
        external_id=change.key,
        action=change.action,
        reason=change.reason,
        changes=disclosed(change, run.fingerprints),
        case_id=written.case_ids.get(change.key),
        kind=change.logs,
    )
