"""Reading a simulated Neo over real HTTP: sessions that end, answers that are wrong, politeness."""

import subprocess
import sys
import textwrap
from collections import Counter
from datetime import date
from typing import Any

import pytest

from idexx_sync.core import errors
from idexx_sync.core.errors import ShapeChanged, SyncError
from idexx_sync.pims.neo.http.probe import CONFIGURATION
from idexx_sync.pims.neo.provider import APPOINTMENT, CALENDAR
from idexx_sync.pims.protocol import NOT_ASKED, Consultation, Found, Gone, Room, Unknown, Window
from tests.kit.neo import AGENT, WEEK, Clinic
from tests.kit.neo_faults import (
    ENVELOPES,
    EXPIRED_ANSWERS,
    GARBLED,
    ODD_TEXT,
    STRANGE,
)


def test_a_calendar_is_read_as_it_is(clinic: Clinic) -> None:
    visit = clinic.company.book("2026-05-04 09:00", owner_last="O'Hara & Söhne")
    block = clinic.company.book_block("2026-05-05 12:00", "2026-05-05 13:00")
    clinic.company.book("2026-05-11 09:00")
    clinic.has_session()

    with clinic.opened() as neo:
        snapshot = neo.schedule(WEEK)

    assert [(one.id, one.kind, one.start) for one in snapshot.records] == [
        (visit, "visit", "2026-05-04 09:00:00"),
        (block, "block", "2026-05-05 12:00:00"),
    ]
    assert snapshot.records[0].client_name == "Robin O'Hara & Söhne"
    assert (snapshot.unreadable, snapshot.unknown_fields, snapshot.complete) == ([], {}, True)
    assert snapshot.read_at.tzinfo is not None
    (request,) = clinic.company.requests()
    assert request["query"] == "start=2026-05-04 00:00:00&end=2026-05-10 23:59:59"


def test_everything_the_simulator_calls_ugly_is_readable(simulator: Any, clinic: Clinic) -> None:
    ugly = simulator.create_company(seed=7, days=("2026-05-04", "2026-05-17"), ugly=True)
    clinic = Clinic(ugly, clinic.chromium_path)
    clinic.has_session()
    with clinic.opened() as neo:
        snapshot = neo.schedule(Window(date(2026, 5, 4), date(2026, 5, 17)))
    ugly.remove()

    assert len(snapshot.records) > 100
    assert (list(snapshot.unreadable), snapshot.unknown_fields) == ([], {})


def test_an_expired_session_is_renewed_by_one_login(clinic: Clinic) -> None:
    visit = clinic.company.book("2026-05-04 09:00")
    clinic.has_session()
    clinic.company.expire_sessions()

    with clinic.opened() as neo:
        assert [one.id for one in neo.schedule(WEEK).records] == [visit]
        assert neo.logged_in
    assert clinic.login_store.outcomes == ["ok"]


@pytest.mark.parametrize("answer", EXPIRED_ANSWERS)
def test_whatever_an_expired_session_gets_one_login_follows(
    quick_clinic: Clinic, answer: str
) -> None:
    visit = quick_clinic.company.book("2026-05-04 09:00")
    quick_clinic.company.set_knob("expired_answer", answer)
    quick_clinic.has_session()
    quick_clinic.company.expire_sessions()

    with quick_clinic.opened() as neo:
        assert neo.configuration().slot_minutes == 15
        assert [one.id for one in neo.schedule(WEEK).records] == [visit]
    assert quick_clinic.login_store.outcomes == ["ok"]


@pytest.mark.parametrize(("envelope", "logins"), [("failed_empty", 1), ("failed_with_events", 0)])
def test_r01_an_answer_that_failed_and_shows_nothing_is_asked_for_once_more_after_a_login(
    quick_clinic: Clinic, envelope: str, logins: int
) -> None:
    for hour in (9, 10):
        quick_clinic.company.book(f"2026-05-04 {hour:02}:00")
    quick_clinic.company.set_knob("envelope", envelope)
    quick_clinic.has_session()

    with quick_clinic.opened() as neo:
        snapshot = neo.schedule(WEEK)

    assert (snapshot.is_whole, snapshot.complete) == (False, False)
    assert quick_clinic.login_store.outcomes == ["ok"] * logins


@pytest.mark.parametrize(
    "answer", [one for one in EXPIRED_ANSWERS if one not in ("200_json", "404")]
)
def test_r06_a_session_may_end_in_the_middle_of_a_run(quick_clinic: Clinic, answer: str) -> None:
    ids = [quick_clinic.company.book(f"2026-05-04 {hour:02}:00") for hour in range(8, 18)]
    quick_clinic.company.set_knob("expired_answer", answer)
    quick_clinic.company.fault("expire_session", path="getAppointment$", nth=4)
    quick_clinic.has_session()

    with quick_clinic.opened() as neo:
        neo.schedule(WEEK)
        found = neo.appointments(ids)
    assert [(one, type(lookup)) for one, lookup in found.items()] == [(one, Found) for one in ids]
    assert quick_clinic.login_store.outcomes == ["ok"]


def test_forty_look_ups_that_are_all_refused_cause_one_login(quick_clinic: Clinic) -> None:
    ids = [
        quick_clinic.company.book(f"2026-05-04 {8 + n // 4:02}:{n % 4 * 15:02}") for n in range(40)
    ]
    quick_clinic.has_session()
    quick_clinic.company.expire_sessions()

    limits = {"neo_connections": 40, "neo_requests_per_second": 200}
    with quick_clinic.opened(limits=limits) as neo:
        found = neo.appointments(ids)
    assert Counter(type(lookup) for lookup in found.values()) == {Found: 40}
    assert [login["outcome"] for login in quick_clinic.company.logins()] == ["ok"]


@pytest.mark.parametrize(("action", "code"), STRANGE, ids=str)
def test_what_was_not_asked_for_is_what_it_says_after_one_login(
    quick_clinic: Clinic, action: Any, code: str
) -> None:
    quick_clinic.company.fault(action, path="getCalendarEventData")
    quick_clinic.has_session()

    with quick_clinic.opened() as neo:
        for _ in range(2):
            with pytest.raises(ShapeChanged) as caught:
                neo.schedule(WEEK)
            assert caught.value.code == code
    assert quick_clinic.login_store.outcomes == ["ok"]
    assert len(quick_clinic.asked(CALENDAR)) == 2 + 1
    assert quick_clinic.login_store.stored is not None


@pytest.mark.parametrize("action", GARBLED)
def test_json_that_cant_be_read_is_tried_again_and_no_word_on_the_session(
    quick_clinic: Clinic, action: str
) -> None:
    visit = quick_clinic.company.book("2026-05-04 09:00")
    quick_clinic.company.fault(action, path="getCalendarEventData", times=2)
    session = quick_clinic.has_session()

    with quick_clinic.opened(sleep=lambda _: None) as neo:
        assert [one.id for one in neo.schedule(WEEK).records] == [visit]
        quick_clinic.company.fault(action, path="getCalendarEventData")
        with pytest.raises(ShapeChanged) as caught:
            neo.schedule(WEEK)
    assert caught.value.code == "not_json_body"
    assert len(quick_clinic.asked(CALENDAR)) == 3 + 3
    assert (quick_clinic.login_store.logins, quick_clinic.login_store.stored) == (0, session)


@pytest.mark.parametrize("action", ODD_TEXT)
def test_no_text_makes_a_record_unreadable(quick_clinic: Clinic, action: str) -> None:
    visit = quick_clinic.company.book("2026-05-04 09:00", reason="limping")
    consultation = quick_clinic.company.start_consultation(visit)
    quick_clinic.company.edit_notes(consultation, "<p>lame</p>")
    quick_clinic.company.fault(action)
    quick_clinic.has_session()

    with quick_clinic.opened() as neo:
        (record,) = neo.schedule(WEEK).records
        ((_, read),) = neo.consultations([consultation])
        looked_up = neo.appointments([visit])[visit]
        assert len(neo.configuration().rooms) == 3
    assert (record.id, record.start) == (visit, "2026-05-04 09:00:00")
    assert record.reason is not None
    assert record.reason.replace("\ufffd", "").replace("\t", "") == "limping"
    assert isinstance(read, Consultation)
    assert isinstance(looked_up, Found)
    assert quick_clinic.login_store.logins == 0
    assert len(quick_clinic.company.requests()) == 4


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_another_envelope_is_a_changed_shape_after_one_login(
    quick_clinic: Clinic, envelope: str
) -> None:
    quick_clinic.company.set_knob("envelope", envelope)
    quick_clinic.has_session()

    with quick_clinic.opened() as neo, pytest.raises(ShapeChanged) as caught:
        neo.schedule(WEEK)
    assert caught.value.code == "calendar_envelope"
    assert quick_clinic.login_store.outcomes == ["ok"]


@pytest.mark.parametrize(
    "action",
    ["500", "502_html", "503", "504", "429", "429_retry_after", "drop", "reset", "truncate"],
)
def test_two_failures_in_a_row_are_survived(clinic: Clinic, action: str) -> None:
    visit = clinic.company.book("2026-05-04 09:00")
    clinic.company.fault(action, path="getCalendarEventData", times=2)
    clinic.has_session()
    slept: list[float] = []

    with clinic.opened(sleep=slept.append) as neo:
        assert [one.id for one in neo.schedule(WEEK).records] == [visit]
    assert len(clinic.asked(CALENDAR)) == 3
    assert len(slept) == 2
    assert clinic.login_store.logins == 0


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("500", errors.PimsUnavailable),
        ("429", errors.Throttled),
        ("reset", errors.PimsUnavailable),
        ({"kind": "truncate", "at_byte": 0}, errors.PimsUnavailable),
        ({"kind": "delay", "ms": 1500}, errors.PimsSlow),
    ],
    ids=str,
)
def test_three_failures_end_the_run_for_now(
    clinic: Clinic, action: Any, kind: type[SyncError]
) -> None:
    clinic.company.fault(action, path="getCalendarEventData")
    clinic.has_session()

    limits = {"neo_timeout_seconds": 0.3}
    with clinic.opened(limits=limits, sleep=lambda _: None) as neo, pytest.raises(kind):
        neo.schedule(WEEK)
    assert len(clinic.asked(CALENDAR)) == 3
    assert clinic.login_store.stored is not None


def test_a_neo_that_refuses_connections_is_unavailable(clinic: Clinic) -> None:
    clinic.has_session()
    clinic.company.set_knob("refuse_connections", True)

    with clinic.opened(sleep=lambda _: None) as neo, pytest.raises(errors.PimsUnavailable):
        neo.schedule(WEEK)
    assert clinic.login_store.logins == 0


def test_an_unknown_path_is_a_changed_shape_after_one_login(quick_clinic: Clinic) -> None:
    quick_clinic.company.fault({"kind": "status", "status": 404}, path="getAppointmentView")
    quick_clinic.has_session()

    with quick_clinic.opened() as neo, pytest.raises(ShapeChanged) as caught:
        neo.configuration()
    assert caught.value.code == "status_404"
    assert quick_clinic.login_store.outcomes == ["ok"]


@pytest.mark.parametrize("unknown", ["404_json", "404_html", "200_without_appointment", "200_null"])
def test_r06_each_id_has_its_proof(clinic: Clinic, unknown: str) -> None:
    clinic.company.set_knob("unknown_appointment", unknown)
    alive = clinic.company.book("2026-05-04 09:00", room=3)
    deleted = clinic.company.book("2026-05-04 10:00")
    cancelled = clinic.company.book("2026-05-04 11:00")
    block = clinic.company.book_block("2026-05-05 12:00", "2026-05-05 13:00")
    clinic.company.delete(deleted)
    clinic.company.cancel(cancelled)
    clinic.has_session()

    with clinic.opened() as neo:
        found = neo.appointments([alive, deleted, "999999", cancelled, block, alive])

    def facts(one: str) -> tuple[str, bool, bool]:
        lookup = found[one]
        assert isinstance(lookup, Found)
        return lookup.kind, lookup.deleted, lookup.cancelled

    assert list(found) == [alive, deleted, "999999", cancelled, block]
    assert facts(alive) == ("visit", False, False)
    assert facts(deleted)[1:] == (True, False)
    assert facts(cancelled)[1:] == (False, True)
    assert facts(block) == ("block", False, False)
    assert found["999999"] == Gone()


@pytest.mark.parametrize(
    ("action", "times", "code"),
    [
        ("html", 1, "not_json_type"),
        ({"kind": "status", "status": 410}, 1, "status_410"),
        ("stray_byte", 3, "not_json_body"),
    ],
)
def test_r06_look_ups_that_fail_prove_nothing(
    clinic: Clinic, action: Any, times: int, code: str
) -> None:
    ids = [clinic.company.book(f"2026-05-04 {hour:02}:00") for hour in range(8, 18)]
    clinic.company.fault(action, path="getAppointment$", nth=1, times=times)
    clinic.has_session()

    with clinic.opened(limits={"neo_connections": 1}, sleep=lambda _: None) as neo:
        found = neo.appointments(ids)
    assert found[ids[0]] == Unknown(code)
    assert all(isinstance(found[one], Found) for one in ids[1:])
    assert clinic.login_store.logins == 0


def test_r06_a_neo_that_goes_down_leaves_the_rest_unknown(clinic: Clinic) -> None:
    ids = [clinic.company.book(f"2026-05-04 {hour:02}:00") for hour in range(8, 18)]
    clinic.company.fault("503", path="getAppointment$", nth=4, times=99)
    clinic.has_session()

    with clinic.opened(limits={"neo_connections": 1}, sleep=lambda _: None) as neo:
        found = neo.appointments(ids)
    assert [isinstance(one, Found) for one in found.values()] == [True] * 3 + [False] * 7
    assert list(found.values())[3:] == [Unknown("pims_unavailable"), *[Unknown(NOT_ASKED)] * 6]
    assert len(clinic.asked(APPOINTMENT)) == 6


def test_a_long_window_is_asked_for_in_fortnights(clinic: Clinic) -> None:
    visits = [clinic.company.book(f"2026-05-{day:02} 09:00") for day in (4, 17, 18, 31)]
    clinic.has_session()
    seen: list[tuple[str, int, int]] = []

    with clinic.opened(on_progress=lambda *step: seen.append(step)) as neo:
        snapshot = neo.schedule(Window(date(2026, 5, 4), date(2026, 6, 4)))
    assert [one.id for one in snapshot.records] == visits
    assert len(clinic.asked(CALENDAR)) == 3
    assert seen == [("calendar", done, 3) for done in range(4)]


def test_a_login_that_is_needed_first_is_told_before_the_reading(clinic: Clinic) -> None:
    clinic.company.set_password("another-one")
    seen: list[tuple[str, int, int]] = []

    with (
        clinic.opened(on_progress=lambda *step: seen.append(step)) as neo,
        pytest.raises(SyncError),
    ):
        neo.schedule(Window(date(2026, 5, 4), date(2026, 5, 4)))
    assert {step[0] for step in seen} == {"login"}


def test_the_configuration_names_the_rooms(clinic: Clinic) -> None:
    clinic.has_session()

    with clinic.opened() as neo:
        configuration = neo.configuration()
    assert configuration.slot_minutes == 15
    assert list(configuration.rooms)[:1] == [Room("3", configuration.rooms[0].name)]
    assert all(room.name for room in configuration.rooms)
    assert clinic.asked() == [CONFIGURATION]


def test_neo_is_never_pressed(clinic: Clinic) -> None:
    ids = [clinic.company.book(f"2026-05-04 {8 + n // 4:02}:{n % 4 * 15:02}") for n in range(24)]
    clinic.has_session()

    with clinic.opened() as neo:
        neo.appointments(ids)
    requests = clinic.company.requests()
    arrived = sorted(request["started"] for request in requests)
    assert len(arrived) == 24
    spans = [later - first for first, later in zip(arrived, arrived[10:], strict=False)]
    # Neo's own log may be late by what a busy machine makes it wait; the limiter's test is exact.
    assert min(spans) >= 0.9
    assert sum(span >= 1 for span in spans) >= len(spans) - 3
    assert max(request["concurrency"] for request in requests) <= 3


def test_a_warm_run_is_one_request_without_browser_or_driver(clinic: Clinic) -> None:
    clinic.company.book("2026-05-04 09:00")
    session = clinic.has_session()
    program = f"""
        import json, sys
        from datetime import UTC, date, datetime
        from pydantic import SecretStr
        from idexx_sync.pims.access import StoredSession
        from idexx_sync.pims.neo.provider import ClinicAccess, open_neo
        from idexx_sync.pims.protocol import Window
        from idexx_sync.core.settings import Settings
        from tests.kit.login_store import FakeLoginStore

        session = StoredSession({session.cookies!r}, {AGENT!r}, datetime.now(UTC), True)
        login_store = FakeLoginStore(session=session)
        unused = SecretStr("x")
        settings = Settings(DATABASE_URL=unused, local_key=unused, fingerprint_key=unused)
        access = ClinicAccess({clinic.company.base_url!r})
        with open_neo(access, login_store, settings, lambda: datetime.now(UTC)) as neo:
            snapshot = neo.schedule(Window(date(2026, 5, 4), date(2026, 5, 10)))
        print(len(snapshot.records), sorted(set(sys.modules) & {{"playwright", "greenlet"}}))
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env={"PYTHONPATH": "layers:."},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == "1 []"
    assert len(clinic.company.requests()) == 1


def test_the_browser_transport_reads_the_same(clinic: Clinic) -> None:
    ids = [clinic.company.book(f"2026-05-04 {hour:02}:00") for hour in range(8, 14)]
    clinic.has_session()
    with clinic.opened() as neo:
        plain = neo.schedule(WEEK)
    clinic.company.fault("expire_session", path="getAppointment$", nth=3)
    clinic.transport = "browser"

    with clinic.opened() as neo:
        assert neo.schedule(WEEK).records == plain.records
        assert all(isinstance(one, Found) for one in neo.appointments(ids).values())
    assert clinic.login_store.outcomes == ["ok"]
