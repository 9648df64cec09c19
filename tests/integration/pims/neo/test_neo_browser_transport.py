"""Both transports against one simulated Neo: whatever it answers, they hand up the same.

Everything above the seam is the same code, so this is all that a browser can change in a run that
goes wrong. Each kind of session has one Playwright for the whole module.
"""

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from idexx_sync.core.errors import PimsSlow, PimsUnavailable, ShapeChanged, SyncError
from idexx_sync.pims.access import StoredSession
from idexx_sync.pims.neo.http import browser_transport
from idexx_sync.pims.neo.http.answers import (
    Answered,
    Garbled,
    NotFound,
    RawAnswer,
    SessionRefused,
    Strange,
    TooMany,
    Unavailable,
    Verdict,
    judge_answer,
)
from idexx_sync.pims.neo.http.browser_transport import BrowserTransport
from idexx_sync.pims.neo.http.transport import TOO_LARGE, HttpTransport, Transport
from idexx_sync.pims.neo.login.memory import peak_mb
from idexx_sync.pims.neo.provider import CALENDAR
from neo_simulator.client import Company, Simulator
from tests.kit.hostile_http import HONEST, hostile_site
from tests.kit.neo import open_session
from tests.kit.neo_faults import (
    ENVELOPES,
    EXPIRED_ANSWERS,
    GARBLED,
    ODD_TEXT,
    ONE_MALFORMED,
    REFUSALS,
    REFUSING,
    SUBSETS,
    Refusal,
)
from tests.kit.processes import is_running

NOW = datetime(2026, 5, 4, 14, tzinfo=UTC)
PATIENT_S, SHORT_S = 20.0, 0.3
LARGEST = 64 * 1024
PARAMS = {"start": "2026-05-04 00:00:00", "end": "2026-05-10 23:59:59"}
JUDGED_BY = ("content-type", "location", "retry-after")
"""The headers that a verdict hangs on."""
ONE_TIME = re.compile(rb"\b([0-9a-f]{24}|[0-9a-f]{32})\b")
CUTS: list[Any] = [
    "reset",
    "truncate",
    *({"kind": kind, "at_byte": at} for kind in ("reset", "truncate") for at in (0, 1, 200)),
]
EXPECTED = {
    "pims_unavailable": (Unavailable, PimsUnavailable),
    "throttled": (TooMany,),
    "pims_slow": (PimsSlow,),
}
"""What ends a run with an error of this kind, as verdict or as error."""


@dataclass
class Pair:
    """A company, and one session of it that both transports ask with."""

    company: Company
    session: StoredSession
    http: Transport
    browser: Transport
    patience: list[float] = field(repr=False)
    """The seconds that a run has left, alone in its list."""

    def both(self) -> tuple[Verdict | SyncError, Verdict | SyncError]:
        """What plain HTTP and Playwright make of the same question."""
        plain, played = asked(self.http), asked(self.browser)
        if isinstance(plain, RawAnswer) and isinstance(played, RawAnswer):
            assert seen(played) == seen(plain)
        return judged(plain), judged(played)

    def agreed(self) -> Verdict | SyncError:
        """The verdict, or Playwright's error of the same class.

        Only the code of PimsUnavailable differs: it is the library's own name of the fault.
        """
        plain, played = self.both()
        if isinstance(plain, SyncError) and isinstance(played, SyncError):
            assert type(played) is type(plain)
            assert played.code == ("Error" if type(played) is PimsUnavailable else plain.code)
            self.assert_silent(played)
        else:
            assert played == plain
        return played

    def assert_silent(self, error: SyncError) -> None:
        """An error and what it holds on to show no cookie."""
        told = [repr(error), repr(vars(error)), repr(error.__context__), repr(error.__cause__)]
        assert self.session.cookies
        assert not [one for one in self.session.cookies if one["value"] in "".join(told)]


def asked(transport: Transport) -> RawAnswer | SyncError:
    try:
        return transport.get(CALENDAR, PARAMS)
    except SyncError as error:
        return error


def judged(answer: RawAnswer | SyncError) -> Verdict | SyncError:
    return judge_answer(answer, NOW) if isinstance(answer, RawAnswer) else answer


def seen(answer: RawAnswer) -> tuple[object, ...]:
    """What must be the same; each login page has a challenge and a token of its own."""
    headers = [answer.headers.get(name) for name in JUDGED_BY]
    return answer.status, answer.url, headers, ONE_TIME.sub(b"once", answer.body)


@contextmanager
def opened(company: Company, base_url: str | None = None) -> Iterator[Pair]:
    session = open_session(company, NOW)
    patience = [PATIENT_S]
    origin = base_url or company.base_url
    limits: dict[str, Any] = {
        "timeout_s": PATIENT_S,
        "time_left": lambda: patience[0],
        "largest_body": LARGEST,
    }
    with (
        closing(HttpTransport(origin, session, connections=1, **limits)) as http,
        closing(BrowserTransport(origin, session, **limits)) as browser,
    ):
        yield Pair(company, session, http, browser, patience)


@contextmanager
def made(simulator: Simulator) -> Iterator[Company]:
    """A company with two days of visits."""
    company = simulator.create_company(generate=False, now="2026-05-04 07:00:00")
    company.book_many(
        [
            {"start": f"2026-05-0{day} {8 + n:02}:00:00", "patient": f"PET {day}{n}"}
            for day in (4, 5)
            for n in range(8)
        ]
    )
    yield company
    company.remove()


@pytest.fixture(scope="module")
def one_pair(simulator: Simulator) -> Iterator[Pair]:
    with made(simulator) as company, opened(company) as pair:
        yield pair


@pytest.fixture
def pair(one_pair: Pair) -> Iterator[Pair]:
    """Both transports with a session that is valid; Neo is well again afterwards."""
    yield one_pair
    one_pair.company.reset_knobs()
    one_pair.patience[0] = PATIENT_S


@pytest.fixture(scope="module")
def expired(simulator: Simulator) -> Iterator[Pair]:
    """Both transports in the middle of a run, when their session has just ended."""
    with made(simulator) as company, opened(company) as pair:
        assert isinstance(pair.agreed(), Answered)
        company.expire_sessions()
        yield pair


def test_both_ask_the_same_question_with_the_same_session(pair: Pair) -> None:
    pair.company.clear_requests()

    verdict = pair.agreed()

    assert isinstance(verdict, Answered)
    assert len(str(verdict.value)) > 1000
    first, second = pair.company.requests()
    assert [first[key] for key in ("method", "path", "query", "status", "bytes")] == [
        second[key] for key in ("method", "path", "query", "status", "bytes")
    ]


@pytest.mark.parametrize("answer", EXPIRED_ANSWERS)
def test_a_session_that_ended_is_refused_alike(expired: Pair, answer: str) -> None:
    expired.company.set_knob("expired_answer", answer)
    expired.company.clear_requests()

    verdict = expired.agreed()

    kinds = {"404": NotFound, "200_json": Answered}
    assert isinstance(verdict, kinds.get(answer, SessionRefused if answer in REFUSING else Strange))
    # Neither has followed a redirect.
    assert [request["path"] for request in expired.company.requests()] == [CALENDAR] * 2


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: str(refusal.action))
def test_a_neo_that_does_not_answer_is_told_alike(pair: Pair, refusal: Refusal) -> None:
    pair.company.fault(refusal.action, path="getCalendarEventData")
    if refusal.kind == "pims_slow":
        pair.patience[0] = SHORT_S

    assert isinstance(pair.agreed(), EXPECTED[refusal.kind])


@pytest.mark.parametrize("action", CUTS, ids=str)
def test_an_answer_cut_at_any_byte_is_none(pair: Pair, action: Any) -> None:
    pair.company.fault(action, path="getCalendarEventData")

    assert isinstance(pair.agreed(), PimsUnavailable)


def test_a_neo_that_is_gone_is_unavailable_to_both(pair: Pair) -> None:
    with opened(pair.company, "http://127.0.0.1:9") as nowhere:
        assert isinstance(nowhere.agreed(), PimsUnavailable)


def test_a_neo_that_cuts_every_connection_is_unavailable_to_both(pair: Pair) -> None:
    pair.company.set_knob("refuse_connections", True)

    assert isinstance(pair.agreed(), PimsUnavailable)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 418, 419, 500, 502, 504])
@pytest.mark.parametrize("html", [False, True])
def test_a_status_is_handed_up_as_it_is(pair: Pair, status: int, html: bool) -> None:
    action = {"kind": "status", "status": status, "html": html}
    pair.company.fault(action, path="getCalendarEventData")

    verdict = pair.agreed()

    assert isinstance(verdict, NotFound) == (status == 404)
    if isinstance(verdict, (SessionRefused, Unavailable, Strange)):
        assert verdict.code == f"status_{status}"
    else:
        assert verdict == NotFound()


def test_how_long_neo_wants_to_be_left_alone_arrives(pair: Pair) -> None:
    pair.company.fault("429_retry_after", path="getCalendarEventData")

    assert pair.agreed() == TooMany(2.0)


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        *((action, Strange) for action in ("html", "html_type")),
        *((action, Garbled) for action in GARBLED),
        *((action, Answered) for action in ODD_TEXT),
    ],
)
def test_what_is_not_quite_json_is_told_alike(pair: Pair, action: str, kind: type[Verdict]) -> None:
    pair.company.fault(action, path="getCalendarEventData")

    assert isinstance(pair.agreed(), kind)


@pytest.mark.parametrize(
    ("knob", "value"),
    [
        *(("envelope", envelope) for envelope in ENVELOPES),
        *(("calendar_subset", subset) for subset, _ in SUBSETS),
        ("malformed_records", ONE_MALFORMED),
    ],
    ids=str,
)
def test_json_of_any_shape_is_the_readers_to_judge(pair: Pair, knob: str, value: Any) -> None:
    usual = pair.agreed()
    pair.company.set_knob(knob, value)

    verdict = pair.agreed()

    assert isinstance(verdict, Answered)
    assert verdict != usual


def test_another_companys_calendar_arrives_whole(pair: Pair, simulator: Simulator) -> None:
    with made(simulator) as other:
        pair.company.set_knob("calendar_subset", {"company": other.company_id})

        assert isinstance(pair.agreed(), Answered)


def test_an_answer_too_large_to_keep_is_refused(pair: Pair, simulator: Simulator) -> None:
    with made(simulator) as other:
        other.book_many(
            [
                {"start": f"2026-05-07 {8 + n // 4:02}:{n % 4 * 15:02}:00", "reason": "LONG " * 600}
                for n in range(32)
            ]
        )
        pair.company.set_knob("calendar_subset", {"company": other.company_id})

        error = pair.agreed()

    assert isinstance(error, ShapeChanged)
    assert error.code == TOO_LARGE


@pytest.fixture(scope="module")
def hostile() -> Iterator[BrowserTransport]:
    """Playwright against a server that answers as no server should."""
    session = StoredSession([], "Mozilla/5.0 (ours)", NOW)
    with (
        hostile_site() as origin,
        closing(
            BrowserTransport(
                origin, session, timeout_s=PATIENT_S, time_left=lambda: 60, largest_body=LARGEST
            )
        ) as asking,
    ):
        assert asking.get(HONEST, {}).body == b"{}"
        yield asking


@pytest.mark.parametrize("path", ["/drip/heads", "/drip/trailer", "/drip/gzip", "/flood/103"])
def test_r27_what_drips_in_over_playwright_is_given_up_in_time(
    hostile: BrowserTransport, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(hostile, "_timeout_s", SHORT_S)
    began = time.monotonic()

    with pytest.raises(PimsSlow):
        hostile.get(path, {})
    assert time.monotonic() - began < SHORT_S + 3


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/large/head", PimsUnavailable),
        ("/large/gzip", ShapeChanged),
        ("/large/values", ShapeChanged),
        ("/lie/longer", PimsUnavailable),
        ("/lie/twice", PimsUnavailable),
    ],
)
def test_r27_what_is_too_large_or_untrue_over_playwright_is_refused(
    hostile: BrowserTransport, path: str, kind: type[SyncError]
) -> None:
    with pytest.raises(kind) as caught:
        hostile.get(path, {})
    assert isinstance(caught.value, ShapeChanged) == (caught.value.code == TOO_LARGE)


def test_r27_playwright_is_ended_when_it_holds_too_much_or_hangs_and_then_another_one_asks(
    hostile: BrowserTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = hostile._asker.driver.pid
    assert first is not None
    monkeypatch.setattr(browser_transport, "MOST_DRIVER_MB", peak_mb(first) + 100)
    with pytest.raises(ShapeChanged) as caught:
        hostile.get("/flood/body", {})
    assert caught.value.code == TOO_LARGE

    second = hostile._asker.driver
    assert not is_running(first)
    assert hostile.get(HONEST, {}).body == b"{}"
    assert second.pid not in (None, first)
    monkeypatch.setattr(hostile, "_timeout_s", SHORT_S)
    monkeypatch.setattr(browser_transport, "_GRACE_S", 0.1)
    os.kill(second.pid or 0, signal.SIGSTOP)
    with pytest.raises(PimsSlow):
        hostile.get(HONEST, {})
    assert not is_running(second.pid or 0)
