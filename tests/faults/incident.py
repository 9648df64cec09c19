"""What happens to one worker, and how everything is put right again afterwards."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from psycopg.errors import LockNotAvailable

from idexx_sync.jobs.model import RunOrder
from tests.faults import checks
from tests.faults.clinic import TRIES, FaultClinic
from tests.faults.converge import Watch
from tests.faults.observation import observe
from tests.faults.results import Outcome, Violation
from tests.faults.short_waits import PATIENCE
from tests.faults.worker import Worker, bury, orphans_that_stay, tick, working
from tests.kit.database import query
from tests.kit.processes import adopting_orphans

Event = dict[str, Any]
Strike = Callable[[Worker, Event], None]

_TMP = Path("/tmp")
REMOVES_WITHIN_S: Final = 60.0
"""How long any login on this machine may take to remove a folder that was left behind."""


class Incident:
    """A worker is struck; Lambda tries again on fresh ones; then come clean runs.

    `settings` are environment variables of the struck worker.
    """

    def __init__(self, clinic: FaultClinic, outcome: Outcome, **settings: str) -> None:
        self.clinic = clinic
        self.outcome = outcome
        self.watch = Watch(clinic, outcome)
        self._settings = settings
        self._interrupted: RunOrder | None = None
        self._event, self._order = tick(clinic, clinic.now)
        self._job_ids = [self._order.job_id]

    def carry(self, strike: Strike) -> None:
        clinic = self.clinic
        try:
            with adopting_orphans():
                before, cases = observe(clinic.conn, clinic.clinic_id), self.watch.observe_cases()
                self.watch.before_run()
                struck = self._struck(strike)
                self.watch.after_run(self._job_ids)
                self.watch.look(before, self._job_ids, cases)
            self._settle()
            self._check_folders(struck)
        finally:
            clinic.close()

    def take_over(self) -> bool:
        """The worker's lease is over, and another run comes; whether it could."""
        order = self.clinic.order()
        self._job_ids.append(order.job_id)
        try:
            self.clinic.later(1)
            delivery = self.clinic.deliver(order)[-1]
        except LockNotAvailable:
            text = f"a frozen run keeps its lease locked for more than {PATIENCE}"
            self.watch.add([Violation("V6", text)])
            self._interrupted = order
            return False
        self.outcome.notes[f"taking over: {delivery.word}"] += 1
        return delivery.succeeded

    def had_the_lease(self) -> bool:
        """Whether the worker's job has begun and not ended: its fence is stale now."""
        return bool(self._job()["status"] == "running")

    def everything_else(self) -> dict[str, Any]:
        """What there is of the clinic, but for the struck worker's own job."""
        clinic = self.clinic
        return checks.everything(clinic.conn, clinic.clinic_id, self._order.job_id)

    def _struck(self, strike: Strike) -> int:
        """The first worker and its successors; returns the first one's process id."""
        clinic, notes = self.clinic, self.outcome.notes
        with working(clinic, **self._settings) as worker:
            strike(worker, self._event)
            worker.kill()
            answer, pid = worker.answer(), worker.pid
        if self._interrupted is not None:
            clinic.deliver(self._interrupted)
        notes["struck"] += answer is None or "raised" in answer
        notes[f"struck worker: {_word(answer)}"] += 1
        stays = orphans_that_stay(clinic.rig)
        self.watch.add([Violation("V10", "a process outlives its worker by 5 s") for _ in stays])
        bury(clinic.rig)
        for number in range(1, TRIES):
            if answer is not None and "raised" not in answer:
                break
            clinic.later(number)
            with working(clinic) as worker:
                worker.begin(self._event)
                answer = worker.answer()
            notes[f"retry: {_word(answer)}"] += 1
        return pid

    def _settle(self) -> None:
        clinic, watch = self.clinic, self.watch
        for knob in ("delay_ms", "faults"):
            clinic.neo.set_knob(knob, clinic.neo.knobs()[knob]["default"])
        watch.converge()

    def _check_folders(self, pid: int) -> None:
        """What a killed worker could not remove, the next login has to."""
        if not _folders_of(pid):
            return
        self.clinic.neo.expire_sessions()
        self.watch.one()
        left = _folders_that_stay(pid)
        self.watch.add([Violation("V10", "a killed worker's folder stays") for _ in left])
        self.outcome.notes["folders of a killed worker"] += 1

    def _job(self) -> dict[str, Any]:
        found = query(
            self.clinic.conn,
            "SELECT status, attempt FROM idexx_sync.jobs WHERE id = %s",
            (self._order.job_id,),
        )
        return found[0] if found else {"status": "", "attempt": 0}


def _folders_of(pid: int) -> list[Path]:
    return list(_TMP.glob(f"idexx-sync-run-{pid}-*"))


def _folders_that_stay(pid: int) -> list[Path]:
    """Another worker's login may be the one that removes them, and not be through yet: it has
    them locked, so that nobody else does, and may be slow."""
    ends = time.monotonic() + REMOVES_WITHIN_S
    while (left := _folders_of(pid)) and time.monotonic() < ends:
        time.sleep(0.02)
    return left


def _word(answer: dict[str, Any] | None) -> str:
    if answer is None:
        return "no answer"
    return str(answer.get("status") or f"raised {answer['raised']}")
