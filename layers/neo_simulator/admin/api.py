"""The admin API: make companies, change their worlds, turn their knobs, read what was asked.

JSON over HTTP on a port of its own, below a secret of this start; no web page but our own is
answered. An unknown record is 404, a value that is not allowed 422, each
with `{"error": what was found and what is allowed}`.
"""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ValidationError

from dev_tools.local_callers import is_secret, why_strange
from neo_simulator.admin.requests import (
    ClockSetting,
    KnobValue,
    NewCompany,
    NewPassword,
    Operation,
    explained,
    perform,
)
from neo_simulator.booking import naive
from neo_simulator.company import Company, Lockout
from neo_simulator.doors import HOST, Doors
from neo_simulator.errors import NotPossible, SimulatorError
from neo_simulator.knob_menu import KNOBS
from neo_simulator.making import make_company
from neo_simulator.payloads.text import encode, stamp
from neo_simulator.sessions import COOKIE
from neo_simulator.state import state
from neo_simulator.web.guard import COMPANIES, local_port
from neo_simulator.world import found

DOORS = web.AppKey("doors", Doors)
SECRET = web.AppKey("secret", str)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def only_ours(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers who knows the secret, and pages of our own; bodies are JSON, and say so."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    if why_strange(headers, local_port(request) or 0) is not None:
        raise web.HTTPForbidden
    if not is_secret(request.path.split("/")[1], request.app[SECRET]):
        raise web.HTTPNotFound
    if request.body_exists and request.content_type != "application/json":
        return _json({"error": "send the body as Content-Type: application/json"}, 415)
    return await handler(request)


@web.middleware
async def explain_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except SimulatorError as error:
        return _json({"error": str(error)}, error.status)
    except ValidationError as error:
        return _json({"error": explained(error)}, 422)


# -- companies -------------------------------------------------------------------------------


async def create_company(request: web.Request) -> web.Response:
    company = make_company(request.app[COMPANIES], await _body(request, NewCompany))
    company.port = await request.app[DOORS].add(company.id)
    return _json(_facts(company), 201)


async def list_companies(request: web.Request) -> web.Response:
    return _json([_facts(company) for company in request.app[COMPANIES].all()])


async def show_company(request: web.Request) -> web.Response:
    return _json(_facts(_company(request)))


async def delete_company(request: web.Request) -> web.Response:
    company = request.app[COMPANIES].remove(request.match_info["company"])
    await request.app[DOORS].remove(company.id)
    return _json({})


async def show_state(request: web.Request) -> web.Response:
    return _json(state(_company(request)))


# -- the world and its clock -----------------------------------------------------------------


async def operate(request: web.Request) -> web.Response:
    """A list of operations, one after the other; the first that fails ends it."""
    operations = _company(request).operations
    given = await _read(request)
    wanted = [Operation.model_validate(item) for item in (given if isinstance(given, list) else [])]
    if not wanted:
        raise NotPossible("give a list of {name, arguments}")
    return _json({"results": [perform(operations, operation) for operation in wanted]})


async def set_clock(request: web.Request) -> web.Response:
    clock, wanted = _company(request).clock, await _body(request, ClockSetting)
    if wanted.real:
        clock.set_real()
    if wanted.at is not None:
        clock.set_local(naive(wanted.at), running=wanted.running)
    if wanted.advance_seconds is not None:
        clock.advance(timedelta(seconds=wanted.advance_seconds))
    return _json({"now": stamp(clock.local()), "mode": clock.mode})


# -- knobs -----------------------------------------------------------------------------------


async def list_knobs(request: web.Request) -> web.Response:
    knobs = _company(request).knobs
    return _json(
        {
            name: {
                "value": knobs[name],
                "default": knob.default,
                "allowed": knob.values.allowed,
                "summary": knob.summary,
                "group": knob.group,
            }
            for name, knob in KNOBS.items()
        }
    )


async def set_knob(request: web.Request) -> web.Response:
    company, name = _company(request), request.match_info["knob"]
    value = (await _body(request, KnobValue)).value
    if name == "calendar_subset" and isinstance(value, dict) and "company" in value:
        request.app[COMPANIES].get(str(value["company"]))
    if name == "session_of_company" and isinstance(value, str):
        request.app[COMPANIES].get(value)
    if name == "consultation_patient" and isinstance(value, dict):
        for patient in map(str, value.values()):
            if patient.isdecimal():  # what is no id at all, the knob refuses in its own words
                found(company.world.patients, int(patient), "patient")
    company.knobs.set(name, value)
    await _apply_to_door(request, company)
    return _json({"value": company.knobs[name]})


async def reset_knobs(request: web.Request) -> web.Response:
    company = _company(request)
    company.knobs.reset()
    await _apply_to_door(request, company)
    return _json({})


async def _apply_to_door(request: web.Request, company: Company) -> None:
    await request.app[DOORS].set_open(company.id, is_open=not company.knobs["refuse_connections"])


# -- log, sessions, password -----------------------------------------------------------------


async def show_requests(request: web.Request) -> web.Response:
    return _json(_company(request).log.requests_after(_after(request)))


async def show_calendars(request: web.Request) -> web.Response:
    return _json(_company(request).served.calendars.after(_after(request)))


async def show_records(request: web.Request) -> web.Response:
    return _json(_company(request).served.records.after(_after(request)))


async def show_logins(request: web.Request) -> web.Response:
    return _json(_company(request).log.login_list())


async def clear_requests(request: web.Request) -> web.Response:
    _company(request).log.clear()
    return _json({})


async def open_session(request: web.Request) -> web.Response:
    """As after a login, without one; it is not counted among the logins."""
    company = _company(request)
    token, _ = company.sessions.start(
        company.username,
        company.clock.now(),
        complete=True,
        kill_others=company.knobs["second_login_kills_first"],
        shows=company.knobs["session_of_company"],
    )
    return _json({COOKIE: token}, 201)


async def expire_sessions(request: web.Request) -> web.Response:
    return _json({"ended": _company(request).sessions.end_all()})


async def set_password(request: web.Request) -> web.Response:
    _company(request).set_password((await _body(request, NewPassword)).password)
    return _json({})


async def unlock(request: web.Request) -> web.Response:
    _company(request).lockout = Lockout()
    return _json({})


# -- helpers ---------------------------------------------------------------------------------


def _company(request: web.Request) -> Company:
    return request.app[COMPANIES].get(request.match_info["company"])


def _after(request: web.Request) -> int:
    after = request.query.get("after", "0")
    if not after.isdecimal():
        raise NotPossible(f"after: {after!r} is no number")
    return int(after)


def _facts(company: Company) -> dict[str, Any]:
    return {
        "company_id": company.id,
        "username": company.username,
        "password": company.password,
        "zone": company.clock.zone.key,
        "name": company.world.name,
        "base_url": f"http://{HOST}:{company.port}",
        "now": stamp(company.clock.local()),
        "visits": len(company.world.visits),
    }


async def _read(request: web.Request) -> Any:
    try:
        return await request.json()
    except json.JSONDecodeError as error:
        raise NotPossible(f"the body is no JSON: {error}") from None


async def _body[M: BaseModel](request: web.Request, model: type[M]) -> M:
    return model.model_validate(await _read(request))


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(body=encode(value), status=status, content_type="application/json")


def add_api_routes(app: web.Application) -> None:
    all_ = "/{secret}/api/companies"
    one = f"{all_}/{{company}}"
    add = app.router.add_route
    add("POST", all_, create_company)
    add("GET", all_, list_companies)
    add("GET", one, show_company)
    add("DELETE", one, delete_company)
    add("GET", f"{one}/state", show_state)
    add("POST", f"{one}/operations", operate)
    add("PUT", f"{one}/clock", set_clock)
    add("GET", f"{one}/knobs", list_knobs)
    add("DELETE", f"{one}/knobs", reset_knobs)
    add("PUT", f"{one}/knobs/{{knob}}", set_knob)
    add("GET", f"{one}/requests", show_requests)
    add("DELETE", f"{one}/requests", clear_requests)
    add("GET", f"{one}/calendars", show_calendars)
    add("GET", f"{one}/records", show_records)
    add("GET", f"{one}/logins", show_logins)
    add("POST", f"{one}/sessions", open_session)
    add("DELETE", f"{one}/sessions", expire_sessions)
    add("PUT", f"{one}/password", set_password)
    add("DELETE", f"{one}/lockout", unlock)
