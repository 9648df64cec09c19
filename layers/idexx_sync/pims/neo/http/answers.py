"""Judging an answer of Neo before anybody believes it.

Nobody has seen what Neo answers when a session has expired (Neo protocol, section on sessions), so
whatever is not what was asked for may come of that. No verdict stands for "nothing there" by
accident: an error never becomes an empty list.
"""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

from idexx_sync.pims.neo.http.lenient_json import read_json

NOT_JSON_BODY: Final = "not_json_body"


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """One answer over HTTP. Headers and body may carry cookies and personal data: never printed."""

    status: int
    url: str = field(repr=False)
    """Where the answer came from in the end."""
    headers: Mapping[str, str] = field(repr=False)
    """Names in lower case."""
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answered:
    """JSON, as asked for."""

    value: object = field(repr=False)


@dataclass(frozen=True, slots=True)
class SessionRefused:
    """Neo says that it does not (or no longer) know the session."""

    code: str


@dataclass(frozen=True, slots=True)
class NotFound:
    """404: Neo knows no such thing, or no such path."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A server error: worth another try."""

    code: str
    retry_after: float | None = None
    """Seconds that Neo asked for."""


@dataclass(frozen=True, slots=True)
class TooMany:
    """429: worth another try, later."""

    retry_after: float | None = None
    """Seconds that Neo asked for."""


@dataclass(frozen=True, slots=True)
class Garbled:
    """JSON by its type that can't be read: worth another try, and no word on the session."""

    code: str = NOT_JSON_BODY


@dataclass(frozen=True, slots=True)
class Strange:
    """Not what was asked for: perhaps the session has ended, perhaps Neo has changed."""

    code: str


Verdict = Answered | SessionRefused | NotFound | Unavailable | TooMany | Garbled | Strange

_REFUSALS: Final = frozenset({401, 403, 419})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_LOGIN_FORM_MARKS: Final = (b'name="company_id"', b"name='company_id'", b"name=company_id")


def judge_answer(answer: RawAnswer, now: datetime) -> Verdict:
    """What an answer to a JSON request means; `now` turns a Retry-After date into seconds."""
    if answer.status in _REFUSALS:
        return SessionRefused(f"status_{answer.status}")
    if answer.status == 429:
        return TooMany(_retry_after(answer, now))
    if answer.status == 408 or answer.status >= 500:
        return Unavailable(f"status_{answer.status}", _retry_after(answer, now))
    if answer.status in _REDIRECTS:
        return _judge_redirect(answer)
    if answer.status == 404:
        return NotFound()
    if answer.status != 200:
        return Strange(f"status_{answer.status}")
    return judge_content(answer)


def split_url(url: str) -> SplitResult | None:
    """A foreign URL's parts; None where it can't be read.

    >>> split_url("http://[bad") is None
    True
    """
    try:
        return urlsplit(url)
    except ValueError:
        return None


def is_staff_login(url: str) -> bool:
    """Whether a URL is the staff's login page; the pet owners' portal has one of its own.

    >>> is_staff_login("https://neo.example/login?next=%2Fschedule")
    True
    >>> is_staff_login("https://neo.example/clientportal/1001/1/login")
    False
    """
    split = split_url(url)
    path = "" if split is None else split.path
    parts = [part.partition(";")[0].casefold() for part in path.split("/")]
    meant = [part for part in parts if part]
    return bool(meant) and meant[-1] == "login" and "clientportal" not in meant


def _judge_redirect(answer: RawAnswer) -> Verdict:
    """JSON is never redirected: to the login, or to another site's, means signing in again."""
    try:
        target = urljoin(answer.url, answer.headers.get("location", ""))
        is_own_site = urlsplit(target)[:2] == urlsplit(answer.url)[:2]
    except ValueError:  # no URL: it leads nowhere
        return Strange("redirect_elsewhere")
    if is_staff_login(target):
        return SessionRefused("redirect_login")
    return Strange("redirect_elsewhere") if is_own_site else SessionRefused("redirect_other_site")


def judge_content(answer: RawAnswer) -> Verdict:
    """What an answer with status 200 means."""
    if is_staff_login(answer.url):
        return SessionRefused("ended_on_login")
    if not _says_json(answer):
        if _shows_login_form(answer.body):
            return SessionRefused("login_form")
        return Strange("not_json_type")
    try:
        return Answered(read_json(answer.body))
    except ValueError:
        if _shows_login_form(answer.body):
            return SessionRefused("login_form")
        return Strange("html_body") if _begins_as_html(answer.body) else Garbled()


def _says_json(answer: RawAnswer) -> bool:
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().casefold()
    return media_type in {"application/json", "text/json"} or media_type.endswith("+json")


def _begins_as_html(body: bytes) -> bool:
    return body.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"<"


def _shows_login_form(body: bytes) -> bool:
    return any(mark in body for mark in _LOGIN_FORM_MARKS) and b"password" in body


def _retry_after(answer: RawAnswer, now: datetime) -> float | None:
    """Seconds from either form of the header; None when it is absent or unreadable."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (ValueError, TypeError):
        return None
