"""Rows of our tables as they are after this and that, without running anything."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from idexx_sync.database.connection import Conn
from tests.kit.database import insert
from tests.kit.records import MORNING

REAL = {"summary": "nothing changed (checked 42)", "fresh": True, "unfresh": None}
DRY = {**REAL, "plan": [], "planned": 0, "fresh": False, "unfresh": "not_applied"}


def before(**length: float) -> datetime:
    """So long before MORNING."""
    return MORNING - timedelta(**length)


def add_job(
    conn: Conn,
    clinic_id: UUID,
    ended: datetime | None = None,
    status: str = "succeeded",
    *,
    seconds: float = 10,
    **columns: Any,
) -> UUID:
    """A job that ended then, ordered and started so many seconds before; returns its id."""
    begun = None if ended is None else ended - timedelta(seconds=seconds)
    values = {
        "id": uuid4(),
        "clinic_id": clinic_id,
        "sync": "inbound",
        "trigger": "schedule",
        "status": status,
        "queued_at": begun,
        "started_at": begun,
        "finished_at": ended,
        "result": REAL if status.startswith("succeeded") else None,
        **columns,
    }
    insert(conn, "idexx_sync.jobs", values)
    job_id = values["id"]
    assert isinstance(job_id, UUID)
    return job_id


def add_hold(conn: Conn, clinic_id: UUID, cause: str, status: str = "open") -> UUID:
    hold_id = uuid4()
    values = {"id": hold_id, "clinic_id": clinic_id, "sync": "inbound", "cause": cause}
    moments = {"opened_at": MORNING, "updated_at": MORNING}
    more = {"status": status, "findings": {"600101": {}}, "job_id": uuid4()}
    insert(conn, "idexx_sync.holds", {**values, **moments, **more})
    return hold_id


def add_alert(
    conn: Conn, clinic_id: UUID | None, kind: str = "shape_changed", **columns: Any
) -> UUID:
    """An open alert of the clinic, or with None one that stands for many; returns its id."""
    alert_id = uuid4()
    values = {"id": alert_id, "clinic_id": clinic_id, "kind": kind, "who_acts": "odis"}
    whose = {"clinics": 7} if clinic_id is None else {"syncs": ["inbound"]}
    why = {"closed_because": "succeeded"} if "closed_at" in columns else {}
    insert(conn, "idexx_sync.alerts", {**values, **whose, **why, **columns})
    return alert_id


def add_login(
    conn: Conn,
    clinic_id: UUID,
    attempted_at: datetime,
    outcome: str | None,
    version: int = 1,
    *,
    submitted: bool | None = None,
) -> None:
    values = {"clinic_id": clinic_id, "credential_version": version, "outcome": outcome}
    more = {"attempted_at": attempted_at, "submitted": submitted}
    insert(conn, "idexx_sync.logins", {**values, **more})


def add_credentials(conn: Conn, clinic_id: UUID, version: int = 1) -> None:
    values = {"clinic_id": clinic_id, "version": version, "sealed": b"sealed"}
    insert(conn, "idexx_sync.credentials", {**values, "created_at": MORNING})


def pause(conn: Conn, clinic_id: UUID | None, reason: str = "moving") -> UUID:
    """Pause the clinic, or all of them, as Kim did at business time; returns the pause's id."""
    pause_id = uuid4()
    values = {"id": pause_id, "clinic_id": clinic_id, "paused_by": "Kim", "reason": reason}
    insert(conn, "idexx_sync.pauses", values)
    return pause_id


def add_doubt(conn: Conn, clinic_id: UUID, key: str, code: str | None, since: datetime) -> None:
    insert(
        conn,
        "idexx_sync.records",
        {
            "clinic_id": clinic_id,
            "kind": "appointment",
            "external_id": key,
            "read_at": since,
            "quarantine_code": code,
            "doubtful_since": since,
        },
    )


def add_letter(
    conn: Conn,
    clinic_id: UUID | None,
    sync: str | None = "inbound",
    status: str = "parked",
    **columns: Any,
) -> UUID:
    """A dead letter whose event is a clinic's order without a time; returns its id."""
    letter_id = uuid4()
    event = {"v": 1, "clinic_id": str(clinic_id), "sync": sync}
    values = {
        "id": letter_id,
        "message_id": str(uuid4()),
        "shape": "event",
        "outcome": "parked",
        "reason": "names_no_time",
        "status": status,
        "clinic_id": clinic_id,
        "sync": sync,
        "event": event,
        "body_bytes": 100,
        "body_sha256": "0" * 64,
        **({} if status == "parked" else {"ended_at": MORNING}),
        **columns,
    }
    insert(conn, "idexx_sync.dead_letters", values)
    return letter_id


def add_discrepancy(
    conn: Conn, clinic_id: UUID, job_id: UUID | None = None, cause: str = "moved", **columns: Any
) -> UUID:
    """A discrepancy, open unless told, which the job has seen; returns its id."""
    decision = {"rule": "R4", "code": cause, "facts": {"start": ["2026-05-04 09:00:00"]}}
    values = {
        "id": uuid4(),
        "clinic_id": clinic_id,
        "kind": "appointment",
        "external_id": str(uuid4()),
        "cause": cause,
        "day": "2026-05-04",
        "fingerprint": "f",
        "decision": Jsonb(decision),
        "treatment": "fix",
        "outcome": "fixed",
        "nights": 1,
        "first_seen_at": MORNING,
        "last_seen_at": MORNING,
        **columns,
    }
    insert(conn, "idexx_sync.discrepancies", values)
    if job_id is not None:
        seen = {name: values[name] for name in ("clinic_id", "treatment", "outcome")}
        seen |= {"job_id": job_id, "discrepancy_id": values["id"]}
        insert(conn, "idexx_sync.sightings", seen)
    found = values["id"]
    assert isinstance(found, UUID)
    return found
