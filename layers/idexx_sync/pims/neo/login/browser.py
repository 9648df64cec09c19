"""A headless Chromium for one login: nothing goes in that it doesn't need, nothing stays behind.

Playwright is imported only when a browser is started: a warm run never pays for it.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from idexx_sync.core.errors import InternalError
from idexx_sync.core.logs import logger
from idexx_sync.pims.neo.driver import Driver
from idexx_sync.pims.neo.http.transport import TimeLeft
from idexx_sync.pims.neo.login.run_folder import RunFolder

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Playwright

PASSED_ON: Final = ("PATH", "LANG", "LD_LIBRARY_PATH", "FONTCONFIG_FILE", "FONTCONFIG_PATH")
"""All that Chromium learns of our environment; no key and no database address among it."""

_SMALL: Final = (
    "--no-sandbox",
    "--no-zygote",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--dns-prefetch-disable",
    "--no-pings",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
)
_SINGLE_PROCESS: Final = ("--single-process", "--in-process-gpu")
"""What lets Chromium start where it may not fork or sandbox; not the rule, as it is less robust."""
_WAYS: Final[tuple[tuple[float, tuple[str, ...]], ...]] = (
    (3 / 4, ()),
    (3 / 4, _SINGLE_PROCESS),
    (1, _SINGLE_PROCESS),
)
"""How much of the time left for a login a start may take, and its further switches.

A start that hangs leaves the rest to the next one; in a single process Chromium now and then ends
while it starts, so that this way is tried twice.
"""
_NOWHERE: Final = "http://nowhere.invalid:9"


@dataclass(frozen=True, slots=True)
class OpenBrowser:
    page: "Page"
    user_agent: str


@contextmanager
def open_browser(
    folder: RunFolder,
    origin: str,
    chromium_path: str | None,
    time_left: TimeLeft,
    driver: Driver | None = None,
) -> Iterator[OpenBrowser]:
    """A blank page of a fresh Chromium from which only `origin` can be reached.

    `driver` is one that was not entered yet, for whoever wants to watch it.
    """
    driver = driver or Driver()
    with driver as playwright:
        try:
            yield _started(
                driver, playwright, folder, [*_SMALL, *only(origin)], chromium_path, time_left
            )
        finally:
            # Killing is faster than asking, and leaves no less behind: the folder is removed.
            folder.processes.end()


def scrubbed(environment: Mapping[str, str], home: Path) -> dict[str, str | float | bool]:
    """The browser's whole environment."""
    passed_on = {name: environment[name] for name in PASSED_ON if name in environment}
    return {**passed_on, "HOME": str(home), "TMPDIR": str(home)}


def only(origin: str) -> list[str]:
    """Switches under which everything but one origin is unreachable.

    Unlike intercepted requests, this holds for redirects, sockets and workers too: all else is
    sent to a proxy that does not exist, and other names and addresses don't resolve.
    """
    parts = urlsplit(origin)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return [
        f"--proxy-server={_NOWHERE}",
        f"--proxy-bypass-list=<-loopback>;{parts.scheme}://{host}:{port}",
        f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {parts.hostname}",
    ]


def _started(
    driver: Driver,
    playwright: "Playwright",
    folder: RunFolder,
    flags: list[str],
    chromium_path: str | None,
    time_left: TimeLeft,
) -> OpenBrowser:
    """In the first of the ways in which it starts."""
    from playwright.sync_api import Error

    reason = ""
    for share, more in _WAYS:
        if reason:
            logger().warning("browser did not start", once_more_with=more)
            folder.clear()
        try:
            return _start(playwright, folder, [*flags, *more], chromium_path, time_left() * share)
        except Error as error:
            reason = error.message.partition("\n")[0] or type(error).__name__
            if driver.was_ended:
                break
    raise InternalError(
        f"the headless browser did not start ({reason}); check IDEXX_SYNC_CHROMIUM_PATH and that "
        "a font is installed",
        code="browser_start",
    )


def _start(
    playwright: "Playwright",
    folder: RunFolder,
    flags: list[str],
    chromium_path: str | None,
    timeout_s: float,
) -> OpenBrowser:
    from playwright.sync_api import Error

    if timeout_s <= 0:
        raise Error("no time was left")
    folder.home.mkdir()
    options: dict[str, Any] = {"executable_path": chromium_path} if chromium_path else {}
    context = playwright.chromium.launch_persistent_context(
        folder.profile,
        artifacts_dir=folder.path / "artifacts",
        env=scrubbed(os.environ, folder.home),
        args=flags,
        timeout=timeout_s * 1000,
        locale="en-US",
        viewport={"width": 1280, "height": 720},
        accept_downloads=False,
        service_workers="block",
        handle_sigint=False,
        handle_sigterm=False,
        handle_sighup=False,
        **options,
    )
    folder.processes.remember()
    page = context.pages[0] if context.pages else context.new_page()
    return OpenBrowser(page, _wear_plain_user_agent(context, page))


def _wear_plain_user_agent(context: "BrowserContext", page: "Page") -> str:
    """Chromium's own user agent without the word Headless, as Neo's staff would send it."""
    devtools = context.new_cdp_session(page)
    version = devtools.send("Browser.getVersion")
    agent = str(version["userAgent"]).replace("HeadlessChrome", "Chrome")
    devtools.send("Network.setUserAgentOverride", {"userAgent": agent})
    return agent
