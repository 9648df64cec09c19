"""The reconciliation of a demo clinic: what has happened since the other syncs looked, and what a
night makes of it.

The visits are yesterday's, by the clinic's own calendar: those are the days that a night compares.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from typing import Any, Final
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
from psycopg import Connection
from psycopg.types.json import Jsonb

from demo.cases import KEY, WHOLE
from demo.clinics import LOOKS_AGAIN_S, WAIT_S, Member, NoOutcome
from idexx_sync.operations.models import JobView

ROOM: Final = 3
"""Counts at both clinics."""
NAMES: Final = ("cancelled", "deleted", "back", "doubled", "edited", "finished", "left")
LONGEST_S: Final = 60
OF_EXTENSION: Final = "idexx-appt-{}"
"""The key of a case that ODIS's browser extension makes of a visit (ODIS schema, keys)."""
AS_EXPECTED: Final[Mapping[str, tuple[str, str, str]]] = {
    "cancelled": ("a visit cancelled", "cancelled_in_neo", "fixed"),
    "deleted": ("a visit deleted", "deleted_in_neo", "fixed"),
    "back": ("a visit deleted that comes back", "deleted_in_neo", "fixed"),
    "doubled": ("a visit with two cases", "duplicate_case", "reported"),
    "edited": ("an owner's number corrected in ODIS", "edited_in_odis", "reported"),
    "finished": ("a finished visit deleted", "deleted_in_neo", "held"),
}
"""Visit -> what happened, and what a night must find of its case and do."""
AFTERWARDS: Final[Mapping[str, str]] = {
    "cancelled": "reviewed, no row",
    "deleted": "closed, no row",
    "back": "draft, a row",
    "doubled": "draft, a row",
    "edited": "draft, a row",
    "finished": "closed, no row",
    "left": "draft, a row",
}
"""Visit -> what its case and its row must say in the end."""


@dataclass(frozen=True)
class Night:
    """Yesterday at one clinic: its visits by what is going to happen to them."""

    member: Member
    """With yesterday and today as its days."""
    visits: Mapping[str, str]


def book_yesterday(member: Member) -> Night:
    """Seven visits, of which one is over and has its record."""
    yesterday = datetime.now(UTC).astimezone(ZoneInfo(member.zone)).date() - timedelta(days=1)
    starts = [datetime.combine(yesterday, time_of_day(8 + n)) for n in range(len(NAMES))]
    booked = zip(NAMES, (member.neo.book(start, room=ROOM) for start in starts), strict=True)
    visits = dict(booked)
    neo = member.neo
    neo.edit_notes(neo.start_consultation(visits["finished"]), WHOLE)
    neo.finalise(visits["finished"])
    today = yesterday + timedelta(days=1)
    lately = replace(member, first_day=yesterday, last_day=today, change=None)
    return Night(lately, visits)


def let_happen(conn: Connection[Any], night: Night) -> None:
    """What no other sync is to find: it happens after their last look."""
    neo, visits = night.member.neo, night.visits
    neo.cancel(visits["cancelled"])
    for name in ("deleted", "back", "finished"):
        neo.delete(visits[name])
    case = _case(conn, night, "doubled")
    conn.execute(
        """
        INSERT INTO cases (id, clinic_id, user_id, external_id, source, status, metadata)
        SELECT %s, clinic_id, user_id, %s, 'idexx_extension', 'draft', %s FROM cases WHERE id = %s
        """,
        (uuid4(), OF_EXTENSION.format(visits["doubled"]), Jsonb({}), case),
    )
    conn.execute(
        "UPDATE patients SET owner_phone = '+15555550199' WHERE case_id = %s",
        (_case(conn, night, "edited"),),
    )


def found_of(night: Night, found: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Visit -> what the night found of its case, and did."""
    told = {(one["external_id"], one["cause"]): one["outcome"] for one in found}
    return {
        name: told.get((KEY.format(night.visits[name]), cause), "not found")
        for name, (_, cause, _) in AS_EXPECTED.items()
    }


def otherwise(night: Night, found: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    """What is otherwise than wanted: visit -> words."""
    return [
        f"{night.member.label}, yesterday's visit {name!r}: {found[name]}, expected {word}"
        for name, word in wanted.items()
        if found[name] != word
    ]


def statuses(conn: Connection[Any], night: Night) -> dict[str, str]:
    """Visit -> what its case and its row say by now."""
    return {name: _status(conn, night, name) for name in NAMES}


def _status(conn: Connection[Any], night: Night, name: str) -> str:
    found = conn.execute(
        """
        SELECT c.status::text, c.metadata #>> '{reconciliation,softDeleted}' IS NOT NULL,
               EXISTS (SELECT FROM schedule_appointments a
                        WHERE a.clinic_id = c.clinic_id AND a.deleted_at IS NULL
                          AND a.neo_appointment_id = %s AND a.status <> 'cancelled')
          FROM cases c WHERE c.id = %s
        """,
        (night.visits[name], _case(conn, night, name)),
    ).fetchone()
    assert found is not None
    status, is_closed, takes_time = found
    return f"{'closed' if is_closed else status}, {'a row' if takes_time else 'no row'}"


def _case(conn: Connection[Any], night: Night, name: str) -> Any:
    found = conn.execute(
        "SELECT id FROM cases WHERE clinic_id = %s AND external_id = %s",
        (night.member.id, KEY.format(night.visits[name])),
    ).fetchone()
    assert found is not None, name
    return found[0]


@dataclass(frozen=True)
class Operator:
    """Who orders nights and decides holds: no clinic's own key may."""

    http: httpx.Client
    key: str

    def night(self, member: Member) -> JobView:
        body = {"clinic_id": str(member.id), "mode": "fix", "lookback_days": 1}
        return self._ended(self._post("/api/sync/reconciliation", body), member)

    def discrepancies(self, job: JobView) -> list[dict[str, Any]]:
        listed = self._ask("GET", f"/api/sync/jobs/{job.id}/discrepancies?limit=100")
        found: list[dict[str, Any]] = listed.json()["discrepancies"]
        return found

    def approve_open_hold(self, member: Member) -> JobView:
        """Look at the clinic's open hold and let through what it says."""
        query = f"clinic_id={member.id}&status=open&sync=reconciliation"
        (hold,) = self._ask("GET", f"/api/sync/holds?{query}").json()["holds"]
        body = {"seen": hold["version"], "reason": "the clinic has said so by phone"}
        return self._ended(self._post(f"/api/sync/holds/{hold['id']}/approve", body), member)

    def _post(self, path: str, body: Mapping[str, Any]) -> JobView:
        return JobView.model_validate_json(self._ask("POST", path, body).content)

    def _ended(self, job: JobView, member: Member) -> JobView:
        give_up = time.monotonic() + LONGEST_S
        while not job.is_final:
            if time.monotonic() > give_up:
                raise NoOutcome(f"{member.label}: job {job.id} is still {job.status}")
            time.sleep(LOOKS_AGAIN_S)
            shown = self._ask("GET", f"/api/sync/jobs/{job.id}")
            job = JobView.model_validate_json(shown.content)
        return job

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        headers = {"X-API-Key": self.key, "Prefer": f"wait={WAIT_S}"}
        answer = self.http.request(method, path, json=body, headers=headers)
        if not answer.is_success:
            raise NoOutcome(f"{method} {path}: {answer.status_code}: {answer.text}")
        return answer
