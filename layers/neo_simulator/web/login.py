"""Login page and form (Neo protocol, section on login), with everything that may come instead.

The page holds no form: a script builds it, and computes a value from a challenge that is good for
one attempt. So a browser is needed, as it probably is for the real site.
"""

import json
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from neo_simulator.company import Company
from neo_simulator.request_log import LoginOutcome
from neo_simulator.sessions import COOKIE, ENTRY
from neo_simulator.web.guard import COMPANY
from neo_simulator.web.markup import asset, page, redirect, text

MOST_CHALLENGES = 10_000

FORM_VALUE = "neo-form-"
"""How a challenge and a CSRF value begin, so that they are known wherever they are left."""

WRONG = "The company ID, username or password is incorrect."
LOCKED = "Your account has been locked after too many attempts. Please contact your administrator."

INSTEAD: dict[str, tuple[LoginOutcome, str]] = {
    "mfa": ("mfa", "/login/verify"),
    "sso": ("sso", "/sso/authorize"),
    "captcha": ("captcha", "/login/check"),
    "branch_chooser": ("branch_chooser", "/branches"),
    "password_change": ("password_change", "/users/change-password"),
    "unknown_landing": ("unknown_landing", "/welcome"),
}
"""What a right password leads to, when not to the dashboard."""


@dataclass(slots=True)
class Challenges:
    """Open challenges and the CSRF value that went with each; the oldest give way."""

    open: OrderedDict[str, str] = field(default_factory=OrderedDict)

    def issue(self) -> tuple[str, str]:
        challenge, csrf = (f"{FORM_VALUE}{secrets.token_hex(size)}" for size in (12, 16))
        self.open[challenge] = csrf
        while len(self.open) > MOST_CHALLENGES:
            self.open.popitem(last=False)
        return challenge, csrf

    def redeem(self, challenge: str) -> str | None:
        """The CSRF value, once."""
        return self.open.pop(challenge, None)


CHALLENGES = web.AppKey("challenges", Challenges)


async def show_login(request: web.Request) -> web.StreamResponse:
    company = request.get(COMPANY)
    if company and company.session(request.cookies.get(COOKIE)):
        return redirect("/dashboard")
    error = {"credentials": WRONG, "locked": LOCKED}.get(request.query.get("error", ""))
    answer = login_page(request, company, error)
    answer.set_cookie("device_auth_hint", "1", path="/")  # authenticates nothing, despite its name
    return answer


def login_page(
    request: web.Request, company: Company | None, error: str | None = None, status: int = 200
) -> web.Response:
    variant = company.knobs["login_variant"] if company else "plain"
    challenge, csrf = request.app[CHALLENGES].issue()
    config: dict[str, Any] = {
        "challenge": challenge,
        "delayMs": company.knobs["slow_page_ms"] if company and variant == "slow_page" else 20,
        "changed": variant == "changed_form",
        "missing": variant == "no_form",
        "dead": variant == "dead_button",
        "banner": variant.removeprefix("cookie_") if variant.startswith("cookie_") else None,
        "csrf": csrf if variant == "csrf" else None,
    }
    body = (
        '<main class="login"><h1>Neo</h1>'
        f"{_error_box(company, error)}<div id='login-root'>Loading…</div></main>"
        f'<script id="login-config" type="application/json">{json.dumps(config)}</script>'
        f"<script>{asset('login.js')}</script>"
    )
    return page("Neo - Login", body, status=status)


def _error_box(company: Company | None, error: str | None) -> str:
    if error is None:
        return ""
    style = company.knobs["wrong_password_class"] if company else "alert-danger"
    marks = {"role-alert": 'role="alert"', "unmarked": 'class="x1"'}
    return f"<div {marks.get(style, f'class="{style}"')}>{text(error)}</div>"


async def submit_login(request: web.Request) -> web.StreamResponse:
    company = request.get(COMPANY)
    form = {name: str(value) for name, value in (await request.post()).items()}
    username = form.get("username", "")
    csrf = request.app[CHALLENGES].redeem(form.get("challenge", ""))
    if csrf is None or form.get("proof") != proof(form):
        _log(company, username, "no_script")
        return page("Neo", "<h1>Bad request</h1><p>Your browser sent no proof.</p>", status=400)
    if company is None:
        return login_page(request, None, WRONG)
    if company.knobs["login_variant"] == "csrf" and form.get("_csrf") != csrf:
        _log(company, username, "csrf_missing")
        return page("Neo", "<h1>Page expired</h1>", status=419)
    return _judge(request, company, form)


def _judge(request: web.Request, company: Company, form: dict[str, str]) -> web.StreamResponse:
    username = form.get("username", "")
    right = (
        form.get("company_id", "").strip() == company.id
        and username == company.username
        and form.get("password") == company.password
    )
    variant = company.knobs["login_variant"]
    if company.lockout.locked or variant == "locked":
        return _refused(request, company, username, "locked")
    if not right:
        company.lockout.wrong += 1
        most = company.knobs["lockout_after"]
        company.lockout.locked = most is not None and company.lockout.wrong >= most
        return _refused(request, company, username, "wrong_password")
    company.lockout.wrong = 0
    outcome, target = INSTEAD.get(variant, ("ok", "/dashboard"))
    _log(company, username, outcome)
    token, _ = company.sessions.start(
        username,
        company.clock.now(),
        complete=outcome == "ok",
        kill_others=company.knobs["second_login_kills_first"],
        shows=company.knobs["session_of_company"],
    )
    late = company.knobs["session_cookie_late_ms"] and outcome == "ok"
    answer = redirect(target)
    answer.set_cookie(ENTRY if late else COOKIE, token, httponly=True, path="/", samesite="Lax")
    return answer


async def give_session(request: web.Request) -> web.StreamResponse:
    """The session's cookie for somebody whom the login let in, where it did not come at once."""
    token = request.cookies.get(ENTRY, "")
    answer = web.Response(status=204)
    answer.set_cookie(COOKIE, token, httponly=True, path="/", samesite="Lax")
    answer.del_cookie(ENTRY)
    return answer


def _refused(
    request: web.Request, company: Company, username: str, outcome: LoginOutcome
) -> web.StreamResponse:
    _log(company, username, outcome)
    locked = outcome == "locked"
    style = company.knobs["wrong_password_style"]
    if style == "302":
        return redirect("/login?error=" + ("locked" if locked else "credentials"))
    return login_page(request, company, LOCKED if locked else WRONG)


def _log(company: Company | None, username: str, outcome: LoginOutcome) -> None:
    if company is not None:
        company.log.login(username, outcome)


def proof(form: dict[str, str]) -> str:
    """What the page's script computes: FNV-1a of challenge, company and username, as hex."""
    names = ("challenge", "company_id", "username")
    value = 0x811C9DC5
    for byte in ":".join(form.get(name, "") for name in names).encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return f"{value:08x}"


async def log_out(request: web.Request) -> web.StreamResponse:
    company = request.get(COMPANY)
    if company:
        company.sessions.end(request.cookies.get(COOKIE, ""))
    return redirect("/login")


async def detour(request: web.Request) -> web.StreamResponse:
    """A page that a provider can't pass: it wants a person."""
    title, body = DETOURS[request.path]
    return page(title, f'<main class="login">{body}</main>')


DETOURS = {
    "/login/verify": (
        "Neo - Verification",
        "<h1>Two-step verification</h1><p>We sent a code to your phone.</p>"
        '<form><input name="code" placeholder="code" inputmode="numeric" '
        'autocomplete="one-time-code"><button type="submit">Verify</button></form>',
    ),
    "/login/timeout": (
        "Neo - Timeout",
        "<h1>You were away too long</h1><a href='/login'>Log in</a>",
    ),
    "/sso/authorize": (
        "MyIDEXX - Sign in",
        "<h1>Sign in with MyIDEXX</h1><p>Your practice uses single sign-on.</p>"
        '<form><input type="email" name="email" placeholder="e-mail">'
        '<button type="submit">Continue</button></form>',
    ),
    "/login/check": (
        "Neo - Security check",
        "<h1>Are you a person?</h1>"
        '<div class="g-recaptcha"><iframe title="reCAPTCHA" srcdoc="I am not a robot"></iframe>'
        "</div>",
    ),
    "/branches": (
        "Neo - Choose a branch",
        "<h1>Choose a branch</h1><form>"
        '<button type="submit" name="branch_id" value="1">Main Street</button> '
        '<button type="submit" name="branch_id" value="2">Harbour</button></form>',
    ),
    "/users/change-password": (
        "Neo - Change password",
        "<h1>Your password has expired</h1><p>Please choose a new password.</p><form>"
        '<input type="password" name="current_password" placeholder="current password">'
        '<input type="password" name="new_password" placeholder="new password">'
        '<input type="password" name="confirm_password" placeholder="new password, again">'
        '<button type="submit">Change password</button></form>',
    ),
    "/welcome": (
        "Neo - Welcome",
        "<h1>Welcome to the new Neo</h1><p>Everything is somewhere else now.</p>",
    ),
}


def add_login_routes(app: web.Application) -> None:
    app[CHALLENGES] = Challenges()
    app.router.add_get("/login", show_login)
    app.router.add_post("/login", submit_login)
    app.router.add_get("/logout", log_out)
    app.router.add_get("/session", give_session)
    for path in DETOURS:
        app.router.add_get(path, detour)
