"""A worker in a process of its own: the real handlers, fed with events as lines on standard input.

It says `ready` before the first event, answers each event with one line of JSON, and ends when
there are no more. The program itself is the nursery, of which every worker is a fork.
"""

import gc
import importlib
import json
import os
import resource
import socket
import sys
from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any

from tests.faults import nursery
from tests.faults.short_waits import short_waits

if TYPE_CHECKING:
    from idexx_sync.jobs.worker import WorkerHandler


class Context:
    """What the handler asks Lambda for."""

    def __init__(self, seconds: float) -> None:
        self._ends = monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return round((self._ends - monotonic()) * 1000)


HEAVY = (
    "idexx_sync.api.handler",
    "idexx_sync.api.syncs",
    "idexx_sync.syncs.cases.sync",
    "idexx_sync.syncs.inbound.sync",
    "idexx_sync.syncs.reconciliation.sync",
)
"""What the handlers import and what reads no environment."""


def main() -> None:
    """Until nobody asks any more, fork a worker whenever one is asked for."""
    theirs = socket.socket(fileno=int(sys.argv[1]))
    for name in HEAVY:
        importlib.import_module(name)
    gc.freeze()  # so that a fork shares what it never changes
    nursery.leave_children_to_themselves()
    while (order := nursery.next_order(theirs)) is not None:
        environment, events, answers = order
        if (pid := os.fork()) == 0:
            theirs.close()
            os.environ.clear()
            os.environ.update(environment)
            os.dup2(events, 0)
            os.dup2(answers, 1)
            nursery.be_a_process_of_its_own()
            work()
            os._exit(0)
        os.close(events)
        os.close(answers)
        theirs.send(str(pid).encode())


def work() -> None:
    from functions.case_sync.handler import worker as cases
    from functions.inbound_sync.handler import worker as inbound
    from functions.reconciliation.handler import worker as reconciliation

    with short_waits():
        serve({"inbound": inbound, "cases": cases, "reconciliation": reconciliation})


def serve(workers: "Mapping[str, WorkerHandler]") -> None:
    # Logs go their own way: standard output is for answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    answers.write("ready\n")
    for line in sys.stdin:
        order: dict[str, Any] = json.loads(line)
        context = Context(order["seconds"]) if order.get("seconds") else None
        if order.get("spare_mb") is not None:
            _allow_memory(order["spare_mb"])
        try:
            answer = workers[order["event"]["sync"]](order["event"], context)
        except Exception as error:  # noqa: BLE001 Lambda catches whatever it is
            answer = {"raised": type(error).__name__}
        finally:
            _allow_memory(None)
        answers.write(json.dumps(answer) + "\n")


def _allow_memory(spare_mb: float | None) -> None:
    """So much more than what is used now; None: no limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = hard
    if spare_mb is not None:
        with open("/proc/self/statm") as sizes:  # noqa: PTH123 pathlib would need more memory
            pages = int(sizes.read().split()[0])
        limit = pages * resource.getpagesize() + int(spare_mb * (1 << 20))
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


if __name__ == "__main__":
    main()
