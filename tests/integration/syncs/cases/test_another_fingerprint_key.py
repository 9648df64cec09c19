"""Rules R15, R17 and R19 with another fingerprint key: nothing freezes, and nothing is marked.

A fingerprint of an unknown key tells nothing, so that what the case itself says of the source
decides.
"""

from collections.abc import Callable

import pytest

from idexx_sync.pims.protocol import Line
from tests.kit.cases_bench import CasesBench
from tests.kit.database import update
from tests.kit.job_results import counts, warnings
from tests.kit.records import chart, patient_visit, seen

DAY = 60 * 24
MARK = {"isExtremeCase": True, "category": "euthanasia"}

Forgetting = Callable[[CasesBench], None]


def replaced(bench: CasesBench) -> None:
    """The key is another one, and the old one is known no more."""
    bench.replace_fingerprint_key()


def of_the_release_before(bench: CasesBench) -> None:
    """Fingerprints as they were stored before they had an id."""
    bench.conn.execute(
        "UPDATE idexx_sync.records "
        "SET source = regexp_replace(source::text, '[0-9a-f]{8}:', '', 'g')::jsonb"
    )


@pytest.fixture(params=[replaced, of_the_release_before])
def forget(request: pytest.FixtureRequest) -> Forgetting:
    """What makes all remembered fingerprints unknown."""
    found: Forgetting = request.param
    return found


def test_r15_an_owner_changed_in_neo_follows(bench: CasesBench, forget: Forgetting) -> None:
    bench.shows(patient_visit())
    bench.cases()
    forget(bench)
    bench.shows(
        patient_visit(
            client_name="Sam Sample", client_phone="(555) 555-0199", client_email="sam@example.com"
        )
    )

    job = bench.cases()

    patient, entities = bench.patient(), bench.case()["entity_extraction"]
    assert (patient["owner_name"], patient["owner_phone"]) == ("Sam Sample", "+15555550199")
    assert patient["owner_email"] == "sam@example.com"
    assert entities["patient"]["owner"]["name"] == "Sam Sample"
    assert "edited_in_odis" not in counts(job)


def test_r15_clinical_notes_go_on_changing(bench: CasesBench, forget: Forgetting) -> None:
    bench.shows(seen())
    bench.writes(chart())
    bench.cases()
    forget(bench)
    bench.later(DAY)
    lines = [Line("EXAM - OFFICE", id="1"), Line("NAIL TRIM", id="2")]
    bench.writes(chart(notes_html="<p>S: walks well.</p>", lines=lines, breed="Beagle"))

    job = bench.cases()

    clinical = bench.case()["entity_extraction"]["clinical"]
    assert clinical["clinicalNotes"] == "S: walks well."
    assert clinical["productsServicesProvided"] == ["EXAM - OFFICE", "NAIL TRIM"]
    assert bench.patient()["breed"] == "Beagle"
    assert "edited_in_odis" not in counts(job)


def test_r15_a_product_with_a_semicolon_in_its_name_is_nobodys_edit(
    bench: CasesBench, forget: Forgetting
) -> None:
    carprofen = Line("CARPROFEN 75MG; CHEWABLE, 30CT", id="1")
    bench.shows(seen())
    bench.writes(chart(lines=[carprofen]))
    bench.cases()
    forget(bench)
    bench.later(DAY)
    refused = Line("BLOODWORK; SENIOR", id="2", declined=True)
    bench.writes(chart(lines=[carprofen, Line("NAIL TRIM", id="3"), refused]))

    bench.cases()
    bench.later(DAY)
    forget(bench)
    bench.writes(chart(lines=[Line("NAIL TRIM", id="3")]))
    job = bench.cases()

    clinical = bench.case()["entity_extraction"]["clinical"]
    assert clinical["productsServicesProvided"] == ["NAIL TRIM"]
    assert clinical["productsServicesDeclined"] == []
    assert "edited_in_odis" not in counts(job)


def test_r15_a_persons_edit_stays_whether_it_was_told_before_or_not(
    bench: CasesBench, forget: Forgetting
) -> None:
    bench.shows(patient_visit())
    bench.cases()
    bench.edit("patients", bench.patient()["id"], owner_phone="555-555-0100")
    bench.cases()  # tells of the phone, which an earlier service would have stored in this form
    forget(bench)
    bench.edit("patients", bench.patient()["id"], name="Tango")
    bench.shows(patient_visit(patient_name="TANGO II", client_phone="555-555-0199"))

    first, second = bench.cases(), bench.cases()

    patient = bench.patient()
    assert (patient["name"], patient["owner_phone"]) == ("Tango", "555-555-0100")
    assert counts(first)["edited_in_odis"] == counts(second)["edited_in_odis"] == 1
    assert [audit["status"] for audit in bench.audits(second)] == []


def test_r15_a_type_corrected_to_what_an_earlier_service_assumed_stays(
    bench: CasesBench, forget: Forgetting
) -> None:
    bench.shows(patient_visit(type="Surgery"))
    bench.cases()
    bench.edit("cases", bench.case()["id"], type="checkup")
    forget(bench)

    bench.cases()

    assert bench.case()["type"] == "checkup"


def test_r15_what_the_case_does_not_say_of_the_source_is_left_and_told(
    bench: CasesBench, forget: Forgetting
) -> None:
    bench.shows(seen())
    bench.writes(chart())
    bench.cases()
    forget(bench)
    bench.later(DAY)
    bench.writes(chart(weight_kg=22.0))

    job = bench.cases()

    assert float(bench.patient()["weight_kg"]) == 21.4
    assert counts(job)["edited_in_odis"] == 1


def test_r15_memory_is_written_anew_and_nothing_else(bench: CasesBench, forget: Forgetting) -> None:
    bench.shows(seen())
    bench.writes(chart())
    bench.cases()
    before, remembered = bench.case(), bench.memory("visit")["source"]
    forget(bench)
    bench.later(DAY)

    first = bench.cases()

    anew = bench.memory("visit")["source"]
    assert bench.case() == before
    assert (counts(first).get("updated"), warnings(first)) == (None, {})
    assert anew["private"] != remembered["private"] or forget is of_the_release_before
    assert bench.audits(first) == []
    bench.shows(seen(patient_name="TANGO II"))
    bench.cases()
    assert bench.patient()["name"] == "TANGO II"


@pytest.mark.parametrize("told", [{"type": "Euthanasia"}, {"reason": "EUTHANASIA"}])
def test_r19_a_mark_by_the_calendar_that_was_taken_back_is_not_set_again(
    bench: CasesBench, forget: Forgetting, told: dict[str, str]
) -> None:
    bench.shows(patient_visit(**told))
    bench.cases()
    take_back(bench)
    forget(bench)

    bench.cases()

    assert bench.case()["extreme_case_check"] is None


def test_r19_a_mark_by_the_record_that_was_taken_back_is_not_set_again(
    bench: CasesBench, forget: Forgetting
) -> None:
    bench.shows(seen())
    line = Line("EUTHANASIA, DOG", 1, label="euthanasia solution")
    bench.writes(
        chart(
            reason="euthanasia",
            notes_html="<p>euthanasia was<br>performed</p>",
            discharge_html="<p>euthanasia, sorry</p>",
            lines=[line, Line("EUTHANASIA AT HOME", 1, declined=True)],
        )
    )
    bench.cases()
    take_back(bench)
    forget(bench)
    bench.later(DAY)

    job = bench.cases()

    assert counts(job)["consultations_read"] == 1
    assert bench.case()["extreme_case_check"] is None


def test_r19_new_words_that_come_with_the_new_key_mark(
    bench: CasesBench, forget: Forgetting
) -> None:
    bench.shows(seen())
    bench.writes(chart())
    bench.cases()
    forget(bench)
    bench.later(DAY)
    bench.writes(chart(notes_html="<p>euthanasia was performed</p>"))

    bench.cases()

    assert bench.case()["extreme_case_check"] == MARK


def test_r19_what_was_declined_and_is_done_now_is_new(
    bench: CasesBench, forget: Forgetting
) -> None:
    bench.shows(seen())
    bench.writes(chart(lines=[Line("EUTHANASIA, DOG", 1, declined=True)]))
    bench.cases()
    take_back(bench)
    forget(bench)
    bench.later(DAY)
    bench.writes(chart(lines=[Line("EUTHANASIA, DOG", 1)]))

    bench.cases()

    assert bench.case()["extreme_case_check"] == MARK


def test_r19_words_that_no_case_shows_count_as_new(bench: CasesBench, forget: Forgetting) -> None:
    """Of two doubts the call that is not made is the smaller one."""
    bench.shows(patient_visit(type="Euthanasia"), patient_visit("600102", reason="LIMPING"))
    bench.cases()
    bench.conn.execute("DELETE FROM public.cases WHERE id = %s", (bench.case()["id"],))
    update(bench.conn, "public.cases", {"extreme_case_check": None}, id=bench.case("600102")["id"])
    bench.cases()
    assert bench.case("600102")["extreme_case_check"] is None
    forget(bench)

    bench.cases()

    assert bench.case("600102")["extreme_case_check"] == MARK


def test_r17_a_new_key_is_no_change_of_the_calendar(bench: CasesBench, forget: Forgetting) -> None:
    """A final record was read today; a derived field that is mended does not ask for it again."""
    bench.shows(seen())
    bench.writes(chart())
    bench.cases()
    forget(bench)
    bench.edit("patients", bench.patient()["id"], owner_name=None)

    job = bench.cases()

    assert bench.patient()["owner_name"] == "Robin Sample"
    assert "consultations_due" not in counts(job)


def test_r17_other_words_of_the_calendar_are_a_change_under_a_new_key_too(
    bench: CasesBench, forget: Forgetting
) -> None:
    bench.shows(seen())
    bench.writes(chart())
    bench.cases()
    forget(bench)
    bench.shows(seen(client_name="Sam Sample"))

    job = bench.cases()

    assert counts(job)["consultations_due"] == 1


def take_back(bench: CasesBench) -> None:
    """A person has looked: the patient lives."""
    update(bench.conn, "public.cases", {"extreme_case_check": None}, id=bench.case()["id"])
