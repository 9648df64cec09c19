"""A clinic with a history that is reached both ways: over its database, and over its API."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from getpass import getuser
from typing import Any
from uuid import UUID, uuid4

from idexx_sync.core.errors import PimsUnavailable
from tests.kit.api import Api
from tests.kit.bench import Bench
from tests.kit.clinic import add_clinic
from tests.kit.command_line import Answer, CommandLine
from tests.kit.database import as_role, query, update
from tests.kit.http_gateway import Server, of_gateway, serving
from tests.kit.lending import Lending
from tests.kit.records import visits
from tests.kit.rows import REAL, add_discrepancy, add_job, add_letter

WEEK = {"from": "2026-05-04", "to": "2026-05-10"}


@dataclass
class World:
    api: Api
    server: Server
    database: CommandLine
    over_api: CommandLine
    names: dict[str, str] = field(default_factory=dict)
    """Word of a command line -> id."""

    @property
    def bench(self) -> Bench:
        return self.api.bench

    def run(self, way: str, line: str, *more: str, width: int = 200) -> Answer:
        """A command line in which names stand for ids, one way or the other."""
        words = [self._spelled(word) for word in line.split()]
        command_line = self.over_api if way == "api" else self.database
        return command_line(*words, *more, width=width)

    def _spelled(self, word: str) -> str:
        """`GOOD-` is the beginning of GOOD's id."""
        if word.endswith("-") and word[:-1] in self.names:
            return self.names[word[:-1]][:8]
        return self.names.get(word, word)

    def order(self) -> None:
        """QUEUED: a job whose worker does its work while somebody waits for it."""
        wanted = {"clinic_id": str(self.bench.clinic_id), **WEEK}
        ordered = self.api.as_operator().post("/api/sync/inbound", wanted)
        self.names["QUEUED"] = ordered.json["id"]

    def told(self, text: str) -> str:
        """The text as another world with the same history would tell it."""
        for name, id_ in self.names.items():
            text = text.replace(id_, name)
        text = re.sub(r"key [0-9a-f-]{36}", "SOMEBODY", text)
        text = re.sub(rf"\b{getuser()}\b", "SOMEBODY", text)
        text = re.sub(r'"request_id": (?:null|"[0-9a-f-]{36}")', '"request_id": WHICH', text)
        text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ANOTHER", text)
        text = re.sub(
            r"\d{4}-\d\d-\d\dT[0-9:.]+Z|\d{4}-\d\d-\d\d \d\d:\d\d (?:P[DS]T|UTC)", "THEN", text
        )
        return re.sub(r"\d+\.\d s", "SOON", text)

    def state(self) -> list[Any]:
        """What is left in the database, without ids and times."""
        rows = self.bench.conn.execute(
            """
            SELECT 'job', sync, trigger, status, params, retry_of IS NOT NULL, error_message
              FROM idexx_sync.jobs ORDER BY queued_at
            """
        ).fetchall()
        pauses = self.bench.conn.execute(
            """
            SELECT 'pause', clinic_id, paused_by, reason, resumed_at IS NULL, resumed_by,
                   resume_reason
              FROM idexx_sync.pauses ORDER BY paused_at
            """
        ).fetchall()
        holds = [(h["status"], h["decided_by"], len(h["findings"])) for h in self.bench.holds()]
        letters = self.bench.conn.execute(
            "SELECT status, ended_by, ended_reason, retry_job_id IS NOT NULL "
            "FROM idexx_sync.dead_letters ORDER BY received_at, id"
        ).fetchall()
        alerts = self.bench.conn.execute(
            """
            SELECT kind, times, closed_because, acknowledged_by, muted_until, muted_by
              FROM idexx_sync.alerts ORDER BY opened_at
            """
        ).fetchall()
        told = [*rows, *pauses, *holds, *letters, *alerts, self.bench.keys()]
        return [self.told(repr(row)) for row in told]


@contextmanager
def world_in(lending: Lending, url: str) -> Iterator[World]:
    """A success, a preview, a failure, and a hold of all that vanished, with its alert; each
    named."""
    with (
        lending.connection(url) as conn,
        lending.database(as_role(url, "worker")) as of_runs,
        lending.database(as_role(url, "api")) as of_api,
        lending.database(as_role(url, "authorizer")) as of_keys,
    ):
        bench = Bench(conn, url, add_clinic(conn), lent=of_runs)
        api = Api(bench, add_clinic(conn), of_api, lent=of_keys)
        with serving(of_gateway(api.gateway)) as server:
            yield _lived(bench, api, server, lending)


def _lived(bench: Bench, api: Api, server: Server, lending: Lending) -> World:
    database = CommandLine(bench, lending=lending)
    over_api = database.over_api(server.url, api.key(None))
    made = World(api, server, database, over_api)
    made.names["CLINIC"], made.names["NOTHING"] = str(bench.clinic_id), str(uuid4())
    _live(made)
    for command_line in (database, over_api):
        command_line.while_waiting = api.work
    return made


def _live(world: World) -> None:
    bench, names = world.bench, world.names
    bench.pims.records = visits(12)
    names["GOOD"] = str(bench.sync().id)
    bench.pims.replace("600101", patient_name="OTHER", room_id="5")
    names["DRY"] = str(bench.sync(manner="preview").id)
    bench.pims.error = PimsUnavailable("Neo is down")
    names["FAILED"] = str(bench.sync().id)
    bench.pims.error = None
    bench.later()
    bench.pims.records = []
    names["HELD"] = str(bench.sync().id)
    (hold,) = bench.holds()
    names["HOLD"] = str(hold["id"])
    names["SEEN"] = bench.version(hold["id"])
    (alert,) = query(bench.conn, "SELECT id FROM idexx_sync.alerts")
    names["ALERT"] = str(alert["id"])
    names["OTHER"] = str(world.api.other_clinic)
    _receive(world)
    names["CALLED"], names["BEGINS"] = "west  animal CLINIC", "West A"
    for id_, name in (("CLINIC", "West Animal Clinic"), ("OTHER", "West Barn")):
        update(bench.conn, "public.clinics", {"name": name}, id=names[id_])
    names["NIGHT"] = str(_compare(bench))
    names["NEAR"] = "00f0f0f0"
    for end in (1, 2):  # of another clinic, and the oldest of all
        add_job(
            bench.conn,
            world.api.other_clinic,
            id=UUID(f"00f0f0f0-0000-4000-8000-00000000000{end}"),
            status="cancelled",
            queued_at=bench.now - timedelta(days=9, minutes=end),
            finished_at=bench.now - timedelta(days=9),
        )


def _compare(bench: Bench) -> UUID:
    """A night's reconciliation that found three differences, and the one of the night before."""
    conn, clinic_id, ended = bench.conn, bench.clinic_id, bench.now - timedelta(hours=6)
    found = {"moved": {"fixed": 1}, "contact_differs": {"reported": 2}}
    for job_days, counts in ((1, {"moved": {"left": 1}}), (0, found)):
        result = {**REAL, "discrepancies": counts, "days_left": ["2026-04-20", "2026-04-26"]}
        at = ended - timedelta(days=job_days)
        job_id = add_job(conn, clinic_id, at, sync="reconciliation", result=result)
    add_discrepancy(conn, clinic_id, job_id, external_id="600101", missed_by="inbound", nights=2)
    for id_ in ("600102", "600103"):
        told = {"kind": "case", "treatment": "report", "outcome": "reported"}
        key = f"pims-appt-idexx-neo-{id_}"
        add_discrepancy(conn, clinic_id, job_id, "contact_differs", external_id=key, **told)
    return job_id


def _receive(world: World) -> None:
    """Letters: one that is parked, one of a job that died, and one that nobody can read."""
    conn, clinic_id, names = world.bench.conn, world.bench.clinic_id, world.names
    week = {"v": 1, "clinic_id": str(clinic_id), "sync": "inbound", "params": WEEK}
    names["LETTER"] = str(add_letter(conn, clinic_id, event=week, received_at=world.bench.now))
    before = world.bench.now - timedelta(hours=1)
    names["DEAD"] = str(
        add_letter(
            conn,
            clinic_id,
            status="ended",
            outcome="ended",
            reason="nobody_came",
            event=None,
            job_id=UUID(names["FAILED"]),
            received_at=before,
        )
    )
    names["GARBAGE"] = str(
        add_letter(
            conn,
            None,
            None,
            shape="unreadable",
            reason="not_json",
            received_at=before - timedelta(hours=1),
            event=None,
        )
    )
