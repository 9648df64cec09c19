"""Login sessions of one company. Only cookies authenticate (Neo protocol, section on login)."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

COOKIE = "neo_session_id"
"""The real name is unknown; it is known to contain "session" or "auth"."""

BEGINNING = "neo-session-"
"""How the cookie's value begins, so that it is known wherever somebody has left it."""

ENTRY = "neo_entry"
"""Lets its bearer see the dashboard's shell and fetch the cookie that is late; no more."""


@dataclass(slots=True)
class Session:
    username: str
    created: datetime
    used: datetime
    complete: bool = True
    """False while the login still asks for something: such a session opens nothing."""
    ended: bool = False
    shows: str | None = None
    """The company whose data it shows; None: its own."""


class Sessions:
    """The sessions by cookie value; an ended one is remembered, so that it can be told apart."""

    def __init__(self) -> None:
        self._by_token: dict[str, Session] = {}

    def start(
        self,
        username: str,
        now: datetime,
        *,
        complete: bool,
        kill_others: bool,
        shows: str | None = None,
    ) -> tuple[str, Session]:
        if kill_others:
            for session in self._by_token.values():
                session.ended = session.ended or session.username == username
        token = f"{BEGINNING}{secrets.token_hex(20)}"
        session = Session(username, created=now, used=now, complete=complete, shows=shows)
        self._by_token[token] = session
        return token, session

    def known(self, token: str) -> bool:
        return token in self._by_token

    def pending(self, token: str | None) -> Session | None:
        """A session whose login is not complete yet."""
        session = self._by_token.get(token or "")
        return session if session and not session.complete and not session.ended else None

    def use(
        self,
        token: str | None,
        now: datetime,
        idle: timedelta | None,
        absolute: timedelta | None,
    ) -> Session | None:
        """The valid session of a cookie, its idle time begun anew; None if there is none.

        A session beyond a limit ends for good: turning the clock back does not revive it.
        """
        session = self._by_token.get(token or "")
        if session is None or session.ended or not session.complete:
            return None
        too_idle = idle is not None and now - session.used > idle
        too_old = absolute is not None and now - session.created > absolute
        if too_idle or too_old:
            session.ended = True
            return None
        session.used = now
        return session

    def end(self, token: str) -> None:
        if token in self._by_token:
            self._by_token[token].ended = True

    def end_all(self) -> int:
        """Ends what is alive; how many that were."""
        alive = [session for session in self._by_token.values() if not session.ended]
        for session in alive:
            session.ended = True
        return len(alive)
