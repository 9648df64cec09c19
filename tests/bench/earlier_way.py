"""The way an earlier service went: a login in every run, then one row after the other.

It waits for the network to fall silent, looks each row up before it writes it, and waits for each
answer of the database. Otherwise it does the same as ours: slots from the opening hours, the
calendar's appointments linked to them, and the count of what is booked.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from playwright.sync_api import Page, Playwright

from idexx_sync.database.connection import Conn
from tests.bench.bare_login import Login

OPENS, CLOSES, SLOT = time(8), time(18), timedelta(minutes=30)
STATUS = {"in progress": "in_progress", "ready to pay": "in_progress", "finalized": "finalized"}


def read(playwright: Playwright, login: Login) -> list[dict[str, Any]]:
    """Log in and take the calendar."""
    browser = playwright.chromium.launch(
        executable_path=login["chromium"], args=["--no-sandbox", "--disable-gpu"]
    )
    page = browser.new_page()
    log_in(page, login)
    events = read_calendar(page, login)
    browser.close()
    return events


def write(
    conn: Conn, clinic_id: UUID, days: Sequence[date], events: Iterable[Mapping[str, Any]]
) -> None:
    """One row after the other."""
    for day in days:
        for start, end in slots_of(day):
            save_slot(conn, clinic_id, day, start, end)
    for event in events:
        save_appointment(conn, clinic_id, event)
    for day in days:
        for start, end in slots_of(day):
            recount_slot(conn, clinic_id, day, start, end)


def log_in(page: Page, login: Login) -> None:
    page.goto(f"{login['base_url']}/login", wait_until="networkidle")
    page.wait_for_selector('input[name="username"]')
    page.fill('input[name="company_id"]', login["company_id"])
    page.fill('input[name="username"]', login["username"])
    page.fill('input[name="password"]', login["password"])
    with page.expect_navigation():
        page.click('button[type="submit"]')
    page.wait_for_load_state("networkidle")
    assert "/login" not in page.url


def read_calendar(page: Page, login: Login) -> list[dict[str, Any]]:
    """From inside the page, after the base address was opened."""
    page.goto(login["base_url"], wait_until="domcontentloaded")
    answer = page.evaluate(
        """
        async (query) => {
          const url = "/appointments/getCalendarEventData?" + new URLSearchParams(query);
          const headers = { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" };
          return (await fetch(url, { headers, credentials: "include" })).json();
        }
        """,
        login["query"],
    )
    events: list[dict[str, Any]] = answer["events"]
    return events


def slots_of(day: date) -> Iterator[tuple[time, time]]:
    """Monday to Saturday."""
    start = datetime.combine(day, OPENS)
    while day.isoweekday() != 7 and start + SLOT <= datetime.combine(day, CLOSES):
        yield start.time(), (start + SLOT).time()
        start += SLOT


def save_slot(conn: Conn, clinic_id: UUID, day: date, start: time, end: time) -> None:
    found = conn.execute(
        "SELECT id FROM schedule_slots WHERE clinic_id = %s AND date = %s AND start_time = %s",
        (clinic_id, day, start),
    ).fetchone()
    if found is None:
        conn.execute(
            "INSERT INTO schedule_slots (clinic_id, date, start_time, end_time, last_synced_at) "
            "VALUES (%s, %s, %s, %s, now())",
            (clinic_id, day, start, end),
        )
    else:
        conn.execute("UPDATE schedule_slots SET last_synced_at = now() WHERE id = %s", found)


def save_appointment(conn: Conn, clinic_id: UUID, event: Mapping[str, Any]) -> None:
    found = conn.execute(
        "SELECT id FROM schedule_appointments "
        "WHERE clinic_id = %s AND neo_appointment_id = %s AND deleted_at IS NULL",
        (clinic_id, str(event["appointment_id"])),
    ).fetchone()
    start = datetime.fromisoformat(event["start"])
    slot = conn.execute(
        "SELECT id FROM schedule_slots "
        "WHERE clinic_id = %s AND date = %s AND start_time <= %s AND end_time > %s",
        (clinic_id, start.date(), start.time(), start.time()),
    ).fetchone()
    values = (
        slot[0] if slot else None,
        start.date(),
        start.time(),
        datetime.fromisoformat(event["end"]).time(),
        event["patient_name"],
        f"{event['first_name']} {event['last_name']}",
        event["phone_number"],
        event["provider"],
        str(event["resourceId"]),
        event["type_description"],
        STATUS.get(str(event["current_status"]).lower(), "scheduled"),
    )
    if found is None:
        conn.execute(
            "INSERT INTO schedule_appointments (slot_id, date, start_time, end_time, "
            "patient_name, client_name, client_phone, provider_name, room_id, appointment_type, "
            "status, last_synced_at, clinic_id, neo_appointment_id) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, now(), %s, %s)",
            (*values, clinic_id, str(event["appointment_id"])),
        )
    else:
        conn.execute(
            "UPDATE schedule_appointments SET slot_id = %s, date = %s, start_time = %s, "
            "end_time = %s, patient_name = %s, client_name = %s, client_phone = %s, "
            "provider_name = %s, room_id = %s, appointment_type = %s, status = %s, "
            "last_synced_at = now() WHERE id = %s",
            (*values, found[0]),
        )


def recount_slot(conn: Conn, clinic_id: UUID, day: date, start: time, end: time) -> None:
    counted = conn.execute(
        "SELECT count(*) FROM schedule_appointments "
        "WHERE clinic_id = %s AND date = %s AND start_time < %s AND end_time > %s "
        "AND deleted_at IS NULL AND status NOT IN ('cancelled', 'no_show')",
        (clinic_id, day, end, start),
    ).fetchone()
    assert counted is not None
    conn.execute(
        "UPDATE schedule_slots SET booked_count = %s "
        "WHERE clinic_id = %s AND date = %s AND start_time = %s",
        (counted[0], clinic_id, day, start),
    )
