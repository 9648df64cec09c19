"""What time a record takes of which nothing or little could be read (rules R3, R10)."""

from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from idexx_sync.core.clinic_time import LAST_SECOND
from idexx_sync.pims.protocol import Unreadable, Window
from idexx_sync.syncs.inbound.claims import Claims, of_unreadable, of_versions
from idexx_sync.syncs.inbound.context import CalendarContext
from idexx_sync.syncs.memory import Claim
from tests.kit.records import visit
from tests.kit.settings import fingerprints_of

DAY, NEXT = date(2026, 5, 4), date(2026, 5, 5)
CONTEXT = CalendarContext(
    Window(DAY, NEXT),
    ZoneInfo("America/Los_Angeles"),
    30,
    frozenset({"3"}),
    fingerprints_of(UUID(int=1)),
)


def taken(**said: Any) -> Claims:
    return of_unreadable(Unreadable("x", "7", **{"room_id": "3", **said}), CONTEXT)


def whole(day: date, room: str | None = "3", *, fills: bool = False) -> Claim:
    return Claim(day, time(0), LAST_SECOND, room, fills)


NINE, TEN = "2026-05-04 09:00:00", "2026-05-04 10:00:00"
REST = Claim(DAY, time(9), LAST_SECOND, "3", False)
TAKEN: list[tuple[dict[str, Any], Claims]] = [
    ({}, ()),
    ({"day": DAY, "room_id": "9"}, ()),
    ({"day": DAY}, (whole(DAY),)),
    ({"day": DAY, "room_id": None}, (whole(DAY, None, fills=True),)),
    ({"day": DAY, "fills": True}, (whole(DAY, fills=True),)),
    ({"day": DAY, "last_day": NEXT}, (whole(DAY), whole(NEXT))),
    ({"day": NEXT, "instant": datetime(2026, 5, 5, 1, tzinfo=UTC)}, (whole(DAY), whole(NEXT))),
    ({"day": date.max, "instant": datetime.max.replace(tzinfo=UTC)}, (whole(date.max),)),
    ({"day": date.min, "instant": datetime.min.replace(tzinfo=UTC)}, (whole(date.min),)),
    ({"start": NINE}, (REST,)),
    ({"start": NINE, "last_day": NEXT}, (REST, whole(NEXT))),
    ({"start": NINE, "end": TEN}, (Claim(DAY, time(9), time(10), "3", False),)),
    ({"start": TEN, "end": NINE}, (Claim(DAY, time(10), LAST_SECOND, "3", False),)),
]


@pytest.mark.parametrize(("said", "claims"), TAKEN)
def test_what_cannot_be_read_takes_all_that_it_may_take(
    said: dict[str, Any], claims: Claims
) -> None:
    assert taken(**said) == claims


@pytest.mark.parametrize(
    ("said", "takes"),
    [
        ({}, True),
        ({"room_id": None}, True),
        ({"room_id": "9"}, False),
        ({"status": "Cancelled"}, False),
        ({"status": "No Show"}, False),
        ({"status": "Teleported"}, True),
    ],
)
def test_r10_a_version_takes_its_time_unless_it_frees_it_or_is_of_another_room(
    said: dict[str, Any], takes: bool
) -> None:
    assert bool(of_versions([visit(**said)], CONTEXT)) == takes
