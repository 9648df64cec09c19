"""Answers of Neo, judged before they are believed (Neo protocol, sessions and knobs)."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

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
    is_staff_login,
    judge_answer,
)

NOW = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
BASE = "https://neo.example"
LOGIN_FORM = b'<form><input name="company_id"><input name="password" type="password"></form>'


def answer(status: int = 200, body: bytes = b"{}", url: str = "/x", **headers: str) -> RawAnswer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return RawAnswer(status, BASE + url, {"content-type": "application/json"} | named, body)


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (answer(body=b'{"events": []}'), Answered({"events": []})),
        (answer(body=b"\xef\xbb\xbf[]"), Answered([])),
        (answer(body=b'["\\ud800"]'), Answered(["\ud800"])),
        (answer(content_type="application/json; charset=utf-8"), Answered({})),
        (answer(content_type="application/problem+json"), Answered({})),
        # every way in which a session may turn out to have expired
        (answer(302, location="/login"), SessionRefused("redirect_login")),
        (answer(303, location=f"{BASE}/login?next=/x"), SessionRefused("redirect_login")),
        (answer(302, location="https://sso.example/"), SessionRefused("redirect_other_site")),
        (answer(401, b'{"error": "unauthenticated"}'), SessionRefused("status_401")),
        (answer(401, b""), SessionRefused("status_401")),
        (answer(403), SessionRefused("status_403")),
        (answer(419), SessionRefused("status_419")),
        (answer(200, LOGIN_FORM, content_type="text/html"), SessionRefused("login_form")),
        (answer(200, LOGIN_FORM), SessionRefused("login_form")),
        (answer(200, url="/login"), SessionRefused("ended_on_login")),
        (
            answer(200, b"<h1>Soon</h1>", content_type="text/html"),
            Strange("not_json_type"),
        ),
        (answer(200, b'{"events": []}', content_type="text/html"), Strange("not_json_type")),
        (answer(200, b"\xef\xbb\xbf\n<h1>Soon</h1>"), Strange("html_body")),
        (answer(302, location="/dashboard"), Strange("redirect_elsewhere")),
        (answer(302, location="/clientportal/1/2/login"), Strange("redirect_elsewhere")),
        (answer(302), Strange("redirect_elsewhere")),
        (answer(302, location="/login/timeout"), Strange("redirect_elsewhere")),
        (answer(302, location="http://[bad"), Strange("redirect_elsewhere")),
        (answer(302, location="//[::1"), Strange("redirect_elsewhere")),
        (answer(302, location="http://℀.x/login"), Strange("redirect_elsewhere")),
        (answer(302, location="http://[v]/login"), Strange("redirect_elsewhere")),
        # JSON that is damaged: no word on the session
        (answer(200, b""), Garbled()),
        (answer(200, b'{"events": [{'), Garbled()),
        (answer(200, b'{"events": "\xff'), Garbled()),
        (answer(200, b'{\xff"events": []}'), Garbled()),
        (answer(200, b"[1\xff2]"), Garbled()),
        (answer(200, b"[1\x002]"), Garbled()),
        (answer(200, b"[" * 200_000), Garbled()),
        # texts may hold anything
        (answer(body=b'["a\tb\x00c"]'), Answered(["a\tb\x00c"])),
        (answer(body=b'["caf\xe9", "\xff\xf0\x9f"]'), Answered(["caf\ufffd", "\ufffd\ufffd"])),
        (answer(body=b'["\xed\xa0\xbd"]'), Answered(["\ud83d"])),
        (answer(body=b'\xef\xbb\xbf["\t"]'), Answered(["\t"])),
        (answer(body='["\t"]'.encode("utf-16")), Answered(["\t"])),
        (answer(body=b"[NaN, -Infinity, 1]"), Answered([None, None, 1])),
        # other than that
        (answer(404), NotFound()),
        (answer(204, b""), Strange("status_204")),
        (answer(400), Strange("status_400")),
        (answer(408), Unavailable("status_408")),
        (answer(500, b"[]"), Unavailable("status_500")),
        (answer(502, b"<h1>Bad Gateway</h1>", content_type="text/html"), Unavailable("status_502")),
        (answer(503, retry_after="7"), Unavailable("status_503", 7.0)),
        (answer(429), TooMany()),
        (answer(429, retry_after="120"), TooMany(120.0)),
        (answer(429, retry_after="Mon, 04 May 2026 12:00:30 GMT"), TooMany(30.0)),
        (answer(429, retry_after="Mon, 04 May 2026 11:00:00 GMT"), TooMany(0.0)),
        (answer(429, retry_after="soon"), TooMany()),
        (answer(429, retry_after="-5"), TooMany()),
    ],
)
def test_each_answer_has_one_verdict(given: RawAnswer, verdict: Verdict) -> None:
    assert judge_answer(given, NOW) == verdict


@pytest.mark.parametrize("status", [*range(100, 200), *range(201, 600)])
def test_no_error_is_ever_an_empty_list(status: int) -> None:
    empty: Any = json.dumps({"events": []}).encode()

    assert not isinstance(judge_answer(answer(status, empty), NOW), Answered)


def test_no_answer_prints_its_cookies_or_its_body() -> None:
    given = answer(200, b'{"patient_name": "CANARY"}', set_cookie="CANARY", url="/x?CANARY")

    assert "CANARY" not in repr(given) + repr(judge_answer(given, NOW))


@pytest.mark.parametrize(
    ("url", "staff"),
    [
        ("/login", True),
        ("/login/", True),
        ("/Login?next=%2Fschedule#top", True),
        ("/login;jsessionid=1", True),
        ("/en/login", True),
        ("/clientportal/1001/1/login", False),
        ("/login/verify", False),
        ("/dashboard?from=/login", False),
        ("/", False),
        ("", False),
    ],
)
def test_the_pet_owners_portal_is_not_the_staffs_login(url: str, staff: bool) -> None:
    assert is_staff_login(BASE + url) is staff
