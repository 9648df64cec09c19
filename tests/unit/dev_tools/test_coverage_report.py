"""What is said of coverage, with and without branches."""

from dev_tools.coverage_report import summary

LINES: dict[str, float] = {"covered_lines": 182, "num_statements": 200}


def test_lines_are_told_by_themselves_where_branches_were_not_measured() -> None:
    assert summary(LINES) == "lines 91.0 % (182 of 200)"


def test_branches_are_told_where_they_were_measured() -> None:
    figures = LINES | {"covered_branches": 30, "num_branches": 40}
    assert summary(figures) == "lines 91.0 % (182 of 200), branches 75.0 % (30 of 40)"
