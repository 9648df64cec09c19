"""`idexx-sync explain` over real HTTP: with the session that is stored, and never a login."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg import Connection

from idexx_sync.access_desk import SessionOnlyDesk, store_credentials
from idexx_sync.entry import open_to_look
from idexx_sync.errors import ConfigurationInvalid
from idexx_sync.secrets import keyring, seal
from neo_simulator.client import Company
from tests.integration.cli.conftest import Answer, CommandLine
from tests.integration.neo.clinic import AGENT, Clinic, session_cookies
from tests.support import LOCAL_KEY, Bench, add_clinic, make_settings, query

KEYS = keyring(LOCAL_KEY)
PERSONAL = ("CANARYREASON", "CANARYPET")


@pytest.fixture
def bench(
    conn: Connection[tuple[Any, ...]], database: str, company: Company, clinic: Clinic
) -> Iterator[Bench]:
    made = Bench(conn, database, add_clinic(conn, base_url=company.base_url))
    store_credentials(conn, KEYS, made.clinic_id, clinic.desk.credentials)
    yield made
    made.database.close()


@pytest.fixture
def visit_id(company: Company) -> str:
    made = company.create_visit(
        "2026-05-04 09:00:00",
        minutes=30,
        status="Arrived",
        patient="CANARYPET",
        reason="CANARYREASON",
    )
    return str(made)


def explain(bench: Bench, id_: str, *words: str) -> Answer:
    company_url = query(
        bench.conn,
        "SELECT base_url FROM idexx_sync.clinic_settings WHERE clinic_id = %s",
        [bench.clinic_id],
    )[0]["base_url"]
    idexx_sync = CommandLine(bench, open_to_look=open_to_look)
    idexx_sync.settings = make_settings(
        bench.url, neo_hosts=(company_url,), chromium_path="/nonexistent"
    )
    return idexx_sync("explain", "appointment", id_, "--clinic", bench.clinic_id, "--json", *words)


def keep_session(bench: Bench, cookies: list[dict[str, Any]]) -> None:
    content = {
        "cookies": cookies,
        "user_agent": AGENT,
        "logged_in_at": datetime.now(UTC).isoformat(),
    }
    bench.conn.execute(
        "INSERT INTO idexx_sync.sessions (clinic_id, credential_version, sealed, stored_at) "
        "VALUES (%s, 1, %s, now()) ON CONFLICT (clinic_id) DO UPDATE SET sealed = EXCLUDED.sealed",
        (bench.clinic_id, seal(KEYS, bench.clinic_id, json.dumps(content).encode())),
    )
