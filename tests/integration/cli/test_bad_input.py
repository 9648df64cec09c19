"""What the real world does to a run: real handler, real HTTP, real database.

The transports meet in one seam, and above it a run is the same code. So each fault is tried here
over plain HTTP, and over both in `pims/neo/test_neo_browser_transport.py`; with Playwright, only
runs in which it is started, handed a session, or ended. Where only Neo's answers are the subject,
a login needs no browser.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from idexx_sync.jobs.worker import EventUnreadable, WillBeRetried
from neo_simulator.client import Simulator
from tests.kit.database import query
from tests.kit.neo_faults import (
    ENVELOPES,
    EXPIRED_ANSWERS,
    GARBLED,
    ONE_MALFORMED,
    REFUSALS,
    STRANGE,
    SUBSETS,
    Refusal,
)
from tests.kit.plain_login import PlainLogin
from tests.kit.settings import process_environment
from tests.kit.worked_clinic import WorkedClinic

CALENDAR = "/appointments/getCalendarEventData"


@pytest.fixture
def transport(request: pytest.FixtureRequest) -> str:
    """Plain HTTP, unless the test asks for another."""
    return str(getattr(request, "param", "http"))


BOTH = pytest.mark.parametrize("transport", ["http", "browser"], indirect=True)
"""Plain HTTP, and the same requests through Playwright."""


@pytest.fixture
def with_chromium(transport: str) -> bool:
    """Whether runs log in with a real Chromium: as all do that go on with its session."""
    return transport == "browser"


@pytest.fixture
def clinic(
    transport: str,
    with_chromium: bool,
    conn: Connection[tuple[Any, ...]],
    database: str,
    simulator: Simulator,
    chromium_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[WorkedClinic]:
    """A clinic with eight visits a day this week, not yet synced."""
    monkeypatch.setenv("IDEXX_SYNC_CHROMIUM_PATH", str(chromium_path))
    neo = simulator.create_company(generate=False)
    with process_environment(monkeypatch, database, neo.base_url):
        login = None if with_chromium else PlainLogin(neo.base_url)
        worked = WorkedClinic(conn, neo, transport, login)
        neo.book_many(
            [
                {
                    "start": f"{worked.today() + timedelta(days=day)} {8 + n:02}:00:00",
                    "room": 3,
                    "patient": f"PET {day}{n}",
                }
                for day in range(1, 4)
                for n in range(8)
            ]
        )
        yield worked
        worked.dependencies.forget()
        neo.remove()


@pytest.fixture
def synced(clinic: WorkedClinic) -> WorkedClinic:
    """The same clinic after its first sync, which found a session."""
    clinic.has_session()
    assert clinic.work()["status"] == "succeeded"
    assert len(clinic.rows()) == 24
    clinic.neo.clear_requests()
    return clinic


@BOTH
@pytest.mark.parametrize("with_chromium", [True])
def test_first_sync_logs_in_once_and_second_one_only_reads(clinic: WorkedClinic) -> None:
    assert clinic.work()["status"] == "succeeded"
    assert len(clinic.neo.logins()) == 1
    before = clinic.rows()
    assert len(before) == 24
    clinic.neo.clear_requests()

    answer = clinic.work()

    assert answer["status"] == "succeeded"
    assert answer["result"]["summary"] == "nothing changed (checked 24)"
    assert clinic.rows() == before
    assert [request["path"] for request in clinic.neo.requests()] == [CALENDAR]
    assert clinic.neo.logins() == []


@BOTH
def test_wrong_password_is_tried_once_and_not_again(clinic: WorkedClinic) -> None:
    clinic.set_credentials("Wrong-Password-1")

    first, second = clinic.work(), clinic.work()

    assert (first["status"], first["error_kind"]) == ("failed", "credentials_rejected")
    assert (second["status"], second["error_kind"]) == ("failed", "credentials_rejected")
    assert len(clinic.neo.logins()) == 1
    assert clinic.rows() == []
    clinic.set_credentials()
    assert clinic.work()["status"] == "succeeded"


@pytest.mark.parametrize("variant", EXPIRED_ANSWERS)
def test_a_session_that_expired_before_the_run_costs_one_login(
    synced: WorkedClinic, variant: str
) -> None:
    synced.neo.set_knob("expired_answer", variant)
    synced.neo.expire_sessions()

    answer = synced.work()

    assert answer["status"] == "succeeded"
    assert len(synced.neo.logins()) == 1


@BOTH
def test_a_session_that_expires_in_the_middle_costs_one_login(synced: WorkedClinic) -> None:
    for row in synced.rows()[:4]:
        synced.neo.delete(row["neo_appointment_id"])
    synced.neo.fault("expire_session", path="getAppointment$", nth=2)

    answer = synced.work()

    assert answer["status"] == "succeeded"
    assert answer["result"]["counts"]["removed"] == 4
    assert len(synced.neo.logins()) == 1


@pytest.mark.parametrize(
    ("transport", "refusal"),
    [*(("http", refusal) for refusal in REFUSALS), ("browser", REFUSALS[-1])],
    indirect=["transport"],
    ids=lambda value: str(getattr(value, "action", value)),
)
def test_a_neo_that_does_not_answer_is_retryable_and_changes_nothing(
    synced: WorkedClinic, refusal: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDEXX_SYNC_NEO_TIMEOUT_SECONDS", "0.3")
    synced.dependencies.forget()
    before = synced.rows()
    synced.neo.book(start=f"{synced.today() + timedelta(days=1)} 17:00:00")
    synced.neo.fault(refusal.action, path="getCalendarEventData")

    with pytest.raises(WillBeRetried):
        synced.work()

    job = synced.newest_job()
    assert (job["status"], job["error_kind"]) == ("queued", refusal.kind)
    assert synced.rows() == before
    synced.neo.reset_knobs()
    again = synced.work_again(job["id"])
    assert again["status"] == "succeeded"
    assert len(synced.rows()) == 25


def test_a_neo_that_is_gone_is_retryable(
    synced: WorkedClinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = "http://127.0.0.1:9"
    monkeypatch.setenv("IDEXX_SYNC_NEO_HOSTS", nowhere)
    synced.dependencies.forget()
    synced.conn.execute("UPDATE idexx_sync.clinic_settings SET base_url = %s", (nowhere,))

    with pytest.raises(WillBeRetried):
        synced.work()

    assert synced.newest_job()["error_kind"] == "pims_unavailable"


@pytest.mark.parametrize(
    ("action", "logins"),
    [(GARBLED[0], 0), *((action, 1) for action, _ in STRANGE)],
    ids=str,
)
def test_an_answer_that_is_no_calendar_ends_as_shape_changed(
    synced: WorkedClinic, action: Any, logins: int
) -> None:
    before = synced.rows()
    synced.neo.fault(action, path="getCalendarEventData")

    answer = synced.work()

    assert (answer["status"], answer["error_kind"]) == ("failed", "shape_changed")
    assert len(synced.neo.logins()) == logins
    assert synced.rows() == before
    synced.neo.reset_knobs()
    assert synced.work()["status"] == "succeeded"
    assert len(synced.neo.logins()) == logins


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_an_unknown_envelope_is_never_an_empty_calendar(
    synced: WorkedClinic, envelope: str
) -> None:
    before = synced.rows()
    synced.neo.set_knob("envelope", envelope)

    answer = synced.work()

    assert (answer["status"], answer["error_kind"]) == ("failed", "shape_changed")
    assert synced.rows() == before


@pytest.mark.parametrize(("subset", "cause"), SUBSETS)
def test_rows_that_vanish_from_the_calendar_alone_are_held(
    synced: WorkedClinic, subset: Any, cause: str
) -> None:
    before = synced.rows()
    synced.neo.set_knob("calendar_subset", subset)

    answer = synced.work()

    assert answer["status"] == "held"
    assert synced.rows() == before
    assert [hold["cause"] for hold in synced.holds()] == [cause]
    synced.neo.reset_knobs()
    assert synced.work()["status"] == "succeeded"
    assert synced.holds() == []


def test_another_companys_calendar_writes_nothing(
    synced: WorkedClinic, simulator: Simulator
) -> None:
    before = synced.rows()
    other = simulator.create_company(generate=False, id_base=880000)
    other.book_many(
        [{"start": f"{synced.today() + timedelta(days=1)} {8 + n:02}:30:00"} for n in range(9)]
    )
    synced.neo.set_knob("calendar_subset", {"company": other.company_id})

    answer = synced.work()

    other.remove()
    assert answer["status"] == "held"
    assert [hold["cause"] for hold in synced.holds()] == ["foreign_calendar"]
    assert synced.rows() == before
    records = query(synced.conn, "SELECT strikes FROM idexx_sync.records WHERE strikes > 0")
    assert records == []


def test_one_malformed_record_among_good_ones_is_a_warning(clinic: WorkedClinic) -> None:
    clinic.neo.set_knob("malformed_records", ONE_MALFORMED)

    answer = clinic.work()

    assert answer["status"] == "succeeded_with_warnings"
    assert answer["result"]["warnings"] == {"unreadable_records": 1}
    assert len(clinic.rows()) == 23


def test_missing_credentials_are_named(clinic: WorkedClinic) -> None:
    clinic.conn.execute("DELETE FROM idexx_sync.credentials")

    answer = clinic.work()

    assert (answer["status"], answer["error_kind"]) == ("failed", "configuration_invalid")
    assert answer["error_message"].startswith("credentials:")


@pytest.mark.parametrize(
    ("event", "named"),
    [
        ({}, "v"),
        ({"v": 1}, "job_id or clinic_id"),
        ({"v": 1, "clinic_id": "7"}, "clinic_id"),
        ({"v": 1, "params": {"from": "2026-02-30"}}, "params.from"),
        ({"v": 1, "params": {"from": "2026-05-09", "to": "2026-05-04"}}, "to"),
        ({"v": 1, "params": {"from": "2026-05-01", "to": "2026-07-02"}}, "63 days"),
        ({"v": 1, "sync": "cases"}, "sync"),
        ({"v": 2}, "v"),
        ({"v": 1, "surprise": True}, "extra_forbidden"),
    ],
)
def test_an_event_that_makes_no_sense_raises_by_naming_the_field(
    clinic: WorkedClinic, event: dict[str, Any], named: str
) -> None:
    from functions.inbound_sync.handler import worker

    if "params" in event or "sync" in event:
        event = {"clinic_id": str(clinic.clinic_id), **event}

    with pytest.raises(EventUnreadable) as raised:
        worker(event, None)

    assert named in str(raised.value)
    assert query(clinic.conn, "SELECT * FROM idexx_sync.jobs") == []


@pytest.mark.parametrize("field", ["clinic_id", "job_id"])
def test_an_event_that_names_nothing_is_answered_by_naming_the_field(
    clinic: WorkedClinic, field: str
) -> None:
    from functions.inbound_sync.handler import worker

    answer = worker({"v": 1, field: "00000000-0000-4000-8000-000000000000"}, None)

    assert (answer["status"], answer["error_kind"]) == ("failed", "configuration_invalid")
    assert field in answer["error_message"]
    assert query(clinic.conn, "SELECT * FROM idexx_sync.jobs") == []


def test_a_base_url_that_is_not_allowed_is_never_opened(clinic: WorkedClinic) -> None:
    clinic.conn.execute("UPDATE idexx_sync.clinic_settings SET base_url = 'http://169.254.1.1'")

    answer = clinic.work()

    assert answer["error_kind"] == "configuration_invalid"
    assert answer["error_message"].startswith("base_url:")
    assert clinic.neo.requests() == []


def test_database_down_leaves_the_handler(
    clinic: WorkedClinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    clinic.dependencies.forget()

    with pytest.raises(Exception, match="Postgres did not answer") as raised:
        clinic.work()

    assert not isinstance(raised.value, psycopg.Error)
