"""The reconciliation: what is stored of the last days beside Neo, piece by piece."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Final

from idexx_sync.core.catalog import SYNCS, SyncName
from idexx_sync.core.clinic_time import local_day
from idexx_sync.core.errors import SyncError
from idexx_sync.jobs.contract import WRITING, Report, Run
from idexx_sync.jobs.params import ReconciliationParams
from idexx_sync.pims.protocol import Lookup, Pims, Window
from idexx_sync.syncs.cases.calendar_store import makes_way_for
from idexx_sync.syncs.cases.shape import check_shape
from idexx_sync.syncs.commit import Commits, Tally
from idexx_sync.syncs.proof import LOOKUPS_PER_RUN
from idexx_sync.syncs.reconciliation.apply import Compared
from idexx_sync.syncs.reconciliation.compare import Shown, load, look_ups, shown
from idexx_sync.syncs.reconciliation.discrepancy_store import counts_of_job
from idexx_sync.syncs.reconciliation.judging import (
    is_foreign,
    judged,
    planned,
    planned_rows,
    with_cases,
)
from idexx_sync.syncs.reconciliation.records import (
    RECORDS_A_NIGHT,
    Answered,
    planned_records,
    read_records,
)
from idexx_sync.syncs.reconciliation.report import LeftFor, Totals, last_report
from idexx_sync.syncs.reconciliation.store import last_left
from idexx_sync.syncs.reconciliation.telling import openings
from idexx_sync.syncs.reconciliation.windows import name_of, pieces

RESERVE_S: Final = 60.0
"""No piece is begun with less time than this left."""


@dataclass(slots=True)
class _Budget:
    """What of Neo an order may still ask for."""

    look_ups: int = LOOKUPS_PER_RUN
    records: int = RECORDS_A_NIGHT
    broken_by: SyncError | None = None
    """Why no more records are asked for, and the run is no success."""

    def without_records(self, why: SyncError) -> None:
        self.records, self.broken_by = 0, why


class ReconciliationSync:
    """Compares what is stored of the last days with Neo, and puts right what is proven.

    Each piece of seven days is read, judged and committed by itself, the newest first; a later
    attempt goes on with the first one that is not done.
    """

    name: ClassVar[SyncName] = "reconciliation"

    def __init__(self, *, records: int = RECORDS_A_NIGHT, reserve_s: float = RESERVE_S) -> None:
        self._records = records
        self._reserve_s = reserve_s

    def __call__(self, run: Run, pims: Pims) -> Report:
        assert isinstance(run.params, ReconciliationParams)
        night = local_day(run.job.started_at or run.clock(), run.clinic.zone)
        commits, totals = Commits(run), Totals()
        budget = _Budget(records=self._records)
        todo = pieces(night, run.params.lookback_days, last_left(run.conn, run.clinic.id))
        done = commits.tally.read
        left = [piece for piece in todo if name_of(piece) not in done]
        stopped_for: LeftFor | None = None
        while left and (stopped_for := self._stops(run, totals)) is None:
            totals = _compare(run, pims, commits, left[0], night, budget, totals)
            left = left[1:]
        if budget.broken_by is not None:  # what could be done is committed (rule R24)
            raise budget.broken_by
        return commits.end(lambda tally: _last_report(run, totals, tally, todo, left, stopped_for))

    def _stops(self, run: Run, totals: Totals) -> LeftFor | None:
        """What the rest is left for: others that wait, or time; the first piece is always done."""
        waiting = makes_way_for(run.conn, run.clinic.id, _OTHERS)
        if waiting == "pause" or (waiting is not None and totals.pieces):
            return waiting
        return "deadline" if totals.pieces and run.time_left() < self._reserve_s else None


_OTHERS: Final = tuple(name for name in SYNCS if name != ReconciliationSync.name)


def _last_report(
    run: Run,
    totals: Totals,
    tally: Tally,
    todo: Sequence[Window],
    left: Sequence[Window],
    left_for: LeftFor | None,
) -> Report:
    """The report, with what has to be told as it is by now."""
    report = last_report(run, totals, tally, _found(run, totals), todo, left, left_for)
    report.also_tells, warnings = openings(run, max(piece.last_day for piece in todo))
    report.warnings |= warnings
    return report


def _found(run: Run, totals: Totals) -> Mapping[str, Mapping[str, int]]:
    """Cause -> outcome -> how many, of all attempts of the job."""
    if run.manner == "preview":
        return totals.causes
    return counts_of_job(run.conn, run.job.id)


def _compare(
    run: Run,
    pims: Pims,
    commits: Commits,
    piece: Window,
    night: date,
    budget: _Budget,
    totals: Totals,
) -> Totals:
    """Compare the days of a piece and commit what comes of it."""
    answer = _read(run, pims, piece)
    first = load(run, answer)
    wanted = look_ups(answer, first, budget.look_ups)
    proofs: Mapping[str, Lookup] = pims.appointments(wanted) if wanted else {}
    budget.look_ups -= len(wanted)
    rows, answered = planned_rows(answer, first, proofs), Answered()
    with ThreadPoolExecutor(1, thread_name_prefix="plan") as pool:
        planning = pool.submit(with_cases, run, rows)  # while Neo answers
        if not is_foreign(run, rows, night):
            answered = read_records(run, pims, first, budget.records, night)
            budget.records -= answered.asked
        work = planning.result()

    def prepare(again: bool) -> Compared:
        loaded = load(run, answer) if again else first
        anew = planned(run, answer, loaded, proofs) if again else work
        return judged(run, anew, planned_records(run, loaded, answered), night)

    run.progress.phase(WRITING)
    committed = commits.write(prepare)
    if run.manner == "preview":
        committed.ledger = committed.judged_only()
    if answered.broken_by is not None:
        budget.without_records(answered.broken_by)
    elif (failure := answered.failure) is not None:
        raise failure
    return totals.and_(committed, answer, len(proofs), answered.left)


def _read(run: Run, pims: Pims, piece: Window) -> Shown:
    snapshot = pims.schedule(piece)
    check_shape(snapshot)
    return shown(run, snapshot)
