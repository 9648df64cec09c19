"""What every request to the Neo side passes: company, log, delay, faults."""

import asyncio
import re
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import replace

from aiohttp import web

from neo_simulator.company import Companies, Company
from neo_simulator.faults import Action
from neo_simulator.request_log import LoggedRequest
from neo_simulator.served import ServedCalendar, ServedRecord
from neo_simulator.sessions import COOKIE, ENTRY
from neo_simulator.shape_values import delay_for
from neo_simulator.web.markup import plain_page

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

COMPANIES = web.AppKey("companies", Companies)
COMPANY = web.RequestKey("company", Company)
SERVED = web.RequestKey[ServedCalendar | ServedRecord]("served")
"""Set by an answer that is kept; it counts as served if nothing happens to it on its way."""
CUT_AFTER = web.RequestKey("cut_after", int)
"""Set when the connection was cut: the body bytes that were sent before."""

STILL_READABLE = ("odd_byte", "raw_tab")
"""What a tolerant reader reads past: such an answer counts as served, damaged as it is."""
FREE_TEXT = re.compile(rb'"(?:reason|notes|name)": ?"[^"\\\\]')
"""Up to the first character of a text that decides nothing."""

WORDS = {
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Time-out",
}


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Log the request for its company, then wait, damage or answer as the knobs say."""
    companies = request.app[COMPANIES]
    company = await find_company(request, companies)
    log = company.log if company else companies.unmatched
    entry = log.begin(request.method, request.path, request.query_string)
    status, size = 0, 0
    try:
        if company is None:
            answer = await _handled(request, handler)
        else:
            request[COMPANY] = company
            answer = await _under_knobs(request, handler, company, entry)
        if CUT_AFTER in request:
            size = request[CUT_AFTER]
        else:
            status, size = answer.status, _length(answer)
        return answer
    finally:
        log.end(entry, status, size)


async def find_company(request: web.Request, companies: Companies) -> Company | None:
    """By the login form, else by the session cookie, else by the address that was called."""
    if request.method == "POST" and request.path == "/login":
        form = await request.post()
        named = companies.find(str(form.get("company_id", "")).strip())
        if named:
            return named
    cookies = request.cookies
    by_cookie = companies.of_token(cookies.get(COOKIE) or cookies.get(ENTRY))
    return by_cookie or companies.of_port(local_port(request))


def local_port(request: web.Request) -> int | None:
    """The port of ours that was called."""
    address = request.transport.get_extra_info("sockname") if request.transport else None
    return address[1] if address else None


async def _under_knobs(
    request: web.Request, handler: Handler, company: Company, entry: LoggedRequest
) -> web.StreamResponse:
    before, instead = company.knobs.faults.for_request(request.path)
    wait = delay_for(company.knobs["delay_ms"], request.path)
    for action in before:
        entry.fault = action.kind
        if action.kind == "expire_session":
            company.sessions.end(request.cookies.get(COOKIE, ""))
        else:
            wait += action.ms / 1000
    if wait:
        await asyncio.sleep(wait)
    cut_off = company.knobs["refuse_connections"]
    if cut_off or (instead and instead.kind == "drop"):
        entry.fault = "refused" if cut_off else "drop"
        return _cut(request, reset=False)
    if instead is None:
        answer = await _handled(request, handler)
        if SERVED in request:
            company.served.add(request[SERVED])
        return answer
    entry.fault = instead.kind if instead.kind != "status" else str(instead.status)
    if instead.kind == "status":
        return _status(instead)
    if instead.kind == "reset" and instead.at_byte is None:
        return _cut(request, reset=True)
    answer = await _damaged(request, await _handled(request, handler), instead)
    if SERVED in request and instead.kind in STILL_READABLE and isinstance(answer, web.Response):
        body = answer.body
        assert isinstance(body, bytes)
        company.served.add(replace(request[SERVED], body=body))
    return answer


async def _handled(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as answer:
        return answer


async def _damaged(
    request: web.Request, answer: web.StreamResponse, action: Action
) -> web.StreamResponse:
    body = answer.body if isinstance(answer, web.Response) else b""
    whole = body if isinstance(body, bytes) else b""
    kept = whole[: len(whole) // 2 if action.at_byte is None else action.at_byte]
    match action.kind:
        case "html":
            return plain_page("Neo", "<h1>We will be right back</h1>", status=200)
        case "odd_byte":
            return _json_of(answer, within_text(whole, b"\xff"))
        case "raw_tab":
            return _json_of(answer, within_text(whole, b"\t"))
        case "stray_byte":
            return _json_of(answer, whole[:1] + b"\xff" + whole[1:])
        case "empty":
            return web.Response(body=b"", content_type="application/json")
        case "html_type":
            return web.Response(body=whole, content_type="text/html", status=answer.status)
        case "truncated_json":
            return _json_of(answer, kept)
        case _:
            return await _cut_within(request, answer, whole, kept, reset=action.kind == "reset")


def _json_of(answer: web.StreamResponse, body: bytes) -> web.Response:
    return web.Response(body=body, content_type=answer.content_type, status=answer.status)


def within_text(body: bytes, odd: bytes) -> bytes:
    """The JSON with a byte in its first free text that it must not have; as it is without one."""
    found = FREE_TEXT.search(body)
    return body if found is None else body[: found.end()] + odd + body[found.end() :]


async def _cut_within(
    request: web.Request, answer: web.StreamResponse, whole: bytes, kept: bytes, *, reset: bool
) -> web.StreamResponse:
    """Promise the whole body, send the beginning, and cut the connection."""
    partial = web.StreamResponse(status=answer.status)
    partial.content_type = answer.content_type
    partial.content_length = len(whole)
    for name in ("Set-Cookie", "Location"):
        if name in answer.headers:
            partial.headers[name] = answer.headers[name]
    await partial.prepare(request)
    if kept:
        await partial.write(kept)
    _cut(request, reset=reset)
    request[CUT_AFTER] = len(kept)
    return partial


def _cut(request: web.Request, *, reset: bool) -> web.StreamResponse:
    """End the connection without a proper answer."""
    request[CUT_AFTER] = 0
    transport = request.transport
    if transport is not None:
        if reset:
            _linger_zero(transport.get_extra_info("socket"))
            transport.abort()
        else:
            transport.close()
    return web.Response(status=500)  # never seen: the connection is gone


def _linger_zero(sock: socket.socket | None) -> None:
    """Closing then sends a reset instead of an orderly end."""
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _status(action: Action) -> web.Response:
    word = WORDS.get(action.status, "Error")
    if action.html:
        answer = plain_page(f"{action.status} {word}", f"<h1>{word}</h1>", status=action.status)
    else:
        answer = web.json_response({"error": word}, status=action.status)
    if action.retry_after is not None:
        answer.headers["Retry-After"] = str(action.retry_after)
    return answer


def _length(answer: web.StreamResponse) -> int:
    body = answer.body if isinstance(answer, web.Response) else None
    return len(body) if isinstance(body, bytes) else 0
