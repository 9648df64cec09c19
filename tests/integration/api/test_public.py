"""Health, readiness, metrics, clinic status, and the API's own description."""

import json
from importlib.metadata import version
from typing import Any

import pytest
from playwright.sync_api import sync_playwright
from pydantic import SecretStr

from idexx_sync.api.openapi import document
from idexx_sync.api.problems import PROBLEMS
from idexx_sync.api.routes import ROUTES
from idexx_sync.api.service import READINESS_LIVES_S, KeptReadiness
from idexx_sync.core.version import VERSION
from idexx_sync.database.connection import Database
from idexx_sync.database.schema_number_store import refuse_older
from tests.kit.api import Api
from tests.kit.database import as_role


def take_down(api: Api) -> None:
    down = Database(SecretStr("postgresql://127.0.0.1:1/nowhere"))
    object.__setattr__(api.dependencies, "database", down)


def test_health_is_the_process_alone(api: Api) -> None:
    take_down(api)

    answer = api.gateway.get("/health")

    told = {"status": "ok", "version": VERSION, "commit": "unknown"}
    assert (answer.status, answer.json) == (200, told)
    assert version("idexx-sync") == VERSION


def test_ready_is_one_word(api: Api) -> None:
    answer = api.gateway.get("/ready")

    assert (answer.status, answer.json) == (200, {"status": "ready"})


def test_not_ready_says_no_more_and_the_log_says_why(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    take_down(api)

    answer = api.gateway.get("/ready")

    assert (answer.status, answer.code, answer.json["detail"]) == (503, "not_ready", "not ready")
    said = [vars(record) for record in caplog.records if record.message == "not ready"]
    assert [one["error_message"] for one in said] == ["database: database_unavailable"]


def test_a_missing_migration_is_not_ready(api: Api) -> None:
    api.bench.conn.execute("DELETE FROM idexx_sync.migrations WHERE name = '007_orders'")

    answer = api.as_operator().get("/ready/details")

    assert api.gateway.get("/ready").status == 503
    assert answer.status == 503
    assert answer.json["checks"] == [
        {"name": "database", "ok": True, "detail": "answers"},
        {"name": "migrations", "ok": False, "detail": "missing: 007_orders"},
    ]


def test_a_schema_that_a_new_process_finds_too_old_is_not_ready_and_may_be_asked_again(
    api: Api,
) -> None:
    caller = api.as_operator()
    assert caller.get("/ready/details").status == 200
    anew = Database(SecretStr(as_role(api.bench.url, "api")), require=refuse_older)
    object.__setattr__(api.dependencies, "database", anew)
    api.bench.conn.execute("DROP FUNCTION idexx_sync.schema_number()")

    details, jobs = caller.get("/ready/details"), caller.get("/api/sync/jobs")

    assert [(one["name"], one["ok"]) for one in details.json["checks"]] == [
        ("database", True),
        ("migrations", False),
    ]
    assert "idexx-sync migrate" in details.json["checks"][1]["detail"]
    assert (jobs.status, jobs.code) == (503, "database_unavailable")
    assert "Retry-After" in jobs.headers


def test_details_of_a_database_that_is_down(api: Api) -> None:
    caller = api.as_operator()
    take_down(api)

    answer = caller.get("/ready/details")

    assert (answer.status, answer.json["status"]) == (503, "not ready")
    assert answer.json["checks"] == [
        {"name": "database", "ok": False, "detail": "database_unavailable"}
    ]


def test_readiness_is_kept_for_a_while(api: Api) -> None:
    now = [0.0]
    kept = KeptReadiness(monotonic=lambda: now[0])
    call: Any = None
    assert kept(call, lambda: api.dependencies).status == 200
    take_down(api)

    now[0] += READINESS_LIVES_S - 0.1
    assert kept(call, lambda: api.dependencies).status == 200
    now[0] += 0.1
    with pytest.raises(Exception, match="not ready"):
        kept(call, lambda: api.dependencies)


def test_metrics_are_the_fleets_or_a_clinics(api: Api) -> None:
    api.bench.sync()
    api.bench.conn.execute("UPDATE idexx_sync.jobs SET finished_at = %s", (api.now(),))

    def jobs_in(text: str) -> list[str]:
        return [line for line in text.splitlines() if line.startswith("idexx_sync_jobs_last_24h{")]

    fleet = api.as_operator().get("/metrics")
    assert fleet.headers["Content-Type"].startswith("text/plain")
    assert jobs_in(fleet.text) == jobs_in(api.as_clinic().get("/metrics").text) != []
    assert jobs_in(api.as_other_clinic().get("/metrics").text) != jobs_in(fleet.text)


def test_a_clinics_status_says_what_is_needed(api: Api) -> None:
    api.bench.sync()

    told = api.as_clinic().get(f"/api/clinics/{api.bench.clinic_id}/status").json

    assert (told["clinic_id"], told["stage"], told["open_holds"]) == (
        str(api.bench.clinic_id),
        "live",
        0,
    )
    assert "inbound" in [one["sync"] for one in told["syncs"]]
    assert any("credentials" in need["what"] for need in told["needs"])


def test_the_document_is_complete() -> None:
    told = document()

    assert told["openapi"] == "3.1.0"
    for route in ROUTES:
        operation = told["paths"][route.path][route.method.lower()]
        assert operation["operationId"] == route.operation
        assert bool(operation["security"]) is route.needs_key
        statuses = {*route.responses, *(PROBLEMS[code][0] for code in route.all_problems)}
        assert operation["responses"].keys() == {str(status) for status in statuses}
    references = json.dumps(told).split('"#/components/schemas/')[1:]
    assert {text.partition('"')[0] for text in references} <= told["components"]["schemas"].keys()


def test_the_document_names_the_stage_it_is_served_from(api: Api) -> None:
    assert api.gateway.get("/openapi.json").json["servers"] == [{"url": "/test"}]


def test_what_stands_before_our_paths_ends_no_script_of_the_page(api: Api) -> None:
    page = api.gateway.behind("/x</script><script>alert(1)").get("/docs").text

    assert "<script>alert(1)" not in page
    assert "script>alert(1)/openapi.json" in page


def test_the_page_shows_every_operation_and_fetches_nothing(
    api: Api, chromium_path: object
) -> None:
    page_text = api.gateway.get("/docs").text
    asked, errors = list[str](), list[str]()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(chromium_path), args=["--no-sandbox"]
        )
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.set_content(page_text)
        page.wait_for_selector(".opblock")
        shown = page.locator(".opblock").count()
        title = page.title()
        browser.close()

    assert (shown, title) == (len(ROUTES), "idexx-sync")
    assert (asked, errors) == ([], [])
