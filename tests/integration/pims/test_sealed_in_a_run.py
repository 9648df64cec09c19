"""What somebody put in the place of a clinic's sealed values harms that clinic, and is told by
name; nothing of it leaves the worker."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from idexx_sync.core import logs
from idexx_sync.core.sealing import keyring, seal
from idexx_sync.pims.access import StoredSession
from idexx_sync.pims.sealed_access import sealed_session
from neo_simulator.client import Simulator
from tests.kit.database import query
from tests.kit.plain_login import PlainLogin
from tests.kit.records import MORNING
from tests.kit.settings import LOCAL_KEY, process_environment
from tests.kit.worked_clinic import WorkedClinic

KEYS = keyring(LOCAL_KEY)
CANARY = "Correct-Horse-Battery-9"


@pytest.fixture
def clinics(
    conn: Connection[tuple[Any, ...]],
    database: str,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[list[WorkedClinic]]:
    """Two clinics of one company, whose password is the canary."""
    neo = simulator.create_company(generate=False, password=CANARY)
    with process_environment(monkeypatch, database, neo.base_url):
        made = [WorkedClinic(conn, neo, login=PlainLogin(neo.base_url)) for _ in range(2)]
        neo.book(f"{made[0].today()} 09:00", room=3, patient="TANGO")
        yield made
        for clinic in made:
            clinic.dependencies.forget()
    neo.remove()


def test_swapped_and_misshapen_values_stop_one_clinic_and_are_quoted_nowhere(
    clinics: list[WorkedClinic], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    stream = io.StringIO()
    (handler,) = logs.logger().handlers
    monkeypatch.setattr(handler, "stream", stream)
    harmed, other = clinics
    conn, id_ = harmed.conn, harmed.clinic_id
    session = StoredSession([{"name": "neo_session", "value": CANARY}], CANARY, MORNING)
    found = []

    def credentials_are(sealed: bytes) -> None:
        conn.execute(
            "UPDATE idexx_sync.credentials SET sealed = %s WHERE clinic_id = %s", (sealed, id_)
        )

    (foreign,) = query(
        conn,
        "SELECT sealed FROM idexx_sync.credentials WHERE clinic_id = %s",
        (other.clinic_id,),
    )
    wrong = {"company_id": "1", "username": "u", "password": {CANARY: [CANARY]}}
    for sealed in (
        foreign["sealed"],
        sealed_session(KEYS, id_, session, 0),
        seal(KEYS, "credentials", id_, json.dumps(wrong).encode()),
        seal(KEYS, "credentials", id_, CANARY.encode()),
    ):
        credentials_are(sealed)
        found.append(harmed.work())

    assert {job["error_kind"] for job in found} == {"configuration_invalid"}
    named = f"idexx_sync.credentials.sealed of clinic {id_}, version 1,"
    assert all(named in job["error_message"] for job in found)
    assert "sessions" not in str(found)
    conn.execute(
        "INSERT INTO idexx_sync.sessions (clinic_id, credential_version, sealed, stored_at) "
        "VALUES (%s, 1, %s, now())",
        (other.clinic_id, seal(KEYS, "session", other.clinic_id, json.dumps([CANARY]).encode())),
    )
    assert other.work()["status"] == "succeeded"
    assert "stored session not usable" in stream.getvalue()
    assert '"reason":"of_another_shape"' in stream.getvalue()
    harmed.set_credentials()
    assert harmed.work()["status"] == "succeeded"
    rows = query(conn, "SELECT * FROM idexx_sync.jobs")
    everything = [stream.getvalue(), *capfd.readouterr(), str(rows), str(found)]
    assert CANARY not in "".join(everything)
