"""Rule R16: what Neo says is empty, in two reads a day apart, is taken out of the case."""

from dataclasses import replace
from typing import Any

import pytest

from idexx_sync.pims.protocol import Consultation, SourceRecord
from tests.kit.cases_bench import CasesBench
from tests.kit.records import chart, seen

DAY = 60 * 24
NOTES = frozenset({"notes_html"})
CONTACT = frozenset({"client_phone", "client_email"})
NOTHING = "<p>&nbsp;</p><p><br></p>"


def emptied(record: Consultation, *names: str, **fields: Any) -> Consultation:
    """The record without these fields, of which it says that they are empty."""
    nothing: dict[str, Any] = dict.fromkeys(names)
    return replace(record, **nothing, emptied=frozenset(names), **fields)


def without(visit: SourceRecord, *names: str) -> SourceRecord:
    nothing: dict[str, Any] = dict.fromkeys(names)
    return replace(visit, **nothing, emptied=frozenset(names))


@pytest.fixture
def finished(bench: CasesBench) -> CasesBench:
    bench.shows(seen(client_email="robin@example.com"))
    bench.writes(chart(notes_html="<p>Of another animal.</p>", reason="limping"))
    bench.cases()
    assert bench.case()["status"] == "completed"
    bench.later(DAY)
    return bench


def says_notes(bench: CasesBench) -> bool:
    return "Of another animal" in str(bench.case())


EMPTY_NOTES = [emptied(chart(), "notes_html"), chart(notes_html=NOTHING)]


@pytest.mark.parametrize("record", EMPTY_NOTES)
def test_r16_notes_that_are_empty_for_a_day_are_taken_out(
    finished: CasesBench, record: Consultation
) -> None:
    finished.writes(record)

    finished.cases()

    assert says_notes(finished)
    assert finished.case()["status"] == "ongoing"  # nobody is called with them meanwhile
    finished.later(DAY / 2)
    finished.cases()
    assert finished.case()["status"] == "ongoing"
    finished.later(DAY / 2)
    job = finished.cases()
    assert not says_notes(finished)
    assert finished.case()["status"] == "completed"
    (told,) = finished.audits(job)
    assert told["metadata"]["changes"]["metadata.pimsConsultation.notes"]["hash"] is None
    finished.later(DAY)
    assert finished.audits(finished.cases()) == []
    assert finished.memory("consultation")["source"]["empty_since"] == {}


def test_r16_two_nightly_reads_are_a_day_apart_however_early_the_second_comes(
    finished: CasesBench,
) -> None:
    finished.writes(emptied(chart(), "notes_html"))
    finished.cases()
    finished.later(DAY - 200)

    finished.cases()

    assert not says_notes(finished)


def test_r16_notes_that_are_written_again_stay(finished: CasesBench) -> None:
    finished.writes(emptied(chart(), "notes_html"))
    finished.cases()
    finished.writes(chart(notes_html="<p>Other words.</p>"))
    finished.later()

    finished.cases()

    case = finished.case()
    assert case["metadata"]["pimsConsultation"]["notes"] == "Other words."
    assert case["status"] == "completed"
    finished.writes(emptied(chart(), "notes_html"))
    finished.later(DAY)
    finished.cases()
    assert finished.case()["metadata"]["pimsConsultation"]["notes"] == "Other words."
    assert finished.case()["status"] == "ongoing"


def test_r16_notes_of_which_nothing_is_said_stay(finished: CasesBench) -> None:
    finished.writes(replace(chart(), notes_html=None))

    for _ in range(3):
        finished.cases()
        finished.later(DAY)

    assert says_notes(finished)
    assert finished.case()["status"] == "completed"


def test_r16_saying_nothing_in_between_proves_nothing(finished: CasesBench) -> None:
    finished.writes(emptied(chart(), "notes_html"))
    finished.cases()
    finished.writes(replace(chart(), notes_html=None))
    finished.later(DAY)

    finished.cases()

    assert says_notes(finished)
    assert finished.case()["status"] == "ongoing"


def test_r16_a_person_s_text_stays_though_the_notes_are_emptied(finished: CasesBench) -> None:
    document = finished.case()["metadata"]
    document["entities"]["clinical"]["clinicalNotes"] = "A person's words."
    finished.edit("cases", finished.case()["id"], metadata=document)
    finished.writes(emptied(chart(), "notes_html"))
    finished.cases()
    finished.later(DAY)

    finished.cases()

    assert not says_notes(finished)
    clinical = finished.case()["metadata"]["entities"]["clinical"]
    assert clinical["clinicalNotes"] == "A person's words."


@pytest.mark.parametrize("name", ["client_phone", "client_email", "reason", "client_name"])
def test_r16_what_was_taken_out_of_the_calendar_is_taken_out_after_a_day(
    finished: CasesBench, name: str
) -> None:
    value = {
        "client_phone": "5550100",
        "client_email": "robin@",
        "reason": "LIMPING",
        "client_name": "Robin S",
    }[name]
    visit = without(seen(client_email="robin@example.com"), name)
    finished.shows(visit)

    finished.cases()

    def says() -> bool:
        return value in f"{finished.case()} {finished.patient()}".replace("555-555", "555")

    assert says()
    assert finished.case()["status"] == "ongoing"
    finished.later(DAY)
    finished.cases()
    assert finished.case()["status"] == "completed"
    assert not says()
    before = finished.case(), finished.patient()
    finished.later(DAY)
    finished.cases()
    assert (finished.case(), finished.patient()) == before


def test_r16_a_wrong_phone_whose_place_the_records_takes_is_no_emptiness(
    finished: CasesBench,
) -> None:
    finished.shows(without(seen(client_email="robin@example.com"), "client_phone"))
    finished.writes(chart(client_phone="555-555-0166"))

    for _ in range(3):
        finished.cases()
        assert finished.patient()["owner_phone"] == "+15555550166"
        assert finished.case()["status"] == "completed"
        finished.later(DAY)

    assert "phone" not in finished.case()["metadata"]["pimsAppointment"]["client"]


def test_r16_a_phone_that_only_the_record_had_is_taken_out_by_it(bench: CasesBench) -> None:
    visit = without(seen(), "client_phone")
    bench.shows(visit)
    bench.writes(chart(client_phone="555-555-0166"))
    bench.cases()
    assert bench.case()["status"] == "completed"
    bench.writes(emptied(chart(), "client_phone"))
    bench.later(DAY)
    bench.cases()
    assert bench.case()["status"] == "ongoing"
    bench.later(DAY)

    bench.cases()

    assert bench.patient()["owner_phone"] is None
    assert bench.case()["status"] == "completed"


def test_r16_a_persons_phone_stays(finished: CasesBench) -> None:
    finished.edit("patients", finished.patient()["id"], owner_phone="+15555550177")
    finished.shows(without(seen(client_email="robin@example.com"), "client_phone"))

    for _ in range(2):
        finished.cases()
        finished.later(DAY)

    assert finished.patient()["owner_phone"] == "+15555550177"
    assert finished.case()["status"] == "completed"


def test_r16_what_never_was_there_hinders_nothing(bench: CasesBench) -> None:
    bench.shows(without(seen(), "client_phone", "client_email"))
    bench.writes(emptied(chart(), "notes_html", "breed", "weight_kg", "client_phone"))

    bench.cases()

    assert bench.case()["status"] == "completed"


def test_r16_another_record_begins_anew(finished: CasesBench) -> None:
    finished.writes(emptied(chart(), "notes_html"))
    finished.cases()
    finished.shows(seen(consultation_id="9600199", client_email="robin@example.com"))
    finished.writes(emptied(replace(chart(), id="9600199"), "notes_html"))
    finished.later()

    finished.cases()

    assert not says_notes(finished)
    assert finished.case()["status"] == "completed"


def test_r16_an_emptied_weight_and_vital_signs_are_taken_out(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.writes(chart(vital_signs={"pulse": 90}))
    bench.cases()
    bench.writes(emptied(chart(), "weight_kg", "vital_signs", "sex"))
    for _ in range(2):
        bench.later(DAY)
        bench.cases()

    patient = bench.patient()
    assert (patient["weight_kg"], patient["sex"], patient["breed"]) == (None, None, "Mixed")
    assert "vitalSigns" not in bench.case()["metadata"]["pimsConsultation"]


def test_r16_what_was_seen_in_shadow_counts_as_a_read(finished: CasesBench) -> None:
    finished.writes(emptied(chart(), "notes_html"))
    finished.cases(manner="observe")
    assert says_notes(finished)
    finished.later(DAY)

    finished.cases()

    assert finished.case()["status"] == "ongoing"
