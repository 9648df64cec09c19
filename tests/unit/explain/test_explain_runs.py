"""What comes next: the run that takes something over, or what it has to wait for."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from idexx_sync.clinics.needs import Need, blocker
from idexx_sync.clinics.status import clinic_status
from idexx_sync.explain.calendar_reasons import About, calendar_reason
from idexx_sync.explain.model import NamedHold
from idexx_sync.explain.runs import Read, Runs, runs_of
from idexx_sync.explain.steps import CALENDAR_STEPS, step_of
from idexx_sync.pims.breaker import Attempt
from idexx_sync.syncs.decision import Decision
from idexx_sync.syncs.holds import HoldStatus
from tests.unit.clinics.test_clinic_status import EVERY_15_MINUTES, ago, history, overview

CLINIC, HOLD = UUID(int=1), UUID(int=2)
NOW = datetime(2026, 5, 4, 14, 0, tzinfo=UTC)
MONDAY = date(2026, 5, 4)
ORDER = f"idexx-sync sync inbound --clinic {CLINIC}"
RUNS = Runs(CLINIC, ZoneInfo("America/Los_Angeles"), NOW, "live")


def hold(status: HoldStatus, cause: str = "foreign_calendar", sync: Any = "inbound") -> NamedHold:
    return NamedHold(HOLD, sync, cause, status, NOW, {"7": {"start": None}}, NOW, "a tester")


def read(ended: datetime = NOW, **fields: Any) -> Read:
    plain = Read(
        UUID(int=3), "inbound", "succeeded", "apply", ended, "2026-05-04", "2026-05-17", None, None
    )
    return replace(plain, **fields)


NEXT: list[tuple[dict[str, Any], str]] = [
    ({}, f"no inbound run is scheduled; this one takes it: {ORDER}"),
    (
        {"next_at": {"inbound": NOW + timedelta(minutes=30)}},
        f"the next inbound run at 2026-05-04 07:30 PDT takes it; at once: {ORDER}",
    ),
    (
        {
            "next_at": {"inbound": NOW + timedelta(minutes=30)},
            "blockers": {"inbound": Need("nobody", "throttled: wait")},
        },
        "the next inbound run at 2026-05-04 07:30 PDT takes it, once this is over: "
        f"throttled: wait; at once: {ORDER}",
    ),
    (
        {"blockers": {"inbound": Need("clinic", "credentials_rejected: set them")}},
        "no inbound run can succeed before the clinic has acted: credentials_rejected: set them",
    ),
    ({"blockers": {"cases": Need("odis", "x")}}, "no inbound run is scheduled"),
    (
        {"stage": "shadow"},
        "runs of a clinic in shadow write nothing; to let them: "
        f"idexx-sync clinics add {CLINIC} --stage live",
    ),
    (
        {"holds": [hold("open")]},
        f"no inbound run takes it while hold {HOLD} stands: decide: idexx-sync holds show {HOLD}",
    ),
    ({"holds": [hold("approved")]}, "no inbound run is scheduled"),
    ({"holds": [hold("open", sync="cases")]}, "no inbound run is scheduled"),
]


@pytest.mark.parametrize(("fields", "said"), NEXT)
def test_the_next_run_or_what_it_waits_for(fields: dict[str, Any], said: str) -> None:
    assert replace(RUNS, **fields).next_run("inbound", MONDAY).startswith(said)


def test_a_day_that_no_run_reads_by_itself_is_asked_for() -> None:
    assert RUNS.next_run("inbound", date(2026, 5, 18)) == (
        "inbound runs read 2026-05-04 to 2026-05-17 by themselves (America/Los_Angeles); "
        f"this one reads the day: {ORDER} --from 2026-05-18 --to 2026-05-18"
    )


def test_only_a_run_that_wrote_what_it_found_was_the_last_read() -> None:
    wrote = read(NOW - timedelta(hours=1))
    none = [
        read(manner="observe"),
        read(unfresh="foreign_calendar"),
        read(error_kind="shape_changed"),
        read(sync="cases"),
    ]

    assert replace(RUNS, reads=[*none, wrote]).last_read("inbound") == wrote
    assert replace(RUNS, reads=none).last_read("inbound") is None
    assert (
        replace(RUNS, reads=[read(unfresh="read_incomplete"), wrote]).last_read("inbound") != wrote
    )


def test_what_is_new_is_told_by_when_its_day_was_read() -> None:
    new, about = Decision("R2", "new"), About(MONDAY)
    after_read = replace(RUNS, reads=[read()])

    def text(runs: Runs, about: About) -> str:
        return calendar_reason(new, runs, about).text

    assert text(after_read, about).endswith(
        "after our last read of its day at 2026-05-04 07:00 PDT"
    )
    assert text(RUNS, about) == "Neo shows it, and no run has read and written its day yet"
    assert text(after_read, replace(about, in_doubt=True)).startswith("no row yet")


@pytest.mark.parametrize("status", ["open", "rejected"])
def test_what_a_hold_keeps_back_is_taken_by_no_run(status: HoldStatus) -> None:
    about = About(MONDAY, holds=[hold(status, "times_shifted")])
    changed = Decision("R4", "changed", {"fields": ["start"]})

    said = calendar_reason(changed, replace(RUNS, reads=[read()]), about)

    assert said.text == "changed in Neo, and kept back: start"
    assert f"idexx-sync holds show {HOLD}" in (said.step or "")


def test_how_a_room_is_let_in_names_those_that_count_already() -> None:
    decision = Decision("R10", "room_not_synced", {"room": "5; rm"})
    assert step_of(CALENDAR_STEPS, decision, RUNS, MONDAY, ("3",)) == (
        f"if it is to count: idexx-sync clinics add {CLINIC} --room 3 --room '5; rm'"
    )


def test_a_clinics_overview_tells_how_its_runs_stand() -> None:
    attempt = Attempt(ago(minutes=5), "credentials_rejected")
    healthy = overview(history(ago(hours=1)), sync_schedules=EVERY_15_MINUTES)
    broken = overview(
        history(ago(hours=1), "credentials_rejected"), history(error_kind="internal", sync="cases"),
        attempts=(attempt,), sync_schedules=EVERY_15_MINUTES,
    )  # fmt: skip

    well, ill = runs_of(healthy, 14, [], []), runs_of(broken, 14, [], [])

    assert well.next_at["inbound"] == clinic_status(healthy, healthy.read_at).syncs[0].next_run_at
    assert set(well.blockers.values()) == {None}
    need = ill.blockers["inbound"]
    assert need is not None
    assert (need.who, need.what[:20]) == ("clinic", "credentials rejected")
    only_cases = overview(history(error_kind="internal", sync="cases"))
    assert blocker(only_cases, "inbound", only_cases.read_at) is None
    assert blocker(only_cases, "cases", only_cases.read_at) is not None
