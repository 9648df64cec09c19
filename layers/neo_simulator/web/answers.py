"""The JSON endpoints that the staff application calls. No CORS headers; only with a session."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from aiohttp import web

from neo_simulator.company import Company
from neo_simulator.model import Consultation
from neo_simulator.payloads.appointment import appointment, view
from neo_simulator.payloads.calendar import (
    CalendarCache,
    calendar_body,
    entries_of_window,
    subset,
    visits_chosen,
)
from neo_simulator.payloads.consultation import page_data, without_consultation
from neo_simulator.payloads.search import search
from neo_simulator.payloads.text import encode, stamp
from neo_simulator.served import ServedCalendar, ServedRecord
from neo_simulator.sessions import COOKIE
from neo_simulator.web.guard import COMPANIES, COMPANY, SERVED
from neo_simulator.web.login import login_page
from neo_simulator.web.markup import page, redirect

Answer = Callable[[web.Request, Company], web.Response]


def with_session(answer: Answer) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Answer only a valid session; others get what the company's knob says."""

    async def handler(request: web.Request) -> web.StreamResponse:
        company = request.get(COMPANY)
        session = company.session(request.cookies.get(COOKIE)) if company else None
        if company is None or session is None:
            return _expired(request, company)
        if session.shows is not None:
            company = request.app[COMPANIES].get(session.shows)
        return answer(request, company)

    return handler


def _expired(request: web.Request, company: Company | None) -> web.Response:
    match company.knobs["expired_answer"] if company else "302_login":
        case "302_root":
            return redirect("/")
        case "302_login_timeout":
            return redirect("/login/timeout")
        case "200_login_html":
            return login_page(request, company)
        case "200_page":
            return page("Neo", "<h1>Welcome back</h1><p>You were away for a while.</p>")
        case "200_json":
            return _json({"success": False, "message": "Your session has ended."})
        case "204" | "410" as status:
            return web.Response(status=int(status))
        case "400" | "404" as status:
            return _json({"error": "Bad session."}, int(status))
        case "401_json":
            return _json({"error": "Unauthenticated."}, 401)
        case "401_empty":
            return web.Response(status=401)
        case "403":
            return page("Neo", "<h1>Forbidden</h1>", status=403)
        case "419":
            return _json({"message": "CSRF token mismatch."}, 419)
        case _:
            return redirect("/login")


def calendar(request: web.Request, company: Company) -> web.Response:
    try:
        start, end = (datetime.fromisoformat(request.query[name]) for name in ("start", "end"))
    except (KeyError, ValueError):
        return _json({"error": "start and end are required"}, 400)
    if start.tzinfo or end.tzinfo:
        return _json({"error": "start and end are local times"}, 400)
    knobs, world, cache, now = company.knobs, company.world, company.cache, company.clock.local()
    wanted, behind = knobs["calendar_subset"], knobs.behind(look_up=False)
    if isinstance(wanted, dict) and "company" in wanted:
        world = request.app[COMPANIES].get(wanted["company"]).world
        cache = CalendarCache()
    if behind is not None:
        now -= behind
        world, cache = world.as_of(now), CalendarCache()
    entries = subset(entries_of_window(world, knobs, start, end), wanted)
    body = calendar_body(world, knobs, cache, entries, now)
    request[SERVED] = ServedCalendar(stamp(start), stamp(end), body)
    return _bytes(body)


def appointment_view(_: web.Request, company: Company) -> web.Response:
    return _json(view(company.world, company.knobs))


def one_appointment(request: web.Request, company: Company) -> web.Response:
    number = _number(request.query.get("id"))
    world, now, behind = company.world, company.clock.local(), company.knobs.behind(look_up=True)
    if behind is not None:
        now -= behind
        world = world.as_of(now)
    found = appointment(world, company.knobs, number, now)
    if found is not None:
        return _json(found)
    match company.knobs["unknown_appointment"]:
        case "404_html":
            return page("Neo", "<h1>Page not found</h1>", status=404)
        case "200_without_appointment":
            return _json({"success": False})
        case "200_null":
            return _json({"appointment": None})
        case _:
            return _json({"error": "Appointment not found"}, 404)


def consultation_page_data(request: web.Request, company: Company) -> web.Response:
    consultation = company.world.consultations.get(_number(request.match_info["id"]))
    if consultation is not None and not _is_of(company, consultation, "consultation_gone"):
        answer = page_data(company.world, company.knobs, consultation)
        if _is_of(company, consultation, "consultation_garbled"):
            answer["patient"] = []
        body = encode(answer)
        request[SERVED] = ServedRecord(request.match_info["id"], body)
        return _bytes(body)
    match company.knobs["unknown_consultation"]:
        case "404_json":
            return _json({"error": "Consultation not found"}, 404)
        case "200_without_consultation":
            return _json(without_consultation(company.world))
        case _:
            return page("Neo", "<h1>Page not found</h1>", status=404)


def _is_of(company: Company, consultation: Consultation, knob: str) -> bool:
    """Whether the consultation's visit is one of those that the knob means."""
    wanted = company.knobs[knob]
    return bool(wanted) and consultation.visit_id in visits_chosen(company.world, knob, wanted)


def search_patients(request: web.Request, company: Company) -> web.Response:
    query = request.query
    return _json(
        search(
            company.world,
            query.get("q", ""),
            today=company.clock.local().date(),
            limit=_number(query.get("limit")) or 100,
            inactive=query.get("includeInactive") == "true",
            escaped=query.get("escape") != "false",
        )
    )


def _number(text: str | None) -> int:
    """An id of the query; 0, which nobody has, when it is none."""
    return int(text) if text and text.isascii() and text.isdigit() else 0


def _json(value: object, status: int = 200) -> web.Response:
    return _bytes(encode(value), status)


def _bytes(body: bytes, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json")


def add_answer_routes(app: web.Application) -> None:
    for path, answer in (
        ("/appointments/getCalendarEventData", calendar),
        ("/appointments/getAppointmentView", appointment_view),
        ("/appointments/getAppointment", one_appointment),
        ("/consultations/{id}/page-data", consultation_page_data),
        ("/search/patients", search_patients),
    ):
        app.router.add_get(path, with_session(answer), allow_head=False)
