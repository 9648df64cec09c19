"""A login without a browser, for tests of what comes before a login and after it.

The simulated Neo judges and logs it as any other; that a real Chromium gets through the page, and
tells whatever may come instead, is tried where the login itself is.
"""

import json
import re

import httpx

from idexx_sync.pims.access import Credentials
from idexx_sync.pims.neo.login.dialog import LoginResult
from neo_simulator.web.login import proof
from tests.kit.plain_http import NO_TLS

AGENT = "Mozilla/5.0 (a login without a browser)"
CONFIG = re.compile(r'<script id="login-config" type="application/json">(.*?)</script>')


class PlainLogin:
    """Fills in the simulator's form over HTTP, with the proof that its page computes."""

    def __init__(self, origin: str) -> None:
        self._origin = origin

    def __call__(self, credentials: Credentials) -> LoginResult:
        with httpx.Client(
            verify=NO_TLS, base_url=self._origin, headers={"User-Agent": AGENT}
        ) as client:
            shown = CONFIG.search(client.get("/login").raise_for_status().text)
            assert shown is not None, "the simulator showed no login page"
            form = {
                "challenge": json.loads(shown[1])["challenge"],
                "company_id": credentials.company_id.get_secret_value(),
                "username": credentials.username.get_secret_value(),
                "password": credentials.password.get_secret_value(),
            }
            answer = client.post("/login", data={**form, "proof": proof(form)})
            if answer.headers.get("Location") != "/dashboard":
                return LoginResult("credentials_rejected", "not_let_in")
            host = httpx.URL(self._origin).host
            cookies = [
                {"name": name, "value": value, "domain": host, "path": "/", "expires": -1}
                for name, value in client.cookies.items()
            ]
        return LoginResult("ok", "dashboard", cookies, AGENT)

    @property
    def submitted(self) -> bool:
        """As far as anybody knows who was given no result."""
        return True

    def interrupt(self) -> None:
        """Nothing: it has ended when it is back."""

    def close(self) -> None:
        """Nothing is left of it."""
