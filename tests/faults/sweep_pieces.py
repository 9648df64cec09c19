"""The sweeps and kills of the other modules, of a run that is committed in several pieces.

Where a fault can come in hundreds of places, the short set takes a sample of them. `--full` takes
all of them, each in some ways in turn: below the syncs a fault's way is the same code for all of
them, and `sweep_neo` and `sweep_database` take every way at each place.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from idexx_sync.core.catalog import SyncName
from tests.faults import kills, sweep_database, sweep_neo
from tests.faults.scenario import Play, Scenario
from tests.faults.statements import ERRORS, KILLED

LOGS_IN = (*sweep_neo.MISREAD, "expire_session", *sweep_neo.UNASKED)
"""Answers after which a run may log in again, which takes seconds."""
ANSWERS_IN_TURN, LASTING_IN_TURN, LOCKS_IN_TURN = 2, 3, 4
"""Of so many ways the long set takes one at each place."""
BYTES = 40
"""So many places of each direction the long set takes."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Which places the short set takes; a number: one of so many."""

    answers: int
    lasting: int
    expired: int
    """The request at which the session has expired."""
    late: int
    """The request that is answered too late."""
    killed: int
    """Statements at which the connection ends."""
    failing: int
    """Statements that fail, one after the other in another way."""
    cut_off: int
    silent: int
    passed: tuple[int, ...]
    """Packets that pass between a commit and the loss of its acknowledgement."""
    locks: Mapping[str, int]
    """Lock -> the round trip before which somebody takes it."""
    worker: int
    """The round trip at which a worker is killed, and one frozen."""


@dataclass(frozen=True, slots=True)
class Swept:
    """One sync's run, and how many places for a fault it has."""

    of: SyncName
    groups: str
    """How the names of its groups begin."""
    requests: int
    may_be_late: tuple[int, ...]
    """Requests."""
    statements: int
    """A few more than a run has, which not always has as many: the last ones do not strike."""
    round_trips: int
    commits: int
    bytes_sent: int
    bytes_received: int
    worker: tuple[int, int]
    """Round trips of a worker's first run; those before open its connection."""
    short: Sample

    def scenarios(self, *, full: bool) -> Iterator[Scenario]:
        for part in (self._answers, self._lateness, self._statements, self._wire):
            yield from part(full)
        for part in (self._commits, self._bytes, self._locks, self._workers):
            yield from part(full)

    def _one(
        self, group: str, play: Play, arguments: Mapping[str, Any], cost_s: float = 0.5
    ) -> Scenario:
        return Scenario(f"{self.groups}: {group}", play, {**arguments, "of": self.of}, cost_s)

    def _request(self, n: int, action: Any, *, cost_s: float = 0.5, **more: Any) -> Scenario:
        group = "Neo fails from request n on" if more.get("lasting") else "Neo fails at n"
        arguments = {"n": n, "action": action, **more}
        return self._one(group, sweep_neo.fail_at_request, arguments, cost_s)

    def _answers(self, full: bool) -> Iterator[Scenario]:
        actions = sweep_neo.ANSWERS + sweep_neo.cuts(sweep_neo.FEW_BYTES)
        quick = [action for action in actions if action not in LOGS_IN]
        step, lasting = self.short.answers, self.short.lasting
        for n in range(1, self.requests + 1):
            for number, action in enumerate(actions if full else quick):
                of = ANSWERS_IN_TURN if full else step
                if number % of == n % of:
                    yield self._request(n, action)
                in_turn = number % LASTING_IN_TURN == n % LASTING_IN_TURN
                if (full and in_turn) or (number == 2 * n and n % lasting == 0):
                    yield self._request(n, action, lasting=True)
            for number, answer in enumerate(sweep_neo.EXPIRED):
                if full or (number, n) == (2, self.short.expired):
                    yield self._request(n, "expire_session", expired=answer, cost_s=3)

    def _lateness(self, full: bool) -> Iterator[Scenario]:
        late = {"kind": "delay", "ms": sweep_neo.TOO_LATE_MS}
        for n in self.may_be_late if full else (self.short.late,):
            yield self._request(n, late, cost_s=3)

    def _statements(self, full: bool) -> Iterator[Scenario]:
        ways = (KILLED, *ERRORS)
        for n in range(1, self.statements + 1):
            for number, how in enumerate(ways):
                is_killed = number == 0 and n % self.short.killed == 1
                is_failing = number == n % len(ways) and n % self.short.failing == 0
                in_turn = number in (0, 1 + n % len(ERRORS))
                if (full and in_turn) or is_killed or is_failing:
                    arguments = {"n": n, "how": how}
                    play = sweep_database.fail_at_statement
                    yield self._one("Postgres fails at statement n", play, arguments)

    def _wire(self, full: bool) -> Iterator[Scenario]:
        cut_off, silent = self.short.cut_off, self.short.silent
        for n in range(1, self.round_trips + 1):
            for half, at in enumerate(("request", "answer")):
                arguments: dict[str, Any] = {"at": at, "number": n}
                if full or n % cut_off == 2 + half * cut_off // 2:
                    yield self._lost("Postgres is cut off", arguments)
                if (full and n % 2 == half) or n % silent == 3 + half * silent // 2:
                    yield self._lost("Postgres answers nothing", {**arguments, "silent": True})

    def _commits(self, full: bool) -> Iterator[Scenario]:
        for n in range(1, self.commits + 1):
            for passed in (0, 1, 20) if full else self.short.passed:
                arguments = {"at": "commit", "number": n, "passed": passed}
                yield self._lost("commit acknowledgement is lost", arguments)

    def _bytes(self, full: bool) -> Iterator[Scenario]:
        for towards, size in (("server", self.bytes_sent), ("client", self.bytes_received)):
            for k in range(0, size, size // (BYTES if full else 2)):
                arguments = {"at": "byte", "number": k, "towards": towards}
                yield self._lost("Postgres is cut off", arguments)

    def _lost(self, group: str, arguments: Mapping[str, Any]) -> Scenario:
        return self._one(group, sweep_database.fail_on_the_wire, arguments)

    def _locks(self, full: bool) -> Iterator[Scenario]:
        for number, (what, at) in enumerate(self.short.locks.items()):
            in_turn = range(1 + number % LOCKS_IN_TURN, self.round_trips + 1, LOCKS_IN_TURN)
            for n in in_turn if full else (at,):
                arguments = {"what": what, "n": n}
                play = sweep_database.wait_for_a_lock
                yield self._one("somebody holds a lock", play, arguments, 2)

    def _workers(self, full: bool) -> Iterator[Scenario]:
        moments = 30 if full else 1
        for seed in range(moments):
            share = round((seed + 0.5) / moments, 3)
            arguments = {"share": share, "log_in": False, "seed": seed}
            yield self._one("worker killed", kills.kill_at_moment, arguments, 6)
        first, last = self.worker
        for n in range(first, last + 1) if full else (self.short.worker,):
            yield self._one("worker killed", kills.kill_at_round_trip, {"n": n}, 6)
            yield self._one("worker frozen, thawed", kills.freeze, {"n": n}, 8)
        parts = 10 if full else 1
        for part in range(parts):
            arguments = {"share": round((part + 0.4) / (parts + 0.5), 3)}
            yield self._one("worker out of time", kills.out_of_time, arguments, 6)
