"""The oracle of slots: which there should be, and how much of each is taken.

Nothing of the product is imported.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from psycopg import Connection
from psycopg.rows import dict_row

from oracle.question import Question, Row

FREE = ("cancelled", "no_show")


@dataclass(frozen=True)
class Taken:
    """Something that takes time of a day."""

    day: date
    start: time
    end: time
    fills: bool = False
    """It takes all there is, as a block without a room does."""

    def overlaps(self, day: date, start: time, end: time) -> bool:
        return self.day == day and self.start < end and self.end > start


def slot_differences(
    conn: Connection[Any],
    question: Question,
    clinic: Row,
    expected: Mapping[str, Row],
    reaching: Mapping[str, Row],
    live: Mapping[str, Row],
    state: dict[str, Any],
) -> list[str]:
    """What is wrong with the slots of the window, from the clinic's today to its horizon, and with
    those that lie behind both, where none should be.

    What began before the window takes its time if it is stored; if only one of the two is so, that
    it is in Neo and that it is stored, it may.
    """
    now = datetime.fromisoformat(state["company"]["now"])
    first_day = max(question.first_day, now.date())
    horizon = now.date() + timedelta(days=clinic["sync_horizon_days"] - 1)
    last_day = min(question.last_day, horizon)
    with conn.cursor(row_factory=dict_row) as cur:
        blocked = cur.execute(
            "SELECT * FROM clinic_blocked_periods WHERE clinic_id = %s AND is_active",
            (question.clinic_id,),
        ).fetchall()
        held = cur.execute(
            "SELECT * FROM schedule_slots WHERE clinic_id = %s "
            "AND (date BETWEEN %s AND %s OR date > %s)",
            (question.clinic_id, first_day, last_day, max(horizon, question.last_day)),
        ).fetchall()
        bookings = cur.execute(
            "SELECT * FROM vapi_bookings WHERE clinic_id = %s AND date >= %s",
            (question.clinic_id, first_day),
        ).fetchall()
        rows = cur.execute(
            "SELECT DISTINCT neo_appointment_id AS key FROM schedule_appointments "
            "WHERE clinic_id = %s",
            (question.clinic_id,),
        ).fetchall()
    instant = now.replace(tzinfo=ZoneInfo(clinic["zone"])).astimezone(UTC)
    became_visits = {row["key"] for row in rows} | expected.keys()
    waiting = [
        row
        for row in bookings
        if _is_live(row, instant) and row["idexx_appointment_id"] not in became_visits
    ]
    known = {key: row for key, row in reaching.items() if key in live and not row["is_gone"]}
    doubtful = {key: row for key, row in reaching.items() if (key in live) == row["is_gone"]}
    taken = list(_taken({**expected, **known}, waiting))
    perhaps = list(_taken(doubtful, []))
    grid = dict(_grid(clinic, blocked, first_day, last_day))
    slots = {(row["date"], row["start_time"]): row for row in held}
    found = [f"slot {_named(key)}: is missing" for key in sorted(grid.keys() - slots.keys())]
    for key in sorted(grid.keys() & slots.keys()):
        found += _slot_faults(slots[key], grid[key], taken, perhaps)
    referred = {row["slot_id"] for row in live.values() if row["status"] not in FREE}
    referred |= {row["slot_id"] for row in waiting}
    for key in sorted(slots.keys() - grid.keys()):
        if slots[key]["id"] not in referred:
            found.append(f"slot {_named(key)}: should not be there")
        elif slots[key]["booked_count"] < slots[key]["capacity"]:
            found.append(f"slot {_named(key)}: lies outside of the hours and is not full")
    return found + _link_faults(expected, live, grid, slots)


def _grid(
    clinic: Row, blocked: list[Row], first_day: date, last_day: date
) -> Iterator[tuple[tuple[date, time], Row]]:
    """(day, start) -> end and capacity of each slot that should be offered."""
    zone = ZoneInfo(clinic["zone"])
    length = timedelta(minutes=clinic["slot_duration_minutes"])
    for number in range((last_day - first_day).days + 1):
        day = first_day + timedelta(days=number)
        hours = _hours(clinic, day)
        if hours is None:
            continue
        sunday_based = (day.weekday() + 1) % 7
        shut = [(b["start_time"], b["end_time"]) for b in blocked
                if sunday_based in b["days_of_week"]]  # fmt: skip
        shut += hours[2]
        start = datetime.combine(day, hours[0])
        while start + length <= datetime.combine(day, hours[1]):
            end = start + length
            exists = start.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
            free = all(end.time() <= since or start.time() >= until for since, until in shut)
            if free and exists.replace(tzinfo=None) == start:
                capacity = clinic["default_capacity"]
                yield (day, start.time()), {"end_time": end.time(), "capacity": capacity}
            start = end


def _hours(clinic: Row, day: date) -> tuple[time, time, list[tuple[time, time]]] | None:
    """Opening, closing and pauses of a day; None: closed."""
    sunday_based = (day.weekday() + 1) % 7
    if clinic["daily_hours"] is not None:
        entry = clinic["daily_hours"].get(str(sunday_based))
    elif clinic["business_hours"] is not None:
        entry = clinic["business_hours"].get(f"{day:%A}".lower())
    elif sunday_based in clinic["days_of_week"]:
        return clinic["open_time"], clinic["close_time"], []
    else:
        return None
    if not entry or entry.get("enabled") is False or entry.get("closed") is True:
        return None
    if not entry.get("open") or not entry.get("close"):
        return None
    lunch = [entry.get("lunch_start"), entry.get("lunch_end")]
    pauses = [(time.fromisoformat(lunch[0]), time.fromisoformat(lunch[1]))] if all(lunch) else []
    return time.fromisoformat(entry["open"]), time.fromisoformat(entry["close"]), pauses


def _taken(expected: Mapping[str, Row], bookings: list[Row]) -> Iterator[Taken]:
    """Visits and blocks as they are in Neo, and bookings that have become no visit yet."""
    for row in expected.values():
        if row["status"] in FREE:
            continue
        fills = row["appointment_type"] == "block" and row["room_id"] is None
        yield Taken(row["date"], row["start_time"], row["end_time"], fills)
        yield from _following_days(row, fills)
    for booking in bookings:
        yield Taken(booking["date"], booking["start_time"], booking["end_time"])


def _following_days(row: Row, fills: bool) -> Iterator[Taken]:
    """The days on which it goes on after the one on which it starts."""
    until: datetime = row["until"]
    for number in range(1, (until.date() - row["date"]).days + 1):
        day = row["date"] + timedelta(days=number)
        end = until.time() if day == until.date() else time.max
        if end > time():
            yield Taken(day, time(), end, fills)


def _is_live(booking: Row, now: datetime) -> bool:
    expires = booking["hold_expires_at"]
    waiting = booking["status"] == "pending" and (expires is None or expires > now)
    return booking["status"] == "confirmed" or waiting


def _slot_faults(held: Row, wanted: Row, taken: list[Taken], perhaps: list[Taken]) -> Iterator[str]:
    day, start = held["date"], held["start_time"]
    least, most = (_booked(items, day, start, wanted) for items in (taken, [*taken, *perhaps]))
    booked = held["booked_count"] if least <= held["booked_count"] <= most else least
    for name, value in {**wanted, "booked_count": booked}.items():
        if held[name] != value:
            yield f"slot {_named((day, start))}: {name} is {held[name]}, should be {value}"


def _booked(items: list[Taken], day: date, start: time, wanted: Row) -> int:
    overlapping = [item for item in items if item.overlaps(day, start, wanted["end_time"])]
    number = len(overlapping)
    return max(number, wanted["capacity"]) if any(item.fills for item in overlapping) else number


def _link_faults(
    expected: Mapping[str, Row],
    live: Mapping[str, Row],
    grid: Mapping[tuple[date, time], Row],
    slots: Mapping[tuple[date, time], Row],
) -> list[str]:
    """Each live row points at the slot that it starts in, if it takes time; else at none.

    One off the grid may be anybody's that starts in it. A slot that had begun when the grid
    changed may end earlier than the grid's of the same start.
    """
    found = []
    for key in sorted(expected.keys() & live.keys()):
        day, start = expected[key]["date"], expected[key]["start_time"]
        around = [
            slots[place]["id"]
            for place, slot in grid.items()
            if place in slots
            and place[0] == day
            and place[1] <= start < min(slot["end_time"], slots[place]["end_time"])
        ]
        points_at = live[key]["slot_id"]
        if expected[key]["status"] in FREE:
            if points_at is not None:
                found.append(f"{key}: slot_id is a slot, and it takes no time")
        elif around:
            if points_at != around[0]:
                found.append(f"{key}: slot_id is not the slot that it starts in")
        elif points_at is not None and points_at not in [
            slot["id"]
            for place, slot in slots.items()
            if place[0] == day and place[1] <= start < slot["end_time"]
        ]:
            found.append(f"{key}: slot_id is a slot that it does not start in")
    return found


def _named(key: tuple[date, time]) -> str:
    return f"{key[0]} {key[1]:%H:%M}"
