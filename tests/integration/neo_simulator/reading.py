"""Short ways to ask the simulated Neo."""

from typing import Any

import httpx

CALENDAR = "/appointments/getCalendarEventData"


def ask_calendar(
    reader: httpx.Client, first: str = "2026-05-04", last: str = "2026-05-10"
) -> httpx.Response:
    """The answer for whole days, both included."""
    window = {"start": f"{first} 00:00:00", "end": f"{last} 23:59:59"}
    return reader.get(CALENDAR, params=window)


def events(reader: httpx.Client, first: str = "2026-05-04", last: str = "2026-05-10") -> Any:
    answer = ask_calendar(reader, first, last)
    assert answer.status_code == 200
    return answer.json()["events"]


def ids(reader: httpx.Client, **window: str) -> list[str]:
    return [event["id"] for event in events(reader, **window)]


def look_up(reader: httpx.Client, visit_id: str) -> Any:
    answer = reader.get("/appointments/getAppointment", params={"id": visit_id})
    assert answer.status_code == 200
    return answer.json()["appointment"]


def page_data(reader: httpx.Client, consultation_id: str) -> Any:
    answer = reader.get(f"/consultations/{consultation_id}/page-data")
    assert answer.status_code == 200
    return answer.json()
