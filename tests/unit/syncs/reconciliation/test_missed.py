"""Which sync should have found a difference."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from idexx_sync.syncs.reconciliation.missed import missed_by

ZONE = ZoneInfo("America/Los_Angeles")
RUN = datetime(2026, 5, 4, 14, tzinfo=UTC)
"""07:00 on 4 May at the clinic."""
BEFORE, AFTER = "2026-05-04 06:59:00", "2026-05-04 07:01:00"


def _missed(kind: str, day: str, stamp: str | None, began: datetime | None = RUN) -> str | None:
    return missed_by(
        kind,  # type: ignore[arg-type]
        date.fromisoformat(day),
        stamp,
        {"inbound": began, "cases": began},
        ZONE,
        14,
    )


@pytest.mark.parametrize("day", ["2026-04-27", "2026-05-04", "2026-05-06"])
def test_a_case_run_reads_seven_days_back_and_two_ahead(day: str) -> None:
    assert _missed("case", day, BEFORE) == "cases"


@pytest.mark.parametrize("day", ["2026-04-26", "2026-05-07"])
def test_of_other_days_no_case_run_has_read_anything(day: str) -> None:
    assert _missed("case", day, BEFORE) is None


@pytest.mark.parametrize("day", ["2026-05-04", "2026-05-17"])
def test_an_inbound_run_reads_from_its_today_to_the_horizon(day: str) -> None:
    assert _missed("appointment", day, BEFORE) == "inbound"


@pytest.mark.parametrize("day", ["2026-05-03", "2026-05-18"])
def test_of_past_days_no_inbound_run_has_read_anything(day: str) -> None:
    assert _missed("appointment", day, BEFORE) is None


@pytest.mark.parametrize("kind", ["case", "appointment"])
def test_what_changed_after_the_run_began_it_could_not_know(kind: str) -> None:
    assert _missed(kind, "2026-05-04", AFTER) is None


@pytest.mark.parametrize("kind", ["case", "appointment"])
def test_where_neo_does_not_say_when_nobody_knows(kind: str) -> None:
    assert _missed(kind, "2026-05-04", None) is None


@pytest.mark.parametrize("kind", ["case", "appointment"])
def test_without_a_run_nobody_has_missed_it(kind: str) -> None:
    assert _missed(kind, "2026-05-04", BEFORE, began=None) is None


@pytest.mark.parametrize(("hour", "missed"), [(13, "cases"), (15, None)])
def test_what_neo_does_not_date_counts_from_when_it_was_seen_first(
    hour: int, missed: str | None
) -> None:
    since = datetime(2026, 5, 4, hour, tzinfo=UTC)
    began = {"cases": RUN}

    assert missed_by("case", date(2026, 5, 4), None, began, ZONE, 14, since) == missed
