"""Rule R27: a database that refuses nothing and answers nothing holds nobody for long."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from time import monotonic
from typing import Any, Final

import pytest
from psycopg import Connection
from pydantic import SecretStr

from idexx_sync.api import handler as api_handler
from idexx_sync.core.errors import DatabaseUnavailable
from idexx_sync.database import connection
from idexx_sync.database.connection import LOST, Database
from idexx_sync.database.waits import NoAnswer, Patience
from idexx_sync.jobs.contract import Report, Run
from idexx_sync.jobs.ending import ENDS_WITHIN_S
from idexx_sync.jobs.model import new_order
from idexx_sync.jobs.runner import run_job
from idexx_sync.keys import authorizer
from idexx_sync.keys.authorizer import AuthorizerDependencies
from idexx_sync.keys.format import read_peppers
from idexx_sync.syncs.inbound.sync import InboundSync
from tests.kit.api import Api
from tests.kit.authorizing import request_event
from tests.kit.bench import Bench
from tests.kit.clinic import add_clinic
from tests.kit.database import query
from tests.kit.proxy import CountingProxy, Cut, counting_proxy
from tests.kit.records import visits
from tests.kit.settings import PEPPER, make_settings

RESERVE_S: Final = 0.5
RUN_S: Final = 1.5
"""What a run here has before its reserve; a new connection is waited for 2 s."""
WITHIN_S: Final = 9.0
"""So soon a request is answered here; a gateway waits for 29 s."""


@pytest.fixture
def proxied(database: str) -> Iterator[tuple[CountingProxy, str]]:
    with counting_proxy(database) as (proxy, url):
        yield proxy, url


@pytest.fixture
def bench(
    conn: Connection[tuple[Any, ...]],
    proxied: tuple[CountingProxy, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Bench]:
    """Its runs reach the database through the proxy; the observer's `conn` does not."""
    monkeypatch.setattr(connection, "CONNECT_TIMEOUT_S", 2)
    monkeypatch.setattr(connection, "CHECK_S", 0.3)
    monkeypatch.setattr(connection, "LOCK_TIMEOUT", "300ms")
    monkeypatch.setattr(connection, "IDLE_TIMEOUT", "2s")
    made = Bench(conn, proxied[1], add_clinic(conn), retried=True)
    made.pims.records = visits(3)
    yield made
    proxied[0].calm()
    made.database.close()


def work(
    bench: Bench, sync: InboundSync | None = None, heartbeat_s: float = 0.1
) -> tuple[float, Any]:
    """One run with little time; how long it took, and how it ended."""
    began = monotonic()
    settings = make_settings(
        bench.url,
        deadline_reserve_seconds=RESERVE_S,
        heartbeat_seconds=heartbeat_s,
    )
    dependencies = replace(
        bench.dependencies(),
        settings=settings,
        remaining=lambda: began + RUN_S + RESERVE_S - monotonic(),
    )
    order = new_order(bench.clinic_id, "inbound", "api")
    try:
        outcome: Any = run_job(order, sync or InboundSync(), dependencies)
    except DatabaseUnavailable as error:
        outcome = error
    return monotonic() - began, outcome


def job(bench: Bench) -> dict[str, Any]:
    return query(bench.conn, "SELECT status, error_kind, attempt FROM idexx_sync.jobs")[0]


@pytest.mark.parametrize("at", ["request", "answer"])
@pytest.mark.parametrize("trip", [1, 2, 3, 4])
def test_r27_a_connection_that_falls_silent_ends_the_run_by_its_deadline(
    bench: Bench, proxied: tuple[CountingProxy, str], at: Any, trip: int
) -> None:
    """From the beginning to the writing: the host itself still answers new connections."""
    bench.database.connection()
    proxied[0].cut(Cut(at, trip, silent=True))

    # Without a heartbeat all trips are the run's own: on a busy machine one came between them.
    took, outcome = work(bench, heartbeat_s=2 * RUN_S)

    assert proxied[0].cuts == 1
    assert took < RUN_S + 4
    if isinstance(outcome, DatabaseUnavailable):
        return  # the server, whom nobody has told, still held the lease's lock: it expires
    assert (outcome.status, outcome.error_kind) == ("queued", "deadline_exceeded")
    assert bench.rows() == []
    free = "SELECT expires_at <= clock_timestamp() AS free FROM idexx_sync.leases"
    assert query(bench.conn, free) == [{"free": True}]


def test_r27_a_commit_whose_acknowledgement_never_comes_has_ended_the_job(
    bench: Bench, proxied: tuple[CountingProxy, str]
) -> None:
    bench.database.connection()
    proxied[0].cut(Cut("commit", 2, silent=True))

    took, outcome = work(bench)

    assert proxied[0].cuts == 1
    assert took < RUN_S + 4
    assert outcome.status == "succeeded"
    assert len(bench.rows()) == 3


@pytest.mark.parametrize("trip", [1, 2, 3])
def test_r27_a_host_that_falls_silent_ends_the_run_within_its_reserve(
    bench: Bench, proxied: tuple[CountingProxy, str], trip: int
) -> None:
    """Nothing can be written: the lease expires, and the retry takes over."""
    bench.database.connection()
    proxied[0].cut(Cut("request", trip, silent=True, for_all=True))

    took, outcome = work(bench)

    assert took < RUN_S + 2 * 2 + 2
    assert isinstance(outcome, DatabaseUnavailable)
    proxied[0].calm()
    if trip > 1:
        assert job(bench)["status"] == "running"
        bench.conn.execute("UPDATE idexx_sync.leases SET expires_at = clock_timestamp()")
        order = query(bench.conn, "SELECT id FROM idexx_sync.jobs")[0]["id"]
        again = replace(new_order(bench.clinic_id, "inbound", "api"), job_id=order)
        assert run_job(again, InboundSync(), bench.dependencies()).status == "succeeded"


def test_r27_a_heartbeat_that_is_not_answered_does_not_keep_the_deadline_waiting(
    bench: Bench, proxied: tuple[CountingProxy, str]
) -> None:
    """The thread that renews the lease is also the one that ends a login at the deadline."""
    ended: list[float] = []
    began = monotonic()

    class Moves(InboundSync):
        def __call__(self, run: Run, pims: Any) -> Report:
            proxied[0].fall_silent()
            while monotonic() < began + 6:
                try:
                    run.progress.advance()
                except Exception:
                    ended.append(monotonic() - began)
                    raise
            return super().__call__(run, pims)

    work(bench, Moves())

    assert ended
    assert ended[0] < RUN_S + 2.5  # a new connection was waited for


def test_r27_an_idle_connection_is_asked_before_it_is_trusted(
    bench: Bench, proxied: tuple[CountingProxy, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after minutes in which a gateway has forgotten it: a new one takes its place."""
    bench.database.connection()
    monkeypatch.setattr(connection, "TRUSTED_S", 0.0)
    proxied[0].cut(Cut("request", 1, silent=True))

    _, outcome = work(bench)

    assert proxied[0].cuts == 1
    assert outcome.status == "succeeded"


@pytest.fixture
def opened(bench: Bench) -> Iterator[Callable[[str, Patience], Database]]:
    """Makes databases that are closed after the test."""
    made: list[Database] = []

    def open_one(url: str, patience: Patience) -> Database:
        made.append(Database(SecretStr(url), patience=patience))
        return made[-1]

    yield open_one
    for one in made:
        one.close()


def test_r27_a_wait_ends_with_the_first_of_its_bounds(bench: Bench, opened: Any) -> None:
    def waits(patience: Patience, in_all_s: float = 60) -> float:
        conn = opened(bench.url, patience).connection()
        patience.renew(in_all_s)
        began = monotonic()
        with pytest.raises(NoAnswer):
            conn.execute("SELECT pg_sleep(20)")
        took = monotonic() - began
        assert conn.closed
        with pytest.raises(LOST):
            conn.execute("SELECT 1")
        return took

    ends = monotonic() + 3
    assert waits(Patience(60), in_all_s=0.3) < 2
    assert waits(Patience(0.3)) < 2
    assert waits(Patience(60, time_left=lambda: ends - monotonic())) < 4


def test_r27_waits_are_counted_together(bench: Bench, opened: Any) -> None:
    patience = Patience(60)
    own = opened(bench.url, patience)
    own.connection()
    patience.renew(1.0)

    own.connection().execute("SELECT pg_sleep(0.6)")

    with pytest.raises(NoAnswer):
        own.connection().execute("SELECT pg_sleep(0.6)")


@pytest.fixture
def api(bench: Bench, proxied: tuple[CountingProxy, str]) -> Iterator[Api]:
    made = Api(bench, add_clinic(bench.conn), Database(SecretStr(proxied[1])))
    yield made
    proxied[0].calm()
    made.close()


@pytest.mark.parametrize("trip", [None, 1, 2, 3])
@pytest.mark.parametrize("for_all", [False, True])
def test_r27_a_request_is_answered_while_the_database_is_silent(
    api: Api,
    proxied: tuple[CountingProxy, str],
    opened: Any,
    monkeypatch: pytest.MonkeyPatch,
    trip: int | None,
    for_all: bool,
) -> None:
    monkeypatch.setattr(api_handler, "DATABASE_WAITS_S", 1.5)
    caller = api.as_clinic()
    caller.get("/api/sync/jobs")
    api.authorizing = replace(api.authorizing, database=opened(direct(api), Patience()))
    if trip is None:
        proxied[0].fall_silent()
    else:
        proxied[0].cut(Cut("request", trip, silent=True, for_all=for_all))
    began = monotonic()

    answer = caller.post("/api/sync/inbound", {"from": "2026-05-04", "to": "2026-05-10"})

    assert monotonic() - began < WITHIN_S
    if trip == 1 and not for_all:
        assert answer.status == 202  # the kept connection was asked first
    else:
        assert (answer.status, answer.code) == (503, "database_unavailable")
        assert answer.headers["Retry-After"] == "5"


def direct(api: Api) -> str:
    """The database's address without the proxy."""
    info = api.bench.conn.info
    return f"postgresql://{info.user}:{info.password}@{info.host}:{info.port}/{info.dbname}"


def test_r27_the_bounds_leave_time_to_answer() -> None:
    """A check, a new connection at its slowest and a statement, before whoever waits gives up."""
    gateway_s, authorizer_s = 29, 15
    connecting = max(connection.CONNECT_TIMEOUT_S, connection.LEAST_CONNECT_S)

    assert authorizer_s > authorizer.DATABASE_WAITS_S + connection.LEAST_CONNECT_S
    assert authorizer.LONGEST_WAIT_S + connecting < authorizer.DATABASE_WAITS_S
    assert api_handler.DATABASE_WAITS_S + connection.LEAST_CONNECT_S <= 10 < gateway_s
    assert connection.CHECK_S + connecting < api_handler.DATABASE_WAITS_S
    settings = make_settings("postgresql://somewhere")
    ending = ENDS_WITHIN_S + connection.LEAST_CONNECT_S
    assert ending < settings.deadline_reserve_seconds
    assert 2 * connecting < ENDS_WITHIN_S


@pytest.mark.parametrize("for_all", [False, True])
def test_r27_the_authorizer_says_so_while_the_database_is_silent(
    api: Api,
    proxied: tuple[CountingProxy, str],
    opened: Any,
    monkeypatch: pytest.MonkeyPatch,
    for_all: bool,
) -> None:
    monkeypatch.setattr(authorizer, "DATABASE_WAITS_S", 2.5)
    key = api.key(api.bench.clinic_id)
    own = opened(proxied[1], Patience(0.5))
    dependencies = AuthorizerDependencies(own, read_peppers(PEPPER))
    handler = authorizer.authorizer(lambda: dependencies)
    handler(request_event(key), None)
    proxied[0].cut(Cut("request", 1, silent=True, for_all=for_all))
    began = monotonic()

    if for_all:
        with pytest.raises(DatabaseUnavailable):
            handler(request_event(key), None)
    else:
        assert handler(request_event(key), None)["principalId"]

    assert monotonic() - began < WITHIN_S
