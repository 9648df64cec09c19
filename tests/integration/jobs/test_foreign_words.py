"""An owner's name in events, rows, secrets and answers, at every handler: it never leaves one.

Each handler is called as Lambda calls it, by the real runtime's own code, and all that gets out is
looked at: standard output and error, what the runtime reports, the answer, the rows that tell of
failures.
"""

import io
import json
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from psycopg import Connection
from pydantic import SecretStr

from functions.config_sync import handler as config_sync
from functions.dead_letters import handler as dead_letters
from functions.migrate.handler import handler as migrate
from functions.watchdog import handler as watchdog
from idexx_sync.api.handler import api_handler
from idexx_sync.api.status import status_operations
from idexx_sync.core import logs
from idexx_sync.core.errors import (
    ConfigurationInvalid,
    DatabaseUnavailable,
    DeadlineExceeded,
    InternalError,
)
from idexx_sync.core.words import own_errors_only
from idexx_sync.database import migrations
from idexx_sync.database.connection import Database
from idexx_sync.jobs import runner
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.worker import EventUnreadable, WillBeRetried, sync_worker
from idexx_sync.keys import authorizer
from idexx_sync.keys.format import generate_key
from idexx_sync.syncs import commit
from idexx_sync.syncs.inbound import store as inbound_store
from idexx_sync.syncs.inbound.sync import InboundSync
from idexx_sync.upkeep.dead_letters import take_in as take_in_really
from tests.kit.authorizing import authorizer_process, forget_dependencies, request_event
from tests.kit.bench import Bench
from tests.kit.clinic import add_clinic
from tests.kit.command_line import CommandLine
from tests.kit.database import query
from tests.kit.foreign_words import CANARY, ERRORS, PIECES, all_of, names_her, raise_it
from tests.kit.records import visits
from tests.kit.upkeep import letter, letters, mirror_process, upkeep_process

Handler = Callable[[Any, Any], Any]
every = pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)


class Sink:
    """The runtime's log."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def log_error(self, lines: list[str]) -> None:
        self.told += lines


class Client:
    """The runtime's way to Lambda."""

    def __init__(self, marshaller: Any) -> None:
        self.marshaller = marshaller
        self.told: list[str] = []

    def post_invocation_error(self, *told: Any) -> None:
        self.told += map(str, told)

    post_invocation_result = post_invocation_error


class Told:
    """All that gets out of a process."""

    def __init__(self, log: io.StringIO, capfd: pytest.CaptureFixture[str], conn: Any) -> None:
        self.log, self._capfd, self._conn = log, capfd, conn

    def by_runtime(self, handler: Handler, event: object) -> str:
        """What the runtime reports of one invocation, and prints; it exists for Linux only."""
        if sys.platform != "linux":
            return ""
        bootstrap: Any = import_module("awslambdaric.bootstrap")
        runtime: Any = import_module("awslambdaric.lambda_runtime_client")
        client, sink = Client(runtime.LambdaMarshaller()), Sink()
        bootstrap.handle_event_request(
            client, handler, "an-id", json.dumps(event).encode(), "application/json",
            "{}", "{}", "arn", 0, None, sink,
        )  # fmt: skip
        return "\n".join([*client.told, *sink.told])

    def by_error(self, handler: Handler, event: object) -> tuple[BaseException | None, str]:
        """The error that leaves it, with all that could be shown of it."""
        try:
            return None, repr(handler(event, None))
        except BaseException as error:  # noqa: BLE001 whatever leaves
            return error, all_of(error)

    def everything(self, *more: str) -> str:
        rows = [
            query(self._conn, f"SELECT * FROM idexx_sync.{table}")
            for table in ("jobs", "alerts", "dead_letters")
        ]
        return "\n".join([*more, self.log.getvalue(), *self._capfd.readouterr(), str(rows)])


@pytest.fixture
def told(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    conn: Connection[tuple[Any, ...]],
) -> Told:
    stream = io.StringIO()
    (handler,) = logs.logger().handlers
    monkeypatch.setattr(handler, "stream", stream)
    return Told(stream, capfd, conn)


@pytest.fixture
def bench(conn: Connection[tuple[Any, ...]], database: str, lent: Database) -> Bench:
    made = Bench(conn, database, add_clinic(conn), lent=lent)
    made.pims.records = visits(3)
    made.retried = True
    return made


def worker_of(bench: Bench) -> Handler:
    return sync_worker(InboundSync(), bench.dependencies)


def event_of(bench: Bench) -> dict[str, Any]:
    return {"v": 1, "clinic_id": str(bench.clinic_id), "trigger": "api"}


POINTS: dict[str, tuple[Any, str]] = {
    "the order": (runner, "_begin"),
    "the first statement": (job_store, "begin"),
    "the clinic's row": (runner, "clinic_from_row"),
    "the stored rows": (inbound_store.StoredQuery, "__init__"),
    "the transaction": (commit, "writing"),
    "the job's end": (job_store, "end"),
}
"""Where a worker may meet an error that nobody foresaw, beside its PIMS."""


@every
def test_an_error_of_the_pims_leaves_the_worker_without_its_words(
    bench: Bench, told: Told, error: Callable[[], BaseException]
) -> None:
    bench.pims.error = error()  # type: ignore[assignment]  # raised all the same

    left, shown = told.by_error(worker_of(bench), event_of(bench))

    assert isinstance(left, (InternalError, WillBeRetried))
    (job,) = query(bench.conn, "SELECT id FROM idexx_sync.jobs")
    assert str(job["id"]) in shown
    assert not names_her(told.everything(shown))
    assert not names_her(told.by_runtime(worker_of(bench), event_of(bench)), told.everything())


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("kind", ["a cause", "an input, by pydantic", "a bad value, by psycopg"])
def test_an_error_anywhere_in_a_run_leaves_without_its_words(
    bench: Bench, told: Told, monkeypatch: pytest.MonkeyPatch, point: str, kind: str
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise ERRORS[kind]()

    monkeypatch.setattr(*POINTS[point], fail)

    left, shown = told.by_error(worker_of(bench), event_of(bench))

    assert isinstance(left, (InternalError, WillBeRetried))
    assert not names_her(told.everything(shown))


def test_a_row_that_postgres_refuses_leaves_without_its_words(bench: Bench, told: Told) -> None:
    bench.conn.execute(
        f"""
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$BEGIN RAISE 'the owner is {CANARY}'
                USING DETAIL = '{CANARY}', ERRCODE = 'XX000'; END$$;
        CREATE TRIGGER refuse BEFORE INSERT ON schedule_appointments
            FOR EACH ROW EXECUTE FUNCTION refuse();
        """
    )

    left, shown = told.by_error(worker_of(bench), event_of(bench))

    assert isinstance(left, InternalError)
    assert not names_her(told.everything(shown))


EVENTS: dict[str, object] = {
    "a text": CANARY,
    "a list": [CANARY],
    "nothing": None,
    "a name for a field": {"v": 1, CANARY: 1},
    "a version": {"v": CANARY},
    "a job": {"v": 1, "job_id": CANARY},
    "a clinic": {"v": 1, "clinic_id": CANARY},
    "a sync": {"v": 1, "clinic_id": "00000000-0000-4000-8000-000000000000", "sync": CANARY},
    "another sync": {"v": 1, "clinic_id": "00000000-0000-4000-8000-000000000000", "sync": "cases"},
    "a trigger": {"v": 1, "clinic_id": "00000000-0000-4000-8000-000000000000", "trigger": CANARY},
    "a time": {"v": 1, "clinic_id": "00000000-0000-4000-8000-000000000000",
               "scheduled_time": CANARY},
    "parameters": {"v": 1, "clinic_id": "00000000-0000-4000-8000-000000000000", "params": CANARY},
    "a parameter": {"v": 1, "clinic_id": "00000000-0000-4000-8000-000000000000",
                    "params": {CANARY: 1}},
    "a day": {"v": 1, "clinic_id": "00000000-0000-4000-8000-000000000000",
              "params": {"from": CANARY}},
}  # fmt: skip


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_an_event_that_cannot_be_read_raises_without_its_words(
    bench: Bench, told: Told, event: object
) -> None:
    left, shown = told.by_error(worker_of(bench), event)

    assert isinstance(left, EventUnreadable)
    assert str(left).startswith("the event can't be read: ")
    assert not names_her(told.everything(shown))
    assert not names_her(told.by_runtime(worker_of(bench), event), told.everything())


def test_a_database_that_refuses_leaves_without_host_and_user(bench: Bench, told: Told) -> None:
    url = f"postgresql://{PIECES[0]}:{PIECES[1]}@127.0.0.1:9/{PIECES[0]}"
    event = event_of(bench)
    down = sync_worker(InboundSync(), lambda: bench.dependencies(database=Database(SecretStr(url))))

    left, shown = told.by_error(down, event)

    assert isinstance(left, DatabaseUnavailable)
    assert not names_her(told.everything(shown), told.by_runtime(down, event))


@every
def test_an_error_behind_the_api_is_answered_without_its_words(
    bench: Bench, told: Told, error: Callable[[], BaseException]
) -> None:
    def broken() -> Any:
        raise error()

    handler = api_handler("status", status_operations(), broken)
    event = {
        "resource": "/ready", "path": "/ready", "httpMethod": "GET", "headers": {},
        "requestContext": {"requestId": "r-1", "path": "/test/ready", "requestTimeEpoch": 0},
    }  # fmt: skip

    left, shown = told.by_error(handler, event)

    assert left is None or isinstance(left, InternalError)  # a SystemExit ends the invocation
    assert "internal" in shown or isinstance(left, InternalError)
    assert not names_her(told.everything(shown), told.by_runtime(handler, event))


@pytest.mark.parametrize("event", [{}, {"path": CANARY}, None, CANARY], ids=repr)
def test_an_event_that_no_gateway_makes_leaves_the_api_without_its_words(
    bench: Bench, told: Told, event: Any
) -> None:
    handler = api_handler("status", status_operations(), lambda: pytest.fail("not needed"))

    left, shown = told.by_error(handler, event)

    assert isinstance(left, InternalError)
    assert not names_her(told.everything(shown), told.by_runtime(handler, event))


@every
def test_an_error_of_the_authorizer_leaves_without_its_words(
    bench: Bench, told: Told, error: Callable[[], BaseException]
) -> None:
    handler = authorizer.authorizer(lambda: raise_it(error()))  # type: ignore[arg-type,return-value]
    event = request_event(generate_key("test"))

    left, shown = told.by_error(handler, event)

    assert isinstance(left, InternalError)  # and never a refusal: the gateway answers 503
    assert not names_her(told.everything(shown), told.by_runtime(handler, event))


@pytest.mark.parametrize(
    "settings",
    [
        {"IDEXX_SYNC_PEPPER": CANARY},
        {"DATABASE_URL": CANARY},
        {"DATABASE_URL": f"postgresql://{PIECES[0]}:{PIECES[1]}@127.0.0.1:9/{PIECES[0]}"},
        {"IDEXX_SYNC_STAGE": CANARY},
    ],
    ids=str,
)
def test_a_secret_that_makes_no_sense_leaves_without_its_words(
    database: str, told: Told, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]
) -> None:
    with authorizer_process(monkeypatch, database, **settings):
        handler = authorizer.authorizer()
        left, shown = told.by_error(handler, request_event(generate_key("test")))
        forget_dependencies()

    assert left is not None
    assert not names_her(told.everything(shown))


@every
def test_an_error_of_a_migration_leaves_without_its_words(
    database: str, told: Told, monkeypatch: pytest.MonkeyPatch, error: Callable[[], BaseException]
) -> None:
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setattr(migrations, "apply", lambda _conn: raise_it(error()))

    left, shown = told.by_error(migrate, {"owner": CANARY})

    assert isinstance(left, InternalError)
    assert not names_her(told.everything(shown), told.by_runtime(migrate, {}))


@every
@pytest.mark.parametrize("at", [0, 1, 2])
def test_an_error_of_one_dead_letter_leaves_without_its_words(
    database: str,
    told: Told,
    monkeypatch: pytest.MonkeyPatch,
    error: Callable[[], BaseException],
    at: int,
) -> None:
    bodies = [CANARY, "{}", "[]"]
    broken = bodies[at]

    def take_in(conn: Any, message: Any) -> Any:
        return raise_it(error()) if message.body == broken else take_in_really(conn, message)

    monkeypatch.setattr(dead_letters, "take_in", take_in)
    event = letters(*bodies, owner=CANARY)
    with upkeep_process(monkeypatch, database):
        left, shown = told.by_error(dead_letters.handler, event)
        reported = told.by_runtime(dead_letters.handler, event)

    assert left is None
    assert shown == repr({"batchItemFailures": [{"itemIdentifier": f"message-{at}"}]})
    assert not names_her(told.everything(shown), reported)


@every
def test_dead_letters_that_all_fail_leave_without_their_words(
    database: str, told: Told, monkeypatch: pytest.MonkeyPatch, error: Callable[[], BaseException]
) -> None:
    monkeypatch.setattr(dead_letters, "take_in", lambda *_: raise_it(error()))
    event = letters(CANARY, CANARY)
    with upkeep_process(monkeypatch, database):
        left, shown = told.by_error(dead_letters.handler, event)
        reported = told.by_runtime(dead_letters.handler, event)

    assert left is None
    assert "message-0" in shown
    assert "message-1" in shown
    assert not names_her(told.everything(shown), reported)


@pytest.mark.parametrize(
    "event",
    [
        None,
        CANARY,
        [CANARY],
        {},
        {CANARY: CANARY},
        {"Records": CANARY},
        {"Records": []},
        {"Records": [CANARY]},
        {"Records": [{"body": CANARY}]},
        {"Records": [{**letter(0, "{}"), "body": {CANARY: 1}}]},
    ],
    ids=range(10),
)
def test_an_event_that_is_no_batch_of_a_queue_raises_without_its_words(
    database: str, told: Told, monkeypatch: pytest.MonkeyPatch, event: Any
) -> None:
    with upkeep_process(monkeypatch, database):
        left, shown = told.by_error(dead_letters.handler, event)
        reported = told.by_runtime(dead_letters.handler, event)

    assert isinstance(left, ConfigurationInvalid)
    assert not names_her(told.everything(shown), reported)


@every
def test_an_error_of_the_watchdog_leaves_without_its_words(
    database: str, told: Told, monkeypatch: pytest.MonkeyPatch, error: Callable[[], BaseException]
) -> None:
    monkeypatch.setattr(watchdog, "watch", lambda *_: raise_it(error()))
    with upkeep_process(monkeypatch, database):
        left, shown = told.by_error(watchdog.handler, {"owner": CANARY})
        reported = told.by_runtime(watchdog.handler, {"owner": CANARY})

    assert isinstance(left, InternalError)
    assert not names_her(told.everything(shown), reported)


@every
def test_an_error_of_the_mirror_leaves_without_its_words(
    database: str, told: Told, monkeypatch: pytest.MonkeyPatch, error: Callable[[], BaseException]
) -> None:
    class Breaking:
        def list_schedules(self, **_: Any) -> Any:
            return raise_it(error())

    with mirror_process(monkeypatch, database, Breaking()):
        left, shown = told.by_error(config_sync.handler, {"v": 1})
        _, unread = told.by_error(config_sync.handler, {"v": 1, "clinic_id": CANARY, CANARY: 1})
        reported = told.by_runtime(config_sync.handler, {"v": 1})

    assert isinstance(left, (InternalError, ConfigurationInvalid, DeadlineExceeded))
    assert not names_her(told.everything(shown, unread), reported)


@pytest.mark.parametrize(
    "url",
    [CANARY, f"postgresql://{PIECES[0]}:{PIECES[1]}@127.0.0.1:9/{PIECES[0]}"],
    ids=["no address", "refused"],
)
def test_an_address_of_the_upkeep_that_does_not_answer_leaves_without_its_words(
    told: Told, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    with upkeep_process(monkeypatch, url):
        left, shown = told.by_error(watchdog.handler, {})
        _, answered = told.by_error(dead_letters.handler, letters(CANARY))

    assert isinstance(left, (ConfigurationInvalid, DatabaseUnavailable))
    assert answered == repr({"batchItemFailures": [{"itemIdentifier": "message-0"}]})
    assert not names_her(told.everything(shown, answered))


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        (f"SELECT '{CANARY}'::int", "InvalidTextRepresentation 22P02"),
        (f"SELECT note_owner() -- {CANARY}", "RaiseException P0001"),
        ("SELECT * FROM no_such_table", 'relation "no_such_table" does not exist'),
        ("DO $$BEGIN RAISE 'wrong database' USING HINT = 'take another'; END$$",
         "wrong database. take another"),
    ],
)  # fmt: skip
def test_what_a_migration_meets_is_told_without_values(
    told: Told, conn: Any, tmp_path: Any, sql: str, named: str
) -> None:
    conn.execute(
        f"CREATE FUNCTION note_owner() RETURNS int LANGUAGE plpgsql AS "
        f"$$BEGIN RAISE 'the owner is {CANARY}'; END$$"
    )
    (tmp_path / "900_new.sql").write_text(sql)

    def apply(_event: Any, _context: Any) -> list[str]:
        return own_errors_only(lambda: migrations.apply(conn, tmp_path))

    left, shown = told.by_error(apply, {})

    assert named in str(left)
    assert not names_her(told.everything(shown))


@pytest.mark.parametrize(
    "error",
    [make for name, make in ERRORS.items() if name != "the end of the process"],
    ids=[name for name in ERRORS if name != "the end of the process"],
)
def test_an_error_of_a_command_is_told_without_its_words(
    bench: Bench, told: Told, error: Callable[[], BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise error()

    monkeypatch.setattr("idexx_sync.operations.views.jobs_newest_first", broken)
    command_line = CommandLine(bench)

    for more in ((), ("--json",)):
        answer = command_line("jobs", "list", *more)

        assert answer.code == 1
        assert "where it happened" in (answer.out if more else answer.err)
        assert " broken" in answer.err
        assert not names_her(told.everything(answer.out, answer.err))
