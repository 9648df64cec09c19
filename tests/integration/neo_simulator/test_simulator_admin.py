"""The admin API, its client, the front page for people, and the process itself."""

import json
import os
import signal
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

import neo_simulator
from neo_simulator.client import Company, Simulator, SimulatorRefused
from neo_simulator.knob_menu import KNOBS
from neo_simulator.process import running_simulator
from tests.integration.neo_simulator.reading import ask_calendar, events
from tests.kit.plain_http import NO_TLS


def test_a_generated_company_is_served_whole(simulator: Simulator) -> None:
    clinic = simulator.create_company(
        seed=7, days=(date(2026, 5, 4), date(2026, 5, 17)), visits=400, ugly=True
    )

    with httpx.Client(
        verify=NO_TLS, base_url=clinic.base_url, cookies=clinic.open_session()
    ) as reader:
        shown = events(reader, first="2026-01-01", last="2026-12-31")

    state = clinic.state()
    true_ids = {v["id"] for v in state["visits"] if not v["deleted"]}
    assert len(state["visits"]) == 400
    visits = {e["id"] for e in shown if not e["is_block"] and not e["is_roster"]}
    assert visits == true_ids
    assert len(shown) > 300
    clinic.remove()


def test_ten_thousand_visits_are_answered_in_one_go(simulator: Simulator) -> None:
    clinic = simulator.create_company(
        days=("2026-05-04", "2026-05-17"), visits=10_000, blocks=False, now="2026-05-04 08:00:00"
    )
    with httpx.Client(
        verify=NO_TLS, base_url=clinic.base_url, cookies=clinic.open_session(), timeout=30
    ) as reader:
        assert len(events(reader, last="2026-05-17")) == 10_000
    clinic.remove()


def test_operations_take_texts_and_values_alike(clinic: Company) -> None:
    visit = clinic.book(datetime.fromisoformat("2026-05-04 09:00"), room="4")
    clinic.move(int(visit), start="2026-05-05T10:00:00")
    clinic.change_type(visit, "Surgery")
    clinic.change_provider(visit, None)
    clinic.edit_reason(visit, "recheck")
    clinic.confirm(visit)
    clinic.no_show(visit)
    clinic.undo_no_show(visit)
    clinic.cancel(visit)
    clinic.uncancel(visit)
    clinic.mark_deceased(clinic.visit(visit)["patient_id"])

    told = clinic.visit(visit)
    assert (told["start"], told["room"], told["type"]) == ("2026-05-05 10:00:00", "4", "Surgery")
    assert (told["provider"], told["reason"], told["confirmed"]) == (None, "recheck", True)
    assert told["status"] == "not arrived"


def test_blocks_and_consultations_through_the_client(clinic: Company) -> None:
    block = clinic.book_block("2026-05-04 12:00:00", "2026-05-04 13:00:00", room=3)
    clinic.move_block(block, "2026-05-05 12:00:00", "2026-05-05 13:00:00")
    clinic.delete_block(block, "2026-05-05")
    clinic.undelete_block(block)
    visit, other = (
        clinic.book("2026-05-04 09:00:00"),
        clinic.book("2026-05-04 09:00:00", patient="B"),
    )
    consultation = clinic.start_consultation(visit)
    clinic.delete_consultation(consultation)
    clinic.merge_patients(
        clinic.visit(visit)["patient_id"], clinic.visit(other)["patient_id"], consultations=True
    )

    state = clinic.state()
    assert state["blocks"][0]["occurrences"][0]["start"] == "2026-05-05 12:00:00"
    assert state["consultations"] == []
    assert len({v["patient_id"] for v in state["visits"]}) == 1


def test_many_operations_go_in_one_call(clinic: Company) -> None:
    visit, _, nothing = clinic.operate(
        ("book", {"start": "2026-05-04 09:00:00"}),
        ("book", {"start": "2026-05-04 09:30:00"}),
        ("cancel", {"visit_id": 600101}),
    )

    assert (visit, nothing) == ("600101", None)
    assert clinic.book_many([]) == []


@pytest.mark.parametrize(
    ("operation", "arguments", "status", "message"),
    [
        ("cancel", {"visit_id": 1}, 404, "no visit has the id 1"),
        ("cancel", {"visit_id": "x"}, 422, "visit_id: Input should be a valid integer"),
        ("cancel", {}, 422, "visit_id: Missing required argument"),
        ("cancel", {"visit_id": 1, "why": ""}, 422, "why: Unexpected keyword argument"),
        ("book", {"start": "soon"}, 422, "start: Input should be a valid datetime"),
        ("book", {"start": "2026-05-04 09:00:00", "room": 77}, 422, "room: 77 is none"),
        ("book", {"start": "2026-05-04T09:00:00Z"}, 422, "without a zone"),
        ("explode", {}, 404, "no operation is called 'explode'; there are add_client, "),
        ("world", {}, 404, "no operation is called 'world'"),
    ],
)
def test_impossible_operations_are_explained(
    clinic: Company, operation: str, arguments: dict[str, object], status: int, message: str
) -> None:
    with pytest.raises(SimulatorRefused, match=message) as caught:
        clinic.operate((operation, arguments))

    assert caught.value.status == status


def test_wrong_companies_knobs_and_bodies_are_explained(
    simulator: Simulator, clinic: Company
) -> None:
    with pytest.raises(SimulatorRefused, match="404: no company has the id '77'"):
        simulator.company("77")
    with pytest.raises(SimulatorRefused, match=r"422: .*is taken"):
        simulator.create_company(company_id=clinic.company_id, generate=False)
    with pytest.raises(SimulatorRefused, match=r"422: zone: 'Mars/Olympus' is no IANA"):
        simulator.create_company(zone="Mars/Olympus")
    with pytest.raises(SimulatorRefused, match="422: days: 2026-05-03 is before"):
        simulator.create_company(days=("2026-05-04", "2026-05-03"))
    with pytest.raises(SimulatorRefused, match="422: envelope: 'box' is none of"):
        clinic.set_knob("envelope", "box")
    with pytest.raises(SimulatorRefused, match="404: no knob is called 'gravity'"):
        clinic.set_knob("gravity", 1)
    with pytest.raises(SimulatorRefused, match="404: no company has the id '77'"):
        clinic.set_knob("calendar_subset", {"company": "77"})
    answer = httpx.put(
        f"{simulator.admin_url}/api/companies/{clinic.company_id}/clock",
        content="{",
        headers={"Content-Type": "application/json"},
    )
    assert (answer.status_code, "no JSON" in answer.json()["error"]) == (422, True)


def test_companies_are_found_again(simulator: Simulator, clinic: Company) -> None:
    again = simulator.company(clinic.company_id)

    assert (again.base_url, again.password) == (clinic.base_url, clinic.password)
    assert clinic.company_id in {company.company_id for company in simulator.companies()}


def test_the_clock_is_set_moved_and_real(clinic: Company) -> None:
    assert clinic.now() == "2026-05-04 08:00:00"
    clinic.advance(minutes=10, seconds=5)
    assert clinic.now() == "2026-05-04 08:10:05"
    clinic.set_clock("2026-06-01 12:00:00", running=True)
    assert clinic.now().startswith("2026-06-01 12:00:0")
    clinic.use_real_clock()
    assert not clinic.now().startswith("2026-06-01")


def test_a_removed_company_is_gone_with_its_address(simulator: Simulator) -> None:
    company = simulator.create_company(generate=False)
    company.remove()

    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{company.base_url}/login", verify=NO_TLS)
    with pytest.raises(SimulatorRefused):
        company.state()


# -- for people ------------------------------------------------------------------------------


def test_the_front_page_shows_the_day_the_knobs_and_the_requests(
    page: Page, simulator: Simulator, clinic: Company, reader: httpx.Client
) -> None:
    clinic.book("2026-05-04 09:00:00", patient="<b>TANGO</b>", owner_last="O'Sample")
    clinic.book_block("2026-05-04 12:00:00", "2026-05-04 13:00:00", "STAFF LUNCH")
    ask_calendar(reader)

    page.goto(simulator.admin_url)
    expect(page.locator("section")).to_contain_text("Click on a company")
    page.click(f'a[href$="/companies/{clinic.company_id}"]')

    expect(page.locator(".day-bar h2")).to_have_text("Monday, 04 May 2026")
    expect(page.locator(".room")).to_have_text(["ROOM A", "ROOM B", "TECH"])
    expect(page.locator(".card.not-arrived")).to_contain_text("09:00 <b>TANGO</b>")
    expect(page.locator(".card.block")).to_have_count(3)
    rows = page.locator("table.knobs tr[data-knob]")
    assert rows.evaluate_all("rows => rows.map(row => row.dataset.knob)") == list(KNOBS)
    expect(page.locator("section").last).to_contain_text("/appointments/getCalendarEventData")
    page.click("text=day ›")
    expect(page.locator(".day-bar h2")).to_have_text("Tuesday, 05 May 2026")
    expect(page.locator(".card")).to_have_count(0)


def test_a_knob_is_turned_on_the_front_page(page: Page, clinic: Company) -> None:
    page.goto(clinic.admin_page)
    with page.expect_navigation():
        page.select_option('tr[data-knob="envelope"] select', label="bare_array")
    assert clinic.knobs()["envelope"]["value"] == "bare_array"
    expect(page.locator('tr[data-knob="envelope"]')).to_have_class("turned-row")

    page.fill('tr[data-knob="delay_ms"] input', "-5")
    page.press('tr[data-knob="delay_ms"] input', "Enter")
    expect(page.locator("#knob-error")).to_contain_text("delay_ms: -5 is not within")

    with page.expect_navigation():
        page.click("#reset-knobs")
    assert clinic.knobs()["envelope"]["value"] == "events"


def test_visits_are_booked_moved_and_deleted_with_buttons(page: Page, clinic: Company) -> None:
    page.goto(f"{clinic.admin_page}?day=2026-05-04")
    expect(page.locator("button[value=move]")).to_be_disabled()
    page.fill("input[name=time]", "10:15")
    page.fill("input[name=patient]", "O'ROVER")
    page.select_option("select[name=room]", label="ROOM B")
    with page.expect_navigation():
        page.click("text=Book")
    (booked,) = clinic.state()["visits"]
    assert (booked["start"], booked["room"]) == ("2026-05-04 10:15:00", "4")
    said = page.locator("form.booking output").first
    expect(said).to_have_text(
        f"Visit {booked['id']} is booked: 2026-05-04 10:15, ROOM B. The next run finds it."
    )

    page.click('.card:has-text("O\'ROVER")')
    expect(page.locator("input[name=time]")).to_have_value("10:15")
    page.fill("input[name=day]", "2026-05-05")
    with page.expect_navigation():
        page.click("text=Move")
    assert clinic.state()["visits"][0]["start"] == "2026-05-05 10:15:00"
    expect(page.locator(".day-bar h2")).to_have_text("Tuesday, 05 May 2026")
    expect(said).to_contain_text(f"Visit {booked['id']} is moved: 2026-05-05 10:15, ROOM B.")
    page.reload()
    expect(said).to_have_text("To move or delete a visit, click on it.")

    page.focus(".card[data-visit]")
    page.keyboard.press("Enter")
    with page.expect_navigation():
        page.click("text=Delete")
    assert clinic.state()["visits"][0]["deleted"]
    expect(page.locator(".card[data-visit]")).to_have_count(0)
    expect(said).to_contain_text(f"Visit {booked['id']} is deleted.")

    page.route("**/operations", lambda route: route.abort())
    page.click("text=Book")
    expect(said).to_contain_text("The simulator does not answer.")


def test_a_password_is_set_and_sessions_ended_with_buttons(page: Page, clinic: Company) -> None:
    clinic.open_session()
    page.goto(clinic.admin_page)
    said = page.locator("form.password output")
    page.fill("input[name=password]", "Another-Horse-8")
    page.click("text=Set password")
    expect(said).to_contain_text("The password is set")
    expect(page.locator("header .password-now")).to_have_text("Another-Horse-8")
    page.click("text=End all sessions")
    expect(said).to_have_text("Sessions ended: 1. The next run logs in.")
    page.reload()
    expect(page.locator("input[name=password]")).to_have_value("Another-Horse-8")


# -- the process -----------------------------------------------------------------------------


def started(*options: str) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
    layers = Path(neo_simulator.__file__ or "").parents[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "neo_simulator", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(layers)},
    )
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT, None])
def test_the_process_ends_cleanly_by_signal_or_with_its_parent(ending: int | None) -> None:
    process, where = started("--until-stdin-closes")
    with process:
        assert where["pid"] == process.pid
        assert httpx.get(where["admin_url"], verify=NO_TLS).status_code == 200
        assert process.stdin is not None
        if ending is None:
            process.stdin.close()
        else:
            process.send_signal(ending)

        assert process.wait(timeout=5) == 0


def test_requests_in_work_do_not_hold_up_the_end() -> None:
    with running_simulator() as simulator:
        clinic = simulator.create_company(generate=False)
        clinic.set_knob("delay_ms", 60_000)
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{clinic.base_url}/login", timeout=0.1, verify=NO_TLS)
        began = monotonic()

    assert monotonic() - began < 4


def test_ctrl_c_at_the_terminal_is_not_for_the_simulator(simulator: Simulator) -> None:
    assert os.getsid(simulator.pid) != os.getsid(0)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"secret": "0" * 40}, 404),
        ({"secret": "api"}, 404),
    ],
    ids=str,
)
def test_no_page_from_elsewhere_turns_a_knob(
    simulator: Simulator, clinic: Company, changed: dict[str, str], status: int
) -> None:
    address, _, secret = simulator.admin_url.rpartition("/")
    path = f"/api/companies/{clinic.company_id}/knobs/delay_ms"
    headers = {"Content-Type": "application/json", **changed}

    answer = httpx.put(
        f"{address}/{headers.pop('secret', secret)}{path}",
        content='{"value": 1}',
        headers=headers,
        verify=NO_TLS,
    )

    assert answer.status_code == status
    assert clinic.knobs()["delay_ms"]["value"] == (1 if status == 200 else 0)


def test_both_sides_listen_on_loopback_only(simulator: Simulator, clinic: Company) -> None:
    for url in (simulator.url, simulator.admin_url, clinic.base_url):
        assert url.startswith("http://127.0.0.1:")
