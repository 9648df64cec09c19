"""V7: what jobs' ends had to tell, worked out from the jobs alone, beside the alerts there are.

An incident is of one clinic and kind: it begins with a job that ends so, and is over once each of
its syncs has had a run that went well. Kinds of the login are over with any run that went well.
That a hold waits is told as long as one does, whatever runs and people do. What runs say anew as
long as it is so is told by the newest of its sync that ended well, or by one that failed after it.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from idexx_sync.core.errors import ClinicMustAct, who_acts
from idexx_sync.database.connection import Conn
from tests.faults.results import Violation
from tests.faults.slack import LossySlack
from tests.kit.database import query

WELL = ("succeeded", "succeeded_with_warnings", "held")
LOGIN = frozenset(kind.kind for kind in ClinicMustAct.__subclasses__())
HELD = "held"
SAID_ANEW = ("discrepancy_stays", "closed_case_has_call")
OF_NO_END = ("stale", HELD, *SAID_ANEW)
"""Told by whoever watches over all clinics, of what people decide, or by runs beside their end."""


@dataclass
class Incidents:
    """Those of one clinic, as its jobs tell them: what is under way, and how many there were."""

    conn: Conn
    clinic_id: UUID
    under_way: dict[str, set[str]] = field(default_factory=dict)
    """Kind -> the syncs in which an incident of it is under way."""
    number: Counter[str] = field(default_factory=Counter)
    _learnt: set[UUID] = field(default_factory=set)

    def learn(self) -> None:
        """What jobs that have ended since tell; some of them may be deleted before the next time.

        The fence tells which one came first of those that ended at one moment.
        """
        for job in query(
            self.conn,
            """
            SELECT id, sync, status, error_kind FROM idexx_sync.jobs
             WHERE clinic_id = %s AND finished_at IS NOT NULL AND manner <> 'preview'
               AND NOT id = ANY(%s)
             ORDER BY finished_at, fence NULLS FIRST
            """,
            (self.clinic_id, list(self._learnt)),
        ):
            self._learnt.add(job["id"])
            self._add(job)

    def _add(self, job: dict[str, Any]) -> None:
        kind = _kind(job)
        if job["status"] in WELL:
            for other in [one for one in self.under_way if one != kind]:
                syncs = self.under_way[other]
                syncs.discard(job["sync"])
                if not syncs or other in LOGIN:
                    del self.under_way[other]
        if kind is not None:
            self.number[kind] += kind not in self.under_way
            self.under_way.setdefault(kind, set()).add(job["sync"])

    def check(self) -> list[Violation]:
        """V7: exactly one alert per incident, open as long as it lasts and then closed."""
        alerts = query(
            self.conn,
            "SELECT kind, syncs, closed_at FROM idexx_sync.alerts "
            "WHERE clinic_id = %s AND kind <> ALL(%s)",
            (self.clinic_id, list(OF_NO_END)),
        )
        number = Counter(alert["kind"] for alert in alerts)
        open_ones = {one["kind"]: set(one["syncs"]) for one in alerts if one["closed_at"] is None}
        wrong = [
            f"{self.number[kind]} incidents of {kind} and {number[kind]} alerts"
            for kind in sorted(self.number.keys() | number.keys())
            if self.number[kind] != number[kind]
        ]
        if open_ones != self.under_way:
            told, true = _words(open_ones), _words(self.under_way)
            wrong.append(f"open alerts {told}, under way {true}")
        wrong += [*self._held(), *self._not_said_anew()]
        return [Violation("V7", text) for text in wrong]

    def _held(self) -> list[str]:
        told, waits = (
            bool(query(self.conn, f"SELECT FROM idexx_sync.{what}", (self.clinic_id,)))
            for what in (
                f"alerts WHERE clinic_id = %s AND kind = '{HELD}' AND closed_at IS NULL",
                "holds WHERE clinic_id = %s AND status = 'open'",
            )
        )
        return [f"a hold waits: {waits}, and it is told: {told}"] if told != waits else []

    def _not_said_anew(self) -> list[str]:
        """What is open although a run that ended well since did not say it."""
        silent = query(
            self.conn,
            """
            SELECT DISTINCT a.kind FROM idexx_sync.alerts a
              LEFT JOIN idexx_sync.jobs j ON j.id = a.job_id
              JOIN idexx_sync.jobs n ON n.clinic_id = a.clinic_id AND n.sync = ANY(a.syncs)
             WHERE a.clinic_id = %s AND a.kind = ANY(%s) AND a.closed_at IS NULL
               AND n.status = ANY(%s) AND n.manner <> 'preview'
               AND (j.id IS NULL OR (n.finished_at, n.fence) > (j.finished_at, j.fence))
            """,
            (self.clinic_id, list(SAID_ANEW), list(WELL)),
        )
        return [f"{one['kind']} is open, and a later run did not say it" for one in silent]


def alerts_match(conn: Conn, clinic_id: UUID) -> list[Violation]:
    """V7 of a clinic all of whose jobs are there still."""
    incidents = Incidents(conn, clinic_id)
    incidents.learn()
    return incidents.check()


def told_once(conn: Conn, clinic_id: UUID, slack: LossySlack) -> list[Violation]:
    """V7 of what Slack was told, once nothing waits to be told: of each alert that is to be told
    one opening, of each that is over one close, and each message once."""
    messages = query(
        conn,
        """
        SELECT a.id AS alert_id, a.kind, a.closed_at IS NOT NULL AS is_over,
               a.closed_at IS NULL AND a.incident_id IS NULL
               AND coalesce(a.muted_until <= idexx_sync.clock(), true)
               AND (a.who_acts <> 'nobody' OR a.kind = 'stale') AS is_to_be_told,
               m.id, m.part
          FROM idexx_sync.alerts a LEFT JOIN idexx_sync.messages m ON m.alert_id = a.id
         WHERE a.clinic_id = %s
        """,
        (clinic_id,),
    )
    wrong = [
        f"the message {one['part']} of {one['kind']} is in Slack {slack.copies[one['id']]} times"
        for one in messages
        if one["id"] is not None and slack.copies[one["id"]] != 1
    ]
    parts: dict[UUID, Counter[str]] = {}
    for one in messages:
        parts.setdefault(one["alert_id"], Counter())[one["part"]] += 1
    for one in {one["alert_id"]: one for one in messages}.values():
        opened, closed = (parts[one["alert_id"]][part] for part in ("opened", "closed"))
        if opened > 1 or (one["is_to_be_told"] and not opened):
            wrong.append(f"{one['kind']} was opened {opened} times in Slack")
        if closed != (opened and one["is_over"]):
            wrong.append(f"{one['kind']}: {opened} openings and {closed} closes in Slack")
    return [Violation("V7", text) for text in wrong]


def _kind(job: dict[str, Any]) -> str | None:
    kind = job["error_kind"]
    told = job["status"] in ("failed", "dead") and kind is not None and who_acts(kind) != "nobody"
    return str(kind) if told else None


def _words(kinds: dict[str, set[str]]) -> str:
    return ", ".join(f"{kind} {sorted(syncs)}" for kind, syncs in sorted(kinds.items())) or "none"
