"""Rule R8: what another company's session shows is neither written nor proof of anything.

Over the real HTTP provider and the real worker; only the login needs no browser.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import httpx
import pytest
from psycopg import Connection

from idexx_sync.clinics.status import read_clinic_status
from idexx_sync.jobs.worker import WorkerHandler, sync_worker
from idexx_sync.pims.identity_store import accept_identity
from idexx_sync.syncs.cases.sync import CaseSync
from neo_simulator.client import Company, Simulator
from tests.kit.clinic import set_credentials, set_session
from tests.kit.database import insert, query
from tests.kit.neo import open_session
from tests.kit.plain_login import PlainLogin
from tests.kit.settings import process_environment
from tests.kit.worked_clinic import WorkedClinic

VISITS = 4
CONFIGURATION = "/appointments/getAppointmentView"
CALENDAR = "/appointments/getCalendarEventData"

NewCompany = Callable[..., Company]


@pytest.fixture
def new_company(simulator: Simulator) -> Iterator[NewCompany]:
    """Companies of the simulator; their ids of everything recur in all of them."""
    with ExitStack() as stack:

        def made(**more: Any) -> Company:
            company = simulator.create_company(generate=False, **more)
            stack.callback(company.remove)
            return company

        yield made


@pytest.fixture
def clinic(
    conn: Connection[tuple[Any, ...]],
    database: str,
    new_company: NewCompany,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[WorkedClinic]:
    """A clinic whose company is known, with four visits today."""
    neo = new_company()
    with process_environment(monkeypatch, database, neo.base_url):
        clinic = WorkedClinic(conn, neo, login=PlainLogin(neo.base_url))
        book(clinic, neo, 3)
        assert clinic.work()["status"] == "succeeded"
        assert len(clinic.rows()) == VISITS
        yield clinic
        clinic.dependencies.forget()


def book(clinic: WorkedClinic, company: Company, room: int, first_hour: int = 9) -> None:
    for n in range(VISITS):
        company.book(f"{clinic.today()} {first_hour + n:02}:00", room=room, patient=f"PET {n}")


def stored(clinic: WorkedClinic) -> tuple[Any, ...]:
    """Rows, slots, cases and what is remembered of records."""
    tables = (
        "public.schedule_appointments",
        "public.schedule_slots",
        "public.cases",
        "idexx_sync.records",
        "public.schedule_syncs",
    )
    return tuple(
        query(clinic.conn, f"SELECT to_jsonb(t) AS row FROM {table} t ORDER BY to_jsonb(t)::text")
        for table in tables
    )


def settings(clinic: WorkedClinic) -> dict[str, Any]:
    (row,) = query(clinic.conn, "SELECT * FROM idexx_sync.clinic_settings")
    return row


def sessions(clinic: WorkedClinic) -> int:
    return len(query(clinic.conn, "SELECT FROM idexx_sync.sessions"))


def has_session_of(clinic: WorkedClinic, company: Company) -> None:
    """A session of that company stands where a login of the clinic would have put its own."""
    session = open_session(company, clinic.conn.execute("SELECT now()").fetchone()[0])  # type: ignore[index]
    set_session(clinic.conn, clinic.clinic_id, session, session.logged_in_at)


def cases_worker(clinic: WorkedClinic) -> WorkerHandler:
    return sync_worker(CaseSync(), clinic.dependencies)


def refused(clinic: WorkedClinic) -> str:
    """The message of the newest job, which another company has ended for good."""
    job = clinic.newest_job()
    assert (job["status"], job["error_kind"]) == ("failed", "implausible_data")
    assert job["error_message"].startswith("other_company: ")
    return str(job["error_message"])


def test_r08_a_session_of_another_company_writes_and_removes_nothing(
    clinic: WorkedClinic, new_company: NewCompany
) -> None:
    other = new_company()
    book(clinic, other, 3, first_hour=14)
    before = stored(clinic)

    for _ in range(3):
        has_session_of(clinic, other)
        assert clinic.work()["status"] == "failed"
        refused(clinic)
        assert stored(clinic) == before
        assert sessions(clinic) == 0

    asked = {request["path"] for request in other.requests()}
    assert asked == {CONFIGURATION}, "more was asked for than whose the session is"
    assert len(clinic.neo.logins()) == 1


def test_r08_the_next_login_finds_the_clinics_own_company_again(
    clinic: WorkedClinic, new_company: NewCompany
) -> None:
    has_session_of(clinic, new_company())
    clinic.work()
    assert settings(clinic)["identity_refused"] is not None
    clinic.neo.book(f"{clinic.today()} 14:00")

    assert clinic.work()["status"] == "succeeded"
    assert len(clinic.rows()) == VISITS + 1
    assert settings(clinic)["identity_refused"] is None


def test_r08_a_login_that_leads_elsewhere_is_not_repeated_at_once(
    clinic: WorkedClinic, new_company: NewCompany
) -> None:
    other = new_company()
    book(clinic, other, 3, first_hour=14)
    before = stored(clinic)
    clinic.neo.expire_sessions()
    clinic.neo.set_knob("session_of_company", other.company_id)

    for _ in range(3):
        clinic.work()
        said = refused(clinic)
        assert stored(clinic) == before
    assert len(clinic.neo.logins()) == 2, "a login followed at once"
    assert "of 3 rooms" in said
    assert "PET" not in said

    clinic.neo.set_knob("session_of_company", None)
    clinic.set_credentials()
    assert clinic.work()["status"] == "succeeded"


def test_r08_a_login_in_the_middle_of_a_run_is_compared_before_it_is_asked(
    clinic: WorkedClinic, new_company: NewCompany
) -> None:
    other = new_company()
    book(clinic, other, 3, first_hour=14)
    before = stored(clinic)
    first, last = clinic.today(), clinic.today() + timedelta(days=20)  # in two requests
    clinic.neo.set_knob("session_of_company", other.company_id)
    clinic.neo.fault("expire_session", path="getCalendarEventData", nth=2)
    clinic.neo.clear_requests()

    clinic.work(first_day=str(first), last_day=str(last))

    refused(clinic)
    assert stored(clinic) == before
    paths = [request["path"] for request in clinic.neo.requests()]
    assert paths[-1] == CONFIGURATION
    assert paths.count(CALENDAR) == 2


def test_r08_without_stored_rows_the_company_is_known_all_the_same(
    conn: Connection[tuple[Any, ...]],
    database: str,
    new_company: NewCompany,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    neo, other = new_company(), new_company()
    with process_environment(monkeypatch, database, neo.base_url):
        clinic = WorkedClinic(conn, neo, login=PlainLogin(neo.base_url))
        assert clinic.work()["status"] == "succeeded"
        book(clinic, other, 3)
        has_session_of(clinic, other)

        clinic.work()

        refused(clinic)
        assert clinic.rows() == []
        clinic.dependencies.forget()


def test_r08_the_case_sync_compares_too(clinic: WorkedClinic, new_company: NewCompany) -> None:
    other = new_company()
    book(clinic, other, 3, first_hour=14)
    work = cases_worker(clinic)
    event = {"v": 1, "clinic_id": str(clinic.clinic_id), "trigger": "api", "params": {}}
    before = stored(clinic)
    has_session_of(clinic, other)

    assert work(event, None)["status"] == "failed"
    refused(clinic)
    assert stored(clinic) == before

    assert work(event, None)["result"]["warnings"] == {"clinic_without_acting_user": 1}
    assert len(query(clinic.conn, "SELECT FROM public.cases")) == VISITS


def test_r08_a_record_of_another_branch_ends_the_run(clinic: WorkedClinic) -> None:
    visit = clinic.rows()[0]["neo_appointment_id"]
    clinic.neo.confirm_arrival(visit)
    clinic.neo.start_consultation(visit)
    work = cases_worker(clinic)
    event = {"v": 1, "clinic_id": str(clinic.clinic_id), "trigger": "api", "params": {}}
    assert work(event, None)["result"]["warnings"] == {"clinic_without_acting_user": 1}
    assert settings(clinic)["identity"]["branches"] == ["1"]
    known = settings(clinic)["identity"] | {"branches": ["2"]}
    clinic.conn.execute("UPDATE idexx_sync.clinic_settings SET identity = %s", (json.dumps(known),))
    clinic.conn.execute("DELETE FROM idexx_sync.records WHERE kind = 'consultation'")

    work(event, None)

    assert "another branch" in refused(clinic)
    assert query(clinic.conn, "SELECT FROM idexx_sync.records WHERE kind = 'consultation'") == []


def test_r08_another_branch_of_the_company_is_not_the_clinics(
    clinic: WorkedClinic, new_company: NewCompany
) -> None:
    harbour = new_company(variant=int(clinic.neo.company_id), branch=2)
    book(clinic, harbour, 23)
    before = stored(clinic)
    clinic.neo.expire_sessions()
    clinic.neo.set_knob("session_of_company", harbour.company_id)

    clinic.work()

    assert "of 3 rooms 0 are the same" in refused(clinic)
    assert stored(clinic) == before


def test_r08_credentials_of_another_company_are_found_out(
    clinic: WorkedClinic, new_company: NewCompany
) -> None:
    """Even if all that the other company shows is the same."""
    other = new_company(variant=int(clinic.neo.company_id))
    book(clinic, other, 3, first_hour=14)
    before = stored(clinic)
    set_credentials(clinic.conn, clinic.clinic_id, other)

    clinic.work()

    assert "the company id at the login is another one" in refused(clinic)
    assert stored(clinic) == before


def test_r08_what_a_company_changes_is_learned(clinic: WorkedClinic) -> None:
    known = settings(clinic)
    changed = {**known["identity"], "rooms": {"3": "ROOM X", "9": "Gone"}}
    clinic.conn.execute(
        "UPDATE idexx_sync.clinic_settings SET identity = %s", (json.dumps(changed),)
    )
    clinic.neo.expire_sessions()

    assert clinic.work()["status"] == "succeeded"
    now = settings(clinic)
    assert (now["identity"], now["identity_version"]) == (known["identity"], 1)


def test_r08_what_a_person_accepts_is_the_clinics_company_from_then_on(
    clinic: WorkedClinic, new_company: NewCompany
) -> None:
    harbour = new_company(variant=int(clinic.neo.company_id), branch=2, id_base=700101)
    book(clinic, harbour, 23)
    clinic.neo.expire_sessions()
    clinic.neo.set_knob("session_of_company", harbour.company_id)
    clinic.work()
    refused(clinic)

    status = read_clinic_status(clinic.conn, clinic.clinic_id)
    assert [need.what.partition(":")[0] for need in status.needs if need.blocks] == [
        "other_company"
    ]
    seen_at = settings(clinic)["identity_refused_at"]
    assert not accept_identity(clinic.conn, clinic.clinic_id, seen_at - timedelta(seconds=1))
    assert accept_identity(clinic.conn, clinic.clinic_id, seen_at)

    assert [n for n in read_clinic_status(clinic.conn, clinic.clinic_id).needs if n.blocks] == []
    assert clinic.work()["status"] != "failed"
    assert {row["room_id"] for row in clinic.rows()} == {"3", "23"}
    assert clinic.work()["status"] != "failed"
    assert settings(clinic)["identity_version"] == 2


def test_r08_what_is_accepted_ends_the_sessions_compared_before(
    clinic: WorkedClinic, new_company: NewCompany
) -> None:
    """A run that was under way stores its session once more; it is compared like a strange one."""
    before = query(clinic.conn, "SELECT * FROM idexx_sync.sessions")[0]
    other = new_company()
    has_session_of(clinic, other)
    clinic.work()
    assert accept_identity(clinic.conn, clinic.clinic_id, settings(clinic)["identity_refused_at"])
    assert sessions(clinic) == 0
    insert(clinic.conn, "idexx_sync.sessions", before)

    clinic.work()

    refused(clinic)


def test_r08_a_quiet_run_asks_for_the_calendar_only(clinic: WorkedClinic) -> None:
    clinic.neo.clear_requests()

    assert clinic.work()["status"] == "succeeded"
    assert [request["path"] for request in clinic.neo.requests()] == [CALENDAR]


def test_r08_no_person_of_the_company_is_stored(clinic: WorkedClinic) -> None:
    with httpx.Client(base_url=clinic.neo.base_url, cookies=clinic.neo.open_session()) as client:
        shown = client.get(CONFIGURATION).json()
    text = json.dumps(settings(clinic), default=str)
    names = [provider["name"] for provider in shown["providers"]]

    assert names
    assert not [name for name in names if name in text]
    assert clinic.neo.company_id not in settings(clinic)["identity"]["company"].split(":")
