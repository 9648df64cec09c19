"""The digest of each time zone's morning: made once, of that zone's clinics, as they are then."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args
from uuid import UUID

import pytest

from idexx_sync.alerts.slack.digest_post import MOST_NAMED, digest
from idexx_sync.alerts.slack.post import MOST_BLOCKS
from idexx_sync.core.vocabulary import Freshness
from idexx_sync.database.connection import Conn
from idexx_sync.upkeep.mornings import WORST_FIRST, tell_mornings
from tests.kit.business_time import set_business_time
from tests.kit.clinic import add_clinic
from tests.kit.database import query
from tests.kit.rows import add_credentials, add_discrepancy, add_hold, add_job, pause
from tests.kit.told import in_slack

WEST, EAST, PHOENIX = "America/Los_Angeles", "America/New_York", "America/Phoenix"
DAY = date(2026, 5, 4)
AT_SEVEN = datetime(2026, 5, 4, 14, 0, tzinfo=UTC)
"""In Los Angeles."""


def named(conn: Conn, name: str, zone: str | None = WEST, *, ready: bool = True) -> UUID:
    clinic_id = add_clinic(conn, zone=zone)
    conn.execute("UPDATE public.clinics SET name = %s WHERE id = %s", (name, clinic_id))
    if ready:
        add_credentials(conn, clinic_id)
        for sync in ("inbound", "cases", "reconciliation"):
            add_job(conn, clinic_id, AT_SEVEN - timedelta(minutes=5), sync=sync)
    return clinic_id


def makes(conn: Conn, at: datetime) -> list[dict[str, Any]]:
    set_business_time(conn, at)
    tell_mornings(conn, lambda: 40.0)
    return query(conn, "SELECT zone, day, reader, told FROM idexx_sync.messages ORDER BY made_at")


def test_it_names_who_is_ready_and_who_is_not_and_what_waits(conn: Conn) -> None:
    ready = named(conn, "Alpha")
    waiting = named(conn, "Beta", ready=False)
    named(conn, "Gamma", EAST)
    add_hold(conn, ready, "times_shifted")
    add_discrepancy(conn, ready)
    ticks: dict[str, Any] = {"started_at": None}
    for hours in (1, 2):
        due = AT_SEVEN - timedelta(hours=hours)
        add_job(conn, waiting, due, "missed", scheduled_time=due, **ticks)

    made = makes(conn, AT_SEVEN)

    west = next(one for one in made if one["zone"] == WEST)
    assert (west["day"], west["reader"]) == (DAY, "clinic_care")
    assert west["told"]["ready"] == ["Alpha"]
    assert [one["name"] for one in west["told"]["not_ready"]] == ["Beta"]
    assert (west["told"]["holds"], west["told"]["discrepancies"]) == (1, 1)
    assert (west["told"]["missed"], west["told"]["made_up"]) == (2, 0)


@pytest.mark.parametrize(
    ("zone", "utc", "is_told"),
    [
        (WEST, "2026-05-04T13:29", False),
        (WEST, "2026-05-04T13:30", True),
        (WEST, "2026-05-04T18:59", True),
        (WEST, "2026-05-04T19:00", False),
        (EAST, "2026-05-04T10:30", True),
        (PHOENIX, "2026-05-04T13:30", True),
        (WEST, "2026-11-01T14:30", True),  # the night in which clocks are put back
        (WEST, "2026-11-01T14:29", False),
    ],
)
def test_it_is_made_in_the_morning_of_its_zone(
    conn: Conn, zone: str, utc: str, is_told: bool
) -> None:
    named(conn, "Alpha", zone)

    made = makes(conn, datetime.fromisoformat(utc).replace(tzinfo=UTC))

    assert [one["zone"] for one in made] == ([zone] if is_told else [])


def test_once_a_day_and_again_on_the_next_one(conn: Conn) -> None:
    named(conn, "Alpha")

    for minutes in (0, 1, 90):
        makes(conn, AT_SEVEN + timedelta(minutes=minutes))
    made = makes(conn, AT_SEVEN + timedelta(days=1))

    assert [one["day"] for one in made] == [DAY, DAY + timedelta(days=1)]


def test_what_odis_calls_no_zone_is_los_angeles_and_told_with_it(conn: Conn) -> None:
    named(conn, "Alpha")
    named(conn, "Beta", None)
    named(conn, "Gamma", "Mars/Olympus")

    (made,) = makes(conn, AT_SEVEN)

    told = made["told"]
    assert {*told["ready"], *(one["name"] for one in told["not_ready"])} == {
        "Alpha",
        "Beta",
        "Gamma",
    }


def test_clinics_that_are_not_synced_are_not_in_it_and_paused_ones_say_so(conn: Conn) -> None:
    off = named(conn, "Off")
    conn.execute("UPDATE idexx_sync.clinic_settings SET stage = 'off' WHERE clinic_id = %s", (off,))
    pause(conn, named(conn, "Paused"))

    (made,) = makes(conn, AT_SEVEN)

    assert made["told"]["ready"] == []
    assert [(one["name"], one["freshness"]) for one in made["told"]["not_ready"]] == [
        ("Paused", "paused")
    ]


def test_a_fleet_in_one_zone_fits_into_one_message() -> None:
    told = {
        "ready": [f"Clinic {n}" for n in range(700)],
        "not_ready": [
            {"id": str(UUID(int=n)), "name": f"<Clinic> {n}", "freshness": "stale"}
            for n in range(300)
        ],
        "holds": 1,
        "discrepancies": 0,
        "missed": 3,
        "made_up": 2,
    }

    post = digest(WEST, DAY, told)

    assert post.text == "America/Los_Angeles, Monday 2026-05-04: 700 of 1000 clinics ready"
    assert len(post.blocks) <= MOST_BLOCKS
    texts = [part["text"] for b in post.blocks for part in [b.get("text"), *b.get("elements", [])]
             if part]  # fmt: skip
    assert any(f"and {300 - MOST_NAMED} more not ready" in text for text in texts)
    assert any("1 hold waiting" in text for text in texts)
    assert any("3 ticks missed in 24 hours, 2 made up" in text for text in texts)
    assert "<Clinic>" not in "".join(texts)


def texts_of(told: dict[str, Any]) -> list[str]:
    return in_slack(digest(WEST, DAY, told)).split("\n")


def test_names_are_never_cut_and_those_that_do_not_fit_are_counted() -> None:
    ready = [f"Example Veterinary Hospital & Wellness Centre No {n:02d}" for n in range(60)]

    _, listed, more, _ = texts_of({"ready": ready})

    named = listed.removeprefix(":white_check_mark: ").split(", ")
    assert named == [one.replace("&", "&amp;") for one in ready[: len(named)]]
    assert more == f"and {60 - len(named)} more ready"


@pytest.mark.parametrize("freshness", [one for one in get_args(Freshness) if one != "on_time"])
def test_who_is_not_ready_is_told_in_a_strangers_words(freshness: str) -> None:
    one = {"id": str(UUID(int=1)), "name": "Example", "freshness": freshness}

    line = texts_of({"not_ready": [one]})[1]

    assert len(line.partition(": ")[2].split(";")[0].split()) > 3
    assert f": {freshness.replace('_', ' ')};" not in line


def test_holds_of_a_zone_are_told_apart_from_what_the_command_lists() -> None:
    assert "2 holds waiting at these clinics, listed with all others" in texts_of({"holds": 2})[-1]


@pytest.mark.parametrize("told", [{}, {"ready": "x", "not_ready": [1]}, {"holds": "many"}])
def test_a_row_that_says_something_else_still_makes_a_message(told: dict[str, Any]) -> None:
    assert digest(WEST, DAY, told).text.endswith("0 of 0 clinics ready")


def test_every_freshness_has_its_place_and_only_on_time_is_ready() -> None:
    assert set(WORST_FIRST) == set(get_args(Freshness))
    assert WORST_FIRST[-1] == "on_time"
