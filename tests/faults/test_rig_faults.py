"""The faults really strike: connections break where they are told to, histories can be repeated."""

from dataclasses import dataclass
from functools import partial

import psycopg
import pytest
from psycopg import errors
from pydantic import SecretStr

from idexx_sync.core.catalog import SyncName
from idexx_sync.database.connection import connect
from idexx_sync.database.waits import NoAnswer, Patience
from tests.faults import command, sweep_cases, sweep_database, sweep_nights
from tests.faults.clinic import FaultClinic
from tests.faults.converge import Watch
from tests.faults.histories import kinds
from tests.faults.operations import history
from tests.faults.results import Outcome, Violation
from tests.faults.rig import Rig
from tests.faults.scenario import Scenario
from tests.faults.statements import Counter, inject
from tests.faults.sweep_pieces import Swept
from tests.faults.swept import swept_clinic
from tests.kit.database import query
from tests.kit.proxy import Cut


def proxied(rig: Rig) -> psycopg.Connection[tuple[object, ...]]:
    rig.proxy.calm()
    return psycopg.connect(rig.proxied_url, autocommit=True)


def test_a_lost_acknowledgement_is_of_a_transaction_that_was_committed(rig: Rig) -> None:
    conn = proxied(rig)
    conn.execute("CREATE TABLE acknowledged (number int)")
    rig.proxy.cut(Cut("commit", 1))

    with pytest.raises(psycopg.OperationalError), conn.transaction():
        conn.execute("INSERT INTO acknowledged VALUES (1)")

    assert query(rig.conn, "SELECT number FROM acknowledged") == [{"number": 1}]
    rig.conn.execute("DROP TABLE acknowledged")
    conn.close()


def test_a_request_that_is_cut_off_never_arrives(rig: Rig) -> None:
    conn = proxied(rig)
    conn.execute("CREATE TABLE arrived (number int)")
    rig.proxy.cut(Cut("request", 1))

    with pytest.raises(psycopg.OperationalError):
        conn.execute("INSERT INTO arrived VALUES (1)")

    assert query(rig.conn, "SELECT number FROM arrived") == []
    rig.conn.execute("DROP TABLE arrived")
    conn.close()


@pytest.mark.parametrize(
    "cut", [Cut("answer", 2), Cut("byte", 60, "server"), Cut("byte", 90, "client")]
)
def test_a_connection_breaks_once_and_where_it_is_told_to(rig: Rig, cut: Cut) -> None:
    conn = proxied(rig)
    rig.proxy.cut(cut)

    conn.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        for _ in range(9):
            conn.execute("SELECT 1")

    assert rig.proxy.cuts == 1
    conn.close()
    with proxied(rig) as healthy:
        assert healthy.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("for_all", [False, True])
def test_a_connection_that_falls_silent_neither_answers_nor_breaks(rig: Rig, for_all: bool) -> None:
    conn = connect(SecretStr(rig.proxied_url), Patience(0.3))
    rig.proxy.cut(Cut("request", 1, silent=True, for_all=for_all))

    with pytest.raises(NoAnswer):
        conn.execute("SELECT 1")

    assert rig.proxy.cuts == 1
    another = partial(psycopg.connect, rig.proxied_url, connect_timeout=2)
    if for_all:
        with pytest.raises(psycopg.errors.ConnectionTimeout):
            another()
        rig.proxy.calm()
    with another() as healthy:
        assert healthy.execute("SELECT 1").fetchone() == (1,)
    rig.proxy.calm()


def test_refused_connections_are_refused(rig: Rig) -> None:
    proxied(rig).close()
    rig.proxy.refusing = True

    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(rig.proxied_url)

    rig.proxy.calm()


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ("killed", errors.AdminShutdown),
        ("deadlock", errors.DeadlockDetected),
        ("lock time-out", errors.LockNotAvailable),
    ],
)
def test_the_statement_that_is_chosen_fails_and_no_other(
    rig: Rig, how: str, error: type[psycopg.Error]
) -> None:
    conn = connect(SecretStr(rig.url))
    counter = Counter(2, how)
    inject(conn, counter)

    conn.execute("SELECT 1")
    with pytest.raises(error):
        conn.execute("SELECT 2")

    assert counter.struck
    assert conn.closed == (how == "killed")
    conn.close()


def test_a_statement_fails_inside_of_a_pipeline_too(rig: Rig) -> None:
    conn = connect(SecretStr(rig.url))
    inject(conn, Counter(2, "deadlock"))

    with pytest.raises(errors.DeadlockDetected), conn.pipeline():
        conn.execute("SELECT 1")
        conn.execute("SELECT 2").fetchone()

    conn.close()


@dataclass(frozen=True)
class Reach:
    """How far a sync's sweeps go."""

    of: SyncName
    statements: int
    round_trips: int
    bytes_sent: int
    bytes_received: int


REACHES = (
    Reach(
        "inbound",
        sweep_database.STATEMENTS,
        sweep_database.ROUND_TRIPS,
        sweep_database.BYTES_SENT,
        sweep_database.BYTES_RECEIVED,
    ),
    *(
        Reach(
            swept.of,
            swept.statements,
            swept.round_trips,
            swept.bytes_sent,
            swept.bytes_received,
        )
        for swept in (sweep_cases.SWEPT, sweep_nights.SWEPT)
    ),
)


@pytest.mark.parametrize("reach", REACHES, ids=[reach.of for reach in REACHES])
def test_the_sweeps_reach_the_end_of_a_run_and_not_far_beyond(rig: Rig, reach: Reach) -> None:
    clinic = swept_clinic(rig, reach.of, proxied=True)
    counter = Counter()
    inject(clinic.dependencies.database.connection(), counter)
    rig.proxy.reset()

    assert clinic.invoke(clinic.order()).succeeded

    trips, sent = rig.proxy.round_trips, dict(rig.proxy.passed)
    clinic.close()
    assert counter.number < reach.statements <= counter.number + 6
    trips = max(trips, *(round_trips_of(rig, reach.of) for _ in range(4)))
    assert trips <= reach.round_trips <= trips + 3
    assert 0.95 * sent["server"] < reach.bytes_sent < 1.05 * sent["server"]
    assert 0.95 * sent["client"] < reach.bytes_received < 1.05 * sent["client"]


@pytest.mark.parametrize("swept", [sweep_cases.SWEPT, sweep_nights.SWEPT], ids=["cases", "nights"])
def test_the_sweeps_reach_the_last_request_and_the_last_commit(rig: Rig, swept: Swept) -> None:
    clinic = swept_clinic(rig, swept.of, proxied=True)
    clinic.dependencies.database.connection()
    rig.proxy.cut(Cut("commit", swept.commits + 1))

    assert clinic.invoke(clinic.order()).succeeded

    assert rig.proxy.commits == swept.commits
    assert len(clinic.neo.requests()) == swept.requests
    rig.proxy.calm()
    clinic.close()


def round_trips_of(rig: Rig, of: SyncName) -> int:
    """Of one run: how many there are hangs on which packets of a pipeline fall together."""
    clinic = swept_clinic(rig, of, proxied=True)
    clinic.dependencies.database.connection()
    rig.proxy.reset()
    assert clinic.invoke(clinic.order()).succeeded
    clinic.close()
    return rig.proxy.round_trips


PLACES = (
    "start",
    "n",
    "number",
    "passed",
    "share",
    "seed",
    "round",
    "late",
    "spare_mb",
    "days",
    "clinics",
    "path",
)
"""Arguments that say where a fault strikes, or how often."""
OFTEN_ENOUGH = ("variant", "log_in", "plain", "plain_login")
"""What the short set takes a part of: each of them costs a login in a browser."""


def faults_in(scenarios: list[Scenario]) -> set[tuple[object, ...]]:
    """Every group, and every way in which something fails, wherever that is."""
    found: set[tuple[object, ...]] = {(scenario.group,) for scenario in scenarios}
    for scenario in scenarios:
        arguments = dict(scenario.arguments)
        if isinstance(action := arguments.pop("action", None), dict):
            arguments["action"] = str({k: v for k, v in action.items() if k != "at_byte"})
        elif action:
            arguments["action"] = action
        sync = arguments.pop("of", "inbound") if action is None else "any"
        named = arguments.keys() - {*PLACES, *OFTEN_ENOUGH}
        found |= {(sync, name, arguments[name]) for name in named}
    return found


def test_the_short_set_has_every_fault_of_the_long_one() -> None:
    short, long = command.scenarios(full=False), command.scenarios(full=True)

    assert faults_in(short) == faults_in(long)
    assert len(short) < len(long) / 5


def test_a_seed_gives_the_same_history_every_time() -> None:
    assert history(7, 50) == history(7, 50)
    assert history(7, 50) != history(8, 50)
    assert len(history(7, 50)) == 51


def test_a_violation_is_known_again_whatever_its_numbers_are() -> None:
    first = Outcome("", "", [Violation("V3", "600101 was removed and is alive in Neo")])
    second = Outcome("", "", [Violation("V3", "600222 was removed and is alive in Neo")])

    assert kinds(first) == kinds(second)


def test_a_run_that_removes_what_is_alive_is_seen_at_once(clinic: FaultClinic) -> None:
    watch = Watch(clinic, Outcome("a group", "a name"))
    before = watch.observe()
    clinic.conn.execute(
        "UPDATE public.schedule_appointments SET deleted_at = idexx_sync.clock() "
        "WHERE clinic_id = %s",
        (clinic.clinic_id,),
    )

    watch.look(before, [])

    assert {one.rule for one in watch.outcome.violations} == {"V3", "V4"}


def test_of_clinics_that_are_forgotten_nothing_is_left(rig: Rig) -> None:
    clinic = swept_clinic(rig, "reconciliation")
    assert clinic.invoke(clinic.order()).succeeded
    clinic.watch_over()
    clinic.close()

    rig.forget_clinics()

    for table in ("public.clinics", "idexx_sync.messages", "idexx_sync.sightings"):
        assert query(rig.conn, f"SELECT 1 FROM {table}") == []
    named = query(
        rig.conn,
        """
        SELECT format('%%I.%%I', table_schema, table_name) AS name
          FROM information_schema.columns JOIN information_schema.tables
         USING (table_schema, table_name)
         WHERE column_name = 'clinic_id' AND table_type = 'BASE TABLE'
           AND table_schema IN ('public', 'idexx_sync')
        """,
    )
    assert len(named) > 20
    assert [one for one in named if query(rig.conn, f"SELECT 1 FROM {one['name']}")] == []
