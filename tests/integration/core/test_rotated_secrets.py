"""Secrets that are replaced, unreadable or missing while processes are warm: real handlers, a real
Postgres, and Secrets Manager as moto has it."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr

from functions.authorizer.handler import handler as authorizer_handler
from functions.inbound_sync.handler import worker
from functions.status.handler import api as status
from functions.watchdog.handler import handler as watchdog
from idexx_sync.api import handler as api_handler
from idexx_sync.core import kept, named_secrets
from idexx_sync.core.errors import SecretUnreadable
from idexx_sync.core.sealing import keyring
from idexx_sync.core.settings import DatabaseSettings, load
from idexx_sync.jobs import wiring
from idexx_sync.keys import authorizer
from idexx_sync.keys.format import generate_key, read_peppers
from idexx_sync.keys.store import create_key
from idexx_sync.pims.access import Credentials
from idexx_sync.pims.access_store import PostgresLoginStore, store_credentials
from idexx_sync.upkeep.wiring import process_database
from tests.kit.authorizing import request_event
from tests.kit.clinic import add_clinic, identity_guard
from tests.kit.gateway import STAGE
from tests.kit.settings import FINGERPRINT_KEY, LOCAL_KEY, PEPPER

Conn = Connection[tuple[Any, ...]]
PROCESSES = (
    api_handler.process_dependencies,
    wiring.process_dependencies,
    authorizer.process_dependencies,
    process_database,
)
OTHER = base64.b64encode(b"another thirty-two bytes of ours").decode()
PAGES = ("/health", "/openapi.json", "/docs")


@dataclass
class Secrets:
    """The secrets of a deployment, and how often each was asked for."""

    client: Any
    asked: list[str]
    refusing: str | None = None
    """A code of AWS's, while it is refusing."""

    def get_secret_value(self, **request: str) -> Any:
        self.asked.append(request["SecretId"])
        if self.refusing is None:
            return self.client.get_secret_value(**request)
        with Stubber(boto3.client("secretsmanager")) as stubber:
            stubber.add_client_error("get_secret_value", self.refusing, f"no {request}")
            return stubber.client.get_secret_value(**request)

    def put(self, name: str, value: str) -> None:
        try:
            self.client.create_secret(Name=name, SecretString=value)
        except self.client.exceptions.ResourceExistsException:
            self.client.put_secret_value(SecretId=name, SecretString=value)


@pytest.fixture
def secrets(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Secrets]:
    """All functions' environment, in which secrets are only named."""
    for name in ("DATABASE_URL", "IDEXX_SYNC_PEPPER", "IDEXX_SYNC_LOCAL_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    environment = {
        "AWS_DEFAULT_REGION": "us-west-2",
        "AWS_ACCESS_KEY_ID": "made-up",
        "AWS_SECRET_ACCESS_KEY": "made-up",
        "IDEXX_SYNC_DATABASE_SECRET": "test/database",
        "IDEXX_SYNC_PEPPER_SECRET": "test/pepper",
        "IDEXX_SYNC_LOCAL_KEY_SECRET": "test/local-key",
        "IDEXX_SYNC_FINGERPRINT_KEY": FINGERPRINT_KEY.get_secret_value(),
        "IDEXX_SYNC_WORKER_FUNCTIONS": "{}",
        "IDEXX_SYNC_TICK_QUEUES": "{}",
        "IDEXX_SYNC_STAGE": "test",
        "IDEXX_SYNC_COMMIT": "0123abc",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        made = Secrets(boto3.client("secretsmanager"), [])
        made.put("test/database", database)
        made.put("test/pepper", PEPPER.get_secret_value())
        made.put("test/local-key", LOCAL_KEY.get_secret_value())
        monkeypatch.setattr(named_secrets, "_client", lambda: made)
        for process in PROCESSES:
            process.forget()
        yield made
        for process in PROCESSES:
            process.forget()


def key(conn: Conn, pepper: str = PEPPER.get_secret_value()) -> str:
    made = create_key(
        conn,
        read_peppers(SecretStr(pepper)),
        clinic_id=None,
        scopes=["jobs:read", "metrics:read"],
        name="a test",
        stage="test",
        now=datetime.now(UTC),
    )
    return made.text.get_secret_value()


def is_let_in(text: str) -> bool:
    try:
        authorizer_handler(request_event(text), None)
    except Exception as error:
        if error.args != ("Unauthorized",):
            raise
        return False
    return True


def asked_for(path: str, **context: Any) -> dict[str, Any]:
    """The function's answer to a GET of an operator."""
    caller = {"key_id": "00000000-0000-4000-8000-000000000001", "clinic_id": "",
              "operator": "true", "scopes": "jobs:read metrics:read"}  # fmt: skip
    return status(
        {
            "resource": path,
            "path": path,
            "httpMethod": "GET",
            "headers": {},
            "requestContext": {
                "requestId": "r-1",
                "path": f"/{STAGE}{path}",
                "requestTimeEpoch": 0,
                "authorizer": caller,
                **context,
            },
        },
        None,
    )


@pytest.fixture
def addresses(conn: Conn, database: str) -> Iterator[tuple[str, str]]:
    """Of one role of the database, with its password and with the next one."""
    conn.execute("DROP ROLE IF EXISTS rotated")
    conn.execute("CREATE ROLE rotated SUPERUSER LOGIN PASSWORD 'first'")
    facts: dict[str, Any] = {**conninfo_to_dict(database), "user": "rotated"}
    first, second = (make_conninfo(**{**facts, "password": word}) for word in ("first", "second"))
    yield first, second
    for process in PROCESSES:
        process.forget()
    conn.execute("DROP ROLE rotated")


def change_password(conn: Conn) -> None:
    """By now the database takes the next one only, and kept sessions are ended."""
    conn.execute("ALTER ROLE rotated PASSWORD 'second'")
    conn.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'rotated'"
    )


@pytest.mark.parametrize("process", ["api", "authorizer", "upkeep", "worker"])
def test_a_replaced_database_secret_reaches_a_warm_process(
    conn: Conn, secrets: Secrets, addresses: tuple[str, str], process: str
) -> None:
    text, clinic = key(conn), add_clinic(conn)
    secrets.put("test/database", addresses[0])

    def works() -> bool:
        if process == "authorizer":
            return is_let_in(text)
        if process == "api":
            return bool(asked_for("/api/sync/jobs")["statusCode"] == 200)
        if process == "upkeep":
            return bool(watchdog({}, None)["complete"])
        answered = worker({"v": 1, "clinic_id": str(clinic), "trigger": "api"}, None)
        return bool(answered["error_kind"] == "configuration_invalid")  # it ran: no base URL

    assert works()
    before = secrets.asked.count("test/database")

    secrets.put("test/database", addresses[1])
    change_password(conn)

    assert works()
    assert works()
    assert secrets.asked.count("test/database") == before + 1


def test_a_database_that_goes_on_refusing_has_the_secret_asked_for_once(
    conn: Conn, secrets: Secrets, addresses: tuple[str, str]
) -> None:
    secrets.put("test/database", addresses[0])
    assert asked_for("/api/sync/jobs")["statusCode"] == 200
    before = secrets.asked.count("test/database")
    change_password(conn)

    answers = [asked_for("/api/sync/jobs")["statusCode"] for _ in range(5)]

    assert answers == [503] * 5
    assert secrets.asked.count("test/database") == before + 1


def test_a_key_of_a_replaced_pepper_is_let_in_by_a_warm_authorizer(
    conn: Conn, secrets: Secrets
) -> None:
    old = key(conn)
    assert is_let_in(old)

    secrets.put("test/pepper", f"{OTHER} {PEPPER.get_secret_value()}")
    new = key(conn, OTHER)

    assert is_let_in(new)
    assert is_let_in(old)


def test_unknown_keys_cost_one_question_a_minute(
    conn: Conn, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(authorizer.process_dependencies.settings, "_monotonic", lambda: now[0])
    assert is_let_in(key(conn))
    before = len(secrets.asked)

    assert [is_let_in(generate_key("test")) for _ in range(50)] == [False] * 50
    assert len(secrets.asked) == before + 2  # of its two secrets

    now[0] += kept.NEWEST_EVERY_S
    assert not is_let_in(generate_key("test"))
    assert len(secrets.asked) == before + 4


def test_a_replaced_sealing_key_opens_what_was_sealed_with_it(conn: Conn, secrets: Secrets) -> None:
    clinic = add_clinic(conn)
    dependencies = wiring.process_dependencies()
    secrets.put("test/local-key", OTHER)
    given = Credentials(
        company_id=SecretStr("1"), username=SecretStr("u"), password=SecretStr("made-up")
    )
    store_credentials(conn, keyring(SecretStr(OTHER)), clinic, given)
    conn.execute("INSERT INTO idexx_sync.jobs (id, clinic_id, sync, trigger, params, status) "
                 "VALUES (%s, %s, 'inbound', 'api', '{}', 'queued')", (clinic, clinic))  # fmt: skip
    before = secrets.asked.count("test/local-key")

    def opened() -> Credentials:
        store = PostgresLoginStore(
            conn,
            keyring(dependencies.settings.local_key),
            clinic,
            clinic,
            clock=lambda: datetime.now(UTC),
            logins_per_hour=6,
            session=None,
            identity=identity_guard(conn, clinic),
            newest_keys=lambda: keyring(wiring.process_dependencies.settings.newest().local_key),
        )
        credentials = store.begin_login()
        store.end_login("ok")
        return credentials

    assert opened() == opened() == given
    assert secrets.asked.count("test/local-key") == before + 1
    renewed = wiring.process_dependencies().settings.local_key
    assert renewed == SecretStr(OTHER)


@pytest.mark.parametrize("refusal", ["AccessDeniedException", "InternalServiceError", "missing"])
def test_pages_need_no_secret_and_all_else_is_503(
    conn: Conn, secrets: Secrets, refusal: str
) -> None:
    text = key(conn)
    if refusal == "missing":
        secrets.client.delete_secret(SecretId="test/database", ForceDeleteWithoutRecovery=True)
    else:
        secrets.refusing = refusal

    for path in PAGES:
        assert asked_for(path)["statusCode"] == 200
    assert secrets.asked == []
    for path in ("/api/sync/jobs", "/metrics", "/ready/details"):
        answer = asked_for(path)
        problem = json.loads(answer["body"])
        assert (answer["statusCode"], problem["code"]) == (503, "secret_unreadable")
        assert answer["headers"]["Retry-After"] == "5"
        assert "test/database" not in answer["body"]
    ready = asked_for("/ready")
    assert (ready["statusCode"], json.loads(ready["body"])["detail"]) == (503, "not ready")
    assert secrets.asked == ["test/database"]  # the failure was remembered
    with pytest.raises(SecretUnreadable):  # which API Gateway answers as 503
        authorizer_handler(request_event(text), None)
    with pytest.raises(SecretUnreadable):  # nobody could record it: Lambda retries
        worker({"v": 1, "clinic_id": "00000000-0000-4000-8000-000000000001"}, None)
    with pytest.raises(SecretUnreadable):  # the next pass comes in a minute
        watchdog({}, None)


def test_health_says_version_and_commit(secrets: Secrets) -> None:
    assert json.loads(asked_for("/health")["body"]) == {
        "status": "ok",
        "version": "0.1.0",
        "commit": "0123abc",
    }


@pytest.mark.parametrize("variable", ["IDEXX_SYNC_DATABASE_SECRET"])
def test_a_refused_secret_is_named_by_its_setting(secrets: Secrets, variable: str) -> None:
    secrets.refusing = "AccessDeniedException"

    with pytest.raises(SecretUnreadable) as raised:
        load(DatabaseSettings)

    assert raised.value.message == (
        f"{variable}: no secret of that name, or the role may not read it; make it and let our "
        "role read it, or correct the name that the variable holds"
    )
    assert raised.value.retryable
