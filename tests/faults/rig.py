"""What all scenarios of one process stand on: a Postgres, a simulated Neo, a folder of its own."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import psycopg
from psycopg import sql

from dev_tools.chromium import find_chromium, playwright_package
from idexx_sync.database.connection import Conn
from local_stack.postgres import running_postgres
from neo_simulator.client import Simulator
from neo_simulator.process import running_simulator
from tests.faults.nursery import Nursery, running_nursery
from tests.faults.short_waits import PATIENCE, TRANSACTION_TIMEOUT, short_waits
from tests.faults.slack import LossySlack
from tests.faults.traces import Traces, reading_lines
from tests.kit.database import create_prepared, query
from tests.kit.processes import children
from tests.kit.proxy import CountingProxy, counting_proxy

DATABASE = "faults"


@dataclass(frozen=True)
class Rig:
    """Clinics come and go in one database; each has a company of its own in the simulator."""

    url: str
    """The database, directly."""
    proxy: CountingProxy
    """Stands before the database."""
    proxied_url: str
    conn: Conn
    """The observer's connection: never through the proxy."""
    simulator: Simulator
    nursery: Nursery
    """Where workers come from."""
    chromium_path: str
    own_processes: frozenset[int]
    """Postgres, the simulator, the nursery and their guards: not what a run has left behind."""
    folder: Path
    """Where temporary files of this process and of its workers go."""
    measured: Path
    """Where what was measured on this machine, and what was asked, is written down, for other rigs
    too."""
    traces: Traces
    slack: LossySlack

    def forget_clinics(self) -> None:
        """Begin anew: whatever looks at all clinics would have more to do after each scenario.

        Emptying files of sixty tables would take longer than many a scenario; deleting does not.
        """
        tables = self._clinic_tables()
        with self.conn.transaction():
            # In no order, and rows that nobody may delete too: neither keys nor triggers are heard.
            self.conn.execute("SET LOCAL session_replication_role = replica")
            for table in tables:
                self.conn.execute(sql.SQL("DELETE FROM {}").format(table))
        self.conn.execute(sql.SQL("VACUUM {}").format(sql.SQL(", ").join(tables)))

    def _clinic_tables(self) -> list[sql.Identifier]:
        """All that say whose they are, and all whose rows would go with those."""
        rows = query(
            self.conn,
            """
            WITH RECURSIVE emptied AS (
                SELECT table_name AS id
                  FROM (SELECT format('%%I.%%I', table_schema, table_name)::regclass AS table_name
                          FROM information_schema.columns JOIN information_schema.tables
                         USING (table_schema, table_name)
                         WHERE column_name = 'clinic_id' AND table_type = 'BASE TABLE'
                           AND table_schema IN ('public', 'idexx_sync')) AS clinics_own
                UNION SELECT 'public.clinics'::regclass
                UNION SELECT conrelid::regclass
                  FROM pg_constraint JOIN emptied ON confrelid = id WHERE contype = 'f'
            )
            SELECT relnamespace::regnamespace::text AS schema, relname AS name
              FROM emptied JOIN pg_class ON oid = id
            """,
        )
        return [sql.Identifier(row["schema"], row["name"]) for row in rows]


@contextmanager
def running_rig(measured: Path | None = None) -> Iterator[Rig]:
    """A rig for the time of the block; every process of it is gone afterwards.

    `measured` is a folder that several rigs share; None: one of its own. Scenarios on a rig are
    carried out in a process that is `devoted` to it meanwhile.
    """
    with (
        tempfile.TemporaryDirectory(prefix="idexx-sync-faults-") as folder,
        tempfile.TemporaryDirectory(prefix="idexx-sync-measured-") as own_measured,
        running_postgres(durable=False) as cluster,
        running_simulator() as simulator,
        tempfile.TemporaryDirectory(prefix="idexx-sync-printed-") as printed,
        running_nursery(Path(printed, "workers")) as nursery,
    ):
        url = cluster.dsn(create_prepared(cluster, DATABASE))
        traces = Traces(Path(printed, "workers"))
        with (
            psycopg.connect(url, autocommit=True, application_name="observer") as conn,
            counting_proxy(url) as (proxy, proxied_url),
        ):
            conn.execute(f"SET lock_timeout = '{PATIENCE}'")
            for name, value in {
                "deadlock_timeout": "100ms",
                "transaction_timeout": TRANSACTION_TIMEOUT,
            }.items():
                conn.execute(f"ALTER DATABASE {DATABASE} SET {name} = '{value}'")
            chromium = find_chromium(os.environ, playwright_package())
            assert chromium is not None, "no headless Chromium here: ./run faults installs one"
            yield Rig(
                url=url,
                proxy=proxy,
                proxied_url=proxied_url,
                conn=conn,
                simulator=simulator,
                nursery=nursery,
                chromium_path=str(chromium),
                own_processes=frozenset(children(os.getpid())),
                folder=Path(folder),
                measured=measured or Path(own_measured),
                traces=traces,
                slack=LossySlack(traces),
            )


@contextmanager
def devoted(rig: Rig) -> Iterator[None]:
    """For the time of the block this process waits shortly and keeps its files in the rig's folder.

    Never longer: whoever else works in the process would lose both time and folder.
    """
    with (
        mock.patch.dict(os.environ, TMPDIR=str(rig.folder)),
        mock.patch.object(tempfile, "tempdir", None),
        short_waits(),
        reading_lines(rig.traces),
    ):
        yield
