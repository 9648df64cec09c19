"""What may be asked of each sync."""

from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from idexx_sync.core.catalog import CATALOG, SYNCS
from idexx_sync.core.vocabulary import Manner
from idexx_sync.jobs.event import WorkerEvent
from idexx_sync.jobs.model import asked_manner, new_order
from idexx_sync.jobs.params import (
    ReconciliationParams,
    WindowParams,
    params_model,
    read_params,
)


def test_each_sync_has_a_model_of_its_own_kind() -> None:
    assert {sync: params_model(sync) for sync in SYNCS} == {
        "inbound": WindowParams,
        "cases": WindowParams,
        "reconciliation": ReconciliationParams,
    }
    lookback = CATALOG["reconciliation"].default_window.days_back
    assert ReconciliationParams().lookback_days == lookback


@pytest.mark.parametrize("sync", SYNCS)
def test_what_is_stored_is_what_differs_from_the_syncs_own(sync: Any) -> None:
    assert params_model(sync)().as_stored() == {}
    assert read_params(sync, {}) == params_model(sync)()


@pytest.mark.parametrize("days", [1, 7, 90])
def test_a_reconciliation_looks_back_up_to_90_days(days: int) -> None:
    params = read_params("reconciliation", {"lookback_days": days, "mode": "fix"})

    assert isinstance(params, ReconciliationParams)
    assert (params.lookback_days, params.mode) == (days, "fix")
    assert read_params("reconciliation", params.as_stored()) == params


REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    ("reconciliation", {"lookback_days": 0}, "lookback_days"),
    ("reconciliation", {"lookback_days": 91}, "lookback_days"),
    ("reconciliation", {"mode": "apply"}, "mode"),
    ("reconciliation", {"from": "2026-05-04"}, "from"),
    ("inbound", {"lookback_days": 7}, "lookback_days"),
    ("inbound", {"from": "1999-12-31"}, "from"),
    ("inbound", {"to": "2200-01-01"}, "to"),
    ("cases", {"dry_run": True}, "dry_run"),
]


@pytest.mark.parametrize(("sync", "asked", "named"), REFUSED)
def test_what_no_sync_of_that_kind_takes_is_refused_by_name(
    sync: Any, asked: dict[str, Any], named: str
) -> None:
    with pytest.raises(ValidationError) as raised:
        read_params(sync, asked)

    assert [fault["loc"] for fault in raised.value.errors()] == [(named,)]


@pytest.mark.parametrize("day", ["2000-01-01", "2199-12-31"])
def test_the_first_and_the_last_day_may_be_asked_for(day: str) -> None:
    assert read_params("inbound", {"from": day, "to": day}).as_stored() == {"from": day, "to": day}


@pytest.mark.parametrize(
    ("mode", "dry_run", "manner"),
    [("report", False, "observe"), ("fix", False, "apply"), ("fix", True, "preview")],
)
def test_a_reconciliation_that_only_reports_observes(
    mode: Any, dry_run: bool, manner: Manner
) -> None:
    params = ReconciliationParams(mode=mode)

    assert asked_manner(params, dry_run=dry_run) == manner


def test_a_workers_event_is_read_by_the_model_of_its_sync() -> None:
    event = {"v": 1, "clinic_id": str(uuid4()), "params": {"lookback_days": 30}}

    order = WorkerEvent.model_validate(event).order("reconciliation")

    assert (order.params, order.manner) == (ReconciliationParams(lookback_days=30), "observe")
    with pytest.raises(ValidationError):
        WorkerEvent.model_validate(event).order("inbound")


def test_an_order_without_parameters_has_its_syncs_own() -> None:
    order = new_order(uuid4(), "reconciliation", "cli")

    assert (order.params, order.manner) == (ReconciliationParams(), "observe")


def test_a_scheduled_reconciliation_puts_right_what_is_safe_and_one_by_hand_says_so() -> None:
    event = {"v": 1, "clinic_id": str(uuid4())}
    tick = {**event, "scheduled_time": "2026-05-05T09:00:00Z"}

    scheduled = WorkerEvent.model_validate(tick).order("reconciliation")
    asked = WorkerEvent.model_validate({**tick, "params": {"mode": "report"}}).order(
        "reconciliation"
    )
    by_hand = WorkerEvent.model_validate(event).order("reconciliation")

    assert (scheduled.params, scheduled.manner) == (ReconciliationParams(mode="fix"), "apply")
    assert (asked.params, asked.manner) == (ReconciliationParams(), "observe")
    assert (by_hand.params, by_hand.manner) == (ReconciliationParams(), "observe")
