"""Consultations of a simulated Neo over real HTTP: each answer and each failure."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest

from idexx_sync.core.errors import CredentialsRejected, ShapeChanged
from idexx_sync.pims.neo.http.probe import CONFIGURATION
from idexx_sync.pims.protocol import (
    NOT_ASKED,
    Consultation,
    ConsultationAnswer,
    Found,
    Gone,
    Line,
    Unknown,
)
from tests.kit.neo import WEEK, Clinic

PAGE = "/page-data"


def consultations(clinic: Clinic, count: int) -> list[str]:
    """So many consultations of as many patients, begun on Monday."""
    visits = clinic.company.book_many(
        [
            {"start": f"2026-05-04 {8 + n // 4:02}:{n % 4 * 15:02}:00", "patient": f"PET {n}"}
            for n in range(count)
        ]
    )
    begun = clinic.company.operate(*(("start_consultation", {"visit_id": v}) for v in visits))
    return [str(one) for one in begun]


def asked_now(clinic: Clinic) -> int:
    return len(clinic.asked(PAGE))


@contextmanager
def threads_end() -> Iterator[None]:
    """Nobody is left who asks."""
    yield
    assert askers() == 0


def askers() -> int:
    return sum(thread.name.startswith("neo-each") for thread in threading.enumerate())


def test_r17_a_consultation_is_read_as_it_is(clinic: Clinic) -> None:
    owner = clinic.company.add_client(home_phone="555-555-0101", email="r.sample@example.com")
    tango = clinic.company.add_patient(owner, name="TANGO", born="2019-03-01", weight_kg=21.4)
    visit = clinic.company.book("2026-05-04 09:00", patient_id=tango, reason="limping")
    one = clinic.company.start_consultation(visit)
    notes = "<p>S: two days lame&nbsp;after play \U0001f436</p>" + "<p>more</p>" * 30_000
    clinic.company.edit_notes(one, notes)
    exam = clinic.company.add_line(one, "EXAM; OFFICE", quantity=0.5)
    views = clinic.company.add_line(one, "RADIOGRAPHS", declined=True, label="2 VIEWS")
    clinic.company.set_vital_signs(one, {"temperature": 38.5, "pulse": 90})
    clinic.has_session()

    with clinic.opened() as neo:
        ((asked_id, record),) = neo.consultations([one, one])
        found = neo.appointments([visit])[visit]

    assert (asked_id, record) == (
        one,
        Consultation(
            id=one,
            patient_id=tango,
            status="draft",
            day="2026-05-04",
            reason="limping",
            notes_html=notes,
            lines=[
                Line("EXAM; OFFICE", 0.5, id=exam),
                Line("RADIOGRAPHS", declined=True, label="2 VIEWS", id=views),
            ],
            vital_signs={"temperature": 38.5, "pulse": 90},
            species="Dog",
            breed="Mixed",
            sex="Neutered Male",
            born=date(2019, 3, 1),
            weight_kg=21.4,
            client_phone="555-555-0101",
            client_email="r.sample@example.com",
            branch_id="1",
            patient_name="TANGO",
            client_id=owner,
        ),
    )
    assert isinstance(found, Found)
    assert found.patient_id == tango
    assert clinic.asked(PAGE) == [f"/consultations/{one}/page-data"]


@pytest.mark.parametrize(
    ("knob", "value", "field", "expected"),
    [
        ("species_form", "object", "species", "Dog"),
        ("notes_place", "consultation", "notes_html", "<p>x</p>"),
        ("notes_place", "discharge_summary", "discharge_html", "<p>x</p>"),
        ("notes_place", "missing", "notes_html", None),
        ("notes_place", "null", "notes_html", None),
        ("client_contact", "missing", "client_phone", None),
        ("missing_keys", ["consultationLines"], "lines", None),
        ("missing_keys", ["consultationNotes", "clientBranch", "vitalSignGroup"], "lines", []),
        ("id_types", {"page.consultation.id": "string", "page.patient.id": "string"}, "lines", []),
    ],
)
def test_r17_every_shape_that_the_simulator_knows_is_read(
    clinic: Clinic, knob: str, value: Any, field: str, expected: object
) -> None:
    (one,) = consultations(clinic, 1)
    clinic.company.edit_notes(one, "<p>x</p>")
    clinic.company.set_knob(knob, value)
    clinic.has_session()

    with clinic.opened() as neo:
        ((_, record),) = neo.consultations([one])
    assert isinstance(record, Consultation)
    assert getattr(record, field) == expected


@pytest.mark.parametrize("unknown", ["404_html", "404_json", "200_without_consultation"])
def test_r17_an_unknown_id_is_gone(clinic: Clinic, unknown: str) -> None:
    (one,) = consultations(clinic, 1)
    clinic.company.set_knob("unknown_consultation", unknown)
    clinic.has_session()

    with clinic.opened() as neo:
        read = dict(neo.consultations(["999999", one]))
    assert read["999999"] == Gone()
    assert isinstance(read[one], Consultation)
    assert clinic.login_store.logins == 0


def test_r17_another_patients_page_says_so(clinic: Clinic) -> None:
    one, other = consultations(clinic, 2)
    mochi = clinic.company.state()["visits"][1]["patient_id"]
    clinic.company.set_knob("consultation_patient", {one: mochi})
    clinic.has_session()

    with clinic.opened() as neo:
        read = dict(neo.consultations([one, other]))
    assert [getattr(read[c], "patient_id", None) for c in (one, other)] == [mochi, mochi]


def test_r17_after_a_merge_visit_and_record_name_the_same_patient(clinic: Clinic) -> None:
    one, _ = consultations(clinic, 2)
    clinic.has_session()

    with clinic.opened() as neo:
        old, kept = neo.schedule(WEEK).records
        assert old.patient_id
        assert kept.patient_id
        clinic.company.merge_patients(old.patient_id, kept.patient_id, consultations=True)
        ((_, record),) = neo.consultations([one])
        found = neo.appointments([old.id])[old.id]
    assert isinstance(record, Consultation)
    assert isinstance(found, Found)
    assert record.patient_id == found.patient_id == kept.patient_id != old.patient_id


def test_r17_an_id_cannot_lead_elsewhere(clinic: Clinic) -> None:
    (one,) = consultations(clinic, 1)
    clinic.has_session()
    odd = ["..", ".", "", f"../consultations/{one}", f"{one}/page-data?x=", f"{one}#", "a%2Fb"]

    with clinic.opened() as neo:
        read = dict(neo.consultations(odd))
    assert read == {o: Unknown("id_unusable") if o in ("..", ".", "") else Gone() for o in odd}
    assert {request["query"] for request in clinic.company.requests()} == {""}


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ("html", "not_json_type"),
        ("truncated_json", "not_json_body"),
        ({"kind": "status", "status": 400}, "status_400"),
    ],
)
def test_r24_what_was_not_asked_for_is_unknown_and_the_rest_is_read(
    clinic: Clinic, action: Any, code: str
) -> None:
    ids = consultations(clinic, 5)
    clinic.company.fault(action, path=f"{ids[1]}/page-data$")
    clinic.company.set_knob("notes_place", "missing")
    clinic.has_session()

    with clinic.opened(sleep=lambda _: None) as neo:
        read = dict(neo.consultations(ids))
    assert read.pop(ids[1]) == Unknown(code)
    assert all(isinstance(answer, Consultation) for answer in read.values())
    assert clinic.login_store.logins == 0


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ("503", "pims_unavailable"),
        ("429", "throttled"),
        ({"kind": "delay", "ms": 1500}, "pims_slow"),
    ],
    ids=str,
)
def test_r24_a_neo_that_goes_down_leaves_the_rest_unknown(
    clinic: Clinic, action: Any, code: str
) -> None:
    ids = consultations(clinic, 8)
    clinic.company.fault(action, path=PAGE, nth=4, times=99)
    clinic.has_session()

    limits = {"neo_connections": 1, "neo_timeout_seconds": 0.4}
    with clinic.opened(limits=limits, sleep=lambda _: None) as neo:
        read = list(neo.consultations(ids))
    assert [asked_id for asked_id, _ in read] == ids
    assert [isinstance(one, Consultation) for _, one in read] == [True] * 3 + [False] * 5
    assert [one for _, one in read[3:]] == [Unknown(code), *[Unknown(NOT_ASKED)] * 4]
    assert asked_now(clinic) == 3 + 3


@pytest.mark.parametrize("answer", ["302_login", "302_root", "200_page", "204", "401_json", "419"])
def test_r24_a_session_that_dies_in_the_middle_costs_one_login(
    quick_clinic: Clinic, answer: str
) -> None:
    ids = consultations(quick_clinic, 9)
    quick_clinic.company.set_knob("expired_answer", answer)
    quick_clinic.company.fault("expire_session", path=PAGE, nth=4)
    quick_clinic.has_session()

    with quick_clinic.opened() as neo:
        read = dict(neo.consultations(ids))
    assert {asked_id: type(one) for asked_id, one in read.items()} == dict.fromkeys(
        ids, Consultation
    )
    assert quick_clinic.login_store.outcomes == ["ok"]


def test_r24_an_error_leaves_and_nobody_goes_on_asking(quick_clinic: Clinic) -> None:
    ids = consultations(quick_clinic, 12)
    quick_clinic.company.fault("expire_session", path=PAGE, nth=4)
    quick_clinic.has_session()
    quick_clinic.company.set_password("Another-Pass-8!word")

    with threads_end(), quick_clinic.opened() as neo, pytest.raises(CredentialsRejected):
        list(neo.consultations(ids))
    assert asked_now(quick_clinic) <= 3 + 3
    assert quick_clinic.login_store.outcomes == ["credentials_rejected"]


def test_neo_is_never_pressed_by_consultations(clinic: Clinic) -> None:
    ids = consultations(clinic, 24)
    clinic.company.set_knob("delay_ms", 150)
    clinic.has_session()

    with clinic.opened() as neo:
        assert len(dict(neo.consultations(ids))) == 24
    requests = clinic.company.requests()
    arrived = sorted(request["started"] for request in requests)
    assert len(arrived) == 24
    spans = [later - first for first, later in zip(arrived, arrived[10:], strict=False)]
    # Neo's own log may be late by what a busy machine makes it wait; the limiter's test is exact.
    assert min(spans) >= 0.9
    assert max(request["concurrency"] for request in requests) == 3


def test_a_reader_that_stops_early_stops_the_asking(clinic: Clinic) -> None:
    ids = consultations(clinic, 20)
    clinic.has_session()

    with threads_end(), clinic.opened() as neo:
        asking = neo.consultations(ids)
        assert clinic.asked() == []
        next(asking)
        next(asking)
        close(asking)
        asked = asked_now(clinic)
        assert 2 <= asked <= 2 + 3
        assert neo.configuration().slot_minutes == 15
    assert clinic.asked()[asked:] == [CONFIGURATION]


def test_a_reader_that_dawdles_is_not_overrun(clinic: Clinic) -> None:
    """Records may be large: few more are fetched than were taken."""
    ids = consultations(clinic, 12)
    clinic.has_session()

    with clinic.opened(limits={"neo_requests_per_second": 200}) as neo:
        for taken, _ in enumerate(neo.consultations(ids), 1):
            threading.Event().wait(0.05)
            assert asked_now(clinic) <= taken + 3


def test_a_reader_that_stops_early_is_not_held_by_further_tries(clinic: Clinic) -> None:
    """What is under way is let finish; a try that failed is not repeated for nobody."""
    ids = consultations(clinic, 4)
    clinic.company.fault("503", path=PAGE, nth=2, times=99)
    clinic.has_session()
    pausing = threading.Event()
    closed = threading.Event()

    def sleep(_: float) -> None:
        pausing.set()
        closed.wait(5)

    with threads_end(), clinic.opened(limits={"neo_connections": 2}, sleep=sleep) as neo:
        asking = neo.consultations(ids)
        next(asking)
        assert pausing.wait(5)
        threading.Timer(0.2, closed.set).start()
        close(asking)
        asked = clinic.asked(PAGE)
    assert len(asked) <= 3
    assert len(set(asked)) == len(asked)


def test_a_session_refused_again_after_its_login_ends_the_run(quick_clinic: Clinic) -> None:
    ids = consultations(quick_clinic, 6)
    quick_clinic.company.fault("expire_session", path=PAGE)
    quick_clinic.has_session()

    with threads_end(), quick_clinic.opened() as neo, pytest.raises(ShapeChanged) as caught:
        list(neo.consultations(ids))
    assert caught.value.code == "refused_after_login"


def test_the_browser_transport_reads_consultations_as_well(quick_clinic: Clinic) -> None:
    ids = consultations(quick_clinic, 7)
    quick_clinic.company.fault("expire_session", path=PAGE, nth=3)
    quick_clinic.transport = "browser"
    quick_clinic.has_session()

    with threads_end(), quick_clinic.opened() as neo:
        read = dict(neo.consultations([*ids, "999999"]))
        asking = neo.consultations(ids)
        next(asking)
        # One at a time goes through Playwright: waiting in line must not count as a slow Neo.
        assert askers() == 1
        close(asking)
    assert read.pop("999999") == Gone()
    assert {type(one) for one in read.values()} == {Consultation}
    assert quick_clinic.login_store.outcomes == ["ok"]
    assert max(request["concurrency"] for request in quick_clinic.company.requests()) == 1


def close(asking: Iterator[tuple[str, ConsultationAnswer]]) -> None:
    """What leaving a loop over it does in the end."""
    asking.close()  # type: ignore[attr-defined]
