"""The authorizer's real handler with real events of API Gateway and a real database."""

import io
import json
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import Connection
from pydantic import SecretStr

from functions.authorizer.handler import handler
from idexx_sync.core import logs
from idexx_sync.core.errors import ConfigurationInvalid, DatabaseUnavailable
from idexx_sync.core.vocabulary import CLINIC_SCOPES, SCOPES
from idexx_sync.database.connection import Database
from idexx_sync.database.imprint_store import keep_instead
from idexx_sync.keys import authorizer
from idexx_sync.keys.authorizer import AuthorizerDependencies
from idexx_sync.keys.format import generate_key, read_peppers
from idexx_sync.keys.store import NewKey, create_key, revoke_key
from local_stack.postgres import Postgres
from tests.kit.authorizing import (
    METHOD_ARN,
    STAGE_ARN,
    authorizer_process,
    forget_dependencies,
    request_event,
)
from tests.kit.clinic import add_clinic
from tests.kit.database import as_role, query
from tests.kit.races import at_once
from tests.kit.settings import LOCAL_KEY, PEPPER, random_key

Conn = Connection[tuple[Any, ...]]

NOWHERE = "postgresql://nobody:made-up@127.0.0.1:9/none"
CALLS = 200
CONNECTIONS = 50


@dataclass
class Gateway:
    """API Gateway, a clinic, and whoever makes keys."""

    conn: Conn
    clinic_id: UUID

    def make(self, **changes: Any) -> NewKey:
        return create_key(
            self.conn,
            read_peppers(PEPPER),
            **{
                "clinic_id": self.clinic_id,
                "scopes": CLINIC_SCOPES,
                "name": "night shift",
                "stage": "test",
                "now": datetime.now(UTC),
                **changes,
            },
        )

    def lets_in(self, made: NewKey) -> bool:
        """Whether the key is let in; anything but the one refusal goes up."""
        try:
            allowed = handler(request_event(made.text.get_secret_value()), None)
        except Exception as error:
            if type(error) is not Exception or error.args != ("Unauthorized",):
                raise
            return False
        assert allowed["principalId"] == str(made.key.id)
        return True

    def last_use(self, made: NewKey) -> datetime | None:
        (row,) = query(
            self.conn, "SELECT last_used_at FROM clinic_api_keys WHERE id = %s", (made.key.id,)
        )
        found: datetime | None = row["last_used_at"]
        return found


@pytest.fixture
def gateway(conn: Conn, database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    with authorizer_process(monkeypatch, database):
        yield Gateway(conn, add_clinic(conn))


def test_a_clinics_key_is_let_in_for_the_whole_stage_as_its_clinic(gateway: Gateway) -> None:
    made = gateway.make()

    answer = handler(request_event(made.text.get_secret_value()), None)

    assert answer == {
        "principalId": str(made.key.id),
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Allow",
                    "Resource": f"{STAGE_ARN}/*",
                }
            ],
        },
        "context": {
            "key_id": str(made.key.id),
            "key_name": "night shift",
            "clinic_id": str(gateway.clinic_id),
            "operator": "false",
            "scopes": "holds:read holds:write jobs:read jobs:write metrics:read schedules:write "
            "sync:cases sync:inbound",
        },
    }
    assert all(type(value) is str for value in answer["context"].values())
    assert json.loads(json.dumps(answer)) == answer


def test_with_another_pepper_than_the_databases_no_key_is_refused(gateway: Gateway) -> None:
    """It is an error of ours, a 500 of API Gateway's, until the right pepper is set."""
    made = gateway.make()
    kept = read_peppers(SecretStr(random_key())).imprints
    keep_instead(gateway.conn, kept)

    assert gateway.lets_in(made)  # a key that is known is known by the right pepper
    with pytest.raises(ConfigurationInvalid, match="IDEXX_SYNC_PEPPER: it is another one"):
        handler(request_event(generate_key("test")), None)

    keep_instead(gateway.conn, read_peppers(PEPPER).imprints)
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        handler(request_event(generate_key("test")), None)


def test_where_the_imprint_cannot_be_read_a_key_is_unknown_and_others_are_let_in(
    gateway: Gateway,
) -> None:
    made = gateway.make()
    gateway.conn.execute("DROP FUNCTION idexx_sync.pepper_imprints()")

    assert gateway.lets_in(made)
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        handler(request_event(generate_key("test")), None)


def test_an_operators_key_has_no_clinic_and_keeps_its_scopes(gateway: Gateway) -> None:
    made = gateway.make(clinic_id=None, scopes=["sync:reconciliation", "jobs:read"])
    gateway.conn.execute("UPDATE clinic_api_keys SET key_name = NULL")

    answer = handler(request_event(made.text.get_secret_value()), None)

    assert answer["context"] == {
        "key_id": str(made.key.id),
        "key_name": "",
        "clinic_id": "",
        "operator": "true",
        "scopes": "jobs:read sync:reconciliation",
    }


def test_a_clinics_key_never_brings_an_operators_scope(gateway: Gateway) -> None:
    made = gateway.make()
    gateway.conn.execute(
        "ALTER TABLE clinic_api_keys DROP CONSTRAINT clinic_api_keys_operator_scopes"
    )
    gateway.conn.execute("UPDATE clinic_api_keys SET scopes = %s", (list(SCOPES),))

    answer = handler(request_event(made.text.get_secret_value()), None)

    assert set(answer["context"]["scopes"].split()) == set(CLINIC_SCOPES)


@pytest.mark.parametrize(
    "arn",
    [
        METHOD_ARN,
        f"{STAGE_ARN}/GET/",
        f"{STAGE_ARN}/GET/api/sync/jobs/7/discrepancies",
        f"{STAGE_ARN}/GET/prod/*/prod",
    ],
)
def test_the_policy_names_the_stage_and_no_more_whatever_was_called(
    gateway: Gateway, arn: str
) -> None:
    event = request_event(gateway.make().text.get_secret_value(), arn=arn)

    (statement,) = handler(event, None)["policyDocument"]["Statement"]

    assert statement["Resource"] == f"{STAGE_ARN}/*"


def test_bad_keys_of_every_kind_get_the_same_answer(gateway: Gateway) -> None:
    now = datetime.now(UTC)
    unknown = gateway.make()
    gateway.conn.execute("DELETE FROM clinic_api_keys")
    revoked, inactive = gateway.make(), gateway.make()
    revoke_key(gateway.conn, revoked.key.id, now)
    gateway.conn.execute(
        "UPDATE clinic_api_keys SET is_active = false WHERE id = %s", (inactive.key.id,)
    )
    past = now - timedelta(days=2)
    expired = gateway.make(now=past, expires_at=past + timedelta(days=1))
    marked = gateway.make()
    gateway.conn.execute(
        "UPDATE clinic_api_keys SET revoked_at = idexx_sync.clock() WHERE id = %s", (marked.key.id,)
    )

    for made in (unknown, revoked, inactive, expired, marked):
        assert not gateway.lets_in(made)
    assert gateway.lets_in(gateway.make())
    assert gateway.last_use(revoked) is None


def test_a_revoked_key_is_refused_at_the_next_event(gateway: Gateway) -> None:
    made = gateway.make()
    assert gateway.lets_in(made)

    revoke_key(gateway.conn, made.key.id, datetime.now(UTC))

    assert not gateway.lets_in(made)


def test_two_valid_keys_at_once_are_none(gateway: Gateway) -> None:
    one, other = (gateway.make().text.get_secret_value() for _ in range(2))

    for event in (request_event(one, other), request_event(one, x_api_key=[other])):
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            handler(event, None)
    handler(request_event(one, one), None)


def test_a_database_that_is_down_is_never_a_refusal(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, unknown = gateway.make(), generate_key("test")
    forget_dependencies()
    monkeypatch.setenv("DATABASE_URL", NOWHERE)

    for text in (good.text.get_secret_value(), unknown):
        with pytest.raises(DatabaseUnavailable) as raised:
            handler(request_event(text), None)
        assert "made-up" not in told(raised.value)
    for text in ("", unknown[:-1], unknown[:-1] + ("0" if unknown[-1] != "0" else "1")):
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            handler(request_event(text), None)


@pytest.mark.parametrize(
    ("name", "value"),
    [("IDEXX_SYNC_PEPPER", None), ("IDEXX_SYNC_PEPPER", "short"), ("DATABASE_URL", None)],
)
def test_a_setting_that_is_wrong_is_named_and_never_a_refusal(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, name: str, value: str | None
) -> None:
    forget_dependencies()
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationInvalid, match=name):
        handler(request_event(generate_key("test")), None)


def end_connections(conn: Conn) -> int:
    """As a restart of Postgres or of a pooler does it; how many there were."""
    ended = conn.execute(
        """
        SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()
        """
    ).fetchall()
    return len(ended)


def test_a_kept_connection_that_died_is_replaced_once(gateway: Gateway) -> None:
    made = gateway.make()
    end_connections(gateway.conn)
    assert gateway.lets_in(made)
    before = connections(gateway.conn)

    assert end_connections(gateway.conn) == 1
    assert gateway.lets_in(made)
    assert gateway.lets_in(made)

    assert connections(gateway.conn) == before == 2


def connections(conn: Conn) -> int:
    (row,) = query(
        conn, "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database()"
    )
    return int(row["n"])


def test_a_database_that_went_away_meanwhile_is_never_a_refusal(
    gateway: Gateway, database: str, postgres: Postgres
) -> None:
    made = gateway.make()
    assert gateway.lets_in(made)
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    with psycopg.connect(postgres.dsn(), autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        end_connections(gateway.conn)

        with pytest.raises(DatabaseUnavailable):
            gateway.lets_in(made)

        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert gateway.lets_in(made)


def test_a_database_that_does_not_answer_in_time_is_never_a_refusal(
    gateway: Gateway, database: str
) -> None:
    made = gateway.make()
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    gateway.conn.execute(f"ALTER DATABASE {name} SET statement_timeout = '200ms'")

    with psycopg.connect(database) as other:
        other.execute("LOCK TABLE public.clinic_api_keys")
        with pytest.raises(DatabaseUnavailable):
            gateway.lets_in(made)
    assert gateway.lets_in(made)


def test_two_hundred_calls_at_once_write_one_use(gateway: Gateway, database: str) -> None:
    made = gateway.make()
    text = made.text.get_secret_value()
    count_writes(gateway.conn)
    processes = [
        AuthorizerDependencies(
            Database(SecretStr(as_role(database, "authorizer"))), read_peppers(PEPPER)
        )
        for _ in range(CONNECTIONS)
    ]
    for dependencies in processes:
        dependencies.database.connection()

    def call(number: int) -> str:
        own = processes[number % CONNECTIONS]
        allowed = authorizer.authorizer(lambda: own)(request_event(text), None)
        return str(allowed["principalId"])

    assert set(at_once(CALLS, call)) == {str(made.key.id)}
    assert writes(gateway.conn) == 1
    for dependencies in processes:
        dependencies.database.close()


def test_callers_that_share_a_process_get_their_own_keys_answer(gateway: Gateway) -> None:
    keys = [gateway.make() for _ in range(10)]

    class Interrupted(psycopg.Cursor[Any]):
        def execute(self, query: Any, *args: Any, **options: Any) -> Self:
            super().execute(query, *args, **options)
            time.sleep(0.001)  # here another thread has its turn
            return self

    authorizer.process_dependencies().database.connection().cursor_factory = Interrupted

    def call(number: int) -> list[str]:
        event = request_event(keys[number].text.get_secret_value())
        return [str(handler(event, None)["principalId"]) for _ in range(10)]

    assert at_once(len(keys), call) == [[str(made.key.id)] * 10 for made in keys]


def count_writes(conn: Conn) -> None:
    """From now on; each write leaves a row of its own."""
    conn.execute("""
        CREATE TABLE written (at timestamptz DEFAULT clock_timestamp());
        CREATE FUNCTION note_write() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
            'BEGIN INSERT INTO public.written DEFAULT VALUES; RETURN NULL; END';
        CREATE TRIGGER note_write AFTER UPDATE ON clinic_api_keys
            FOR EACH ROW EXECUTE FUNCTION note_write();
    """)


def writes(conn: Conn) -> int:
    (row,) = query(conn, "SELECT count(*)::int AS n FROM written")
    return int(row["n"])


def test_the_ordinary_event_is_one_statement(gateway: Gateway) -> None:
    made = gateway.make()
    assert gateway.lets_in(made)
    forget_dependencies()
    statements: list[str] = []

    class Listening(psycopg.Cursor[Any]):
        def execute(self, query: Any, *args: Any, **options: Any) -> Self:
            statements.append(str(query))
            return super().execute(query, *args, **options)

    authorizer.process_dependencies().database.connection().cursor_factory = Listening
    assert gateway.lets_in(made)

    assert [" ".join(statement.split())[:10] for statement in statements] == ["SELECT id,"]


def test_a_use_that_cannot_be_written_down_turns_nobody_away(
    gateway: Gateway, log: io.StringIO
) -> None:
    made = gateway.make()
    gateway.conn.execute("""
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN RAISE read_only_sql_transaction; END';
        CREATE TRIGGER refuse BEFORE UPDATE ON clinic_api_keys
            FOR EACH ROW EXECUTE FUNCTION refuse();
    """)

    assert gateway.lets_in(made)

    assert gateway.last_use(made) is None
    (line,) = lines(log)
    assert (line["message"], line["key_id"]) == ("use not written down", str(made.key.id))
    assert line["reason"] == "ReadOnlySqlTransaction"


def test_a_key_from_before_the_pepper_was_replaced_is_moved_to_the_new_one(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = gateway.make()
    old, new = PEPPER.get_secret_value(), LOCAL_KEY.get_secret_value()

    def with_pepper(setting: str) -> bool:
        monkeypatch.setenv("IDEXX_SYNC_PEPPER", setting)
        forget_dependencies()
        return gateway.lets_in(made)

    assert not with_pepper(new)
    assert with_pepper(f"{new} {old}")
    assert with_pepper(new)
    assert not with_pepper(old)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """All that the handler's process logs, through our logger or the root's."""
    stream = io.StringIO()
    (handler_,) = logs.logger().handlers
    monkeypatch.setattr(handler_, "stream", stream)
    return stream


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def told(error: BaseException) -> str:
    """All that a log could show of an error."""
    return "".join(traceback.format_exception(error)) + repr(error) + str(error.__dict__)


def test_the_log_says_why_a_key_was_refused(gateway: Gateway, log: io.StringIO) -> None:
    made = gateway.make()
    revoke_key(gateway.conn, made.key.id, datetime.now(UTC))

    gateway.lets_in(made)
    for text in (generate_key("test"), "nonsense"):
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            handler(request_event(text), None)

    assert [(line["message"], line["reason"], line.get("key_id")) for line in lines(log)] == [
        ("key refused", "revoked", str(made.key.id)),
        ("key refused", "unknown", None),
        ("key refused", "malformed", None),
    ]


def test_no_key_and_no_pepper_in_logs_errors_or_reprs(
    gateway: Gateway,
    monkeypatch: pytest.MonkeyPatch,
    log: io.StringIO,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The canaries are a key that is good, one that is revoked, one that is unknown."""
    caplog.set_level("DEBUG")
    good, revoked = gateway.make(), gateway.make()
    revoke_key(gateway.conn, revoked.key.id, datetime.now(UTC))
    canaries = [
        good.text.get_secret_value(),
        revoked.text.get_secret_value(),
        generate_key("test"),
        generate_key("test")[:-1] + "_",
    ]
    shown = [repr(good), repr(revoked), str(good)]

    def call_all() -> None:
        for text in canaries:
            try:
                shown.append(str(handler(request_event(text), None)))
            except Exception as error:  # noqa: BLE001 whatever it is, a log would show it
                shown.append(told(error))

    call_all()
    gateway.conn.execute("ALTER TABLE clinic_api_keys RENAME COLUMN scopes TO other")
    call_all()
    gateway.conn.execute("DROP TABLE clinic_api_keys CASCADE")
    call_all()
    shown.append(repr(authorizer.process_dependencies()))
    forget_dependencies()
    monkeypatch.setenv("DATABASE_URL", NOWHERE)
    call_all()
    shown.append(repr(authorizer.process_dependencies()))
    monkeypatch.setenv("DATABASE_URL", f"no address {uuid4()}")
    forget_dependencies()
    call_all()

    out, err = capfd.readouterr()
    everything = "".join([*shown, log.getvalue(), caplog.text, out, err])
    assert everything.count("Unauthorized") >= 3
    secrets = [text.split("_")[3] for text in canaries] + [PEPPER.get_secret_value(), "made-up"]
    assert [secret for secret in secrets if secret in everything] == []


def test_it_needs_no_right_but_those_on_its_functions(gateway: Gateway) -> None:
    made = gateway.make()
    assert gateway.lets_in(made)
    assert gateway.last_use(made) is not None

    conn = authorizer.process_dependencies().database.connection()
    assert conn.info.user == "idexx_sync_local_authorizer"
    for table in ("public.clinic_api_keys", "public.clinics", "idexx_sync.jobs"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute(f"SELECT 1 FROM {table}")
