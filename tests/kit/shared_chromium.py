"""Real logins that share one Chromium, for tests of what a page may show.

Starting driver and browser costs more than a login does. How these are started, ended, killed and
cleared away is tried with a Chromium for each login, by tests that take the real one.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from idexx_sync.pims.access import Credentials
from idexx_sync.pims.neo.login.dialog import LoginDialog, LoginResult

FLAGS = ["--no-sandbox", "--disable-dev-shm-usage"]


@contextmanager
def running_chromium(path: Path) -> Iterator[Browser]:
    """A Chromium for the calling thread."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


@dataclass(frozen=True)
class SharedChromium:
    """A Chromium on a thread of its own, so that Playwright's event loop is nobody else's."""

    thread: ThreadPoolExecutor
    browser: Browser

    def login(
        self,
        origin: str,
        timeout_s: float = 20,
        before_closing: Callable[[Page], object] = lambda _: None,
        before_login: Callable[[Page], object] = lambda _: None,
    ) -> "SharedLogin":
        """`before_closing` is shown the page on which a login has ended, `before_login` the blank
        one on which it begins."""
        return SharedLogin(self, origin, timeout_s, before_closing, before_login)


@contextmanager
def shared_chromium(path: Path) -> Iterator[SharedChromium]:
    running = running_chromium(path)
    with ThreadPoolExecutor(1, "shared-chromium") as thread:
        browser = thread.submit(running.__enter__).result()
        try:
            yield SharedChromium(thread, browser)
        finally:
            thread.submit(running.__exit__, None, None, None).result()


@dataclass(frozen=True)
class SharedLogin:
    """The real dialog in a fresh context: nothing of one login is there at the next."""

    shared: SharedChromium
    origin: str
    timeout_s: float
    before_closing: Callable[[Page], object]
    before_login: Callable[[Page], object]

    def __call__(self, credentials: Credentials) -> LoginResult:
        return self.shared.thread.submit(self._log_in, credentials).result()

    def _log_in(self, credentials: Credentials) -> LoginResult:
        ends = time.monotonic() + self.timeout_s
        context = self.shared.browser.new_context(locale="en-US", service_workers="block")
        try:
            page = context.new_page()
            self.before_login(page)
            dialog = LoginDialog(
                page,
                self.origin,
                longest_s=self.timeout_s,
                time_left=lambda: ends - time.monotonic(),
            )
            result = dialog.run(credentials)
            self.before_closing(page)
            return replace(result, user_agent=str(page.evaluate("navigator.userAgent")))
        finally:
            context.close()

    @property
    def submitted(self) -> bool:
        """As far as anybody knows who was given no result."""
        return True

    def interrupt(self) -> None:
        """Nothing: it has ended when it is back."""

    def close(self) -> None:
        """Nothing is left of it."""
