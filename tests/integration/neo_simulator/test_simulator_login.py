"""The login page in a real browser, in each of its variants."""

import re

import httpx
import pytest
from playwright.sync_api import Error, Page, expect

from neo_simulator.client import Company
from neo_simulator.sessions import COOKIE
from tests.integration.neo_simulator.reading import ask_calendar
from tests.kit.plain_http import NO_TLS


def log_in(
    page: Page,
    clinic: Company,
    *,
    password: str | None = None,
    url: str = "",
    at_hand: bool = False,
) -> None:
    """Fill and submit the form, of the page at hand if told; what comes next is the caller's."""
    if not at_hand:
        page.goto(f"{url or clinic.base_url}/login")
    page.fill('input[name="company_id"]', clinic.company_id)
    page.fill('input[name="username"]', clinic.username)
    page.fill('input[name="password"]', password or clinic.password)
    page.click('button[type="submit"]')


def cookies_of(page: Page) -> dict[str, str]:
    return {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}


def outcomes(clinic: Company) -> list[str]:
    return [attempt["outcome"] for attempt in clinic.logins()]


@pytest.mark.parametrize("address", ["base_url", "shared_url"])
def test_a_right_password_leads_to_the_dashboard_and_to_json(
    page: Page, clinic: Company, address: str
) -> None:
    url = getattr(clinic, address)
    log_in(page, clinic, url=url)

    expect(page.locator("#dashboard_shell")).to_be_visible()
    assert page.url == f"{url}/dashboard"
    (session,) = [c for c in page.context.cookies() if "session" in c["name"]]
    assert session["httpOnly"]
    with httpx.Client(verify=NO_TLS, base_url=url, cookies=cookies_of(page)) as reader:
        assert ask_calendar(reader).json() == {"events": []}
    assert outcomes(clinic) == ["ok"]
    assert clinic.logins()[0]["username"] == clinic.username


def test_the_form_is_not_in_the_page_before_the_script_ran(clinic: Company) -> None:
    html = httpx.get(f"{clinic.base_url}/login", verify=NO_TLS).text

    assert "<form" not in html
    assert "<input" not in html


def test_a_form_without_the_scripts_proof_is_no_login(clinic: Company) -> None:
    form = {
        "company_id": clinic.company_id,
        "username": clinic.username,
        "password": clinic.password,
    }

    answer = httpx.post(f"{clinic.base_url}/login", data=form, verify=NO_TLS)

    assert answer.status_code == 400
    assert COOKIE not in answer.cookies
    assert outcomes(clinic) == ["no_script"]


def test_a_cookie_named_after_auth_comes_before_any_login(clinic: Company) -> None:
    answer = httpx.get(f"{clinic.base_url}/login", verify=NO_TLS)

    assert list(answer.cookies) == ["device_auth_hint"]


@pytest.mark.parametrize("style", ["200", "302"])
@pytest.mark.parametrize(
    ("marked", "selector"),
    [
        ("error-message", ".error-message"),
        ("alert-danger", ".alert-danger"),
        ("role-alert", '[role="alert"]'),
        ("unmarked", "text=is incorrect"),
    ],
)
def test_a_wrong_password_stays_at_the_login_with_an_error(
    page: Page, clinic: Company, style: str, marked: str, selector: str
) -> None:
    clinic.set_knob("wrong_password_style", style)
    clinic.set_knob("wrong_password_class", marked)

    log_in(page, clinic, password="Wrong-Horse-77")

    expect(page.locator(selector)).to_contain_text("incorrect")
    expect(page.locator('input[name="company_id"]')).to_be_visible()
    assert "/login" in page.url
    assert COOKIE not in cookies_of(page)
    assert outcomes(clinic) == ["wrong_password"]


def test_a_new_password_replaces_the_old_one(page: Page, clinic: Company) -> None:
    old = clinic.password
    clinic.set_password("Another-Horse-8")

    log_in(page, clinic, password=old)
    expect(page.locator(".alert-danger")).to_be_visible()
    log_in(page, clinic)
    expect(page.locator("#dashboard_shell")).to_be_visible()


def test_wrong_passwords_in_a_row_lock_the_user(page: Page, clinic: Company) -> None:
    clinic.set_knob("lockout_after", 2)
    for _ in range(2):
        log_in(page, clinic, password="Wrong-Horse-77")
        expect(page.locator(".alert-danger")).to_contain_text("incorrect")

    log_in(page, clinic)
    expect(page.locator(".alert-danger")).to_contain_text("locked")
    clinic.unlock()
    log_in(page, clinic)

    expect(page.locator("#dashboard_shell")).to_be_visible()
    assert outcomes(clinic) == ["wrong_password", "wrong_password", "locked", "ok"]


@pytest.mark.parametrize(
    ("variant", "path", "selector", "outcome"),
    [
        ("locked", "/login", ".alert-danger >> text=locked", "locked"),
        ("mfa", "/login/verify", 'input[name="code"]', "mfa"),
        ("sso", "/sso/authorize", "text=MyIDEXX", "sso"),
        ("captcha", "/login/check", 'iframe[title="reCAPTCHA"]', "captcha"),
        ("branch_chooser", "/branches", "text=Choose a branch", "branch_chooser"),
        (
            "password_change",
            "/users/change-password",
            'input[name="new_password"]',
            "password_change",
        ),
        ("unknown_landing", "/welcome", "text=Welcome to the new Neo", "unknown_landing"),
    ],
)
def test_something_else_may_come_after_a_right_password(
    page: Page, clinic: Company, variant: str, path: str, selector: str, outcome: str
) -> None:
    clinic.set_knob("login_variant", variant)

    log_in(page, clinic)

    expect(page.locator(selector).first).to_be_visible()
    assert page.url == f"{clinic.base_url}{path}"
    assert page.locator("#dashboard_shell").count() == 0
    with httpx.Client(verify=NO_TLS, base_url=clinic.base_url, cookies=cookies_of(page)) as reader:
        assert ask_calendar(reader).status_code == 302
    assert outcomes(clinic) == [outcome]


def test_an_announcement_may_cover_the_dashboard(page: Page, clinic: Company) -> None:
    clinic.set_knob("login_variant", "announcement_modal")

    log_in(page, clinic)

    expect(page.locator('.spot-modal__overlay--visible [role="dialog"]')).to_be_visible()
    expect(page.locator("#dashboard_shell")).to_be_visible()
    with httpx.Client(verify=NO_TLS, base_url=clinic.base_url, cookies=cookies_of(page)) as reader:
        assert ask_calendar(reader).status_code == 200


def test_the_form_may_have_changed(page: Page, clinic: Company) -> None:
    clinic.set_knob("login_variant", "changed_form")
    page.goto(f"{clinic.base_url}/login")

    expect(page.get_by_role("button", name="Continue")).to_be_visible()
    assert page.locator('input[name="company_id"], button[type="submit"]').count() == 0


@pytest.mark.parametrize("variant", ["cookie_banner", "cookie_wall"])
def test_a_dialog_may_lie_over_the_form(page: Page, clinic: Company, variant: str) -> None:
    clinic.set_knob("login_variant", variant)
    page.goto(f"{clinic.base_url}/login")
    button = page.locator("#login-root button")
    expect(button).to_be_visible()

    with pytest.raises(Error, match="intercepts"):
        button.click(timeout=500)
    page.click("#accept-cookies")
    expect(page.locator("dialog")).to_have_count(0)
    log_in(page, clinic, at_hand=True)
    expect(page.locator("#dashboard_shell")).to_be_visible()
    assert "/cookies/accepted" in [request["path"] for request in clinic.requests()]


def test_there_may_be_no_form(page: Page, clinic: Company) -> None:
    clinic.set_knob("login_variant", "no_form")
    page.goto(f"{clinic.base_url}/login")

    expect(page.locator("#login-root")).to_have_text("Loading…")
    assert page.locator("form").count() == 0


def test_a_button_may_do_nothing(page: Page, clinic: Company) -> None:
    clinic.set_knob("login_variant", "dead_button")
    log_in(page, clinic)

    assert page.evaluate("document.readyState") == "complete"
    assert (page.url, outcomes(clinic)) == (f"{clinic.base_url}/login", [])


@pytest.mark.parametrize(("late_ms", "status"), [(1, 200), (120_000, 302)])
def test_the_sessions_cookie_may_come_late(
    page: Page, clinic: Company, late_ms: int, status: int
) -> None:
    clinic.set_knob("session_cookie_late_ms", late_ms)
    log_in(page, clinic)

    expect(page.locator("#dashboard_shell")).to_be_visible()
    if status == 200:
        page.wait_for_function("fetch('/appointments/getAppointmentView').then((a) => a.ok)")
    with httpx.Client(base_url=clinic.base_url, cookies=cookies_of(page)) as reader:
        assert ask_calendar(reader).status_code == status


def test_the_form_may_come_late(page: Page, clinic: Company) -> None:
    clinic.set_knob("login_variant", "slow_page")
    clinic.set_knob("slow_page_ms", 400)
    page.goto(f"{clinic.base_url}/login")

    assert page.locator('input[name="company_id"]').count() == 0
    log_in(page, clinic)
    expect(page.locator("#dashboard_shell")).to_be_visible()


def test_a_hidden_csrf_value_may_be_checked(page: Page, clinic: Company) -> None:
    clinic.set_knob("login_variant", "csrf")
    log_in(page, clinic)
    expect(page.locator("#dashboard_shell")).to_be_visible()

    page.context.clear_cookies()
    page.goto(f"{clinic.base_url}/login")
    page.locator('input[name="_csrf"]').evaluate("input => input.remove()")
    page.fill('input[name="company_id"]', clinic.company_id)
    page.click('button[type="submit"]')
    expect(page.locator("h1")).to_have_text("Page expired")
    assert outcomes(clinic) == ["ok", "csrf_missing"]


def test_a_second_login_may_end_the_first(page: Page, clinic: Company) -> None:
    first = clinic.open_session()
    clinic.set_knob("second_login_kills_first", True)

    log_in(page, clinic)
    expect(page.locator("#dashboard_shell")).to_be_visible()

    with httpx.Client(verify=NO_TLS, base_url=clinic.base_url, cookies=first) as reader:
        assert ask_calendar(reader).status_code == 302


def test_pages_lead_to_the_login_without_a_session_and_out_of_it_with_one(
    page: Page, clinic: Company
) -> None:
    for path in ("/", "/dashboard", "/schedule", "/consultations/view/1"):
        answer = httpx.get(f"{clinic.base_url}{path}", verify=NO_TLS)
        assert (answer.status_code, answer.headers["location"]) == (302, "/login")

    log_in(page, clinic)
    page.goto(f"{clinic.base_url}/login")
    assert page.url == f"{clinic.base_url}/dashboard"
    page.goto(f"{clinic.base_url}/logout")
    page.goto(clinic.base_url)
    assert page.url == f"{clinic.base_url}/login"


def test_the_schedule_page_has_its_hooks(page: Page, clinic: Company) -> None:
    visit = clinic.book("2026-05-04 09:00:00")
    clinic.book_block("2026-05-04 12:00:00", "2026-05-04 13:00:00", room=3)
    log_in(page, clinic)
    page.goto(f"{clinic.base_url}/schedule")

    expect(page.locator("h2")).to_have_text("Schedule")
    expect(page.locator('[data-qa="appointment-calendar-tab"]')).to_be_visible()
    expect(page.locator('[data-qa="boarding-calendar-tab"]')).to_be_visible()
    expect(page.locator(f"#appointment_id_{visit}.appointment-block")).to_contain_text("TANGO")
    expect(page.locator(".appointment-block")).to_have_count(2)
    expect(page.locator(".fc .fc-timegrid-col")).to_have_count(3)


def test_the_schedule_names_its_day_and_leads_to_the_next(page: Page, clinic: Company) -> None:
    clinic.book("2026-05-05 09:00:00", patient="MORROW")
    log_in(page, clinic)
    page.goto(f"{clinic.base_url}/schedule?date=tomorrow")  # no day: today

    expect(page.locator(".days strong")).to_have_text("Monday, 04 May 2026")
    page.get_by_label("the day after").click()
    expect(page.locator(".days strong")).to_have_text("Tuesday, 05 May 2026")
    expect(page.locator(".appointment-block")).to_contain_text("MORROW")


def test_the_consultation_page_has_its_hooks(page: Page, clinic: Company) -> None:
    consultation = clinic.start_consultation(clinic.book("2026-05-04 09:00:00"))
    clinic.edit_notes(consultation, "<p>two days lame</p><script>document.title='x'</script>")
    clinic.add_line(consultation, "EXAM - OFFICE")
    log_in(page, clinic)
    page.goto(f"{clinic.base_url}/consultations/view/{consultation}")

    name = page.locator('[data-qa="patient-signalment-patient-name"]')
    notes = page.locator(".cke .cke_wysiwyg_div")
    expect(name.locator("a")).to_have_text("TANGO")
    expect(name).to_have_class(re.compile("spot-patient-display__pet-name"))
    expect(page.locator('[data-qa="consultation-tabs-controls"]')).to_contain_text("draft")
    expect(page.locator(".cke_top .cke_toolbox .cke_toolbar .cke_toolgroup")).to_be_visible()
    expect(notes).to_have_text("two days lame")
    expect(notes).to_have_attribute("contenteditable", "false")
    page.click('[data-qa="edit-notes-button"] button')
    expect(notes).to_have_attribute("contenteditable", "true")
    expect(page.locator(".consultation-lines-table")).to_contain_text("EXAM - OFFICE")
