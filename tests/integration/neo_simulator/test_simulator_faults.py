"""Faults at the level of requests and sockets: delays, cuts, errors, sessions that die."""

from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any

import httpx
import pytest

from neo_simulator.client import Company
from tests.integration.neo_simulator.reading import ask_calendar
from tests.kit.plain_http import NO_TLS

VIEW = "/appointments/getAppointmentView"


@pytest.mark.parametrize(
    ("action", "status", "kind", "retry_after"),
    [
        ("429", 429, "application/json", None),
        ("429_retry_after", 429, "application/json", "2"),
        ("500", 500, "application/json", None),
        ("502_html", 502, "text/html", None),
        ("503", 503, "application/json", None),
        ("504", 504, "application/json", None),
        ({"kind": "status", "status": 503, "retry_after": 7, "html": True}, 503, "text/html", "7"),
    ],
)
def test_error_statuses(
    clinic: Company,
    reader: httpx.Client,
    action: Any,
    status: int,
    kind: str,
    retry_after: str | None,
) -> None:
    clinic.fault(action)

    answer = ask_calendar(reader)

    assert answer.status_code == status
    assert answer.headers["content-type"].startswith(kind)
    assert answer.headers.get("retry-after") == retry_after


def test_damaged_bodies(clinic: Company, reader: httpx.Client) -> None:
    clinic.book("2026-05-04 09:00:00")
    whole = ask_calendar(reader).content

    def damaged(action: str | dict[str, Any]) -> tuple[int, str, bytes]:
        clinic.fault(action)
        answer = ask_calendar(reader)
        return answer.status_code, answer.headers["content-type"].split(";")[0], answer.content

    assert damaged("truncated_json") == (200, "application/json", whole[: len(whole) // 2])
    cut = damaged({"kind": "truncated_json", "at_byte": 11})
    assert cut == (200, "application/json", b'{"events":[')
    assert damaged("empty") == (200, "application/json", b"")
    assert damaged("html_type") == (200, "text/html", whole)
    status, kind, body = damaged("html")
    assert (status, kind, b"right back" in body) == (200, "text/html", True)


@pytest.mark.parametrize(
    ("action", "odd"),
    [("odd_byte", b'"reason":"l\xffimping"'), ("raw_tab", b'"reason":"l\timping"')],
)
def test_a_text_may_hold_what_json_must_not(
    clinic: Company, reader: httpx.Client, action: str, odd: bytes
) -> None:
    clinic.book("2026-05-04 09:00:00", reason="limping")
    whole = ask_calendar(reader).content
    clinic.fault(action)

    answer = ask_calendar(reader)

    assert answer.headers["content-type"] == "application/json"
    assert answer.content == whole.replace(b'"reason":"limping"', odd)


def test_a_byte_may_stand_between_json(clinic: Company, reader: httpx.Client) -> None:
    clinic.fault("stray_byte")

    assert ask_calendar(reader).content == b'{\xff"events":[]}'


@pytest.mark.parametrize("action", ["drop", "reset"])
def test_cut_connections(clinic: Company, reader: httpx.Client, action: str) -> None:
    clinic.fault(action, times=1)

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        ask_calendar(reader)

    assert ask_calendar(reader).status_code == 200
    assert [(r["status"], r["fault"]) for r in clinic.requests()] == [(0, action), (200, None)]


@pytest.mark.parametrize("kind", ["reset", "truncate"])
@pytest.mark.parametrize("at_byte", [0, 1, 10])
def test_answers_that_end_at_a_byte(
    clinic: Company, reader: httpx.Client, kind: str, at_byte: int
) -> None:
    clinic.fault({"kind": kind, "at_byte": at_byte})
    received = b""

    with (
        pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)),
        reader.stream("GET", VIEW) as answer,
    ):
        assert answer.status_code == 200
        for part in answer.iter_raw():
            received += part

    assert len(received) <= at_byte
    if kind == "truncate":
        assert len(received) == at_byte
    assert clinic.requests()[-1]["bytes"] == at_byte


def test_a_rule_hits_the_nth_request_of_its_path(clinic: Company, reader: httpx.Client) -> None:
    clinic.fault("500", path="getCalendarEventData", nth=2)

    seen = [ask_calendar(reader).status_code]
    reader.get(VIEW)
    seen += [ask_calendar(reader).status_code for _ in range(2)]

    assert seen == [200, 500, 200]


def test_several_rules_apply_at_once(clinic: Company, reader: httpx.Client) -> None:
    clinic.set_knob(
        "faults",
        [{"path": "View$", "action": "503"}, {"path": "Data$", "times": 1, "action": "429"}],
    )

    assert reader.get(VIEW).status_code == 503
    assert [ask_calendar(reader).status_code for _ in range(2)] == [429, 200]


def test_a_session_dies_at_the_nth_request(clinic: Company, reader: httpx.Client) -> None:
    clinic.set_knob("expired_answer", "401_json")
    clinic.fault("expire_session", nth=3)

    assert [ask_calendar(reader).status_code for _ in range(4)] == [200, 200, 401, 401]
    reader.cookies.update(clinic.open_session())
    assert ask_calendar(reader).status_code == 200


def test_a_delay_holds_up_no_other_request(clinic: Company, reader: httpx.Client) -> None:
    clinic.set_knob("delay_ms", {"View$": 1000})

    with ThreadPoolExecutor(6) as pool:
        slow = [pool.submit(reader.get, VIEW) for _ in range(5)]
        assert ask_calendar(reader).status_code == 200
        assert not any(each.done() for each in slow)

    views = [request for request in clinic.requests() if request["path"] == VIEW]
    assert max(r["started"] for r in views) < min(r["finished"] or 0 for r in views)
    assert all((r["finished"] or 0) - r["started"] >= 1 for r in views)
    assert max(request["concurrency"] for request in clinic.requests()) >= 5


def test_a_delay_of_all_paths_and_one_by_rule(clinic: Company, reader: httpx.Client) -> None:
    clinic.set_knob("delay_ms", 60)
    clinic.fault({"kind": "delay", "ms": 400}, nth=2)

    for _ in range(3):
        ask_calendar(reader)

    took = [(r["finished"] or 0) - r["started"] for r in clinic.requests()]
    assert took[0] >= 0.06
    assert took[1] >= 0.46
    assert took[2] < 0.46


def test_a_refusing_company_opens_again_at_the_same_address(
    clinic: Company, reader: httpx.Client
) -> None:
    assert ask_calendar(reader).status_code == 200
    clinic.set_knob("refuse_connections", True)

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        ask_calendar(reader)  # the open connection is cut
    for _ in range(2):
        with pytest.raises(httpx.ConnectError):
            ask_calendar(reader)
    clinic.set_knob("refuse_connections", False)

    assert ask_calendar(reader).status_code == 200


def test_faults_of_one_company_leave_others_alone(
    clinic: Company, simulator: Any, reader: httpx.Client
) -> None:
    other = simulator.create_company(generate=False)
    clinic.fault("drop")
    clinic.set_knob("delay_ms", 5000)

    with httpx.Client(
        verify=NO_TLS, base_url=other.base_url, cookies=other.open_session()
    ) as theirs:
        assert ask_calendar(theirs).elapsed.total_seconds() < 4
    other.remove()


def test_faults_reach_the_login_page_too(clinic: Company) -> None:
    clinic.fault("502_html", path="^/login$")

    assert httpx.get(f"{clinic.base_url}/login", verify=NO_TLS).status_code == 502


def test_the_log_has_times_sizes_and_queries(clinic: Company, reader: httpx.Client) -> None:
    began = monotonic()
    answer = reader.get(VIEW, params={"x": "1"})
    reader.get("/nowhere")
    ended = monotonic()

    view, nowhere = clinic.requests()
    assert (view["number"], view["method"], view["path"], view["query"]) == (1, "GET", VIEW, "x=1")
    assert (view["status"], view["bytes"]) == (200, len(answer.content))
    assert began <= view["started"] <= (view["finished"] or 0) <= ended
    assert (nowhere["status"], nowhere["concurrency"]) == (404, 1)
    assert clinic.requests(after=1) == [nowhere]
    clinic.clear_requests()
    assert clinic.requests() == []
