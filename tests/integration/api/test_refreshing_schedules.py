"""POST /api/schedules/refresh: a clinic's schedules go out at once."""

from uuid import uuid4

import pytest

from idexx_sync.keys.budgets import Budget
from tests.kit.api import Api

PATH = "/api/schedules/refresh"


def test_a_clinics_key_refreshes_its_own_clinic_and_sees_how_it_stands(api: Api) -> None:
    caller, own = api.as_clinic(), api.bench.clinic_id

    answers = [caller.post(PATH), caller.post(PATH, {"clinic_id": str(own)})]

    assert [answer.status for answer in answers] == [202, 202]
    assert answers[0].json["clinic_id"] == str(own)
    assert {one["sync"] for one in answers[0].json["syncs"]} >= {"inbound"}
    assert api.refreshed == [own, own]
    assert api.invocations.made == []


def test_an_operator_names_the_clinic(api: Api) -> None:
    caller = api.as_operator()

    unnamed = caller.post(PATH)
    named = caller.post(PATH, {"clinic_id": str(api.other_clinic)})

    assert (unnamed.status, unnamed.json["errors"][0]["pointer"]) == (422, "/clinic_id")
    assert named.status == 202
    assert api.refreshed == [api.other_clinic]


def test_another_clinic_does_not_exist_and_nothing_is_started(api: Api) -> None:
    foreign = api.as_clinic().post(PATH, {"clinic_id": str(api.other_clinic)})
    unknown = api.as_operator().post(PATH, {"clinic_id": str(uuid4())})

    assert (foreign.status, unknown.status) == (404, 404)
    assert api.refreshed == []


def test_what_could_not_be_started_says_that_nothing_is_lost(api: Api) -> None:
    api.invocations.refusing = True

    answer = api.as_clinic().post(PATH)

    assert (answer.status, answer.code) == (503, "refresh_unavailable")
    assert answer.headers["Retry-After"] == "5"
    assert "go out within minutes all the same" in answer.json["detail"]


def test_a_key_refreshes_no_more_often_than_it_may_order(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = Budget(orders_a_minute=2, waits_at_once=1)
    monkeypatch.setattr("idexx_sync.api.budgets.budget_of", lambda **_: small)
    caller = api.as_clinic()

    answers = [caller.post(PATH) for _ in range(3)]

    assert [answer.status for answer in answers] == [202, 202, 429]
    assert len(api.refreshed) == 2
