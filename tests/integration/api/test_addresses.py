"""The API at its own address, and behind a custom domain with and without a base path."""

import pytest

from idexx_sync.api.routes import ROUTES
from tests.integration.api.test_routes import ask, own_things
from tests.kit.api import Api
from tests.kit.gateway import ARN, Gateway

BASES = {"": "", "one part": "/sync", "two parts": "/odis/sync", "like a route": "/api/sync/jobs"}
based = pytest.mark.parametrize("base", BASES.values(), ids=BASES)


@based
def test_every_route_answers_behind_a_domain(api: Api, base: str) -> None:
    things = own_things(api)
    caller = api.as_operator().behind(base)

    answers = {route.operation: ask(caller, route, things) for route in ROUTES}

    assert {name: answer.text for name, answer in answers.items() if answer.status == 404} == {}
    assert {answer.status for answer in answers.values()} <= {200, 202, 409, 501}
    assert answers["get_job"].json["id"] == things["job_id"]
    assert answers["get_hold"].json["id"] == things["hold_id"]


@pytest.mark.parametrize(
    ("base", "prefix"), [(None, "/test"), *((base, base) for base in BASES.values())]
)
def test_what_we_link_to_is_where_the_caller_asked(api: Api, base: str | None, prefix: str) -> None:
    caller = api.as_clinic() if base is None else api.as_clinic().behind(base)

    started = caller.post("/api/sync/inbound")
    document = caller.get("/openapi.json")

    location = started.headers["Location"]
    assert location == f"{prefix}/api/sync/jobs/{started.json['id']}"
    assert caller.get(location.removeprefix(prefix)).json["id"] == started.json["id"]
    assert document.json["servers"] == [{"url": prefix or "/"}]
    page = caller.get("/docs").text
    assert f'"url": "{prefix or "/"}"' in page
    assert f'updateUrl("{prefix}/openapi.json")' in page


@based
def test_what_is_not_there_is_not_there_behind_a_domain_either(api: Api, base: str) -> None:
    caller = api.as_clinic().behind(base)

    for path in ("/", "/api", "/nothing", "/health/more", f"{base or '/x'}/health"):
        assert (caller.get(path).status, caller.get(path).code) == (404, "not_found"), path
    wrong = caller.post("/health")
    assert (wrong.status, wrong.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert caller.request("OPTIONS", "/api/sync/jobs").status == 204
    assert caller.request("HEAD", "/health").text == ""


def test_pages_of_a_list_go_on_behind_a_domain(api: Api) -> None:
    jobs = [str(api.bench.sync().id) for _ in range(3)]
    caller = api.as_clinic().behind("/sync")

    first = caller.get("/api/sync/jobs?limit=2").json
    last = caller.get(f"/api/sync/jobs?limit=2&cursor={first['next_cursor']}").json

    assert [job["id"] for page in (first, last) for job in page["jobs"]] == jobs[::-1]
    assert last["next_cursor"] is None


@pytest.mark.parametrize("path", ["/sync/api/sync/jobs", "/api/sync/jobs", "/"])
def test_the_policy_is_for_the_stage_whatever_the_address(api: Api, path: str) -> None:
    event = {
        "headers": {"x-api-key": api.key(None)},
        "methodArn": f"{ARN}/GET{path}",
        "path": f"/sync{path}",
    }

    (statement,) = api.gateway.authorizer(event, None)["policyDocument"]["Statement"]

    assert statement["Resource"] == f"{ARN}/*"


def test_a_resource_counts_more_than_a_path_and_a_path_will_do(api: Api) -> None:
    status = api.gateway.functions["status"]
    event = api.gateway._event("GET", "/health", None, {})

    misleading = status({**event, "path": "/nothing/of/ours"}, None)
    bare = status({**event, "resource": None, "pathParameters": None}, None)

    assert (misleading["statusCode"], bare["statusCode"]) == (200, 200)


def test_no_address_leads_to_another_host(api: Api) -> None:
    """Even if the gateway handed us a path that begins with two slashes."""
    caller: Gateway = api.gateway.behind("//evil.example")

    (server,) = caller.get("/openapi.json").json["servers"]

    assert server == {"url": "/evil.example"}
