"""IDEXX Neo as a `Pims`: calendar, single appointments, consultations and configuration."""

import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, Literal, Protocol
from urllib.parse import quote

from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.invoking import LambdaFunctions
from idexx_sync.core.settings import Settings
from idexx_sync.pims.access import Credentials, LoginStore, StoredSession
from idexx_sync.pims.identity import Shown
from idexx_sync.pims.neo.http.browser_transport import BrowserTransport
from idexx_sync.pims.neo.http.client import HttpClient
from idexx_sync.pims.neo.http.fan_out import FanOut
from idexx_sync.pims.neo.http.probe import PROBE
from idexx_sync.pims.neo.http.rate_limiter import RateLimiter
from idexx_sync.pims.neo.http.session import SessionKeeper
from idexx_sync.pims.neo.http.transport import HttpTransport, TimeLeft, Transport, prepare_http
from idexx_sync.pims.neo.login.attempt import BrowserLogin
from idexx_sync.pims.neo.login.dialog import LoginResult
from idexx_sync.pims.neo.login.invoked import InvokedLogin
from idexx_sync.pims.neo.payloads.appointment import read_appointment
from idexx_sync.pims.neo.payloads.calendar import CalendarPage, read_calendar
from idexx_sync.pims.neo.payloads.consultation import read_consultation
from idexx_sync.pims.protocol import (
    Configuration,
    Consultation,
    ConsultationAnswer,
    Lookup,
    Snapshot,
    Window,
)

CALENDAR: Final = "/appointments/getCalendarEventData"
APPOINTMENT: Final = "/appointments/getAppointment"
CONSULTATION: Final = "/consultations/{}/page-data"
MOST_DAYS: Final = 14
"""Days of one calendar request; longer windows have not been seen to work."""

Phase = Literal["login", "calendar", "proof"]
Progress = Callable[[Phase, int, int], None]
"""Phase, requests done, requests in all; may be called from several threads."""


class Login(Protocol):
    """How a run logs in; the real ones are `BrowserLogin` and `InvokedLogin`."""

    def __call__(self, credentials: Credentials) -> LoginResult:
        """One attempt, and how it ended. Raises SyncError where it did not come to an outcome."""

    @property
    def submitted(self) -> bool:
        """Whether the credentials of the last attempt may have left us."""

    def interrupt(self) -> None:
        """Ends an attempt that is under way; any thread may call this."""

    def close(self) -> None:
        """Returns when nothing of an attempt is left."""


@dataclass(frozen=True, slots=True)
class ClinicAccess:
    """How a clinic's Neo is reached."""

    base_url: str
    """Already checked by `Settings.checked_base_url`."""
    transport: Literal["http", "browser"] = "http"


class NeoProvider:
    """A clinic's Neo, open for reading for one run."""

    def __init__(
        self,
        client: HttpClient,
        keeper: SessionKeeper,
        *,
        connections: int,
        clock: Callable[[], datetime],
        on_progress: Progress,
        interrupt: Callable[[], None],
    ) -> None:
        self._client = client
        self._keeper = keeper
        self._connections = connections
        self._clock = clock
        self._on_progress = on_progress
        self._interrupt = interrupt

    @property
    def logged_in(self) -> bool:
        """Whether this run has logged in; then the configuration is due to be read again."""
        return self._keeper.logged_in

    @property
    def will_log_in(self) -> bool:
        return self._keeper.will_log_in

    def interrupt(self) -> None:
        """Ends the browser of a login that is under way; any thread may call this."""
        self._interrupt()

    def schedule(self, window: Window) -> Snapshot:
        """Everything the calendar shows; an event across two requests' days comes twice."""
        read_at = self._clock()
        parts = window.split(MOST_DAYS)
        whole = CalendarPage()
        if self._keeper.will_log_in:
            self._on_progress("login", 0, 1)
            self._keeper.current()
        for done, part in enumerate(parts):
            self._on_progress("calendar", done, len(parts))
            page = self._client.read(
                CALENDAR, _bounds(part), read_calendar, lambda page: page.says_nothing
            )
            whole.records += page.records
            whole.unreadable += page.unreadable
            whole.rosters += page.rosters
            whole.unknown_fields += page.unknown_fields
            whole.is_whole &= page.is_whole
        self._on_progress("calendar", len(parts), len(parts))
        return Snapshot(
            window=window,
            read_at=read_at,
            records=whole.records,
            unreadable=whole.unreadable,
            rosters=whole.rosters,
            unknown_fields=dict(whole.unknown_fields),
            is_whole=whole.is_whole,
        )

    def appointments(self, ids: Sequence[str]) -> Mapping[str, Lookup]:
        """Each id looked up, several at a time.

        Once Neo fails to answer, the ids that are left are not asked for any more: Unknown.
        """
        wanted = list(dict.fromkeys(ids))
        looking = FanOut(self._client, self._connections, _appointment_of, read_appointment)
        found: dict[str, Lookup] = {}
        for asked_id, lookup in looking.answers(wanted):
            found[asked_id] = lookup
            self._on_progress("proof", len(found), len(wanted))
        return {asked_id: found[asked_id] for asked_id in wanted}

    def consultations(
        self, ids: Sequence[str]
    ) -> Generator[tuple[str, ConsultationAnswer], None, None]:
        """Each record as it comes, several asked for at a time; failures as for appointments.

        Few more are asked for than were taken, and none once the iterator is closed.
        """
        reading = FanOut(self._client, self._connections, _page_of, read_consultation)
        with closing(reading.answers(dict.fromkeys(ids))) as answers:
            for asked_id, answer in answers:
                if isinstance(answer, Consultation) and answer.branch_id is not None:
                    branches = frozenset({answer.branch_id})
                    self._keeper.recognise(Shown(branches=branches, is_whole=False))
                yield asked_id, answer

    def configuration(self) -> Configuration:
        """The clinic's set-up; one that shows another company than the clinic's is no answer."""
        return self._client.configuration()


@contextmanager
def open_neo(
    access: ClinicAccess,
    login_store: LoginStore,
    settings: Settings,
    clock: Callable[[], datetime],
    *,
    time_left: TimeLeft = lambda: math.inf,
    on_progress: Progress = lambda _phase, _done, _total: None,
    beat: Callable[[], None] = lambda: None,
    sleep: Callable[[float], None] = time.sleep,
    login: Login | None = None,
    functions: LambdaFunctions | None = None,
) -> Iterator[NeoProvider]:
    """A clinic's Neo for one run; nothing is asked of it, and no browser started, before a read.

    Without a `login` a headless Chromium logs in, here or, where the settings name it, in the
    login function, which is invoked by `functions`. Raises ConfigurationInvalid for a clinic that
    is asked by a browser where there is none.
    """
    _require_browser(access, settings)
    log_in = login or _login(access.base_url, settings, time_left, beat, functions)

    def connect(session: StoredSession) -> Transport:
        if access.transport == "browser":
            return BrowserTransport(
                access.base_url,
                session,
                timeout_s=settings.neo_timeout_seconds,
                time_left=time_left,
            )
        return HttpTransport(
            access.base_url,
            session,
            connections=connections,
            timeout_s=settings.neo_timeout_seconds,
            time_left=time_left,
        )

    def log_in_told(credentials: Credentials) -> LoginResult:
        on_progress("login", 0, 1)
        result = log_in(credentials)
        on_progress("login", 1, 1)
        return result

    keeper = SessionKeeper(login_store, log_in_told, clock, lambda: log_in.submitted)
    # The browser transport asks one question after the other: waiting for it is not Neo's time.
    connections = 1 if access.transport == "browser" else settings.neo_connections
    rate_limiter = RateLimiter(
        settings.neo_requests_per_second, connections, time_left=time_left, sleep=sleep
    )
    client = HttpClient(
        keeper,
        connect,
        rate_limiter,
        probe=PROBE,
        clock=clock,
        time_left=time_left,
        sleep=sleep,
        beat=beat,
    )
    try:
        yield NeoProvider(
            client,
            keeper,
            connections=connections,
            clock=clock,
            on_progress=on_progress,
            interrupt=log_in.interrupt,
        )
    finally:
        client.close()
        log_in.close()


def _require_browser(access: ClinicAccess, settings: Settings) -> None:
    """Raises ConfigurationInvalid: who has others log in has no browser, and no driver of one."""
    if access.transport == "browser" and settings.login_function is not None:
        raise ConfigurationInvalid(
            "the clinic's setting `transport` (idexx_sync.clinic_settings) is `browser`, and here "
            "is none, because logins have a function of their own (IDEXX_SYNC_LOGIN_FUNCTION); "
            "set the clinic to `http`, or the stage's `logs_in_apart` to False",
            code="transport",
        )


def _login(
    origin: str,
    settings: Settings,
    time_left: TimeLeft,
    beat: Callable[[], None],
    functions: LambdaFunctions | None,
) -> Login:
    meanwhile = partial(prepare_http, origin)
    if settings.login_function is not None:
        return InvokedLogin(
            origin,
            settings.login_function,
            timeout_s=settings.login_timeout_seconds,
            time_left=time_left,
            meanwhile=meanwhile,
            beat=beat,
            functions=functions,
        )
    return BrowserLogin(
        origin,
        chromium_path=settings.chromium_path,
        timeout_s=settings.login_timeout_seconds,
        memory_mb=settings.login_memory_mb,
        time_left=time_left,
        meanwhile=meanwhile,
        beat=beat,
    )


def _bounds(window: Window) -> dict[str, str]:
    """Whole days; whether Neo counts the end's own second is not known, and does not matter."""
    return {"start": f"{window.first_day} 00:00:00", "end": f"{window.last_day} 23:59:59"}


def _appointment_of(asked_id: str) -> tuple[str, Mapping[str, str]]:
    return APPOINTMENT, {"id": asked_id}


def _page_of(asked_id: str) -> tuple[str, Mapping[str, str]]:
    return CONSULTATION.format(quote(asked_id, safe="")), {}
