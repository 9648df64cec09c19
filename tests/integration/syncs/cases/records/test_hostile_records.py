"""Records that take long, or at which something breaks, are their own trouble (rule R26)."""

import time
from typing import Any

import pytest

from idexx_sync.jobs.model import Job
from idexx_sync.syncs.cases.mapping import map_consultation, map_visit
from tests.integration.syncs.cases.records.seen_visits import many, seen
from tests.kit.job_results import warnings
from tests.kit.neo_cases_bench import KEY, NeoCasesBench

SAID_WHOLE = ("notes_reference", "notes_nested", "weight_endless")
IN_DOUBT = "notes_one_word"


class Unheard(Exception):
    """Nobody has thought of it."""


def faults(job: Job) -> list[dict[str, str]]:
    return list((job.result or {}).get("faults", []))


def test_r26_records_that_take_long_are_read_in_bounded_time_and_stop_no_other(
    clinic: NeoCasesBench,
) -> None:
    kinds = (*SAID_WHOLE, IN_DOUBT)
    visits = dict(zip(kinds, many(clinic, len(kinds)), strict=True))
    odd = {clinic.record_of(visit): kind for kind, visit in visits.items()}
    clinic.neo.set_knob("malformed_consultations", odd)
    good = seen(clinic, "MOCHI")
    started = time.process_time()

    job = clinic.cases()

    assert time.process_time() - started < 30  # coverage makes it several times slower
    assert job.error_kind is None
    written = [good, *(visits[kind] for kind in SAID_WHOLE)]
    assert {clinic.status(visit) for visit in written} == {"completed"}
    assert clinic.document(visits["notes_reference"])["notes"] == "weight \ufffd kg"
    assert (clinic.status(visits[IN_DOUBT]), clinic.is_marked(visits[IN_DOUBT])) == (
        "ongoing",
        True,
    )
    assert job.result is not None
    assert job.result["for_review"] == [KEY + visits[IN_DOUBT]]
    assert clinic.called() == {*written}


def breaks_for(visit: str, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    """From now on something breaks where that visit's part is mapped."""
    real: Any = {
        "plan_calendar.map_visit": map_visit,
        "plan_record.map_consultation": map_consultation,
    }

    def broken(*args: Any) -> Any:
        if any(getattr(arg, "id", None) == visit for arg in args):
            raise Unheard("what an owner said")
        return real[part](*args)

    monkeypatch.setattr(f"idexx_sync.syncs.cases.{part}", broken)


@pytest.mark.parametrize(
    ("part", "table"),
    [
        ("plan_calendar.map_visit", "neo.calendar"),
        ("plan_record.map_consultation", "neo.consultation"),
    ],
)
def test_r26_a_visit_that_breaks_its_planning_is_called_about_no_more_and_stops_no_other(
    clinic: NeoCasesBench, monkeypatch: pytest.MonkeyPatch, part: str, table: str
) -> None:
    visits = many(clinic, 3)
    broken, other, changed = visits
    clinic.cases()
    assert clinic.called() == {*visits}
    breaks_for(broken, monkeypatch, part)
    clinic.later(24 * 60)
    clinic.neo.edit_notes(clinic.record_of(changed), "<p>Eats again.</p>")

    job = clinic.cases()

    told = {"table": table, "column": "Unheard", "id": broken, "code": "unforeseen"}
    assert faults(job) == [told]
    assert warnings(job)["records_unforeseen"] == 1
    assert job.error_kind is None
    assert broken not in clinic.called()
    assert clinic.document(changed)["notes"] == "Eats again."
    assert {clinic.status(visit) for visit in (other, changed)} == {"completed"}
    assert "owner said" not in str(job)
    monkeypatch.undo()
    clinic.later()
    assert faults(clinic.cases()) == []


def test_r26_a_defect_at_every_record_is_no_success(
    clinic: NeoCasesBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(clinic, 12)
    monkeypatch.setattr("idexx_sync.syncs.cases.plan_record.map_consultation", lambda *_: 1 / 0)

    job = clinic.cases()

    assert (job.status, job.error_kind) == ("failed", "internal")
    assert "12 of 12 records" in str(job.error_message)
    assert clinic.called() == set()
