"""Starts workers in processes of their own, and does to them what an operating system may do."""

import json
import os
import select
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from idexx_sync.jobs.model import RunOrder, tick_order
from tests.faults.clinic import FaultClinic
from tests.faults.leftovers import SETTLES_S, descendants
from tests.faults.rig import Rig
from tests.kit.paths import ROOT
from tests.kit.processes import is_running
from tests.kit.settings import FINGERPRINT_KEY, LOCAL_KEY

ANSWERS_WITHIN_S = 60.0


class Worker:
    """One process with the real handlers, warm: everything is imported, nothing has been done."""

    def __init__(self, clinic: FaultClinic, **settings: str) -> None:
        born = clinic.rig.nursery.bear(_environment(clinic, settings))
        self._traces = clinic.rig.traces
        self.pid, self._events, self._answers = born
        self._end = os.pidfd_open(self.pid)
        self._said = b""
        if self.answer_line() != "ready":
            raise RuntimeError("the worker did not start")

    def begin(self, event: Mapping[str, Any], **limits: float) -> None:
        """Give it an event and go on."""
        self._events.write(json.dumps({"event": event, **limits}).encode() + b"\n")

    def answer(self) -> dict[str, Any] | None:
        """What the handler answered or raised; None if the process ended without a word."""
        line = self.answer_line()
        self._traces.look_at("the answer of a worker", line or "")
        return None if line is None else dict(json.loads(line))

    def answer_line(self) -> str | None:
        ends = time.monotonic() + ANSWERS_WITHIN_S
        while b"\n" not in self._said:
            left = max(0.0, ends - time.monotonic())
            ready, _, _ = select.select([self._answers], [], [], left)
            part = self._answers.read(4096) if ready else b""
            if not part:
                return None
            self._said += part
        line, _, self._said = self._said.partition(b"\n")
        return line.decode()

    def answers_within(self, seconds: float) -> bool:
        """Whether an answer, or the end, comes within that time; it is not taken."""
        return bool(self._said or select.select([self._answers], [], [], seconds)[0])

    def signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._end, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self._has_ended(ANSWERS_WITHIN_S)

    def _has_ended(self, seconds: float) -> bool:
        """Whether it is gone, or within that time."""
        return bool(select.select([self._end], [], [], seconds)[0])

    def close(self) -> None:
        """The ordinary end: there are no more events."""
        self._events.close()
        self._has_ended(10)
        self.kill()
        self._answers.close()
        os.close(self._end)


@contextmanager
def working(clinic: FaultClinic, **settings: str) -> Iterator[Worker]:
    """A worker for the time of the block."""
    worker = Worker(clinic, **settings)
    try:
        yield worker
    finally:
        worker.close()


def tick(clinic: FaultClinic, at: datetime) -> tuple[dict[str, Any], RunOrder]:
    """The event of a scheduled time, and the order that it stands for: the same every time."""
    sync = clinic.syncs[0]
    event = {
        "v": 1,
        "clinic_id": str(clinic.clinic_id),
        "sync": sync,
        "trigger": "schedule",
        "scheduled_time": at.isoformat(),
    }
    return event, tick_order(clinic.clinic_id, sync, "schedule", at)


def orphans_that_stay(rig: Rig) -> list[int]:
    """Living processes of a killed worker, once those that end by themselves have ended."""
    ends = time.monotonic() + SETTLES_S
    while alive := _alive(rig):
        if time.monotonic() > ends:
            break
        time.sleep(0.02)
    return alive


def bury(rig: Rig) -> None:
    """Collect the ended processes that became ours; kill what has not ended."""
    for pid in descendants(rig):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)


def _alive(rig: Rig) -> list[int]:
    return [pid for pid in descendants(rig) if is_running(pid)]


def _environment(clinic: FaultClinic, settings: Mapping[str, str]) -> dict[str, str]:
    ours = {
        "DATABASE_URL": clinic.url,
        "IDEXX_SYNC_LOCAL_KEY": LOCAL_KEY.get_secret_value(),
        "IDEXX_SYNC_FINGERPRINT_KEY": FINGERPRINT_KEY.get_secret_value(),
        "IDEXX_SYNC_NEO_HOSTS": clinic.neo.base_url,
        "IDEXX_SYNC_CHROMIUM_PATH": clinic.rig.chromium_path,
        "IDEXX_SYNC_NEO_REQUESTS_PER_SECOND": "100000",
        "IDEXX_SYNC_LOGINS_PER_HOUR": "1000",
        "TMPDIR": str(clinic.rig.folder),
        "PYTHONPATH": os.pathsep.join([str(ROOT / "layers"), str(ROOT)]),
    }
    return {**os.environ, **ours, **settings}
