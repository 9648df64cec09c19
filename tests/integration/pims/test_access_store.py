"""Credentials, sessions and the breaker over a real database."""

import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import Connection
from pydantic import SecretStr

from idexx_sync.core import logs
from idexx_sync.core.errors import (
    AccountLocked,
    ChallengeRequired,
    ConfigurationInvalid,
    CredentialsRejected,
    PageUnknown,
    PasswordChangeRequired,
    SyncError,
    Throttled,
)
from idexx_sync.core.sealing import keyring, seal
from idexx_sync.pims.access import Credentials, LoginOutcome, StoredSession
from idexx_sync.pims.access_store import PostgresLoginStore, store_credentials
from idexx_sync.pims.sealed_access import sealed_credentials, sealed_session
from tests.kit.clinic import add_clinic, identity_guard
from tests.kit.database import query
from tests.kit.foreign_words import all_of, with_locals
from tests.kit.records import MORNING
from tests.kit.settings import LOCAL_KEY

KEYS = keyring(LOCAL_KEY)
CANARY = "Correct-Horse-Battery-9"
Conn = Connection[tuple[Any, ...]]
OpenStore = Callable[..., PostgresLoginStore]


def secrets(password: str = "Correct-Horse-1") -> Credentials:
    return Credentials(
        company_id=SecretStr("012345"), username=SecretStr("sync"), password=SecretStr(password)
    )


@pytest.fixture
def clinic_id(conn: Conn) -> UUID:
    clinic_id = add_clinic(conn)
    store_credentials(conn, KEYS, clinic_id, secrets())
    return clinic_id


@pytest.fixture
def open_store(conn: Conn, clinic_id: UUID) -> OpenStore:
    def made(
        minutes: float = 0,
        session: tuple[int, bytes] | None = None,
        clinic_id: UUID = clinic_id,
    ) -> PostgresLoginStore:
        return PostgresLoginStore(
            conn,
            KEYS,
            clinic_id,
            uuid4(),
            clock=lambda: MORNING + timedelta(minutes=minutes),
            logins_per_hour=6,
            session=session,
            identity=identity_guard(conn, clinic_id),
        )

    return made


def attempt(open_store: PostgresLoginStore, outcome: LoginOutcome | None) -> None:
    open_store.begin_login()
    if outcome is not None:
        open_store.end_login(outcome)


def test_the_newest_credentials_are_handed_out(
    conn: Conn, clinic_id: UUID, open_store: OpenStore
) -> None:
    assert store_credentials(conn, KEYS, clinic_id, secrets("Another-Horse-2")) == 2

    assert open_store().begin_login() == secrets("Another-Horse-2")


def test_an_attempt_is_committed_before_anybody_sees_the_password(
    conn: Conn, open_store: OpenStore, database: str
) -> None:
    open_store().begin_login()

    with Connection.connect(database) as somebody_else:
        found = somebody_else.execute("SELECT outcome FROM idexx_sync.logins").fetchall()
    assert found == [(None,)]


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        ("credentials_rejected", CredentialsRejected),
        ("password_change_required", PasswordChangeRequired),
        ("account_locked", AccountLocked),
        ("challenge_required", ChallengeRequired),
    ],
)
def test_one_definite_refusal_closes_the_door_until_the_secret_changes(
    conn: Conn,
    clinic_id: UUID,
    open_store: OpenStore,
    outcome: LoginOutcome,
    error: type[SyncError],
) -> None:
    attempt(open_store(), outcome)

    for minutes in (1, 60, 60 * 24 * 30):
        with pytest.raises(error, match="credentials set"):
            open_store(minutes).begin_login()
    assert len(query(conn, "SELECT * FROM idexx_sync.logins")) == 1
    store_credentials(conn, KEYS, clinic_id, secrets("Another-Horse-2"))
    attempt(open_store(1), "ok")


def test_an_attempt_without_outcome_waits_a_quarter_of_an_hour(open_store: OpenStore) -> None:
    attempt(open_store(), None)

    with pytest.raises(Throttled, match="15 minutes"):
        open_store(14.9).begin_login()
    attempt(open_store(15), "ok")


@pytest.mark.parametrize("second", [None, "page_unknown"])
def test_two_attempts_without_outcome_close_the_door(
    open_store: OpenStore, second: LoginOutcome | None
) -> None:
    attempt(open_store(), None)
    attempt(open_store(20), second)

    with pytest.raises(PageUnknown, match="credentials set"):
        open_store(60 * 24).begin_login()


@pytest.mark.parametrize("outcome", ["page_unknown", "unavailable", "credentials_rejected"])
def test_an_attempt_of_which_nothing_left_us_is_none(
    conn: Conn, open_store: OpenStore, outcome: LoginOutcome
) -> None:
    attempt(open_store(), None)
    for minutes in range(20, 30):
        store = open_store(minutes)
        store.begin_login()
        store.end_login(outcome, submitted=False)
    attempt(open_store(30), None)

    with pytest.raises(PageUnknown, match="two logins"):
        open_store(50).begin_login()
    assert len(query(conn, "SELECT * FROM idexx_sync.logins")) == 12


def test_an_unavailable_neo_does_not_close_the_door(open_store: OpenStore) -> None:
    for minutes in (0, 1, 2):
        attempt(open_store(minutes), "unavailable")


def test_six_logins_an_hour_are_the_most(open_store: OpenStore) -> None:
    for minutes in range(6):
        attempt(open_store(minutes), "ok")

    with pytest.raises(Throttled, match="6 logins"):
        open_store(59.9).begin_login()
    attempt(open_store(60.1), "ok")


def test_no_credentials_and_foreign_keys_say_what_to_do(
    conn: Conn, clinic_id: UUID, open_store: OpenStore
) -> None:
    conn.execute("UPDATE idexx_sync.credentials SET sealed = %s", (b"\x01" + bytes(40),))
    with pytest.raises(ConfigurationInvalid, match="sealed with another key"):
        open_store().begin_login()
    conn.execute("DELETE FROM idexx_sync.credentials")
    with pytest.raises(ConfigurationInvalid, match=f"credentials set --clinic {clinic_id}"):
        open_store().begin_login()


def test_a_session_is_sealed_and_comes_back_whole(conn: Conn, open_store: OpenStore) -> None:
    session = StoredSession([{"name": "neo_session", "value": "canary"}], "Agent/1", MORNING)
    writer = open_store()
    attempt(writer, "ok")
    writer.store_session(session)

    (row,) = query(conn, "SELECT credential_version, sealed FROM idexx_sync.sessions")

    assert b"canary" not in row["sealed"]
    assert open_store(session=(row["credential_version"], row["sealed"])).session() == session
    assert open_store(session=(1, b"damaged")).session() is None
    assert "canary" not in repr(session)


def test_only_the_refused_session_is_dropped(conn: Conn, open_store: OpenStore) -> None:
    writer = open_store()
    attempt(writer, "ok")
    writer.store_session(StoredSession([], "Agent/1", MORNING))
    late = open_store(session=(1, b"an older one"))

    late.drop_session()
    assert len(query(conn, "SELECT * FROM idexx_sync.sessions")) == 1
    writer.drop_session()
    assert query(conn, "SELECT * FROM idexx_sync.sessions") == []


SWAPPED: dict[str, tuple[str, bytes, str]] = {
    "another clinic's": ("credentials_sealed", b"", "another key, for another clinic"),
    "a session": ("credentials_sealed", b"", "for something else"),
    "no JSON": ("credentials_shape", f'{{"password": "{CANARY}"'.encode(), "holds something else"),
    "a list": ("credentials_shape", json.dumps([CANARY]).encode(), "holds something else"),
    "another field": (
        "credentials_shape",
        json.dumps({"company_id": "1", "username": "u", "password": [CANARY]}).encode(),
        "holds something else",
    ),
}


@pytest.mark.parametrize("what", SWAPPED)
def test_a_swapped_value_is_refused_by_name_and_harms_one_clinic(
    conn: Conn, clinic_id: UUID, open_store: OpenStore, what: str
) -> None:
    code, content, said = SWAPPED[what]
    other = add_clinic(conn)
    store_credentials(conn, KEYS, other, secrets(CANARY))
    sealed = {
        "another clinic's": sealed_credentials(KEYS, other, secrets(CANARY)),
        "a session": sealed_session(KEYS, clinic_id, StoredSession([], CANARY, MORNING), 0),
    }.get(what) or seal(KEYS, "credentials", clinic_id, content)
    conn.execute(
        "UPDATE idexx_sync.credentials SET sealed = %s WHERE clinic_id = %s", (sealed, clinic_id)
    )

    with pytest.raises(ConfigurationInvalid, match=said) as refused:
        open_store().begin_login()

    assert refused.value.code == code
    assert f"idexx_sync.credentials.sealed of clinic {clinic_id}, version 1," in str(refused.value)
    assert f"credentials set --clinic {clinic_id}" in str(refused.value)
    assert CANARY not in all_of(refused.value)
    assert CANARY not in with_locals(refused.value)
    assert query(conn, "SELECT * FROM idexx_sync.logins") == []
    assert open_store(clinic_id=other).begin_login() == secrets(CANARY)


@pytest.mark.parametrize("content", [b"[]", f'{{"cookies": "{CANARY}"}}'.encode()])
def test_a_session_of_another_shape_is_none_and_told_by_name(
    clinic_id: UUID, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    stream = io.StringIO()
    (handler,) = logs.logger().handlers
    monkeypatch.setattr(handler, "stream", stream)
    sealed = seal(KEYS, "session", clinic_id, content)

    assert open_store(session=(1, sealed)).session() is None

    said = stream.getvalue()
    assert f'"clinic_id":"{clinic_id}"' in said
    assert "stored session not usable" in said
    assert '"reason":"of_another_shape"' in said
    assert CANARY not in said


def test_what_postgres_refuses_of_sealed_credentials_shows_none_of_them(
    conn: Conn, clinic_id: UUID
) -> None:
    conn.execute("ALTER TABLE idexx_sync.credentials ADD CHECK (version < 2)")

    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        store_credentials(conn, KEYS, clinic_id, secrets(CANARY))

    assert CANARY not in all_of(refused.value)
    assert CANARY not in with_locals(refused.value)


@pytest.mark.parametrize("key", ["", "not base64!", "c2hvcnQ="])
def test_a_wrong_local_key_says_how_to_make_one(key: str) -> None:
    with pytest.raises(ConfigurationInvalid, match="openssl rand"):
        keyring(SecretStr(key))
