"""`idexx-sync explain` over real HTTP: with the session that is stored, and never a login."""

from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg import Connection

from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.sealing import keyring
from idexx_sync.database.connection import Database
from idexx_sync.jobs.wiring import open_to_look
from idexx_sync.pims.access_store import StoredSessionOnly, store_credentials
from neo_simulator.client import Company
from tests.kit.bench import Bench
from tests.kit.clinic import add_clinic, identity_guard, set_session
from tests.kit.command_line import Answer, CommandLine
from tests.kit.database import query
from tests.kit.neo import Clinic, open_session
from tests.kit.settings import LOCAL_KEY, make_settings

KEYS = keyring(LOCAL_KEY)
OWNER = "Canaryowner"
REASON = "CANARYREASON"


@pytest.fixture
def bench(
    conn: Connection[tuple[Any, ...]],
    database: str,
    lent: Database,
    company: Company,
    clinic: Clinic,
) -> Bench:
    made = Bench(conn, database, add_clinic(conn, base_url=company.base_url), lent=lent)
    store_credentials(conn, KEYS, made.clinic_id, clinic.login_store.credentials)
    return made


@pytest.fixture
def visit_id(company: Company) -> str:
    made = company.book("2026-05-04 09:00", owner_last=OWNER)
    company.edit_reason(made, REASON)
    company.clear_requests()
    return made


def explain(bench: Bench, company: Company, id_: str, *words: str) -> Answer:
    idexx_sync = CommandLine(bench, open_to_look=open_to_look)
    idexx_sync.settings = make_settings(
        bench.url, neo_hosts=(company.base_url,), chromium_path="/nonexistent"
    )
    return idexx_sync("explain", "appointment", id_, "--clinic", bench.clinic_id, *words)


def keep_session(bench: Bench, company: Company) -> None:
    now = datetime.now(UTC)
    set_session(bench.conn, bench.clinic_id, open_session(company, now), now)


def access_rows(bench: Bench) -> list[Any]:
    """All that a login or a refusal would change."""
    return [
        query(bench.conn, f"SELECT * FROM idexx_sync.{table}")
        for table in ("sessions", "logins", "jobs", "leases", "credentials")
    ]


def test_neo_is_asked_with_the_stored_session_by_two_requests(
    bench: Bench, company: Company, visit_id: str
) -> None:
    keep_session(bench, company)
    before = access_rows(bench)

    answer = explain(bench, company, visit_id, "--json")
    neo = answer.json["appointment"]["neo"]

    assert answer.code == 0
    assert (neo["by_id"]["found"], neo["day"], neo["not_asked"]) == (True, "2026-05-04", None)
    (shown,) = neo["calendar"]
    assert (shown["start"], shown["reason"]) == ("2026-05-04 09:00:00", "set")
    assert [request["path"].rpartition("/")[2] for request in company.requests()] == [
        "getAppointment",
        "getCalendarEventData",
    ]
    assert access_rows(bench) == before
    assert not [canary for canary in (OWNER, REASON) if canary in answer.out + answer.err]
    told = explain(bench, company, visit_id, "--values").out
    assert OWNER in told
    assert REASON in told


def test_the_consultation_is_read_by_a_third_one(
    bench: Bench, company: Company, visit_id: str
) -> None:
    consultation = company.start_consultation(visit_id)
    company.edit_notes(consultation, "<p>CANARYNOTES</p>")
    company.clear_requests()
    keep_session(bench, company)

    answer = explain(bench, company, visit_id, "--json")

    record = answer.json["appointment"]["neo"]["consultation"]
    assert answer.code == 0
    assert (record["status"], record["has_notes"], record["same_patient"]) == ("draft", True, True)
    assert len(company.requests()) == 3
    assert "CANARYNOTES" not in answer.out
    assert "CANARYNOTES" in explain(bench, company, visit_id, "--values").out


def test_without_a_session_nobody_logs_in(bench: Bench, company: Company, visit_id: str) -> None:
    before = access_rows(bench)

    answer = explain(bench, company, visit_id)

    assert (answer.code, answer.out) == (1, "")
    assert "Neo could not be asked: there is no stored session" in answer.err
    assert f"first run: idexx-sync sync inbound --clinic {bench.clinic_id}" in answer.err
    assert (company.requests(), company.logins()) == ([], [])
    assert access_rows(bench) == before


def test_a_refused_session_is_told_and_kept_for_the_next_run(
    bench: Bench, company: Company, visit_id: str
) -> None:
    keep_session(bench, company)
    company.expire_sessions()
    logins, before = company.logins(), access_rows(bench)

    answer = explain(bench, company, visit_id)

    assert answer.code == 1
    assert "Neo could not be asked: Neo refused the stored session" in answer.err
    assert company.logins() == logins
    assert access_rows(bench) == before


def test_a_session_of_older_credentials_does_not_count(
    bench: Bench, company: Company, clinic: Clinic, visit_id: str
) -> None:
    keep_session(bench, company)
    store_credentials(bench.conn, KEYS, bench.clinic_id, clinic.login_store.credentials)

    assert "there is no stored session" in explain(bench, company, visit_id).err
    assert company.requests() == []


def test_a_desk_to_look_at_writes_nothing(bench: Bench, company: Company) -> None:
    keep_session(bench, company)
    before = access_rows(bench)
    login_store = StoredSessionOnly(
        bench.conn, KEYS, bench.clinic_id, identity_guard(bench.conn, bench.clinic_id)
    )
    session = login_store.session()
    assert session is not None

    login_store.drop_session()
    login_store.store_session(session)
    with pytest.raises(RuntimeError):
        login_store.end_login("ok")
    with pytest.raises(ConfigurationInvalid) as refusal:
        login_store.begin_login()

    assert refusal.value.code == "session_refused"
    assert access_rows(bench) == before


def test_a_session_sealed_with_another_key_is_no_session(bench: Bench, company: Company) -> None:
    keep_session(bench, company)
    bench.conn.execute("UPDATE idexx_sync.sessions SET sealed = '\\x00'")
    login_store = StoredSessionOnly(
        bench.conn, KEYS, bench.clinic_id, identity_guard(bench.conn, bench.clinic_id)
    )

    assert login_store.session() is None
    with pytest.raises(ConfigurationInvalid, match="there is no stored session"):
        login_store.begin_login()
