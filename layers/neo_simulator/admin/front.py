"""The front page for people: the companies, and of each its day, its knobs and what was asked."""

from datetime import date, timedelta

from aiohttp import web

from neo_simulator.admin.booking_form import booking_form
from neo_simulator.admin.day import day_calendar
from neo_simulator.admin.knob_table import knob_tables
from neo_simulator.admin.login_form import login_form
from neo_simulator.admin.markup import admin_page, cells
from neo_simulator.company import Company
from neo_simulator.errors import NotPossible
from neo_simulator.model import Block, Visit
from neo_simulator.request_log import LoggedRequest
from neo_simulator.web.guard import COMPANIES
from neo_simulator.web.markup import text

SHOWN_REQUESTS = 25


async def index(request: web.Request) -> web.Response:
    companies = request.app[COMPANIES].all()
    here = _here(request)
    rows = "".join(_company_row(company, here) for company in companies)
    address = f"{request.url.origin()}{here}/api/companies"
    make = f"curl -H 'Content-Type: application/json' -d '{{}}' {address}"
    what_next = (
        "<p class='quiet'>Click on a company: its page shows its calendar, books, moves and "
        "deletes visits, sets its password and turns its knobs.</p>"
        if companies
        else f"<p class='quiet'>None yet. Make one: <code>{text(make)}</code></p>"
    )
    body = (
        "<header><h1>Neo simulator</h1>"
        "<p>A local stand-in for IDEXX Neo. Every clinic in it is invented.</p></header>"
        "<main><section><h2>Companies</h2><table class='wide'><thead><tr><th>Company</th>"
        "<th>Zone and clock</th><th>Records</th><th>Requests</th><th>Knobs turned</th>"
        f"<th>Log in at</th></tr></thead><tbody>{rows}</tbody></table>{what_next}</section></main>"
    )
    return admin_page("Neo simulator", body)


def _here(request: web.Request) -> str:
    """The path below which we are."""
    return f"/{request.match_info['secret']}"


def _company_row(company: Company, here: str) -> str:
    turned = [name for name in company.knobs.values if company.knobs.changed(name)]
    world = company.world
    return cells(
        f"<a href='{here}/companies/{company.id}'><b>{text(world.name)}</b></a>"
        f"<small>id {company.id}</small>",
        f"{text(company.clock.zone.key)}<small>{_clock(company)}</small>",
        f"{len(world.visits)} visits<small>{len(world.blocks)} blocks</small>",
        f"{len(company.log.requests)}<small>{len(company.log.logins)} logins</small>",
        "".join(f"<span class='turned'>{text(name)}</span> " for name in turned) or "none",
        f"<a href='http://127.0.0.1:{company.port}/login'>port {company.port}</a>"
        f"<small>{text(company.username)} / {text(company.password)}</small>",
    )


async def show_company(request: web.Request) -> web.Response:
    company = request.app[COMPANIES].get(request.match_info["company"])
    day = _day(request.query.get("day"), company)
    body = (
        f"{_company_header(company, _here(request))}<main>"
        f"<section><div class='day-bar'><h2>{day:%A, %d %B %Y}</h2>{_day_links(company, day)}</div>"
        f"{booking_form(company, day)}{day_calendar(company, day)}</section>"
        f"<section><h2>Login</h2>{login_form(company)}</section>"
        f"<section><h2>Knobs</h2>{knob_tables(company)}</section>"
        f"<section><h2>Last requests</h2>{_requests(company)}</section></main>"
    )
    return admin_page(f"{company.world.name} - Neo simulator", body)


def _company_header(company: Company, here: str) -> str:
    return (
        f"<header><p><a href='{here}'>All companies</a></p><h1>{text(company.world.name)}</h1>"
        f"<p>Company {company.id} · {text(company.clock.zone.key)} · {_clock(company)} · "
        f"<a href='http://127.0.0.1:{company.port}/login'>log in</a> as "
        f"<code>{text(company.username)}</code> with "
        f"<code class='password-now'>{text(company.password)}</code></p>"
        "</header>"
    )


def _clock(company: Company) -> str:
    notes = {"fixed": "the clock stands still", "running": "set clock", "real": "real time"}
    return f"{company.clock.local():%a %d %b %Y %H:%M} ({notes[company.clock.mode]})"


def _day(given: str | None, company: Company) -> date:
    """The day asked for; else today if it has something, else the first day that has."""
    if given:
        try:
            return date.fromisoformat(given)
        except ValueError:
            raise NotPossible(f"day: {given!r} is no date") from None
    today = company.clock.local().date()
    days = _days_with_entries(company)
    return today if today in days or not days else days[0]


def _days_with_entries(company: Company) -> list[date]:
    shown = (e for e in company.world.calendar() if isinstance(e.record, Visit | Block))
    return sorted({entry.start.date() for entry in shown})


def _day_links(company: Company, day: date) -> str:
    """A day back and forward, and the neighbours that have entries when those are farther away."""
    days = _days_with_entries(company)
    today = company.clock.local().date()
    links = [
        ("‹ day", day - timedelta(days=1)),
        ("today", today),
        ("day ›", day + timedelta(days=1)),
    ]
    earlier = [other for other in days if other < day - timedelta(days=1)]
    later = [other for other in days if other > day + timedelta(days=1)]
    if earlier and day - timedelta(days=1) not in days:
        links.insert(0, (f"« {earlier[-1]:%d %b}", earlier[-1]))
    if later and day + timedelta(days=1) not in days:
        links.append((f"{later[0]:%d %b} »", later[0]))
    return (
        "<nav>" + "".join(f"<a href='?day={to}'>{text(name)}</a>" for name, to in links) + "</nav>"
    )


def _requests(company: Company) -> str:
    log = company.log
    if not log.requests:
        return "<p class='quiet'>Nothing was asked yet.</p>"
    last = list(log.requests)[-SHOWN_REQUESTS:][::-1]
    rows = "".join(_request_row(entry) for entry in last)
    logins = ", ".join(text(attempt.outcome) for attempt in list(log.logins)[-10:]) or "none"
    return (
        f"<p class='quiet'>{len(log.requests)} in all, the newest first. Logins: {logins}.</p>"
        "<table class='wide'><thead><tr><th>No.</th><th>At (UTC)</th><th>Request</th>"
        f"<th>Status</th><th>Bytes</th><th>Took</th><th>Fault</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _request_row(entry: LoggedRequest) -> str:
    took = (
        "in work" if entry.finished is None else f"{(entry.finished - entry.started) * 1000:.1f} ms"
    )
    query = f"<small>{text(entry.query)}</small>" if entry.query else ""
    status = {None: "", 0: "cut"}.get(entry.status, str(entry.status))
    return cells(
        str(entry.number),
        text(entry.at[11:23]),
        f"{text(entry.method)} {text(entry.path)}{query}",
        status,
        "" if entry.bytes is None else f"{entry.bytes:,}",
        took,
        text(entry.fault),
    )


def add_front_routes(app: web.Application) -> None:
    app.router.add_get("/{secret}", index)
    app.router.add_get("/{secret}/companies/{company}", show_company)
