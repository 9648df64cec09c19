"""Rule R5: statuses are looked up in one exact list; what is unknown changes nothing."""

import pytest

from idexx_sync.core.vocabulary import fold
from idexx_sync.pims.protocol import SourceRecord
from tests.kit.bench import Bench
from tests.kit.database import query
from tests.kit.job_results import counts, warnings
from tests.kit.records import block, visit, visits


@pytest.mark.parametrize("word", ["Waiting outside", "Cancelled by owner", "", None])
def test_r05_a_word_that_says_nothing_leaves_the_stored_status(
    bench: Bench, word: str | None
) -> None:
    bench.pims.records = [visit("1", status="In Progress")]
    bench.sync()
    bench.pims.replace("1", status=word)
    bench.later()

    bench.sync()

    assert bench.row("1")["status"] == "in_progress"


@pytest.mark.parametrize("word", ["Waiting outside", "No show?", "", None])
def test_r05_a_new_row_with_such_a_word_is_scheduled(bench: Bench, word: str | None) -> None:
    bench.pims.records = [visit("1", status=word)]

    bench.sync()

    assert bench.row("1")["status"] == "scheduled"


def test_r05_an_unknown_word_leaves_a_cancelled_visit_cancelled(bench: Bench) -> None:
    bench.pims.records = [visit("1", status="Cancelled")]
    bench.sync()
    bench.pims.replace("1", status="Archived")
    bench.later()

    bench.sync()

    assert bench.row("1")["status"] == "cancelled"


def test_r05_each_unknown_word_is_reported_once(bench: Bench) -> None:
    bench.pims.records = [
        visit("1", status="Waiting outside"),
        visit("2", "2026-05-04 10:00:00", status="Waiting outside"),
    ]
    first = bench.sync()
    bench.pims.records.append(visit("3", "2026-05-04 11:00:00", status="On the phone"))
    bench.later()
    second = bench.sync()
    bench.later()
    third = bench.sync()

    assert [warnings(job).get("unknown_words") for job in (first, second, third)] == [1, 1, None]
    assert third.status == "succeeded"
    words = query(
        bench.conn,
        "SELECT word FROM idexx_sync.unknown_words WHERE clinic_id = %s ORDER BY word",
        (bench.clinic_id,),
    )
    assert [fold(row["word"]) for row in words] == ["onthephone", "waitingoutside"]


def test_r05_an_empty_or_missing_word_is_not_reported(bench: Bench) -> None:
    bench.pims.records = [visit("1", status=None), block()]

    job = bench.sync()

    assert warnings(job) == {}


def test_r05_spellings_of_one_unknown_word_are_one_report(bench: Bench) -> None:
    bench.pims.records = [
        visit("1", status="Waiting outside"),
        visit("2", "2026-05-04 10:00:00", status="waiting-outside"),
    ]

    job = bench.sync()

    assert warnings(job) == {"unknown_words": 1}


@pytest.mark.parametrize(
    ("visits_with", "visits_without", "status"),
    [(20, 0, "succeeded"), (19, 1, "succeeded"), (18, 1, "failed"), (0, 1, "failed")],
)
def test_r05_the_key_missing_on_more_than_a_twentieth_is_another_shape(
    bench: Bench, visits_with: int, visits_without: int, status: str
) -> None:
    bench.pims.records = visits(visits_with) + without_key(visits_without)

    job = bench.sync()

    assert job.status == status
    assert job.error_kind == ("shape_changed" if status == "failed" else None)
    assert len(bench.rows()) == (visits_with + visits_without if status == "succeeded" else 0)


def without_key(count: int) -> list[SourceRecord]:
    return visits(count, first=900001, status=None, has_status=False)


def test_r05_blocks_have_no_status_and_do_not_count(bench: Bench) -> None:
    blocks = [
        block(str(n), f"2026-05-04 {8 + n:02}:00:00", f"2026-05-04 {9 + n:02}:00:00")
        for n in range(9)
    ]
    bench.pims.records = [*blocks, visit("1")]

    assert counts(bench.sync())["created"] == 10


def test_r05_another_shape_changes_no_row(bench: Bench) -> None:
    bench.pims.records = visits(5)
    bench.sync()
    before = bench.rows(removed=True)
    bench.pims.records = without_key(5)
    bench.later()

    job = bench.sync()

    assert job.error_kind == "shape_changed"
    assert bench.rows(removed=True) == before
