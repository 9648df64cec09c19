"""Knobs that put a calendar in doubt: odd text, odd times, versions, envelopes, a late server."""

import json
from typing import Any

import httpx
import pytest

from neo_simulator.client import Company
from neo_simulator.payloads.damage import FREE_TEXT, SELF_DESCRIBED
from tests.integration.neo_simulator.reading import ask_calendar, events, look_up

NINE = "2026-05-04 09:00:00"
HALF_PAST_NINE = "2026-05-04 09:30:00"


@pytest.fixture
def visit(clinic: Company) -> str:
    """A visit from nine to half past nine, before one that nothing happens to."""
    made = clinic.book(NINE, reason="dental cleaning")
    clinic.book("2026-05-04 15:00:00", patient="OTHER")
    return made


def broken(clinic: Company, reader: httpx.Client, record_id: str, kind: str) -> Any:
    """The named record, broken in one way."""
    clinic.set_knob("malformed_records", {"ids": [record_id], "kinds": [kind]})
    return events(reader)[0]


@pytest.mark.parametrize(
    ("kind", "start", "end"),
    [
        ("no_end", NINE, None),
        ("end_null", NINE, None),
        ("end_date_only", NINE, "2026-05-04"),
        ("end_garbage", NINE, "soon"),
        ("end_before_start", NINE, "2026-05-04 08:30:00"),
        ("start_date_only", "2026-05-04", HALF_PAST_NINE),
        ("start_fraction", "2026-05-04 09:00:00.000", HALF_PAST_NINE),
        ("start_offset", "2026-05-04T09:00:00-07:00", HALF_PAST_NINE),
        ("start_utc", "2026-05-04T16:00:00Z", HALF_PAST_NINE),
        ("no_day", "tomorrow at nine", "half past ten"),
    ],
)
def test_times_in_another_form(
    clinic: Company,
    reader: httpx.Client,
    visit: str,
    kind: str,
    start: str,
    end: str | None,
) -> None:
    shown = broken(clinic, reader, visit, kind)

    assert (shown["id"], shown["start"], shown.get("end")) == (visit, start, end)
    assert ("end" in shown) == (kind != "no_end")


@pytest.mark.parametrize(
    ("kind", "said"),
    [("no_block_flag", "absent"), ("block_flag_null", None), ("block_flag_text", "perhaps")],
)
def test_records_that_do_not_say_whether_they_are_a_block(
    clinic: Company, reader: httpx.Client, visit: str, kind: str, said: Any
) -> None:
    assert broken(clinic, reader, visit, kind).get("is_block", "absent") == said


def test_a_room_that_can_not_be_read(clinic: Company, reader: httpx.Client, visit: str) -> None:
    shown = broken(clinic, reader, visit, "room_object")

    assert shown["resourceId"] == {"value": "3"}
    assert shown["appointment_room_id"] == {"value": 3}


def test_a_reason_that_was_cut_in_an_emoji_comes_as_an_escape(
    clinic: Company, reader: httpx.Client, visit: str
) -> None:
    assert broken(clinic, reader, visit, "reason_cut")["reason"] == "dental \ud83d"
    assert rb'"dental \ud83d"' in ask_calendar(reader).content


@pytest.mark.parametrize(
    ("kind", "character"),
    [
        ("text_half_a_pair", "\ud83d"),
        ("text_nul", "\0"),
        ("text_zero_width", "\u200b"),
        ("text_bidi", "\u202e"),
        ("text_soft_hyphen", "\u00ad"),
        ("text_bom", "\ufeff"),
    ],
)
def test_a_character_in_every_free_text(
    clinic: Company, reader: httpx.Client, visit: str, kind: str, character: str
) -> None:
    whole = events(reader)[0]

    shown = broken(clinic, reader, visit, kind)

    texts = {key for key in FREE_TEXT if isinstance(whole[key], str)}
    assert {key for key in shown if character in str(shown[key])} == texts
    assert len(texts) > 10
    assert all(shown[key].replace(character, "") == whole[key] for key in texts)
    assert {k: v for k, v in shown.items() if k not in texts} == {
        k: v for k, v in whole.items() if k not in texts
    }


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("text_list", ["dental cleaning"]),
        ("text_object", {"value": "dental cleaning"}),
        ("text_number", 7),
        ("text_bool", True),
    ],
)
def test_free_text_of_another_type(
    clinic: Company, reader: httpx.Client, visit: str, kind: str, said: Any
) -> None:
    shown = broken(clinic, reader, visit, kind)

    assert shown["reason"] == said
    assert {type(shown[key]) for key in FREE_TEXT} == {type(said)}
    assert (shown["start"], shown["current_status"]) == (NINE, "Not Arrived")


def test_people_and_stamps_that_can_not_be_read(
    clinic: Company, reader: httpx.Client, visit: str
) -> None:
    shown = broken(clinic, reader, visit, "people_objects")
    assert set(shown["patient_id"]) == set(shown["client_id"]) == {"value"}

    shown = broken(clinic, reader, visit, "stamps_garbage")
    assert shown["last_updated_at"] == shown["booked_at"] == "just now"


def test_records_are_broken_by_name_each_in_its_turn(clinic: Company, reader: httpx.Client) -> None:
    visits = [clinic.book(f"2026-05-04 {hour}:00:00") for hour in (10, 11, 12)]
    clinic.set_knob(
        "malformed_records", {"ids": [visits[2], int(visits[0])], "kinds": ["no_end", "end_null"]}
    )

    shown = events(reader)

    assert ["end" in event for event in shown] == [False, True, True]
    assert [event.get("end") is None for event in shown] == [True, False, True]


@pytest.mark.parametrize(
    ("how", "changed"),
    [
        ("other_provider", {"provider", "popup_title_text"}),
        ("other_room", {"resourceId", "appointment_room_id", "appointment_room_name"}),
        ("other_start", {"start", "end"}),
        ("other_end", {"end"}),
        ("no_end", {"end"}),
        ("start_date_only", {"start"}),
    ],
)
@pytest.mark.parametrize("of", ["visit", "block"])
def test_versions_of_one_record_that_have_the_same_stamp(
    clinic: Company, reader: httpx.Client, visit: str, how: str, changed: set[str], of: str
) -> None:
    if of == "block":
        visit = clinic.book_block(NINE, "2026-05-04 10:00:00")
    clinic.set_knob("duplicate_records", {"ids": [visit], "how": how})

    first, second = [event for event in events(reader) if event["id"] == visit]

    assert {key for key in second if first.get(key) != second[key]} == changed
    assert first["last_updated_at"] == second["last_updated_at"]


def test_a_record_whose_stamp_is_left_out_comes_twice_too(
    clinic: Company, reader: httpx.Client, visit: str
) -> None:
    clinic.set_knob("missing_keys", ["last_updated_at"])
    clinic.set_knob("duplicate_records", {"ids": [visit], "how": "differing"})

    assert [event["start"] for event in events(reader)][:2] == ["2026-05-04 10:00:00", NINE]


@pytest.mark.parametrize("envelope", SELF_DESCRIBED)
def test_what_an_answer_says_of_itself(
    clinic: Company, reader: httpx.Client, visit: str, envelope: str
) -> None:
    clinic.set_knob("envelope", envelope)
    said, number = {
        "failed_empty": ({"success": False}, 0),
        "failed_with_events": ({"success": False}, 2),
        "error_with_events": ({"error": "the schedule could not be loaded completely"}, 2),
        "incomplete": ({"complete": False}, 1),
        "partial": ({"partial": True}, 1),
        "truncated": ({"truncated": True}, 1),
        "has_more": ({"hasMore": True}, 1),
        "next_page": ({"nextPage": 2}, 1),
        "total_beyond": ({"total": 2}, 1),
        "succeeded": ({"success": True}, 2),
        "unknown_keys": ({"success": True, "generatedBy": "schedule-7", "ttl": 30}, 2),
    }[envelope]

    answer = ask_calendar(reader).json()

    assert len(answer.pop("events")) == number
    assert answer == said


def test_the_block_flag_is_missing_from_a_share_of_the_records(
    clinic: Company, reader: httpx.Client, visit: str
) -> None:
    block = clinic.book_block("2026-05-04 12:00:00", "2026-05-04 13:00:00")
    clinic.set_knob("block_flag_missing", {"ids": [block]})
    assert [e["id"] for e in events(reader) if "is_block" not in e] == [block]

    clinic.set_knob("block_flag_missing", {"percent": 100})
    assert not [event for event in events(reader) if "is_block" in event]


@pytest.mark.parametrize(
    ("kind", "key", "said"),
    [
        ("text_half_a_pair", "notes", "den\ud83dtal cleaning"),
        ("text_list", "notes", ["dental cleaning"]),
        ("text_nul", "startAtLocal", NINE),
        ("start_date_only", "startAtLocal", "2026-05-04"),
        ("start_fraction", "startAtLocal", "2026-05-04 09:00:00.000"),
        ("no_start", "startAtLocal", "absent"),
        ("no_end", "endAtLocal", "absent"),
        ("no_end", "startAtLocal", NINE),
        ("no_day", "endAtLocal", "half past ten"),
    ],
)
def test_look_ups_are_broken_by_id(
    clinic: Company, reader: httpx.Client, visit: str, kind: str, key: str, said: Any
) -> None:
    clinic.set_knob("malformed_look_ups", {visit: kind})

    shown = look_up(reader, visit)

    assert (shown["id"], shown.get(key, "absent")) == (visit, said)
    assert shown["status"] == "not arrived"
    assert events(reader)[0]["start"] == NINE


def test_every_text_of_a_look_up_gets_the_character(
    clinic: Company, reader: httpx.Client, visit: str
) -> None:
    clinic.set_knob("malformed_look_ups", {visit: "text_bom"})

    shown = look_up(reader, visit)

    names = shown["patient"]["name"], shown["patient"]["client"]["lastName"]
    assert all("\ufeff" in text for text in (*names, shown["appointmentType"]["name"]))


# -- a second server -------------------------------------------------------------------------


def half_an_hour_later(clinic: Company) -> None:
    clinic.set_knob("session_idle_minutes", None)
    clinic.advance(minutes=30)


def test_a_second_server_shows_records_as_they_were(
    clinic: Company, reader: httpx.Client, visit: str
) -> None:
    block = clinic.book_block("2026-05-04 12:00:00", "2026-05-04 13:00:00")
    deleted = clinic.book("2026-05-04 16:00:00", patient="GONE")
    before = events(reader)
    half_an_hour_later(clinic)
    clinic.move(visit, "2026-05-04 14:00:00")
    clinic.delete(deleted)
    clinic.move_block(block, "2026-05-04 13:00:00", "2026-05-04 14:00:00")
    added = clinic.book("2026-05-04 17:00:00", patient="NEW")
    after = events(reader)
    assert added in {event["id"] for event in after}

    clinic.set_knob("second_server", {"minutes": 20})
    assert events(reader) == before
    assert look_up(reader, visit)["startAtLocal"] == "2026-05-04 14:00:00"

    clinic.advance(minutes=21)
    assert events(reader) == after


def test_the_second_server_answers_in_turn(
    clinic: Company, reader: httpx.Client, visit: str
) -> None:
    half_an_hour_later(clinic)
    clinic.move(visit, "2026-05-04 10:00:00")
    clinic.set_knob("second_server", {"minutes": 20, "every": 3})

    starts = [events(reader)[0]["start"][11:13] for _ in range(6)]
    assert starts == ["10", "10", "09", "10", "10", "09"]

    clinic.set_knob("second_server", {"minutes": 20, "every": 2, "look_ups": True})
    starts = [look_up(reader, visit)["startAtLocal"][11:13] for _ in range(4)]
    assert starts == ["10", "09", "10", "09"]


def test_one_occurrence_is_shown_again_by_the_second_server(
    clinic: Company, reader: httpx.Client
) -> None:
    block = clinic.book_block(NINE, "2026-05-04 10:00:00", repeat_days=["2026-05-05"])
    half_an_hour_later(clinic)
    clinic.delete_block(block, "2026-05-04")

    clinic.set_knob("second_server", {"minutes": 20})

    assert [event["start"][:10] for event in events(reader)] == ["2026-05-04", "2026-05-05"]


# -- events over several days ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("bound", "shown"), [("exclusive", []), ("spanning", ["closed", "boards"])]
)
def test_an_event_over_several_days_is_one_record(
    clinic: Company, reader: httpx.Client, bound: str, shown: list[str]
) -> None:
    closed = clinic.book_block("2026-05-04 00:00:00", "2026-05-07 00:00:00", "CLOSED")
    boards = clinic.book("2026-05-04 17:00:00", minutes=40 * 60)
    spans = [(event["id"], event["start"], event["end"]) for event in events(reader)]
    assert spans == [
        (closed, "2026-05-04 00:00:00", "2026-05-07 00:00:00"),
        (boards, "2026-05-04 17:00:00", "2026-05-06 09:00:00"),
    ]

    clinic.set_knob("end_bound", bound)

    names = {closed: "closed", boards: "boards"}
    later = events(reader, first="2026-05-06", last="2026-05-07")
    assert [names[event["id"]] for event in later] == shown


# -- what was served -------------------------------------------------------------------------


def test_calendar_answers_that_went_out_whole_are_kept(
    clinic: Company, reader: httpx.Client, visit: str
) -> None:
    first = ask_calendar(reader)
    clinic.fault("truncated_json", path="getCalendarEventData", times=1)
    ask_calendar(reader)
    clinic.set_knob("envelope", "partial")
    last = ask_calendar(reader, "2026-05-05", "2026-05-06")

    served = clinic.calendars()

    assert [one["number"] for one in served] == [1, 2]
    assert [one["start"] for one in served] == ["2026-05-04 00:00:00", "2026-05-05 00:00:00"]
    assert [one["end"] for one in served] == ["2026-05-10 23:59:59", "2026-05-06 23:59:59"]
    assert [json.loads(one["body"]) for one in served] == [first.json(), last.json()]
    assert clinic.calendars(after=1) == served[1:]


def test_only_the_last_answers_are_kept(clinic: Company, reader: httpx.Client) -> None:
    for _ in range(30):
        ask_calendar(reader)

    assert [one["number"] for one in clinic.calendars()] == list(range(7, 31))


def test_the_page_of_a_day_shows_what_goes_on_from_the_day_before(clinic: Company) -> None:
    clinic.book_block("2026-05-04 16:00:00", "2026-05-06 10:00:00", "CLOSED")

    pages = [httpx.get(f"{clinic.admin_page}?day=2026-05-0{n}").text for n in (4, 5, 6, 7)]

    assert ["CLOSED" in page for page in pages] == [True, True, True, False]
    assert "16:00–00:00" in pages[0]
    assert "all day" in pages[1]
    assert "00:00–10:00" in pages[2]


def test_records_that_went_out_whole_are_kept(
    clinic: Company, reader: httpx.Client, visit: str
) -> None:
    record = clinic.start_consultation(visit)
    path = f"/consultations/{record}/page-data"
    first = reader.get(path)
    clinic.fault("truncated_json", path="page-data", times=1)
    reader.get(path)
    reader.get("/consultations/1/page-data")  # nobody's
    clinic.edit_notes(record, "<p>CANARY.</p>")
    last = reader.get(path)

    served = clinic.records()

    assert [one["asked"] for one in served] == [record, record]
    assert [json.loads(one["body"]) for one in served] == [first.json(), last.json()]
    assert clinic.records(after=1) == served[1:]
