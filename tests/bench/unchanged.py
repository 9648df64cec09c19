"""P6: what an unchanged run writes into ODIS's tables."""

from dataclasses import dataclass

from idexx_sync.jobs import wiring
from tests.bench.figure import Figure, counted
from tests.bench.rig import L0, Rig, Service
from tests.kit.database import query

APPOINTMENTS = 60
HOW = "Postgres's counts of the schema `public`; rows that tell of the run itself are left out"


@dataclass(frozen=True)
class Writes:
    """Since the database was made."""

    rows: int
    dead: int


def count_writes(rig: Rig, repetitions: int) -> list[Figure]:
    """The runs lie seconds apart: well within half of the staleness threshold."""
    rows, dead = [], []
    with rig.service(L0, APPOINTMENTS) as service:
        for _ in range(repetitions):
            before = writes(service)
            service.run()
            after = writes(service)
            rows.append(after.rows - before.rows)
            dead.append(after.dead - before.dead)
    return [
        Figure(
            id=id_,
            what=f"{what} an unchanged run",
            measured=counted(found),
            goal=0,
            unit="rows",
            against=HOW,
            repetitions=repetitions,
        )
        for id_, what, found in (
            ("P6", "rows of ODIS's tables written by", rows),
            ("P6.dead", "dead row versions in ODIS's tables left by", dead),
        )
    ]


def writes(service: Service) -> Writes:
    """After the run's own connection has handed its statistics over."""
    worker = wiring.process_dependencies().database.connection()
    for conn in (worker, service.conn):
        conn.execute("SELECT pg_stat_force_next_flush()")
        conn.execute("SELECT 1")
    (found,) = query(
        service.conn,
        """
        SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)
                   FILTER (WHERE relname <> 'schedule_syncs')::int AS rows,
               sum(n_tup_upd + n_tup_del)::int AS dead
          FROM pg_stat_user_tables WHERE schemaname = 'public'
        """,
    )
    return Writes(**found)
