"""One customer of the simulated Neo: who may log in, and everything that is its own."""

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from neo_simulator.clock import Clock
from neo_simulator.errors import NotPossible, UnknownRecord
from neo_simulator.knobs import Knobs
from neo_simulator.operations import Operations
from neo_simulator.payloads.calendar import CalendarCache
from neo_simulator.request_log import RequestLog
from neo_simulator.served import AllServed
from neo_simulator.sessions import Session, Sessions
from neo_simulator.world import World


@dataclass(slots=True)
class Lockout:
    """Wrong passwords in a row."""

    wrong: int = 0
    locked: bool = False


@dataclass
class Company:
    id: str
    """Text of digits, typed at login."""
    username: str
    password: str
    clock: Clock
    world: World
    port: int = 0
    """Of the company's own address."""
    knobs: Knobs = field(default_factory=Knobs)
    sessions: Sessions = field(default_factory=Sessions)
    log: RequestLog = field(default_factory=RequestLog)
    served: AllServed = field(default_factory=AllServed)
    cache: CalendarCache = field(default_factory=CalendarCache)
    lockout: Lockout = field(default_factory=Lockout)

    @cached_property
    def operations(self) -> Operations:
        return Operations(self.world, self.clock.local)

    def session(self, token: str | None) -> Session | None:
        """The valid session of a cookie, used by asking."""
        return self.sessions.use(
            token,
            self.clock.now(),
            _minutes(self.knobs["session_idle_minutes"]),
            _minutes(self.knobs["session_absolute_minutes"]),
        )

    def set_password(self, password: str) -> None:
        """A new password also unlocks; sessions that are open stay so."""
        self.password = password
        self.lockout = Lockout()


class Companies:
    """All companies of the process, found by id, by cookie or by the port of their address."""

    def __init__(self) -> None:
        self._by_id: dict[str, Company] = {}
        self._next_id = 1001
        self.unmatched = RequestLog()
        """Requests that no company could be found for."""

    def all(self) -> list[Company]:
        return list(self._by_id.values())

    def add(self, company: Company) -> None:
        if company.id in self._by_id:
            raise NotPossible(f"company_id: {company.id} is taken")
        self._by_id[company.id] = company

    def remove(self, company_id: str) -> Company:
        company = self.get(company_id)
        del self._by_id[company_id]
        return company

    def get(self, company_id: str) -> Company:
        company = self._by_id.get(company_id)
        if company is None:
            raise UnknownRecord(f"no company has the id {company_id!r}")
        return company

    def find(self, company_id: str) -> Company | None:
        return self._by_id.get(company_id)

    def of_token(self, token: str | None) -> Company | None:
        if token is None:
            return None
        return next((c for c in self._by_id.values() if c.sessions.known(token)), None)

    def of_port(self, port: int | None) -> Company | None:
        return next((c for c in self._by_id.values() if port and c.port == port), None)

    def free_id(self) -> str:
        """An id that no company has or, by this method, ever had."""
        while str(self._next_id) in self._by_id:
            self._next_id += 1
        self._next_id += 1
        return str(self._next_id - 1)


def zone_named(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise NotPossible(f"zone: {name!r} is no IANA time zone") from None


def _minutes(value: float | None) -> timedelta | None:
    return None if value is None else timedelta(minutes=value)
