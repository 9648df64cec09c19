"""What is odd about a part of a record hides that part only (rules R17, R18)."""

import tracemalloc
from collections.abc import Iterable

import pytest

from idexx_sync.jobs.model import Job
from idexx_sync.pims.neo.payloads.parts import LONGEST_TEXT
from neo_simulator.payloads.page_damage import ALT
from tests.integration.syncs.cases.records.seen_visits import many, seen
from tests.kit.job_results import warnings
from tests.kit.neo_cases_bench import NeoCasesBench

NAMED = "neo.consultation"


SAYS_NOTHING = {
    "quantity_word": "line_quantity",
    "line_id_object": "line_id",
    "vital_signs_deep": "vital_signs",
    "weight_object": "weight",
    "species_list": "species",
    "client_text": "client",
    "status_list": "status",
    "line_declined_word": "line_declined",
}
"""How a record is odd -> what of it is told as unread."""
MAY_SAY_SOMETHING = (
    *("line_nameless", "line_text", "line_null"),
    *("lines_by_number", "reason_object", "notes_in_parts"),
)


def odd_visits(clinic: NeoCasesBench, kinds: Iterable[str]) -> dict[str, str]:
    """A visit for each kind, whose record is odd in that way: kind -> visit."""
    wanted = list(kinds)
    visits = dict(zip(wanted, many(clinic, len(wanted)), strict=True))
    odd = {clinic.record_of(visit): kind for kind, visit in visits.items()}
    clinic.neo.set_knob("malformed_consultations", odd)
    return visits


def unread(job: Job) -> list[tuple[str, str]]:
    """Visit and part of each that the job names."""
    found = (job.result or {}).get("faults", [])
    assert all((one["table"], one["code"]) == (NAMED, "unread") for one in found)
    return sorted((one["id"], one["column"]) for one in found)


def test_r17_what_says_nothing_in_words_is_told_and_completes(clinic: NeoCasesBench) -> None:
    visits = odd_visits(clinic, SAYS_NOTHING)
    good = seen(clinic, "MOCHI")

    job = clinic.cases()

    assert warnings(job) == {"records_partly_unread": len(visits)}
    assert unread(job) == sorted((visits[kind], part) for kind, part in SAYS_NOTHING.items())
    assert {clinic.status(visit) for visit in (good, *visits.values())} == {"completed"}
    assert {clinic.document(visit)["notes"] for visit in visits.values()} == {"Walks well."}


def test_r17_a_product_of_an_odd_quantity_is_told_without_one(clinic: NeoCasesBench) -> None:
    visit = seen(clinic, "TANGO")
    clinic.neo.add_line(clinic.record_of(visit), "TABLETS", 2)
    clinic.neo.set_knob("malformed_consultations", {clinic.record_of(visit): "quantity_word"})

    clinic.cases()

    document = clinic.document(visit)
    assert document["productsServices"] == "EXAM - OFFICE; TABLETS (Qty: 2)"
    assert [line["quantity"] for line in document["products"]] == [None, 2]


def test_r18_what_may_say_something_completes_nothing_and_hides_no_other(
    clinic: NeoCasesBench,
) -> None:
    visits = odd_visits(clinic, MAY_SAY_SOMETHING)
    good = seen(clinic, "MOCHI")

    for _ in range(2):  # the second run reads the odd ones only
        job = clinic.cases()
        assert job.status == "succeeded_with_warnings"
        assert {visit for visit, _ in unread(job)} == set(visits.values())
        assert {clinic.status(visit) for visit in visits.values()} == {"ongoing"}
        assert clinic.status(good) == "completed"
        clinic.later()

    clinic.neo.set_knob("malformed_consultations", {})
    assert clinic.cases().status == "succeeded"
    assert {clinic.status(visit) for visit in visits.values()} == {"completed"}


def test_r18_a_person_who_completes_what_was_read_in_part_has_the_last_word(
    clinic: NeoCasesBench,
) -> None:
    visit = seen(clinic, "TANGO")
    clinic.cases()
    assert clinic.status(visit) == "completed"
    clinic.later(24 * 60)
    clinic.neo.set_knob("malformed_consultations", {clinic.record_of(visit): "line_text"})

    clinic.cases()
    assert clinic.status(visit) == "ongoing"
    clinic.edit(visit, status="completed")
    for _ in range(2):
        clinic.later(24 * 60)
        clinic.cases()
        assert clinic.status(visit) == "completed"


def test_r17_one_odd_record_fails_no_run(clinic: NeoCasesBench) -> None:
    """It is the only one that is due from then on."""
    odd_visits(clinic, ["line_text"])
    for _ in range(3):
        assert clinic.cases().status == "succeeded_with_warnings"
        clinic.later()


@pytest.mark.parametrize(
    ("kind", "certain"),
    [
        ("line_text", True),
        ("lines_by_number", True),
        ("line_nameless", True),
        ("line_declined_word", False),
    ],
)
def test_r19_the_texts_of_an_unreadable_line_are_screened(
    clinic: NeoCasesBench, kind: str, certain: bool
) -> None:
    visit = clinic.neo.book("2026-05-04 06:30:00", 15, 3, "TANGO")
    record = clinic.neo.start_consultation(visit)
    clinic.neo.add_line(record, "EUTHANASIA - CANINE", 1)
    clinic.neo.finalise(visit)
    clinic.neo.set_knob("malformed_consultations", {record: kind})

    job = clinic.cases()

    assert clinic.is_marked(visit)
    assert ("life_status_in_doubt" not in warnings(job)) is certain


def test_r18_a_completed_case_is_taken_back_when_its_record_turns_unreadable(
    clinic: NeoCasesBench,
) -> None:
    visit = seen(clinic, "TANGO")
    clinic.cases()
    clinic.neo.set_knob("malformed_consultations", {clinic.record_of(visit): "line_null"})
    clinic.later(24 * 60)

    clinic.cases()

    assert clinic.status(visit) == "ongoing"
    clinic.neo.set_knob("malformed_consultations", {})
    clinic.later()
    clinic.cases()
    assert clinic.status(visit) == "completed"


def test_r03_ids_within_what_nobody_sees_are_the_same(clinic: NeoCasesBench) -> None:
    visit = seen(clinic, "TANGO")
    clinic.cases()
    before = clinic.case(visit)
    clinic.neo.set_knob("malformed_records", {"percent": 100, "kinds": ["ids_invisible"]})
    clinic.neo.set_knob("malformed_consultations", {clinic.record_of(visit): "ids_invisible"})
    clinic.later(24 * 60)

    job = clinic.cases()

    assert (job.status, job.result and job.result["counts"]["consultations_read"]) == (
        "succeeded",
        1,
    )
    assert clinic.case(visit) == before


def test_r03_words_and_contacts_are_cleaned_as_notes_are(clinic: NeoCasesBench) -> None:
    visit = clinic.neo.book(
        "2026-05-04 06:30:00",
        15,
        3,
        "TANGO TWO",
        phone="555-555-0100",
        email="r.sample@example.com",
        appointment_type="Exam",
        reason="LIMPING LEFT",
        spelling=1,
    )
    clinic.cases()
    before = clinic.case(visit)
    for kind in ("words_invisible", "contact_full_width", "text_hard_blanks", "text_zero_width"):
        clinic.neo.set_knob("malformed_records", {"percent": 100, "kinds": [kind]})
        clinic.later()
        assert warnings(clinic.cases()) == {}, kind
        assert clinic.case(visit) == before, kind
    assert before["patient"]["owner_phone"] == "+15555550100"


def test_r17_pictures_leave_their_places_and_take_no_room(clinic: NeoCasesBench) -> None:
    """60 MB of them, over the network and into the database."""
    visit = seen(clinic, "TANGO")
    clinic.neo.set_knob("picture_kb", 60_000)
    tracemalloc.start()

    job = clinic.cases()

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    document = clinic.document(visit)
    assert (job.status, warnings(job)) == ("succeeded", {})
    assert document["notes"] == f"Walks well.\n[picture: {ALT}]"
    assert document["notesHtml"] == f"<p>Walks well.</p><p>[picture: {ALT}]</p>"
    assert clinic.status(visit) == "completed"
    assert peak < 10_000_000


def test_r18_a_text_that_was_cut_is_told_screened_on_and_completes_nothing(
    clinic: NeoCasesBench,
) -> None:
    long = "<p>Walks well.</p>" * (LONGEST_TEXT // 18 + 10)
    visit = seen(clinic, "TANGO", long + "<p>Humane euthanasia performed.</p>")

    job = clinic.cases()

    assert (job.result or {})["faults"] == [
        {"table": NAMED, "column": "notes_cut", "id": visit, "code": "unread"}
    ]
    assert (clinic.status(visit), clinic.is_marked(visit)) == ("ongoing", True)
    assert len(clinic.document(visit)["notesHtml"]) <= LONGEST_TEXT
