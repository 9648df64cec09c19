"""What staff write in Neo of a patient's death and of a dose, read over HTTP into a case."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from idexx_sync.database.connection import Conn
from idexx_sync.syncs.cases.sync import CaseSync
from neo_simulator.client import Simulator
from tests.kit.database import query
from tests.kit.job_results import warnings
from tests.kit.neo_bench import NeoBench

CERTAIN: Final = (
    "<p>Patient was put to<br>sleep at home.</p>",
    "<p>passed</p><p>away</p>",
    "<p>eutha&shy;nized, Ｅuthanized</p>",
    "<p>[x] Euthanasia [ ] Recheck</p>",
    "<p>Euthanized today, housemate present.</p>",
)
IN_DOUBT: Final = (
    "<table><tr><td>put to</td><td>sleep</td></tr></table>",
    "<p>Housemate was euthanized.</p>",
    "<p>Euthanasia:</p><p>declined</p>",
    "<p><s>Euthanasia</s></p>",
)
NOTHING: Final = (
    "<p>[ ] Euthanasia</p>",
    "<p><input type='checkbox'> Euthanasia</p>",
    "<table><tr><th>Service</th><th>Accepted</th><th>Declined</th></tr>"
    "<tr><td>Euthanasia</td><td></td><td>x</td></tr></table>",
)
DOSES: Final = {
    "<p>1<sup>1</sup>/<sub>2</sub> tablets</p>": "1 1/2 tablets",
    "<p>10<sup>9</sup>/L</p>": "10^9/L",
    "<p><s>5 mg</s> 10 mg</p>": "[struck out: 5 mg] 10 mg",
}


@pytest.fixture
def clinic(conn: Conn, database: str, simulator: Simulator) -> Iterator[NeoBench]:
    bench = NeoBench(conn, database, simulator)
    yield bench
    bench.close()


def test_r19_words_are_found_however_they_stand(clinic: NeoBench) -> None:
    certain, in_doubt, nothing = (_seen(clinic, notes) for notes in (CERTAIN, IN_DOUBT, NOTHING))

    job = clinic.run(CaseSync())

    cases = _cases(clinic)
    marked = {visit for visit, case in cases.items() if case["extreme_case_check"]}
    assert marked == {*certain, *in_doubt}
    assert not marked & {*nothing}
    assert warnings(job)["life_status_in_doubt"] == len(IN_DOUBT)
    assert job.result is not None
    assert set(job.result["for_review"]) == {cases[visit]["external_id"] for visit in in_doubt}


def test_r17_what_mark_up_means_stays_in_the_text(clinic: NeoBench) -> None:
    visits = _seen(clinic, tuple(DOSES))

    clinic.run(CaseSync())

    cases = _cases(clinic)
    notes = [cases[visit]["metadata"]["pimsConsultation"]["notes"] for visit in visits]
    assert notes == list(DOSES.values())


def _seen(clinic: NeoBench, notes: tuple[str, ...]) -> list[str]:
    """Visits that are over, each of a patient of its own, with these notes."""
    visits = []
    for number, html in enumerate(notes):
        start = f"2026-05-04 {9 + number // 2:02}:{30 * (number % 2):02}:00"
        visit = clinic.neo.book(start, patient=f"PET {len(notes)} {number}")
        clinic.neo.edit_notes(clinic.neo.start_consultation(visit), html)
        clinic.neo.finalise(visit)
        visits.append(visit)
    return visits


def _cases(clinic: NeoBench) -> dict[str, dict[str, Any]]:
    """Visit -> its case."""
    cases = query(
        clinic.conn, "SELECT * FROM public.cases WHERE clinic_id = %s", (clinic.clinic_id,)
    )
    return {str(case["external_id"]).rpartition("-")[2]: case for case in cases}
