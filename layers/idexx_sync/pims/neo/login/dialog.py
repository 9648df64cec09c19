"""Logging in to Neo as a clinic's user, and telling every way apart in which that can end."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from idexx_sync.core.errors import InternalError
from idexx_sync.pims.access import Credentials, LoginOutcome
from idexx_sync.pims.neo.http.answers import RawAnswer, judge_content
from idexx_sync.pims.neo.http.probe import PROBE
from idexx_sync.pims.neo.http.transport import JSON_HEADERS
from idexx_sync.pims.neo.login import page as look
from idexx_sync.pims.neo.login.network import NavigationWatch
from idexx_sync.pims.neo.login.page import Sight

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

_TAKE_FOCUS: Final = "field => { field.focus(); return field.matches(':focus'); }"
"""Whether a field gets the keyboard: a dialog may keep it, and what is typed goes there."""
_ASK: Final = """
    async ([path, headers, most, longest]) => {
        const signal = AbortSignal.timeout(most);
        const answer = await fetch(path, {headers, signal, redirect: "manual", cache: "no-store"});
        const kind = answer.headers.get("content-type") ?? "";
        const reader = answer.body?.getReader(), decoder = new TextDecoder();
        let text = "";
        for (let part; reader && !(part = await reader.read()).done && text.length <= longest; )
            text += decoder.decode(part.value, {stream: true});
        if (text.length > longest) await reader.cancel();
        return [answer.status, answer.url, kind, text.slice(0, longest)];
    }
"""
_LONGEST_ANSWER: Final = 4 * 1024 * 1024
"""Letters that are taken of what the session answers: a part of an answer is none."""
_LONGEST_TEXT: Final = 100_000
_VISIBLE_TEXT: Final = "(element, most) => element.innerText.slice(0, most)"
"""Pages may show hundreds of megabytes, and words that mean anything stand at the beginning."""
_LOOK_AGAIN_S: Final = 0.25
"""How often a wait for the page is interrupted to see what the network says."""
_FIELDS_SHARE: Final = 1 / 4
"""Of the time for the whole login: how long the form may take to appear and be usable."""
_QUIET_SHARE: Final = 1 / 20
"""Likewise: how long a page may do nothing before it is taken as it is."""
_SESSION_SHARE: Final = 1 / 4
"""Likewise: how long the session may take to answer once the dashboard is there."""


@dataclass(frozen=True, slots=True)
class LoginResult:
    """How a login ended; with cookies only if it succeeded."""

    outcome: LoginOutcome
    code: str
    """What exactly was seen, as one word."""
    cookies: list[dict[str, Any]] = field(default_factory=list, repr=False)
    user_agent: str = ""
    """The one that Neo gave the cookies to."""
    submitted: bool = True
    """False if it is known from the network that nothing has left us."""


def browser_failed(how: str, *, submitted: bool) -> InternalError:
    """What is said of a browser that did not live to tell the outcome."""
    when = "after" if submitted else "before"
    return InternalError(
        f"the headless browser failed {when} the form was submitted ({how})",
        code="browser_failed" if submitted else "browser_failed_early",
    )


class LoginDialog:
    """One attempt to log in, on one page."""

    def __init__(
        self,
        page: "Page",
        origin: str,
        *,
        longest_s: float,
        time_left: Callable[[], float],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._page = page
        self._origin = origin
        self._time_left = time_left
        self._fields_s = longest_s * _FIELDS_SHARE
        self._quiet_s = longest_s * _QUIET_SHARE
        self._session_s = longest_s * _SESSION_SHARE
        self._clock = clock
        self._watch = NavigationWatch(page, origin, clock)
        self.submitted = False
        """Whether the credentials may have left us, should nobody learn any more."""

    def run(self, credentials: Credentials) -> LoginResult:
        """Opens the form, fills and submits it, and waits for whatever comes of it."""
        result = self._open_form()
        if result is not None:
            return replace(result, submitted=False)
        self._watch.forget()
        result = self._submit(credentials) or self._outcome()
        return replace(result, submitted=self._watch.sent or self._watch.left)

    def _open_form(self) -> LoginResult | None:
        """None once the form is there."""
        from playwright.sync_api import Error

        url = f"{self._origin}/login"
        with suppress(Error):  # the watch has seen why
            self._page.goto(
                url, wait_until="domcontentloaded", timeout=self._most(self._time_left())
            )
        appears_by = self._clock() + self._fields_s
        form = self._field(look.FORM)
        while self._time_left() > 0:
            if self._appears(form):
                return None
            if (fault := self._watch.fault()) is not None:
                return LoginResult(*fault)
            if self._clock() > appears_by:
                return self._unknown("login_form")
        return LoginResult("unavailable", "login_page_timeout")

    def _submit(self, credentials: Credentials) -> LoginResult | None:
        """Types and clicks; what Playwright says of a failure is dropped: it may quote the text."""
        from playwright.sync_api import Error

        form = self._page.locator(look.OWN_FORM).last
        typed = (
            (form.locator(look.COMPANY).first, credentials.company_id.get_secret_value()),
            (form.locator(look.USERNAME).first, credentials.username.get_secret_value()),
            (form.locator(look.PASSWORD).first, credentials.password.get_secret_value()),
        )
        wait = self._most(self._fields_s)
        with suppress(Error):
            for field_, text in typed:
                if not field_.evaluate(_TAKE_FOCUS, timeout=wait):
                    return self._unknown("login_form_not_usable")
                field_.fill(text, timeout=wait)
            if any(field_.input_value(timeout=wait) != text for field_, text in typed):
                return self._unknown("login_form_not_usable")
            self.submitted = True
            self._press(form.locator(look.SUBMIT).first)
            return None
        return self._unknown("login_form_not_usable")

    def _press(self, button: "Locator") -> None:
        """Clicks; where something lies over the button, the click is given to the button itself.

        What lies over it is not ours to answer.
        """
        from playwright.sync_api import TimeoutError  # noqa: A004 Playwright's own

        try:
            button.click(no_wait_after=True, timeout=self._most(self._quiet_s))
        except TimeoutError:
            if not self._watch.sent:
                button.dispatch_event("click", timeout=self._most(self._quiet_s))

    def _outcome(self) -> LoginResult:
        """Waits for the page to decide: states are looked for, so that none is too fast to see."""
        anything = self._page.locator(look.ANY_OUTCOME).first
        while self._time_left() > 0:
            if self._appears(anything):
                if self._has_reacted() and (result := self._decided()) is not None:
                    return result
                self._let_it_move_on()
            if (fault := self._watch.fault()) is not None:
                return LoginResult(*fault)
            if self._watch.quiet_for() > self._quiet_s:
                return self._unknown("no_outcome")
        return LoginResult("unavailable", "login_timeout")

    def _has_reacted(self) -> bool:
        """Not yet: what the page shows may have stood there before, or a POST is about to go."""
        return self._watch.sent or self._watch.quiet_for() > self._quiet_s

    def _let_it_move_on(self) -> None:
        """Something known is there and decides nothing yet, such as a dashboard at /login."""
        from playwright.sync_api import Error

        with suppress(Error):
            self._page.wait_for_event("framenavigated", timeout=self._most(_LOOK_AGAIN_S))

    def _decided(self) -> LoginResult | None:
        sight = Sight(self._page.url, dashboard=self._shows(look.DASHBOARD))
        if look.outcome_of(sight) == "ok":
            return self._logged_in()
        sight = self._sight()
        outcome = look.outcome_of(sight)
        if outcome is not None:
            return LoginResult(outcome, "error_box" if sight.error else "page")
        return None

    def _logged_in(self) -> LoginResult | None:
        """Waits for the session's cookie: success is a request that the session answers.

        Not for ever, because the question may be one that Neo no longer knows; then what the run
        asks decides. None if the dashboard went away meanwhile.
        """
        ends = self._clock() + self._session_s
        while not self._session_answers(ends):
            if not self._shows(look.DASHBOARD):
                return None
            if self._clock() > ends or self._time_left() <= 0:
                break
            self._let_something_arrive()
        cookies = [dict(cookie) for cookie in self._page.context.cookies(self._origin)]
        if not cookies:
            return LoginResult("page_unknown", "no_cookies")
        return LoginResult("ok", "dashboard", cookies)

    def _session_answers(self, ends: float) -> bool:
        """Asks as Neo's own pages do."""
        from playwright.sync_api import Error

        most = self._most(ends - self._clock())
        with suppress(Error):
            asked = [PROBE.path, JSON_HEADERS, most, _LONGEST_ANSWER]
            status, url, kind, text = self._page.evaluate(_ASK, asked)
            answer = RawAnswer(status, url, {"content-type": kind}, text.encode())
            return status == 200 and PROBE.is_answered_by(judge_content(answer))
        return False

    def _let_something_arrive(self) -> None:
        from playwright.sync_api import Error

        with suppress(Error):
            self._page.wait_for_event("requestfinished", timeout=self._most(_LOOK_AGAIN_S))

    def _sight(self) -> Sight:
        return Sight(
            url=self._page.url,
            error=self._text(look.ERROR_BOX),
            new_password=self._shows(look.NEW_PASSWORD),
            one_time_code=self._shows(look.ONE_TIME_CODE),
        )

    def _unknown(self, code: str) -> LoginResult:
        """Nothing known has appeared: the last hint is what the page says in words."""
        meaning = look.meaning_of(self._text("body") or "")
        if self._shows(look.PASSWORD) and meaning not in look.SAID_BESIDE_THE_FORM:
            meaning = None
        if meaning is not None:
            return LoginResult(meaning, "page_text")
        if self._shows(look.CAPTCHA):
            return LoginResult("challenge_required", "captcha")
        if self._shows(look.CHOOSER):
            return LoginResult("challenge_required", "chooser")
        return LoginResult("page_unknown", code)

    def _browser_died(self) -> InternalError:
        return browser_failed("died", submitted=self.submitted)

    def _field(self, selector: str) -> "Locator":
        return self._page.locator(selector).first

    def _appears(self, locator: "Locator") -> bool:
        """Waits a moment for it; a page that is just changing counts as not yet."""
        from playwright.sync_api import Error, TimeoutError  # noqa: A004 Playwright's own

        with suppress(Error):
            try:
                locator.wait_for(state="attached", timeout=self._most(_LOOK_AGAIN_S))
            except TimeoutError:
                return False
            return True
        raise self._browser_died()

    def _shows(self, selector: str) -> bool:
        from playwright.sync_api import Error

        with suppress(Error):
            return self._page.locator(selector).count() > 0
        return False

    def _text(self, selector: str) -> str | None:
        from playwright.sync_api import Error

        with suppress(Error):
            if self._shows(selector):
                field_, most = self._field(selector), self._most(_LOOK_AGAIN_S)
                return str(field_.evaluate(_VISIBLE_TEXT, _LONGEST_TEXT, timeout=most))
        return None

    def _most(self, seconds: float) -> float:
        """A time-out for Playwright, which takes 0 for forever."""
        return max(1.0, min(seconds, self._time_left()) * 1000)
