"""A simulated company as the provider sees it: settings, login store and, if wanted, a session."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

import httpx
from pydantic import SecretStr

from idexx_sync.core.settings import Settings
from idexx_sync.pims.access import StoredSession
from idexx_sync.pims.neo.provider import ClinicAccess, Login, NeoProvider, open_neo
from idexx_sync.pims.protocol import Window
from neo_simulator.client import Company
from tests.kit.login_store import FakeLoginStore

WEEK = Window(date(2026, 5, 4), date(2026, 5, 10))
AGENT = "Mozilla/5.0 (a browser that logged in before)"


class Clinic:
    """Opens the provider on one simulated company."""

    def __init__(self, company: Company, chromium_path: Path) -> None:
        self.company = company
        self.chromium_path = chromium_path
        self.transport: Literal["http", "browser"] = "http"
        self.login: Login | None = None
        """None: with a Chromium of its own, as in production."""
        self.login_store = FakeLoginStore(company.company_id, company.username, company.password)

    def has_session(self) -> StoredSession:
        """Puts a valid and recognised session into the login store, without a browser."""
        session = open_session(self.company, datetime.now(UTC))
        self.login_store.stored = replace(session, recognised=True)
        return self.login_store.stored

    @contextmanager
    def opened(self, *, limits: dict[str, Any] | None = None, **more: Any) -> Iterator[NeoProvider]:
        """The provider for one run; `limits` are settings of the service."""
        access = ClinicAccess(self.company.base_url, self.transport)
        settings = self.settings(**(limits or {}))
        more = {"login": self.login, **more}
        with open_neo(access, self.login_store, settings, lambda: datetime.now(UTC), **more) as neo:
            yield neo

    def settings(self, **limits: Any) -> Settings:
        return Settings(
            DATABASE_URL=SecretStr("unused"),
            local_key=SecretStr("unused"),
            fingerprint_key=SecretStr("unused"),
            neo_hosts=(self.company.base_url,),
            **{
                "chromium_path": str(self.chromium_path),
                "login_timeout_seconds": 20,
                **limits,
            },
        )

    def asked(self, path: str = "") -> list[str]:
        """The paths that were asked for, in order."""
        paths = [request["path"] for request in self.company.requests()]
        return [one for one in paths if path in one]


def open_session(company: Company, at: datetime) -> StoredSession:
    """A new session of the company as a login at that time would have left it."""
    host = httpx.URL(company.base_url).host
    cookies = [
        {"name": name, "value": value, "domain": host, "path": "/", "expires": -1}
        for name, value in company.open_session().items()
    ]
    return StoredSession(cookies, AGENT, at)
