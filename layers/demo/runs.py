"""The demo's syncs, one after the other, each seen from both sides; and what is wrong with them."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final

import httpx
from psycopg import Connection
from psycopg.rows import dict_row

from demo.changes import Happening
from demo.clinics import Member, synced
from demo.outcome import Done, Outcome
from demo.report import Steps
from idexx_sync.core.catalog import CATALOG, SyncName
from idexx_sync.operations.models import JobView

Order = Callable[[Member], JobView]
"""Orders a run for a clinic and waits for its end."""
WELL: Final = ("succeeded", "succeeded_with_warnings")


class RunFailed(Exception):
    """A run that should succeed did not; what would come after it makes no sense."""


@dataclass
class Stage:
    """Syncs all clinics once, each by its own order."""

    conn: Connection[Any]
    http: httpx.Client
    steps: Steps
    outcome: Outcome

    def sync(
        self,
        stage: str,
        clinics: list[Member],
        sync: SyncName = "inbound",
        order: Order | None = None,
        well: Collection[str] = WELL,
    ) -> list[Done]:
        """Each clinic orders it by itself, unless somebody else does."""
        runs = []
        for member in clinics:
            done = self._run(stage, member, sync, order)
            self.outcome.jobs.append(done)
            if done.job.status not in well:
                error = done.job.error
                why = f"{error.kind}: {error.message}" if error else done.job.message
                what = f"{done.job.status}, {why}"
                raise RunFailed(f"{member.label}, {stage} {CATALOG[sync].noun}: {what}")
            runs.append(done)
        return runs

    def _run(self, stage: str, member: Member, sync: SyncName, order: Order | None) -> Done:
        self.steps.step(f"{stage} {CATALOG[sync].noun} of {member.label}")
        requests, logins = len(member.neo.requests()), len(member.neo.logins())
        started = time.monotonic()
        job = order(member) if order is not None else synced(self.http, member, sync)
        seconds = time.monotonic() - started
        found, fields = _audited(self.conn, job)
        return Done(
            stage=stage,
            member=member,
            job=job,
            seconds=seconds,
            requests=len(member.neo.requests()) - requests,
            logins=len(member.neo.logins()) - logins,
            found=found,
            fields=fields,
        )


def _audited(conn: Connection[Any], job: JobView) -> tuple[dict[str, str], dict[str, int]]:
    with conn.cursor(row_factory=dict_row) as cur:
        rows = cur.execute(
            "SELECT external_id, sync_type, metadata FROM case_sync_audits "
            "WHERE job_id = %s AND status = 'success'",
            (job.id,),
        ).fetchall()
    found: dict[str, str] = {}
    fields: dict[str, int] = {}
    for row in rows:
        changes = row["metadata"]["changes"]
        removed = changes.get("removed", {}).get("after")
        effect = "removed" if removed else "created" if row["sync_type"] == "create" else "updated"
        found[row["external_id"]] = effect
        for name in {_short(name) for name in changes} if effect == "updated" else ():
            fields[name] = fields.get(name, 0) + 1
    return found, fields


def _short(name: str) -> str:
    """A case's field by its place: `metadata.pimsConsultation.notes` is of the record."""
    return ".".join(name.split(".")[:2])


def unexpected(done: Done, happened: list[Happening]) -> list[str]:
    """What the run found although it did not happen, and what it missed."""
    wanted = {key: happening.effect for happening in happened for key in happening.keys}
    return [
        f"{done.member.label}, {done.stage} sync: {key}: found {done.found.get(key, 'nothing')}, "
        f"expected {wanted.get(key, 'nothing')}"
        for key in sorted(wanted.keys() | done.found.keys())
        if wanted.get(key) != done.found.get(key)
    ]


def not_idle(done: Done) -> list[str]:
    """An unchanged run is one request and no login, so no browser either."""
    if (done.requests, done.logins) == (1, 0):
        return []
    return [
        f"{done.member.label}, {done.stage} sync: {done.requests} requests and {done.logins} "
        "logins, expected 1 and 0"
    ]
