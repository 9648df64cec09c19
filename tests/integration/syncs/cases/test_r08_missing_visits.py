"""Rule R8 for cases: a calendar that lacks too many visits is not believed, and changes none."""

from datetime import date, timedelta

import pytest

from idexx_sync.jobs.model import Job
from idexx_sync.pims.protocol import Unknown
from idexx_sync.syncs.gate import EMPTY, UNPROVEN
from tests.kit.cases_bench import CasesBench
from tests.kit.job_results import held, warnings
from tests.kit.records import MONDAY, patient_visit

LOSSES = UNPROVEN["visit"]
DAY = 24 * 60


def shows(bench: CasesBench, number: int, days: int = 3) -> list[str]:
    """So many visits of this and the next days, read and written by both syncs."""
    bench.shows(
        *(
            patient_visit(
                str(600101 + n),
                f"{MONDAY + timedelta(days=n % days)} {8 + n // days:02}:00:00",
                patient_id=str(n),
            )
            for n in range(number)
        )
    )
    assert all(is_fresh(run) for run in (bench.cases(), bench.sync(last=day_ahead(13))))
    bench.later()
    return [visit.id for visit in bench.pims.records]


def day_ahead(days: int) -> date:
    return MONDAY + timedelta(days=days)


def is_fresh(job: Job) -> bool:
    return bool(job.result and job.result["fresh"])


@pytest.mark.parametrize(
    ("of", "lost", "cause"),
    [(10, 5, None), (10, 6, LOSSES), (30, 6, None), (30, 7, LOSSES), (3, 3, None), (4, 4, EMPTY)],
)
def test_r08_visits_that_a_case_run_misses_are_held_where_they_are_many(
    bench: CasesBench, of: int, lost: int, cause: str | None
) -> None:
    ids = shows(bench, of)
    before = bench.all_cases()
    bench.pims.forget(*ids[:lost])

    job = bench.cases()

    assert held(job) == ({} if cause is None else {cause: lost})
    assert (job.status == "held", is_fresh(job)) == (cause is not None, cause is None)
    assert bench.all_cases() == before


def test_r08_an_incomplete_read_says_nothing_of_what_it_lacks(bench: CasesBench) -> None:
    ids = shows(bench, 10)
    bench.pims.forget(*ids[:6])
    bench.pims.is_whole = False

    job = bench.cases()

    assert (held(job), is_fresh(job)) == ({}, False)


def test_r08_visits_that_the_calendar_sync_has_proven_gone_are_missed_by_nobody(
    bench: CasesBench,
) -> None:
    ids = shows(bench, 12)
    for record in ids[:8]:
        bench.pims.delete(record)
    bench.sync()

    assert is_fresh(bench.cases())


def test_r08_visits_that_moved_to_days_that_cases_do_not_read_are_missed_by_nobody(
    bench: CasesBench,
) -> None:
    ids = shows(bench, 12)
    for n, record in enumerate(ids[:8]):
        start = f"{MONDAY + timedelta(days=5 + n % 3)} {9 + n}:17:00"
        bench.pims.replace(record, start=start, end=None)
    bench.sync(last=day_ahead(13))

    assert is_fresh(bench.cases())


@pytest.mark.parametrize("what", ["deleted", "cancelled", "start"])
def test_r08_visits_that_neo_itself_tells_of_by_their_ids_are_missed_once(
    bench: CasesBench, what: str
) -> None:
    """No calendar run has come in between; of a clinic in shadow none ever writes."""
    ids = shows(bench, 12)
    for record in ids[:8]:
        bench.pims.hide_as(record, **{what: "2026-06-01 09:00:00" if what == "start" else True})
    bench.pims.looked_up.clear()

    for _ in range(2):
        assert is_fresh(bench.cases())
        bench.later()
    assert sorted(bench.pims.looked_up) == ids[:8]


def test_r08_few_missing_visits_are_not_asked_for(bench: CasesBench) -> None:
    ids = shows(bench, 12)
    bench.pims.hidden = set(ids[:3])
    bench.pims.looked_up.clear()

    assert is_fresh(bench.cases())
    assert bench.pims.looked_up == []


def test_r08_what_a_hold_of_missing_visits_waits_for_ends_it(bench: CasesBench) -> None:
    """No look-up can be read at first: by the next run the calendar's sync has proven them gone."""
    ids = shows(bench, 12)
    for record in ids[:8]:
        bench.pims.delete(record)
    known = bench.pims.answers
    bench.pims.answers = dict.fromkeys(known, Unknown("shape_changed"))
    assert held(bench.cases()) == {LOSSES: 8}
    bench.pims.answers = known
    bench.sync()
    bench.later()

    assert is_fresh(bench.cases())
    assert bench.hold(LOSSES)["status"] == "closed"


def test_r08_visits_that_are_shown_again_end_the_hold(bench: CasesBench) -> None:
    ids = shows(bench, 12)
    bench.pims.hidden = set(ids[:8])
    bench.cases()
    bench.pims.hidden = set()
    bench.later()

    assert is_fresh(bench.cases())
    assert bench.hold(LOSSES)["status"] == "closed"


def test_r09_missing_visits_that_a_person_lets_go_are_expected_no_more(bench: CasesBench) -> None:
    ids = shows(bench, 12)
    before = bench.all_cases()
    bench.pims.hidden = set(ids[:8])
    bench.cases()
    bench.decide(LOSSES, "approved")

    for _ in range(2):
        assert is_fresh(bench.cases())
        bench.later(2 * DAY / 3)
    assert bench.hold(LOSSES)["status"] == "closed"
    assert bench.all_cases() == before

    bench.pims.hidden = set()
    assert is_fresh(bench.cases())
    bench.pims.hidden = set(ids[:8])
    bench.later()
    assert held(bench.cases()) == {LOSSES: 8}, "they were there again"


def test_r09_a_run_that_observes_lets_nothing_go(bench: CasesBench) -> None:
    ids = shows(bench, 12)
    bench.pims.hidden = set(ids[:8])
    bench.cases()
    bench.decide(LOSSES, "approved")
    bench.stage("shadow")
    bench.cases()

    assert {bench.memory("visit", record)["strikes"] for record in ids} == {0}


def test_r09_missing_visits_that_a_person_keeps_are_told_and_asked_no_more(
    bench: CasesBench,
) -> None:
    ids = shows(bench, 12)
    bench.pims.hidden = set(ids[:8])
    bench.cases()
    bench.decide(LOSSES, "rejected")
    bench.later()

    job = bench.cases()

    assert job.status == "succeeded_with_warnings"
    assert warnings(job)["kept_out_by_a_person"] == 1
    assert is_fresh(job), "what ODIS says of them is as a person wants it"
