"""The HTML pages of the staff application, with the hooks that were seen in the real ones.

As there, their content appears late: a script fetches it (Neo protocol, section on pages and DOM).
"""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta

from aiohttp import web

from neo_simulator.company import Company
from neo_simulator.sessions import COOKIE, ENTRY
from neo_simulator.web.guard import COMPANY
from neo_simulator.web.markup import asset, page, redirect, text

Page = Callable[[web.Request, Company], web.Response]

BAR = (
    '<header class="bar"><strong>Neo</strong><a href="/dashboard">Dashboard</a>'
    '<a href="/schedule">Schedule</a><a href="/logout">Log out</a></header>'
)

MODAL = (
    '<div class="spot-modal__overlay--visible"><div role="dialog" aria-label="Announcement">'
    "<h2>What is new in Neo</h2><p>A new way to print labels.</p>"
    "<button onclick=\"this.closest('.spot-modal__overlay--visible').remove()\">Got it</button>"
    "</div></div>"
)


def logged_in(show: Page) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A page for people: without a session it always leads to the login."""

    async def handler(request: web.Request) -> web.StreamResponse:
        company, cookies = request.get(COMPANY), request.cookies
        token = cookies.get(COOKIE) or (cookies.get(ENTRY) if show is dashboard else None)
        if company is None or company.session(token) is None:
            return redirect("/login")
        return show(request, company)

    return handler


def front(_: web.Request, __: Company) -> web.Response:
    return redirect("/dashboard")


def dashboard(request: web.Request, company: Company) -> web.Response:
    today = company.clock.local().date()
    number = sum(
        visit.start.date() == today and not visit.deleted for visit in company.world.visits.values()
    )
    modal = MODAL if company.knobs["login_variant"] == "announcement_modal" else ""
    body = (
        f'{BAR}<main id="dashboard_shell"><h1>{text(company.world.name)}</h1>'
        f'<div class="card">{today:%A, %d %B %Y}: {number} appointments</div></main>{modal}'
    )
    if ENTRY in request.cookies:
        late = company.knobs["session_cookie_late_ms"]
        body += f"<script>setTimeout(() => fetch('/session'), {late})</script>"
    return page("Neo - Dashboard", body)


def schedule(request: web.Request, company: Company) -> web.Response:
    day = _day(request.query.get("date", ""), company)
    before, after = day - timedelta(days=1), day + timedelta(days=1)
    body = (
        f'{BAR}<main><app-appointments-view data-day="{day}"><h2>Schedule</h2>'
        f'<nav class="days"><a href="?date={before}" aria-label="the day before">‹</a>'
        f"<strong>{day:%A, %d %B %Y}</strong>"
        f'<a href="?date={after}" aria-label="the day after">›</a></nav>'
        '<div id="appointment-calendar-manage-elements-row" class="spot-flex-row">'
        '<a data-qa="appointment-calendar-tab" href="/schedule">Appointments</a>'
        '<a data-qa="boarding-calendar-tab" href="#">Boarding</a></div>'
        '<app-appointments-calendar><full-calendar class="fc">'
        '<div class="fc-timegrid-body"></div></full-calendar></app-appointments-calendar>'
        f"</app-appointments-view></main><script>{asset('schedule.js')}</script>"
    )
    return page("Neo - Schedule", body)


def _day(given: str, company: Company) -> date:
    """The day asked for; today where it is none."""
    try:
        return date.fromisoformat(given)
    except ValueError:
        return company.clock.local().date()


def consultation(request: web.Request, _: Company) -> web.Response:
    body = (
        f'{BAR}<main data-consultation="{text(request.match_info["id"])}">'
        '<div class="spot-flex-row spot-flex-stretch">'
        '<h2 data-qa="patient-signalment-patient-name" class="spot-patient-display__pet-name"></h2>'
        '</div><div data-qa="consultation-tabs-controls"></div>'
        f"</main><script>{asset('consultation.js')}</script>"
    )
    return page("Neo - Consultation", body)


def add_page_routes(app: web.Application) -> None:
    for path, show in (
        ("/", front),
        ("/dashboard", dashboard),
        ("/schedule", schedule),
        ("/consultations/view/{id}", consultation),
    ):
        app.router.add_get(path, logged_in(show))
