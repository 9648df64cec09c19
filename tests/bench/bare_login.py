"""The least that a first run can be: log in with Playwright, make the request, read the answer.

`python -m tests.bench.bare_login` takes what it needs as JSON from its input and says how long it
took, Playwright's import and driver included.
"""

import json
import sys
import time
from typing import Any, TypedDict


class Login(TypedDict):
    chromium: str
    base_url: str
    company_id: str
    username: str
    password: str
    query: dict[str, str]


def main() -> None:
    login: Login = json.load(sys.stdin)
    started = time.perf_counter()
    events = bare_login(login)
    seconds = time.perf_counter() - started
    sys.stdout.write(json.dumps({"events": len(events), "seconds": seconds}) + "\n")


def bare_login(login: Login) -> list[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=login["chromium"], args=["--no-sandbox"]
        )
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{login['base_url']}/login", wait_until="commit")
        page.fill('input[name="company_id"]', login["company_id"])
        page.fill('input[name="username"]', login["username"])
        page.fill('input[name="password"]', login["password"])
        page.click('button[type="submit"]', no_wait_after=True)
        page.wait_for_selector("#dashboard_shell", state="attached")
        answer = context.request.get(
            f"{login['base_url']}/appointments/getCalendarEventData",
            params=dict(login["query"]),
            headers={"Accept": "application/json", "X-Requested-With": "XMLHttpRequest"},
        )
        events: list[Any] = answer.json()["events"]
        browser.close()
    return events


if __name__ == "__main__":
    main()
