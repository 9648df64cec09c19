"""Every route of the table: no key, wrong scope, a foreign clinic, an operator."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from idexx_sync.api.models import (
    DecisionBody,
    MuteBody,
    ReconciliationRequest,
    RefreshBody,
    SyncRequest,
    WhyBody,
)
from idexx_sync.api.problems import PROBLEMS
from idexx_sync.api.routes import ROUTES, Route, find_route, routes_of
from idexx_sync.api.status import status_operations
from idexx_sync.core.vocabulary import OPERATOR_SCOPES, SCOPES
from tests.kit.api import Api
from tests.kit.bench import Bench
from tests.kit.clinic import add_clinic
from tests.kit.database import as_role, query
from tests.kit.gateway import Gateway, Response
from tests.kit.records import visits
from tests.kit.rows import add_letter
from tests.kit.shelf import Shelf

PUBLIC = {"/health", "/ready", "/openapi.json", "/docs"}
keyed = pytest.mark.parametrize(
    "route", [r for r in ROUTES if r.scope is not None], ids=lambda r: r.operation
)
every = pytest.mark.parametrize("route", ROUTES, ids=lambda r: r.operation)


def own_things(api: Api) -> dict[str, str]:
    """A job that has ended, an open hold, a parked letter and an open alert of the clinic."""
    api.bench.pims.records = visits(20)
    job = api.bench.sync()
    api.bench.pims.records = []
    api.bench.later()
    api.bench.sync()
    hold = api.bench.hold("empty_calendar")["id"]
    return {
        "job_id": str(job.id),
        "hold_id": str(hold),
        "seen": api.bench.version(hold),
        "letter_id": str(add_letter(api.bench.conn, api.bench.clinic_id, "cases")),
        "alert_id": str(query(api.bench.conn, "SELECT id FROM idexx_sync.alerts")[0]["id"]),
        "clinic_id": str(api.bench.clinic_id),
    }


@pytest.fixture(scope="module")
def closed(shelf: Shelf) -> Iterator[tuple[Api, dict[str, str]]]:
    """An API and the ids of its clinic's things, for tests in which nobody gets in: whatever they
    do, nothing of it changes."""
    name = shelf.take()
    url = shelf.postgres.dsn(name)
    with (
        shelf.lending.connection(url) as conn,
        shelf.lending.database(as_role(url, "worker")) as of_runs,
        shelf.lending.database(as_role(url, "api")) as of_api,
        shelf.lending.database(as_role(url, "authorizer")) as of_keys,
    ):
        bench = Bench(conn, url, add_clinic(conn), lent=of_runs)
        api = Api(bench, add_clinic(conn), of_api, lent=of_keys)
        yield api, own_things(api)
    shelf.give_back(name)


def ask(caller: Gateway, route: Route, things: dict[str, str]) -> Response:
    body = None
    if route.body in (SyncRequest, ReconciliationRequest, RefreshBody):
        body = {"clinic_id": things["clinic_id"]}
    elif route.body is DecisionBody:
        body = {"seen": things["seen"]}
    elif issubclass(route.body, WhyBody):
        body = {"reason": "a test"}
    elif route.body is MuteBody:
        body = {"until": "2026-05-05T00:00:00Z"}
    return caller.request(route.method, route.path.format(**things), body=body)


def test_only_the_public_ones_need_no_scope() -> None:
    assert {route.path for route in ROUTES if not route.needs_key} == PUBLIC
    assert {route.scope for route in ROUTES if route.scope is not None} <= set(SCOPES)


def test_each_operation_and_each_address_stands_once() -> None:
    assert len({route.operation for route in ROUTES}) == len(ROUTES)
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)
    assert status_operations().keys() == {route.operation for route in routes_of("status")}


def test_no_path_hides_another() -> None:
    things = {f"{what}_id": str(uuid4()) for what in ("job", "hold", "letter", "alert", "clinic")}
    for route in ROUTES:
        assert find_route(route.method, route.path.format(**things)) is route


@keyed
def test_without_a_key_nobody_gets_in(closed: tuple[Api, dict[str, str]], route: Route) -> None:
    api, things = closed

    answer = ask(api.gateway, route, things)

    assert (answer.status, answer.code) == (401, "unauthorized")
    assert api.invocations.made == []


@keyed
def test_without_the_scope_nobody_gets_in(closed: tuple[Api, dict[str, str]], route: Route) -> None:
    api, things = closed
    others = [scope for scope in SCOPES if scope != route.scope]

    answer = ask(api.as_operator(*others), route, things)

    assert (answer.status, answer.code) == (403, "scope_missing")
    assert str(route.scope) in answer.json["detail"]
    assert api.invocations.made == []


@keyed
def test_a_foreign_clinic_does_not_exist(closed: tuple[Api, dict[str, str]], route: Route) -> None:
    api, things = closed
    caller = api.as_other_clinic()

    answer = ask(caller, route, things)

    if route.scope in OPERATOR_SCOPES:
        assert (answer.status, answer.code) == (403, "scope_missing")
    elif route.operation in (
        *("list_jobs", "list_holds", "list_alerts", "list_dead_letters"),
        *("get_metrics", "get_ticks"),
    ):
        assert answer.status == 200
        assert things["clinic_id"] not in answer.text
        asked = caller.get(f"{route.path}?clinic_id={things['clinic_id']}")
        assert (asked.status, asked.code) == (404, "not_found")
    elif route.operation == "list_clinics":
        assert [one["clinic_id"] for one in answer.json["clinics"]] == [str(api.other_clinic)]
        asked = caller.get(f"{route.path}?ids={things['clinic_id']}")
        assert (asked.status, asked.json["clinics"]) == (200, [])
    elif route.operation == "get_readiness_details":
        assert answer.status == 200  # of no clinic
    else:
        assert (answer.status, answer.code) == (404, "not_found")
    assert (api.invocations.made, api.refreshed) == ([], [])


@pytest.mark.parametrize("route", [r for r in ROUTES if r.parameters], ids=lambda r: r.operation)
def test_what_does_not_exist_looks_like_what_is_foreign(
    closed: tuple[Api, dict[str, str]], route: Route
) -> None:
    api, things = closed
    foreign = ask(api.as_other_clinic(), route, things)
    unknown = ask(api.as_other_clinic(), route, dict.fromkeys(things, str(uuid4())))
    impossible = ask(api.as_other_clinic(), route, dict.fromkeys(things, "no-id"))

    for answer in (unknown, impossible):
        assert {**answer.json, "request_id": ""} == {**foreign.json, "request_id": ""}


@keyed
def test_an_operator_acts_for_every_clinic(api: Api, route: Route) -> None:
    answer = ask(api.as_operator(), route, own_things(api))

    expected = set(route.responses)
    if route.operation in ("cancel_job", "reopen_hold", "revive_hold"):
        expected = {409}  # it has ended, is open, has let nothing through
    assert answer.status in expected, answer.text


@every
def test_no_answer_that_is_not_declared(api: Api, route: Route) -> None:
    declared = {
        *route.responses,
        *(PROBLEMS[code][0] for code in route.all_problems),
    }
    things = own_things(api)
    for caller in (api.gateway, api.as_clinic(), api.as_other_clinic(), api.as_operator()):
        assert ask(caller, route, things).status in declared


def test_every_key_is_told_whose_it_is_and_what_it_may_do(
    closed: tuple[Api, dict[str, str]],
) -> None:
    api, things = closed
    told = api.as_clinic("jobs:read").get("/api/key")
    operators = api.as_operator("metrics:read", "jobs:read").get("/api/key")

    assert (told.status, operators.status) == (200, 200)
    assert (told.json["clinic_id"], told.json["operator"]) == (things["clinic_id"], False)
    assert (told.json["scopes"], len(told.json["id"])) == (["jobs:read"], 36)
    assert (operators.json["clinic_id"], operators.json["operator"]) == (None, True)
    assert operators.json["scopes"] == ["jobs:read", "metrics:read"]
    assert api.gateway.get("/api/key").status == 401


@pytest.mark.parametrize("path", sorted(PUBLIC))
def test_public_ones_answer_anybody(api: Api, path: str) -> None:
    assert api.gateway.get(path).status == 200


def test_a_function_without_an_authorizer_before_it_lets_nobody_in(api: Api) -> None:
    event = api.as_operator()._event("GET", "/api/sync/jobs", None, {})

    answer = api.gateway.functions["status"](event, None)

    assert answer["statusCode"] == 401
