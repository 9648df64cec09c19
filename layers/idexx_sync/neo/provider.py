"""IDEXX Neo as a `Pims`: a clinic's calendar, single appointments and configuration."""

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, Literal

from idexx_sync.access import AccessDesk, Credentials, StoredSession
from idexx_sync.errors import PimsSlow, PimsUnavailable, ShapeChanged, Throttled
from idexx_sync.neo.answers import Answered, NotFound, SessionRefused, Strange
from idexx_sync.neo.browser_login import BrowserLogin
from idexx_sync.neo.browser_transport import BrowserTransport
from idexx_sync.neo.conversation import Conversation
from idexx_sync.neo.login import LoginResult
from idexx_sync.neo.lookups import read_appointment, read_configuration
from idexx_sync.neo.pacer import Pacer
from idexx_sync.neo.payloads import CalendarPage, read_calendar
from idexx_sync.neo.session import SessionKeeper
from idexx_sync.neo.transport import HttpTransport, TimeLeft, Transport, prepare_http
from idexx_sync.pims import Configuration, Gone, Lookup, Snapshot, Unknown, Window
from idexx_sync.settings import Settings

CALENDAR: Final = "/appointments/getCalendarEventData"
APPOINTMENT: Final = "/appointments/getAppointment"
CONFIGURATION: Final = "/appointments/getAppointmentView"
MOST_DAYS: Final = 14
"""Days of one calendar request; longer windows have not been seen to work."""

Phase = Literal["login", "calendar", "proof"]
Progress = Callable[[Phase, int, int], None]
"""Phase, requests done, requests in all; may be called from several threads."""


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
        conversation: Conversation,
        keeper: SessionKeeper,
        *,
        connections: int,
        clock: Callable[[], datetime],
        on_progress: Progress,
        interrupt: Callable[[], None],
    ) -> None:
        self._conversation = conversation
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
        for done, part in enumerate(parts):
            self._on_progress("calendar", done, len(parts))
            page = read_calendar(self._value(CALENDAR, _bounds(part)))
            whole.records += page.records
            whole.unreadable += page.unreadable
            whole.rosters += page.rosters
            whole.unknown_fields += page.unknown_fields
        self._on_progress("calendar", len(parts), len(parts))
        return Snapshot(
            window=window,
            read_at=read_at,
            records=whole.records,
            unreadable=whole.unreadable,
            rosters=whole.rosters,
            unknown_fields=dict(whole.unknown_fields),
        )

    def appointments(self, ids: Sequence[str]) -> Mapping[str, Lookup]:
        """Each id looked up, several at a time.

        Once Neo fails to answer, the ids that are left are not asked for any more: Unknown.
        """
        wanted = list(dict.fromkeys(ids))
        looking = _LookingUp(self._conversation, self._on_progress, len(wanted))
        with ThreadPoolExecutor(self._connections, thread_name_prefix="neo-look-up") as pool:
            return dict(zip(wanted, pool.map(looking.look_up, wanted), strict=True))

    def configuration(self) -> Configuration:
        return read_configuration(self._value(CONFIGURATION, {}))

    def _value(self, path: str, params: Mapping[str, str]) -> object:
        verdict = self._conversation.ask(path, params)
        if isinstance(verdict, Answered):
            return verdict.value
        code = verdict.code if isinstance(verdict, Strange) else "status_404"
        raise ShapeChanged(f"Neo answered {path} in an unknown way ({code})", code=code)


class _LookingUp:
    """One round of look-ups by id."""

    def __init__(self, conversation: Conversation, on_progress: Progress, total: int) -> None:
        self._conversation = conversation
        self._on_progress = on_progress
        self._total = total
        self._done = Counter[str]()
        self._lock = threading.Lock()
        self._down: str | None = None

    def look_up(self, asked_id: str) -> Lookup:
        lookup = self._look_up(asked_id)
        with self._lock:
            self._done["ids"] += 1
            self._on_progress("proof", self._done["ids"], self._total)
        return lookup

    def _look_up(self, asked_id: str) -> Lookup:
        if self._down is not None:
            return Unknown(self._down)
        try:
            verdict = self._conversation.ask(APPOINTMENT, {"id": asked_id}, one_of_many=True)
        except (PimsUnavailable, PimsSlow, Throttled) as error:
            self._down = error.kind
            return Unknown(error.kind)
        if isinstance(verdict, Answered):
            return read_appointment(verdict.value, asked_id)
        if isinstance(verdict, NotFound):
            return Gone()
        assert isinstance(verdict, (Strange, SessionRefused))
        return Unknown(verdict.code)


@contextmanager
def open_neo(
    access: ClinicAccess,
    desk: AccessDesk,
    settings: Settings,
    clock: Callable[[], datetime],
    *,
    time_left: TimeLeft = lambda: math.inf,
    on_progress: Progress = lambda _phase, _done, _total: None,
    beat: Callable[[], None] = lambda: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[NeoProvider]:
    """A clinic's Neo for one run; nothing is asked of it, and no browser started, before a read."""
    log_in = BrowserLogin(
        access.base_url,
        chromium_path=settings.chromium_path,
        timeout_s=settings.login_timeout_seconds,
        time_left=time_left,
        meanwhile=partial(prepare_http, access.base_url),
    )

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
            connections=settings.neo_connections,
            timeout_s=settings.neo_timeout_seconds,
            time_left=time_left,
        )

    def log_in_told(credentials: Credentials) -> LoginResult:
        on_progress("login", 0, 1)
        result = log_in(credentials)
        on_progress("login", 1, 1)
        return result

    keeper = SessionKeeper(desk, log_in_told, clock)
    pacer = Pacer(settings.neo_requests_per_second, settings.neo_connections, sleep=sleep)
    conversation = Conversation(
        keeper,
        connect,
        pacer,
        probe=CONFIGURATION,
        clock=clock,
        time_left=time_left,
        sleep=sleep,
        beat=beat,
    )
    try:
        yield NeoProvider(
            conversation,
            keeper,
            connections=settings.neo_connections,
            clock=clock,
            on_progress=on_progress,
            interrupt=log_in.interrupt,
        )
    finally:
        conversation.close()
        log_in.close()


def _bounds(window: Window) -> dict[str, str]:
    """Whole days; whether Neo counts the end's own second is not known, and does not matter."""
    return {"start": f"{window.first_day} 00:00:00", "end": f"{window.last_day} 23:59:59"}
