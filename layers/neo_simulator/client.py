"""The admin API from Python: make companies, change their worlds, turn their knobs.

Ids come back as text and may be given as text or number, moments as text or datetime.
"""

from collections.abc import Sequence
from datetime import date, datetime
from types import TracebackType
from typing import Any, Literal, Self, TypedDict

from neo_simulator.admin_calls import Api, SimulatorRefused

__all__ = [
    "Company",
    "LoggedRequest",
    "LoginAttempt",
    "ServedCalendar",
    "Simulator",
    "SimulatorRefused",
]

Moment = str | datetime
Day = str | date
Id = str | int


class LoggedRequest(TypedDict):
    """One request as the simulator saw it; see `neo_simulator.request_log`."""

    number: int
    at: str
    started: float
    finished: float | None
    method: str
    path: str
    query: str
    status: int | None
    bytes: int | None
    concurrency: int
    fault: str | None


class ServedCalendar(TypedDict):
    """One answer of the calendar; see `neo_simulator.served`."""

    number: int
    start: str
    end: str
    body: str


class ServedRecord(TypedDict):
    """One answer about a clinical record; see `neo_simulator.served`."""

    number: int
    asked: str
    body: str


class LoginAttempt(TypedDict):
    at: str
    username: str
    outcome: str


class Simulator:
    """A running simulator process."""

    def __init__(self, url: str, admin_url: str, pid: int = 0) -> None:
        self.url = url
        """The address that all companies share; each also has its own, `Company.base_url`."""
        self.admin_url = admin_url
        self.pid = pid
        self._api = Api(admin_url)

    def create_company(
        self,
        *,
        zone: str = "America/Los_Angeles",
        now: Moment | None = None,
        past_until: Moment | None = None,
        generate: bool = True,
        seed: int = 1,
        days: tuple[Day, Day] | None = None,
        visits_per_day: int = 20,
        visits: int | None = None,
        rooms: int = 3,
        ugly: bool = False,
        blocks: bool = True,
        company_id: str | None = None,
        username: str | None = None,
        password: str | None = None,
        name: str | None = None,
        id_base: int | None = None,
        variant: int | None = None,
        branch: int | None = None,
    ) -> "Company":
        """A new company with a world of its own.

        Its rooms, types and providers are called otherwise than those of any other company, under
        the same ids; two of one `variant` have the same. Rooms of a `branch` above 1 have ids of
        their own (23, 24, … in the second one).

        `now` stops its clock at that wall-clock time; without it the clock is real, and ordinary
        visits have taken place until `past_until`.
        `visits` is the exact number in all; else there are `visits_per_day` on every day but
        Sundays.
        `generate=False` gives the default rooms, types and providers and no records.
        """
        wanted = {key: value for key, value in locals().items() if key != "self"}
        given = {key: value for key, value in wanted.items() if value is not None}
        return Company(self, self._api.call("POST", "/api/companies", given))

    def company(self, company_id: str) -> "Company":
        """A handle for a company that was made before."""
        return Company(self, self._api.call("GET", f"/api/companies/{company_id}"))

    def companies(self) -> list["Company"]:
        return [Company(self, facts) for facts in self._api.call("GET", "/api/companies")]

    def close(self) -> None:
        """Closes our connections; the process goes on."""
        self._api.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def api(self) -> Api:
        return self._api


class Company:
    """One company. A method that changes something has done so when it returns."""

    def __init__(self, simulator: Simulator, facts: dict[str, Any]) -> None:
        self._api = simulator.api
        self._path = f"/api/companies/{facts['company_id']}"
        self.company_id: str = facts["company_id"]
        self.username: str = facts["username"]
        self.password: str = facts["password"]
        self.zone: str = facts["zone"]
        self.name: str = facts["name"]
        self.base_url: str = facts["base_url"]
        """The company's own address: login pages look as its knobs say."""
        self.shared_url: str = simulator.url
        self.admin_page = f"{simulator.admin_url}/companies/{self.company_id}"

    def remove(self) -> None:
        """Delete the company and close its address."""
        self._api.call("DELETE", self._path)

    # -- the world ---------------------------------------------------------------------------

    def operate(self, *operations: tuple[str, dict[str, Any]]) -> list[Any]:
        """Many operations in one call, by name and arguments, one after the other."""
        body = [{"name": name, "arguments": arguments} for name, arguments in operations]
        results = self._api.call("POST", f"{self._path}/operations", body)["results"]
        return [str(result) if isinstance(result, int) else result for result in results]

    def _do(self, operation: str, /, **arguments: Any) -> Any:
        return self.operate((operation, arguments))[0]

    def _make(self, operation: str, /, **arguments: Any) -> str:
        return str(self._do(operation, **arguments))

    def book(
        self,
        start: Moment,
        minutes: int = 30,
        room: Id | None = 3,
        patient: str = "TANGO",
        owner_first: str | None = "Robin",
        owner_last: str | None = "Sample",
        phone: str | None = "555-555-0100",
        email: str | None = "robin.sample@example.com",
        **more: Any,
    ) -> str:
        """A visit's id. More: patient_id, client_id, appointment_type, provider, reason, species,
        spelling (0 or 1: how its status is spelled), by."""
        wanted = {key: value for key, value in locals().items() if key not in ("self", "more")}
        return self._make("book", **wanted, **more)

    def book_many(self, visits: Sequence[dict[str, Any]]) -> list[str]:
        """As `book`, for each, in one call."""
        return self.operate(*(("book", visit) for visit in visits)) if visits else []

    def book_block(
        self,
        start: Moment,
        end: Moment,
        title: str = "STAFF LUNCH",
        room: Id | None = None,
        repeat_days: Sequence[Day] = (),
    ) -> str:
        """A block's id; without a room it holds all rooms. Midnight to midnight is a whole day."""
        return self._make(
            "book_block",
            start=start,
            end=end,
            title=title,
            room=room,
            repeat_days=list(repeat_days),
        )

    def move(
        self,
        visit_id: Id,
        start: Moment | None = None,
        room: Id | None = None,
        minutes: int | None = None,
    ) -> None:
        self._do("move", visit_id=visit_id, start=start, room=room, minutes=minutes)

    def move_block(self, block_id: Id, start: Moment, end: Moment, room: Id | None = None) -> None:
        self._do("move_block", block_id=block_id, start=start, end=end, room=room)

    def cancel(self, visit_id: Id, reason: str = "OWNER CALLED") -> None:
        self._do("cancel", visit_id=visit_id, reason=reason)

    def uncancel(self, visit_id: Id) -> None:
        self._do("uncancel", visit_id=visit_id)

    def delete(self, visit_id: Id) -> None:
        self._do("delete", visit_id=visit_id)

    def undelete(self, visit_id: Id) -> None:
        self._do("undelete", visit_id=visit_id)

    def rebook(self, visit_id: Id) -> str:
        """The new id of a visit that was deleted and booked anew as it was."""
        return self._make("rebook", visit_id=visit_id)

    def delete_block(self, block_id: Id, day: Day | None = None) -> None:
        """The whole block, or its occurrence on one day."""
        self._do("delete_block", block_id=block_id, day=day)

    def undelete_block(self, block_id: Id) -> None:
        self._do("undelete_block", block_id=block_id)

    def edit_reason(self, visit_id: Id, reason: str) -> None:
        self._do("edit_reason", visit_id=visit_id, reason=reason)

    def change_type(self, visit_id: Id, appointment_type: str | int) -> None:
        self._do("change_type", visit_id=visit_id, appointment_type=appointment_type)

    def change_provider(self, visit_id: Id, provider: str | int | None) -> None:
        self._do("change_provider", visit_id=visit_id, provider=provider)

    def confirm(self, visit_id: Id) -> None:
        self._do("confirm", visit_id=visit_id)

    def confirm_arrival(self, visit_id: Id) -> None:
        self._do("confirm_arrival", visit_id=visit_id)

    def no_show(self, visit_id: Id) -> None:
        self._do("no_show", visit_id=visit_id)

    def undo_no_show(self, visit_id: Id) -> None:
        self._do("undo_no_show", visit_id=visit_id)

    def start_consultation(self, visit_id: Id) -> str:
        """The new consultation's id."""
        return self._make("start_consultation", visit_id=visit_id)

    def ready_to_pay(self, visit_id: Id) -> None:
        self._do("ready_to_pay", visit_id=visit_id)

    def finalise(self, visit_id: Id) -> None:
        self._do("finalise", visit_id=visit_id)

    def check_out(self, visit_id: Id) -> None:
        """Over without a clinical record."""
        self._do("check_out", visit_id=visit_id)

    def replace_consultation(self, visit_id: Id) -> str:
        """The id of a new record of a visit that is over."""
        return self._make("replace_consultation", visit_id=visit_id)

    def walk_in(self, patient_id: Id, reason: str = "WALK-IN") -> str:
        """The id of a consultation without an appointment."""
        return self._make("walk_in", patient_id=patient_id, reason=reason)

    def edit_notes(self, consultation_id: Id, html: str) -> None:
        self._do("edit_notes", consultation_id=consultation_id, html=html)

    def add_line(
        self,
        consultation_id: Id,
        product: str = "EXAM - OFFICE",
        quantity: float = 1,
        total: float = 60,
        declined: bool = False,
        label: str | None = None,
        provider: str | int | None = None,
        batch: str | None = None,
    ) -> str:
        wanted = {key: value for key, value in locals().items() if key != "self"}
        return self._make("add_line", **wanted)

    def set_vital_signs(
        self, consultation_id: Id, signs: dict[str, Any] | list[Any] | None
    ) -> None:
        """In any shape."""
        self._do("set_vital_signs", consultation_id=consultation_id, signs=signs)

    def delete_consultation(self, consultation_id: Id) -> None:
        self._do("delete_consultation", consultation_id=consultation_id)

    def add_client(self, **facts: Any) -> str:
        """first_name, last_name, mobile_phone, home_phone, work_phone, email, title."""
        return self._make("add_client", **facts)

    def add_patient(self, client_id: Id, **facts: Any) -> str:
        """name, species, breed, gender, weight_kg, born."""
        return self._make("add_patient", client_id=client_id, **facts)

    def rename_patient(self, patient_id: Id, name: str) -> None:
        self._do("rename_patient", patient_id=patient_id, name=name)

    def merge_patients(self, patient_id: Id, into: Id, *, consultations: bool = False) -> None:
        """Moves the visits, and if wanted the consultations."""
        self._do("merge_patients", patient_id=patient_id, into=into, consultations=consultations)

    def change_patient(self, visit_id: Id, patient_id: Id, *, consultation: bool = False) -> None:
        """Gives the visit to another patient, and if wanted its consultation."""
        arguments = {"visit_id": visit_id, "patient_id": patient_id, "consultation": consultation}
        self._do("change_patient", **arguments)

    def change_client(self, patient_id: Id, client_id: Id) -> None:
        """Gives the patient to another owner."""
        self._do("change_client", patient_id=patient_id, client_id=client_id)

    def mark_deceased(self, patient_id: Id) -> None:
        self._do("mark_deceased", patient_id=patient_id)

    def set_active(self, patient_id: Id, *, active: bool) -> None:
        self._do("set_active", patient_id=patient_id, active=active)

    def change_phone(
        self,
        client_id: Id,
        phone: str | None,
        kind: Literal["mobile", "home", "work"] = "mobile",
    ) -> None:
        self._do("change_phone", client_id=client_id, phone=phone, kind=kind)

    def change_owner(self, client_id: Id, **facts: Any) -> None:
        """first_name, last_name, email, title; what is not given stays."""
        self._do("change_owner", client_id=client_id, **facts)

    def state(self) -> dict[str, Any]:
        """Everything that is true, for an independent oracle."""
        state: dict[str, Any] = self._api.call("GET", f"{self._path}/state")
        return state

    def visit(self, visit_id: Id) -> dict[str, Any]:
        """One visit of the state."""
        return next(v for v in self.state()["visits"] if v["id"] == str(visit_id))

    # -- the clock ---------------------------------------------------------------------------

    def set_clock(self, at: Moment, *, running: bool = False) -> None:
        """Stand still at a wall-clock time of the clinic, or run on from it."""
        self._api.call("PUT", f"{self._path}/clock", {"at": at, "running": running})

    def advance(self, minutes: float = 0, *, seconds: float = 0) -> None:
        step = minutes * 60 + seconds
        self._api.call("PUT", f"{self._path}/clock", {"advance_seconds": step})

    def use_real_clock(self) -> None:
        self._api.call("PUT", f"{self._path}/clock", {"real": True})

    def now(self) -> str:
        """The clinic's wall clock."""
        return str(self._api.call("PUT", f"{self._path}/clock", {})["now"])

    # -- knobs -------------------------------------------------------------------------------

    def set_knob(self, name: str, value: Any) -> None:
        self._api.call("PUT", f"{self._path}/knobs/{name}", {"value": value})

    def reset_knobs(self) -> None:
        self._api.call("DELETE", f"{self._path}/knobs")

    def knobs(self) -> dict[str, dict[str, Any]]:
        """Every knob: value, default, allowed, summary, group."""
        knobs: dict[str, dict[str, Any]] = self._api.call("GET", f"{self._path}/knobs")
        return knobs

    def fault(
        self,
        action: str | dict[str, Any],
        *,
        path: str = ".*",
        nth: int | None = None,
        times: int | None = None,
    ) -> None:
        """Make this the only fault rule; several at once: `set_knob("faults", [...])`."""
        rule = {"path": path, "nth": nth, "times": times, "action": action}
        self.set_knob("faults", [rule])

    # -- log, sessions, password -------------------------------------------------------------

    def requests(self, *, after: int = 0) -> list[LoggedRequest]:
        """In order of arrival, those numbered above `after`; what is in work has status None."""
        requests: list[LoggedRequest] = self._api.call(
            "GET", f"{self._path}/requests?after={after}"
        )
        return requests

    def calendars(self, *, after: int = 0) -> list[ServedCalendar]:
        """The last calendar answers that went out whole, those numbered above `after`."""
        served: list[ServedCalendar] = self._api.call(
            "GET", f"{self._path}/calendars?after={after}"
        )
        return served

    def records(self, *, after: int = 0) -> list[ServedRecord]:
        """The last clinical records that went out whole, those numbered above `after`."""
        served: list[ServedRecord] = self._api.call("GET", f"{self._path}/records?after={after}")
        return served

    def clear_requests(self) -> None:
        """Forget requests and logins."""
        self._api.call("DELETE", f"{self._path}/requests")

    def logins(self) -> list[LoginAttempt]:
        """Every submitted login form, with its outcome."""
        logins: list[LoginAttempt] = self._api.call("GET", f"{self._path}/logins")
        return logins

    def open_session(self) -> dict[str, str]:
        """The cookies of a new session, made without a login."""
        cookies: dict[str, str] = self._api.call("POST", f"{self._path}/sessions")
        return cookies

    def expire_sessions(self) -> int:
        """End every session; how many were alive."""
        return int(self._api.call("DELETE", f"{self._path}/sessions")["ended"])

    def set_password(self, password: str) -> None:
        """Also unlocks a locked user."""
        self._api.call("PUT", f"{self._path}/password", {"password": password})
        self.password = password

    def unlock(self) -> None:
        self._api.call("DELETE", f"{self._path}/lockout")
