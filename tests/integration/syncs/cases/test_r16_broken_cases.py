"""Rule R16: a case whose document cannot be written stands in no other one's way."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from tests.kit.cases_bench import CasesBench
from tests.kit.database import query
from tests.kit.job_results import warnings
from tests.kit.records import chart, patient_visit, seen

LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
BROKEN: list[dict[str, Any]] = [
    {"metadata": {"pimsAppointment": "text"}},
    {"metadata": [1]},
    {"entity_extraction": [7]},
]


def row(bench: CasesBench, case_id: UUID) -> dict[str, Any]:
    return query(bench.conn, "SELECT * FROM public.cases WHERE id = %s", (case_id,))[0]


@pytest.mark.parametrize("document", BROKEN)
def test_r16_a_broken_case_of_the_same_visit_blocks_no_other(
    bench: CasesBench, document: dict[str, Any]
) -> None:
    bench.shows(seen())
    bench.writes(chart())
    bench.cases()
    broken = bench.add_case("idexx-appt-600101", status="completed", **document)
    bench.writes(chart(notes_html="<p>Later words.</p>"))
    bench.later(60 * 24)

    job = bench.cases()

    assert bench.case()["metadata"]["pimsConsultation"]["notes"] == "Later words."
    assert bench.case()["status"] == "completed"
    assert row(bench, broken)["status"] == "reviewed"
    assert warnings(job) == {"values_unreadable": 1}
    assert job.result is not None
    (fault,) = job.result["faults"]
    assert (fault["table"], fault["id"]) == ("cases", str(broken))


def test_r16_of_cases_to_adopt_the_oldest_that_can_be_written_is_the_visits(
    bench: CasesBench,
) -> None:
    broken = bench.add_case("idexx-appt-600101", created_at=LONG_AGO, metadata=[1])
    good = bench.add_case("pims-appt-idexx-neo-600101")
    bench.shows(seen())
    bench.writes(chart())

    bench.cases()

    assert bench.case()["id"] == good
    assert bench.case()["status"] == "completed"
    assert row(bench, broken)["metadata"] == [1]


@pytest.mark.parametrize(("word", "marked"), [("Cancelled", False), ("Finalized", True)])
def test_r16_a_broken_case_is_told_what_keeps_a_call_from_going_out(
    bench: CasesBench, word: str, marked: bool
) -> None:
    bench.shows(patient_visit())
    bench.cases()
    broken = bench.add_case("idexx-appt-600101", status="ongoing", metadata=[1])
    bench.shows(seen(status=word))
    bench.writes(chart(notes_html="<p>Euthanasia performed.</p>"))
    bench.later()

    bench.cases()

    found = row(bench, broken)
    assert found["status"] == ("ongoing" if marked else "reviewed")
    assert bench.case()["extreme_case_check"] == found["extreme_case_check"] is not None
    assert found["metadata"] == [1]


def test_r16_the_visits_own_case_is_broken(bench: CasesBench) -> None:
    """It is not written and not called about; no other one takes its place, and each is told."""
    bench.shows(seen())
    bench.writes(chart())
    bench.cases()
    own = bench.case()["id"]
    good = bench.add_case("idexx-appt-600101", status="ongoing")
    bench.edit("cases", own, metadata={"entities": 7})
    bench.later()

    job = bench.cases()

    assert row(bench, own)["status"] == "ongoing"
    assert row(bench, own)["metadata"] == {"entities": 7}
    assert warnings(job) == {"cases_not_written": 1}
    (told,) = [a for a in bench.audits(job) if a["status"] == "success"]
    assert told["metadata"]["reason"] == "document_not_an_object"
    bench.shows(seen(status="Cancelled"))
    bench.later()
    bench.cases()
    assert (row(bench, own)["status"], row(bench, good)["status"]) == ("reviewed", "reviewed")


def test_r16_a_broken_case_that_is_put_right_is_completed_again(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.writes(chart())
    bench.cases()
    case = bench.case()
    bench.edit("cases", case["id"], metadata=[])
    bench.later()
    bench.cases()
    bench.edit("cases", case["id"], metadata=case["metadata"])
    bench.later()

    bench.cases()

    assert bench.case()["status"] == "completed"
