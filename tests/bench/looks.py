"""P16: what it costs to look at ten thousand clinics at once, in our own processor time.

An import apart, a look does nothing but wait for Postgres and compute; what else the machine does
meanwhile is not its work, so processor time counts and not the clock's.
"""

import time
from collections.abc import Callable
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


def measure_looks(rig: Rig, repetitions: int) -> list[Figure]:
    with rig.database() as url, psycopg.connect(url, autocommit=True) as owner:
        set_business_time(owner, MORNING)
        add_fleet(owner, CLINICS)
        add_runs(owner, MORNING)
        reader, watchdog = (connect(SecretStr(as_role(url, role))) for role in ("api", "upkeep"))
        with reader, watchdog:
            metrics, freshness, bare = interleaved(
                repetitions,
                lambda: _processor_s(lambda: exposition(reader)),
                lambda: _processor_s(lambda: _look_at_all(watchdog)),
                lambda: _processor_s(lambda: _only_fetch(reader)),
            )
    against = "processor time of this process; Postgres computes the rest"
    return [
        Figure(
            id=id_,
            what=f"{what} of {CLINICS:,} clinics with three syncs each",
            measured=spread(seconds),
            goal=GOAL_S,
            unit="s",
            against=against,
            repetitions=repetitions,
        )
        for id_, what, seconds in (
            ("P16", "/metrics", metrics),
            ("P16.freshness", "the watchdog's look at the freshness", freshness),
        )
    ] + [
        Figure(
            id="P16.bare",
            what="/metrics / fetching the same rows and doing nothing with them",
            measured=ratio(metrics, bare),
            goal=None,
            unit="ratio",
            against=f"the bare fetch takes {spread(bare).value:.2f} s",
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


def _processor_s(action: Callable[[], object]) -> float:
    before = time.process_time()
    action()
    return time.process_time() - before
