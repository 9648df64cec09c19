"""The one phrase of a job's report for people."""

import pytest

from idexx_sync.jobs.contract import Report

NOTHING = {"read": 259, "created": 0, "updated": 0, "removed": 0}


def summary(
    found: dict[str, dict[str, int]] | None, held: int = 0, read: int = 259, **counts: int
) -> str:
    report = Report({**NOTHING, "read": read, **counts}, discrepancies=found)
    report.held = {"by_policy": held} if held else {}
    return report.summary


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"moved": {"fixed": 1}}, "1 difference: 1 fixed (checked 259)"),
        (
            {"moved": {"fixed": 2}, "contact_differs": {"reported": 3}},
            "5 differences: 2 fixed, 3 reported (checked 259)",
        ),
        (
            {"moved": {"fixed": 2, "left": 1}, "deleted_in_neo": {"fixed": 1, "held": 4}},
            "8 differences: 3 fixed, 4 held, 1 left (checked 259)",
        ),
        ({"moved": {"fixed": 0}}, "no difference (checked 259)"),
        ({}, "no difference (checked 259)"),
        (None, "nothing changed (checked 259)"),
    ],
)
def test_a_summary_counts_differences_by_what_became_of_them_and_is_never_a_bare_zero(
    found: dict[str, dict[str, int]] | None, said: str
) -> None:
    assert summary(found) == said


def test_what_is_held_is_told_once() -> None:
    assert summary({"moved": {"held": 2}}, held=2) == "2 differences: 2 held (checked 259)"
    assert summary({}, held=12) == "12 held (checked 259)"
    assert summary({"moved": {"reported": 1}}, held=12).startswith("1 difference: 12 held, 1 rep")


def test_what_was_written_beside_any_difference_is_told_too() -> None:
    assert summary({}, updated=1) == "1 updated (checked 259)"
    assert summary({"moved": {"fixed": 1}}, updated=1) == "1 difference: 1 fixed (checked 259)"


def test_a_run_that_read_nothing_says_so() -> None:
    assert summary({}, read=0) == "read nothing"
    assert summary({"moved": {"held": 5}}, read=0) == "read nothing, 5 differences: 5 held"
    assert summary(None, read=0, removed=2) == "read nothing, 2 removed"
