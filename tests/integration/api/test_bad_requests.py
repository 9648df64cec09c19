"""Bad input over the API: always a problem that names the field, never a 500."""

import base64
import io
import json
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from pydantic import SecretStr

from idexx_sync.api.request import MOST_BODY_BYTES
from idexx_sync.core.logs import logger
from idexx_sync.database.connection import Database
from idexx_sync.operations.pagination import cursor_at, cursor_behind
from tests.kit.api import Api
from tests.kit.database import query

INBOUND = "/api/sync/inbound"


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({"from": "2026-05-10", "to": "2026-05-04"}, ["/to"]),
        ({"from": "2026-05-04", "to": "2026-07-05"}, ["/to"]),
        ({"from": "2026-02-30"}, ["/from"]),
        ({"from": "soon"}, ["/from"]),
        ({"from": 20260504}, ["/from"]),
        ({"from": "1999-12-31"}, ["/from"]),
        ({"to": "2200-01-01"}, ["/to"]),
        ({"from": ["2026-05-04"]}, ["/from"]),
        ({"dry_run": "yes"}, ["/dry_run"]),
        ({"dry_run": 1}, ["/dry_run"]),
        ({"dry_run": float("nan")}, ["/dry_run"]),
        ({"clinic_id": "no-id"}, ["/clinic_id"]),
        ({"clinic_id": 7}, ["/clinic_id"]),
        ({"first_day": "2026-05-04"}, ["/first_day"]),
        ({"a/b~c": 1}, ["/a~1b~0c"]),
        ({"surprise": True, "dry_run": 0}, ["/dry_run", "/surprise"]),
        ([], [""]),
        ("text", [""]),
        (None, [""]),
        (7, [""]),
    ],
)
def test_a_wrong_field_is_named(api: Api, body: Any, faults: list[str]) -> None:
    answer = api.as_clinic().post(INBOUND, json.dumps(body))

    assert (answer.status, answer.code) == (422, "invalid_request")
    assert answer.faults == faults
    assert api.invocations.made == []


def test_62_days_are_possible_and_63_are_not(api: Api) -> None:
    caller = api.as_clinic()

    assert caller.post(INBOUND, {"from": "2026-05-04", "to": "2026-07-04"}).status == 202
    answer = caller.post(INBOUND, {"from": "2026-05-04", "to": "2026-07-05"})
    assert "63 days, at most 62" in answer.json["errors"][0]["detail"]


@pytest.mark.parametrize(
    "body",
    ["{", '{"from": }', "nonsense", "[" * 60_000, '{"a":' * 8_000, "\x00"],
)
def test_what_is_not_json_is_said_to_be_none(api: Api, body: str) -> None:
    answer = api.as_clinic().post(INBOUND, body)

    assert (answer.status, answer.code) == (400, "invalid_json")


@pytest.mark.parametrize("body", [b"\xff\xfe", b"\xc3"])
def test_bytes_that_are_no_text_are_said_to_be_none(api: Api, body: bytes) -> None:
    answer = api.as_clinic().post(INBOUND, base64.b64encode(body).decode(), isBase64Encoded=True)

    assert (answer.status, answer.code) == (400, "invalid_json")


def test_what_claims_to_be_base64_and_is_not_is_refused(api: Api) -> None:
    answer = api.as_clinic().post(INBOUND, "*", isBase64Encoded=True)

    assert (answer.status, answer.code) == (400, "invalid_json")


def test_64_kb_are_possible_and_more_are_not(api: Api) -> None:
    caller = api.as_clinic()
    padding = " " * (MOST_BODY_BYTES - 2)

    assert caller.post(INBOUND, "{" + padding + "}").status == 202
    answer = caller.post(INBOUND, "{" + padding + " }")
    assert (answer.status, answer.code) == (413, "body_too_large")


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/xml", "", "application/json; charset=latin-1"]
)
def test_another_media_type_is_refused(api: Api, media_type: str) -> None:
    answer = api.as_clinic().post(INBOUND, "{}", headers={"Content-Type": media_type})

    assert (answer.status, answer.code) == (415, "media_type")


@pytest.mark.parametrize("media_type", ["application/json", 'APPLICATION/JSON; charset="UTF-8"'])
def test_json_in_every_spelling_is_json(api: Api, media_type: str) -> None:
    answer = api.as_clinic().post(INBOUND, "{}", headers={"content-type": media_type})

    assert answer.status == 202


def test_an_operator_has_to_name_the_clinic(api: Api) -> None:
    answer = api.as_operator().post(INBOUND)

    assert (answer.status, answer.faults) == (422, ["/clinic_id"])


def test_a_clinic_that_nobody_has_is_not_found(api: Api) -> None:
    answer = api.as_operator().post(INBOUND, {"clinic_id": str(uuid4())})

    assert (answer.status, answer.code) == (404, "not_found")
    assert query(api.bench.conn, "SELECT * FROM idexx_sync.jobs") == []


@pytest.mark.parametrize("path", ["/api/sync/jobs", "/api/sync/holds", "/metrics"])
def test_a_list_of_a_clinic_that_nobody_has_is_not_found(api: Api, path: str) -> None:
    answer = api.as_operator().get(f"{path}?clinic_id={uuid4()}")

    assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, ["/clinic_id"]),
        ({"clinic_id": str(uuid4()), "lookback_days": 0}, ["/lookback_days"]),
        ({"clinic_id": str(uuid4()), "lookback_days": 91}, ["/lookback_days"]),
        ({"clinic_id": str(uuid4()), "lookback_days": "7"}, ["/lookback_days"]),
        ({"clinic_id": str(uuid4()), "mode": "destroy"}, ["/mode"]),
    ],
)
def test_a_reconciliation_judges_how_far_it_is_to_look_back(
    api: Api, body: Any, faults: list[str]
) -> None:
    answer = api.as_operator().post("/api/sync/reconciliation", body)

    assert (answer.status, answer.faults) == (422, faults)


@pytest.mark.parametrize(
    ("query", "faults"),
    [
        ("limit=0", ["limit"]),
        ("limit=101", ["limit"]),
        ("limit=many", ["limit"]),
        ("status=done", ["status"]),
        ("sync=everything", ["sync"]),
        ("clinic_id=7", ["clinic_id"]),
        ("page=2", ["page"]),
        ("limit=5&limit=6", ["limit"]),
        ("cursor=x", ["cursor"]),
        (f"cursor={'x' * 201}", ["cursor"]),
        (f"cursor={base64.urlsafe_b64encode(b'[1, 2]').decode()}", ["cursor"]),
        (f"cursor={base64.urlsafe_b64encode(b'7').decode()}", ["cursor"]),
        (f"cursor={base64.urlsafe_b64encode(b'[[[').decode()}", ["cursor"]),
        (f"status={'x' * 9_000}", ["status"]),
    ],
)
@pytest.mark.parametrize("path", ["/api/sync/jobs", "/api/sync/holds"])
def test_a_wrong_parameter_is_named(api: Api, path: str, query: str, faults: list[str]) -> None:
    answer = api.as_clinic().get(f"{path}?{query}")

    assert (answer.status, answer.code) == (422, "invalid_request")
    assert answer.faults == faults


@pytest.mark.parametrize("text", ["\0", "\ud800"])
def test_a_cursor_that_is_no_text_of_a_database_is_none(api: Api, text: str) -> None:
    job = api.as_clinic().post("/api/sync/inbound", {}).json["id"]
    path = f"/api/sync/jobs/{job}/changes?cursor={cursor_behind(text)}"

    assert api.as_clinic().get(path).status == 422


def test_a_cursor_without_a_zone_is_none(api: Api) -> None:
    cursor = cursor_at(api.now().replace(tzinfo=None), uuid4())

    assert api.as_clinic().get(f"/api/sync/jobs?cursor={cursor}").status == 422


@pytest.mark.parametrize(
    "path",
    ["/", "/api", "/api/sync", "/api/sync/jobs/", "/api/sync/jobs//retry", "/../health", "/Ü"],
)
def test_an_unknown_path_is_not_found(api: Api, path: str) -> None:
    answer = api.gateway.get(path)

    assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", INBOUND, "OPTIONS, POST"),
        ("DELETE", INBOUND, "OPTIONS, POST"),
        ("PUT", "/api/sync/jobs", "GET, HEAD, OPTIONS"),
        ("POST", "/health", "GET, HEAD, OPTIONS"),
        ("BREW", "/ready", "GET, HEAD, OPTIONS"),
        ("HEAD", INBOUND, "OPTIONS, POST"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(
    api: Api, method: str, path: str, allowed: str
) -> None:
    answer = api.gateway.request(method, path)

    assert answer.status == 405
    assert answer.headers["Allow"] == allowed


def test_options_says_what_there_is(api: Api) -> None:
    answer = api.gateway.request("OPTIONS", INBOUND)

    assert (answer.status, answer.headers["Allow"], answer.text) == (204, "OPTIONS, POST", "")


def test_head_is_get_without_a_body(api: Api) -> None:
    answer = api.as_clinic().request("HEAD", "/api/sync/jobs")

    assert (answer.status, answer.text) == (200, "")
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("sent", "echoed"), [("abc-1.2_3", True), ("x" * 65, False), ("a b", False), ("a\nb", False)]
)
def test_a_request_id_is_echoed_if_it_is_a_plain_word(api: Api, sent: str, echoed: bool) -> None:
    answer = api.gateway.get("/nothing", headers={"x-request-id": sent})

    assert (answer.headers["X-Request-Id"] == sent) is echoed
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("path", "status", "operation"),
    [
        ("/api/sync/jobs", 200, "list_jobs"),
        ("/api/sync/jobs?status=x", 422, "list_jobs"),
        ("/nothing", 404, None),
        ("/health", 200, "get_health"),
    ],
)
def test_each_request_is_found_in_the_log_by_its_own_id_and_the_gateways(
    api: Api, monkeypatch: pytest.MonkeyPatch, path: str, status: int, operation: str | None
) -> None:
    stream = io.StringIO()
    (handler,) = logger().handlers
    monkeypatch.setattr(handler, "stream", stream)

    answer = api.as_clinic().get(path, headers={"x-request-id": "my-own.id_1=x"})

    lines = map(json.loads, stream.getvalue().splitlines())
    said = [line for line in lines if line["message"] == "request answered"]
    assert answer.status == status
    if path == "/health":  # public, and well
        assert said == []
        return
    assert [line["request_id"] for line in said] == ["my-own.id_1=x"]
    assert said[0]["gateway_id"] not in (None, "my-own.id_1=x")
    assert (said[0].get("operation"), said[0]["http_status"]) == (operation, status)


def test_a_database_that_is_down_is_503_and_names_nothing(api: Api) -> None:
    caller = api.as_clinic()
    down = Database(SecretStr("postgresql://someone:secret@127.0.0.1:1/nowhere"))
    object.__setattr__(api.dependencies, "database", down)

    answer = caller.get("/api/sync/jobs")

    assert (answer.status, answer.code) == (503, "database_unavailable")
    assert answer.headers["Retry-After"] == "5"
    assert not {"someone", "secret", "127.0.0.1"} & set(answer.text.split())


def test_a_connection_that_died_since_the_last_request_is_replaced(api: Api) -> None:
    caller = api.as_clinic()
    caller.get("/api/sync/jobs")
    api.bench.conn.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    assert caller.get("/api/sync/jobs").status == 200


def test_a_defect_is_told_without_its_words(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise psycopg.errors.UniqueViolation("Key (name)=(CANARY PET) already exists")

    monkeypatch.setattr("idexx_sync.operations.views.jobs_newest_first", broken)

    answer = api.as_clinic().get("/api/sync/jobs")

    logged = str([vars(record) for record in caplog.records])
    assert (answer.status, answer.code) == (500, "internal")
    assert answer.headers["X-Request-Id"] in answer.json["detail"]
    assert "UniqueViolation" in logged
    assert "CANARY" not in answer.text + logged
