"""What is odd about a part of a clinical record hides that part only (rules R5, R17, R18)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idexx_sync.pims.neo.payloads import lines, parts
from idexx_sync.pims.neo.payloads.consultation import read_consultation
from idexx_sync.pims.protocol import Consultation, Line
from tests.unit.pims.neo.test_neo_consultations import (
    ABSENT,
    consultation,
    line,
    page,
    patient,
    read,
    unhurried,
)
from tests.unit.pims.neo.test_neo_payloads import json_values

GOOD = Line("EXAM - OFFICE", id="1")
SAID = "euthanasia of the patient"
DEEP: Any = SAID
for _ in range(5000):
    DEEP = {"a": DEEP}


@pytest.mark.parametrize(
    ("changes", "unread"),
    [
        ({"consultationLines": [line(quantity="one"), line()]}, "line_quantity"),
        ({"consultationLines": [line(quantity="2,5"), line()]}, "line_quantity"),
        ({"consultationLines": [line(quantity=True), line()]}, "line_quantity"),
        ({"consultationLines": [line(quantity=[2]), line()]}, "line_quantity"),
        ({"consultationLines": [line(quantity=float("inf")), line()]}, "line_quantity"),
        ({"consultationLines": [line(id=[1]), line()]}, "line_id"),
        ({"consultationLines": [line(isDeclined="perhaps"), line()]}, "line_declined"),
        ({"vitalSignGroup": DEEP}, "vital_signs"),
        ({"vitalSignGroup": {"pulse": list(range(6000))}}, "vital_signs"),
        ({"vitalSignGroup": {"note": "x" * 60_000}}, "vital_signs"),
        ({"patient": patient(weight={"value": 3})}, "weight"),
        ({"patient": patient(weightUnit=["kg"])}, "weight_unit"),
        ({"patient": patient(species=["Dog"])}, "species"),
        ({"patient": patient(sex=True)}, "sex"),
        ({"patient": patient(name=["TANGO"])}, "patient_name"),
        ({"client": "Robin"}, "client"),
        ({"client": {"email": ["a@example.com"]}}, "client_email"),
        ({"client": {"mobilePhone": {"no": 1}, "homePhone": "2"}}, "client_phone"),
        ({"consultation": consultation(status=["draft"])}, "status"),
        ({"consultation": consultation(date={"date": "2026-05-04"})}, "day"),
        ({"consultation": consultation(reason=[])}, "reason"),
        ({"consultationNotes": {"notes": [None, ""]}}, "notes"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_r17_what_is_odd_and_says_nothing_is_told_and_hides_nothing(
    changes: dict[str, Any], unread: str
) -> None:
    record = read(**changes)

    assert (record.unread, record.hidden) == ((unread,), ())
    assert record.patient_id == "40021"
    if "consultationLines" in changes:
        assert GOOD in (record.lines or [])


@pytest.mark.parametrize(
    ("changes", "hidden", "screened"),
    [
        ({"consultationLines": [line(), SAID]}, "line", [SAID]),
        ({"consultationLines": [line(), None]}, "line", []),
        ({"consultationLines": [line(), [SAID]]}, "line", [SAID]),
        ({"consultationLines": {"1": {"productService": SAID}}}, "lines", [SAID]),
        ({"consultationLines": [line(), line(productService=ABSENT, label=SAID)]}, "line_name", 0),
        ({"consultationLines": [line(), line(productService=" \x00", label=SAID)]}, "line_name", 0),
        ({"consultationLines": [line(), line(productService=[SAID])]}, "line_name", 0),
        ({"consultationLines": [line(), line(id=2, label=[SAID])]}, "line_label", 0),
        ({"consultation": consultation(reason={"text": SAID})}, "reason", [SAID]),
        ({"consultation": consultation(notes=[SAID])}, "notes", [SAID]),
        ({"consultation": consultation(dischargeSummary=[SAID])}, "discharge", [SAID]),
        ({"consultationNotes": [{"notes": SAID}]}, "notes", [SAID]),
        ({"consultationNotes": {"notes": {"html": SAID}}}, "notes", [SAID]),
        ({"consultationNotes": {"notes": True}}, "notes", []),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_r17_what_may_say_something_is_hidden_and_its_texts_are_screened(
    changes: dict[str, Any], hidden: str, screened: list[str] | int
) -> None:
    record = read(**changes)

    assert record.hidden == (hidden,)
    assert hidden in record.unread
    if screened == 0:
        assert SAID in record.unread_texts
    else:
        assert list(record.unread_texts) == screened
    if isinstance(changes.get("consultationLines"), list):
        assert GOOD in (record.lines or [])


def test_r17_an_odd_quantity_leaves_the_product_without_one() -> None:
    record = read(consultationLines=[line(quantity="one"), line(id=2, quantity="0.5")])

    assert record.lines == [
        Line("EXAM - OFFICE", None, id="1"),
        Line("EXAM - OFFICE", 0.5, id="2"),
    ]


def test_r17_what_may_have_been_declined_is_no_product_and_its_texts_are_unclear() -> None:
    record = read(consultationLines=[line(productService=SAID, isDeclined="perhaps")])

    assert record.lines == []
    assert SAID in record.unknown_texts
    record = read(consultationLines=[line(productService=None, label=SAID, isDeclined=True)])
    assert (SAID in record.unknown_texts, SAID in record.unread_texts) == (True, False)


def test_r17_lines_without_end_are_cut_and_told() -> None:
    many = [line(id=n) for n in range(lines.MOST_LINES)]
    record = read(consultationLines=[*many, line(productService=SAID)])

    assert record.hidden == ("lines_cut",)
    assert len(record.lines or []) == lines.MOST_LINES
    assert SAID in record.unread_texts


@pytest.mark.parametrize(
    ("changes", "notes"),
    [
        ({}, "<p>first</p>\n<hr>\n<p>second</p>"),
        ({"consultationNotes": ABSENT}, "<p>second</p>"),
        ({"consultationNotes": {"notes": " "}}, "<p>second</p>"),
        ({"consultationNotes": {"notes": "<p>second</p>"}}, "<p>second</p>"),
        ({"consultationNotes": {"notes": "<p>0</p><p>second</p>"}}, "<p>0</p><p>second</p>"),
        ({"consultationNotes": {"notes": "a\nb"}}, "a<br>b\n<hr>\n<p>second</p>"),
    ],
    ids=str,
)
def test_r17_notes_of_both_places_are_kept(changes: dict[str, Any], notes: str) -> None:
    whole = {
        "consultation": consultation(notes="<p>second</p>"),
        "consultationNotes": {"notes": "<p>first</p>"},
    }
    assert read(**(whole | changes)).notes_html == notes


NO_SECOND = consultation(notes=ABSENT)


@pytest.mark.parametrize(
    ("changes", "has_place"),
    [
        ({}, True),
        ({"consultation": NO_SECOND}, True),
        ({"consultation": NO_SECOND, "consultationNotes": {"notes": None}}, True),
        ({"consultation": NO_SECOND, "consultationNotes": {"notes": ""}}, True),
        ({"consultation": NO_SECOND, "consultationNotes": None}, True),
        ({"consultation": NO_SECOND, "consultationNotes": ABSENT}, False),
        ({"consultation": NO_SECOND, "consultationNotes": {}}, False),
        ({"consultation": NO_SECOND, "consultationNotes": {"text": "<p>x</p>"}}, False),
        # the second place is there, and says nothing
        ({"consultationNotes": ABSENT}, True),
        ({"consultationNotes": {}}, True),
        ({"consultationNotes": ABSENT, "consultation": consultation(notes="x")}, True),
        ({"consultationNotes": ABSENT, "clinicalNotes": {"notes": "<p>x</p>"}}, False),
        ({"consultationNotes": ABSENT, "clinicalNotes": {"notes": ""}}, False),
        ({"consultationNotes": ABSENT, "soap": {"s": "<p>x</p>"}}, False),
        ({"consultationNotes": ABSENT, "soap": "lame for two days now"}, False),
        ({"consultationNotes": ABSENT, "stamp": "2026-05-04 09:00:00"}, True),
        ({"consultationNotes": {"text": "<p>x</p>"}}, False),
        ({"consultationNotes": ABSENT, "consultation": consultation(body="<p>x</p>")}, False),
    ],
    ids=str,
)
def test_r05_whether_the_answer_says_what_the_notes_are(
    changes: dict[str, Any], has_place: bool
) -> None:
    assert read(**changes).has_notes_place is has_place


@pytest.mark.parametrize(
    "changes",
    [
        {"consultationNotes": {"text": SAID}},
        {"consultationNotes": ABSENT, "clinicalNotes": {"notes": SAID}},
        {"consultationNotes": ABSENT, "soap": {"s": SAID}},
        {"problems": [{"name": SAID}]},
        {"consultation": consultation(outcome={"text": SAID})},
        {"consultationLines": [line(comment=SAID)]},
        {"patient": patient(alerts=[SAID])},
        {"vitalSignGroup": {"remark": SAID}},
    ],
    ids=str,
)
def test_r19_texts_under_keys_that_nobody_knows_are_screened(changes: dict[str, Any]) -> None:
    assert SAID in read(**changes).unknown_texts


@pytest.mark.parametrize(
    "changes",
    [
        {"pageData": {"procedureTemplates": [SAID]}},
        {"appointmentTypes": [{"name": SAID}]},
        {"problemList": [SAID]},
        {"consultation": consultation(templates=[SAID])},
        {"client": {"id": 1, "lastName": SAID}},
        {"clientBranch": {"id": 1, "name": SAID}},
        {"consultationLines": [line(provider={"name": SAID})]},
    ],
    ids=str,
)
def test_r19_what_may_be_chosen_and_other_people_are_not_the_patient(
    changes: dict[str, Any],
) -> None:
    record = read(**changes)
    assert SAID not in (*record.unknown_texts, *record.unread_texts)


def test_r19_what_the_record_says_of_life_is_handed_on() -> None:
    assert read(patient=patient(alive=False)).life == "dead"
    assert read(patient=patient(dateOfDeath="2026-05-04")).life == "dead"
    assert read(patient=patient(alive="perhaps")).life == "in_doubt"
    assert read().life is None


# -- bounds ----------------------------------------------------------------------------------


def test_r17_a_text_beyond_the_bound_is_cut_told_and_screened_on() -> None:
    word = "<p>lame since</p>"
    notes = word * (parts.LONGEST_TEXT // len(word) + 1) + f"<p>{SAID}</p>"
    record = read(consultationNotes={"notes": notes})

    assert record.hidden == ("notes_cut",)
    kept = record.notes_html or ""
    assert parts.LONGEST_TEXT - 5_000 < len(kept) <= parts.LONGEST_TEXT
    assert notes.startswith(kept)
    assert kept.endswith(("<p>lame", "</p>"))
    assert any(SAID in text for text in record.unread_texts)


@pytest.mark.parametrize("text", ["word " * 110_000, "<b " * 200_000, "x" * 600_000, "<" * 600_000])
def test_r17_a_text_is_not_cut_within_a_tag_or_a_word(text: str) -> None:
    kept = read(consultationNotes={"notes": text}).notes_html or ""

    assert text.startswith(kept)
    assert len(kept) >= parts.LONGEST_TEXT - 5_001
    assert kept.rfind("<") <= kept.rfind(">") or "<" in text[:1]
    assert not kept.endswith("wor")


def test_r17_all_texts_of_a_record_together_are_bounded() -> None:
    long = "long " * 90_000
    whole = read(
        consultationNotes={"notes": long},
        consultation=consultation(notes="much " + long, dischargeSummary=long),
        consultationLines=[line(productService=f"{n} {long}") for n in range(20)],
    )

    texts = [whole.notes_html or "", whole.discharge_html or "", *_texts_of(whole)]
    assert sum(map(len, texts)) <= parts.LONGEST_RECORD + 100
    assert {"discharge_cut", "line_name_cut"} <= set(whole.hidden)
    assert sum(map(len, whole.unread_texts)) <= parts.MOST_BESIDE


def _texts_of(record: Consultation) -> list[str]:
    return [one.name for one in record.lines or ()]


@unhurried
@given(
    st.dictionaries(st.sampled_from(sorted(page())), json_values),
    st.dictionaries(st.sampled_from(["label", "isDeclined", *line()]), json_values),
)
def test_r17_only_whose_record_it_is_makes_it_unreadable(
    roots: dict[str, Any], in_line: dict[str, Any]
) -> None:
    ours = {name: roots[name] for name in roots if name not in ("consultation", "patient")}
    answer = read_consultation(page(consultationLines=[line(**in_line), line()]) | ours, "910011")

    assert isinstance(answer, Consultation)
    if "consultationLines" not in ours:
        assert GOOD in (answer.lines or [])
