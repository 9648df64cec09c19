"""P16: what it costs to look at ten thousand clinics at once, in our own processor time.

An import apart, a look does nothing but wait for Postgres and compute; what else the machine does
meanwhile is not its work, so processor time counts and not the clock's. A core that is shared with
a stranger takes up to twice that time for the same work, so a fixed piece of work is done beside
each look: what the look takes at that work's best pace says how much of a figure is the stranger's,
and decides nothing.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg.rows import dict_row
from pydantic import SecretStr

from idexx_sync.alerts.incidents import tell_stale
from idexx_sync.clinics.state import STATE_QUERY, state_parameters
from idexx_sync.database.connection import Conn, connect
from idexx_sync.metrics.exposition import exposition
from idexx_sync.upkeep.watchdog import CLINICS_AT_ONCE
from tests.bench.figure import Figure, interleaved, ratio, spread
from tests.bench.rig import Rig
from tests.kit.business_time import set_business_time
from tests.kit.database import as_role
from tests.kit.fleet import add_fleet, add_runs
from tests.kit.records import MORNING

CLINICS: Final = 10_000
GOAL_S: Final = 2
WORK: Final = 100_000


def measure_looks(rig: Rig, repetitions: int) -> list[Figure]:
    with rig.database() as url, psycopg.connect(url, autocommit=True) as owner:
        set_business_time(owner, MORNING)
        add_fleet(owner, CLINICS)
        add_runs(owner, MORNING)
        reader, watchdog = (connect(SecretStr(as_role(url, role))) for role in ("api", "upkeep"))
        with reader, watchdog:
            metrics, freshness, bare = interleaved(
                repetitions,
                lambda: _beside_work(lambda: exposition(reader)),
                lambda: _beside_work(lambda: _look_at_all(watchdog)),
                lambda: _beside_work(lambda: _only_fetch(reader)),
            )
    pace = min(one.work_s for one in (*metrics, *freshness, *bare))
    return [
        Figure(
            id=id_,
            what=f"{what} of {CLINICS:,} clinics with three syncs each",
            measured=spread([one.look_s for one in looks]),
            goal=GOAL_S,
            unit="s",
            against=f"processor time of this process; {_at_pace(looks, pace)}",
            repetitions=repetitions,
        )
        for id_, what, looks in (
            ("P16", "/metrics", metrics),
            ("P16.freshness", "the watchdog's look at the freshness", freshness),
        )
    ] + [
        Figure(
            id="P16.bare",
            what="/metrics / fetching the same rows and doing nothing with them",
            measured=ratio([one.look_s for one in metrics], [one.look_s for one in bare]),
            goal=None,
            unit="ratio",
            against=f"the bare fetch takes {spread([one.look_s for one in bare]).value:.2f} s",
            repetitions=repetitions,
        )
    ]


def _look_at_all(conn: Conn) -> None:
    after = None
    while True:
        _, after = tell_stale(conn, after, CLINICS_AT_ONCE)
        if after is None:
            return


def _only_fetch(conn: Conn) -> None:
    with conn.cursor(row_factory=dict_row) as cur:
        cur.execute(STATE_QUERY, state_parameters(None)).fetchall()


@dataclass(frozen=True)
class _Look:
    look_s: float
    work_s: float
    """Of the fixed work, half of it before the look and half after."""

    def at_pace(self, work_s: float) -> float:
        """What it takes where the fixed work takes so long."""
        return self.look_s * work_s / self.work_s


def _beside_work(action: Callable[[], object]) -> _Look:
    before = _processor_s(_fixed_work)
    look = _processor_s(action)
    return _Look(look, before + _processor_s(_fixed_work))


def _fixed_work() -> None:
    days = [str(number) for number in range(WORK)]
    json.loads(json.dumps(dict.fromkeys(days, days[:1])))


def _at_pace(looks: list[_Look], pace: float) -> str:
    found = spread([one.at_pace(pace) for one in looks])
    return f"at fixed work's best pace {found.value:.2f} s ({found.low:.2f} - {found.high:.2f})"


def _processor_s(action: Callable[[], object]) -> float:
    before = time.process_time()
    action()
    return time.process_time() - before
