"""A clinic that has a row in each of ODIS's tables, and what becomes of it and of others."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, time

from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console

from idexx_sync.cli.explain_parts import Veil
from idexx_sync.cli.explain_view import as_data, as_shown
from idexx_sync.cli.keys import UTC_ZONE, _about, _data
from idexx_sync.cli.time_view import time_data, time_shown
from idexx_sync.clinics.status import ClinicStatus, read_clinic_status
from idexx_sync.clinics.store import clinic_by_id
from idexx_sync.core.clinic_time import zone_of
from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.database.connection import Conn, Database
from idexx_sync.explain.at_time import explained_time, within_slot
from idexx_sync.explain.at_time_records import asked_time
from idexx_sync.explain.day_store import stored_day
from idexx_sync.explain.finding import Sought, matches
from idexx_sync.explain.model import NeoDay, NeoSays
from idexx_sync.explain.preview import Clinical
from idexx_sync.explain.reasons import explained
from idexx_sync.explain.runs import Runs
from idexx_sync.explain.store import stored_appointment
from idexx_sync.jobs.model import Job
from idexx_sync.keys.format import hashed, read_peppers
from idexx_sync.keys.lookup import FoundKey, find_key
from idexx_sync.keys.store import create_key, keys_listed
from idexx_sync.metrics.exposition import exposition
from idexx_sync.operations.clinic_views import clinic_page
from idexx_sync.operations.wanted import WantedClinics
from tests.kit.cases_bench import CasesBench
from tests.kit.clinic import add_clinic, add_user
from tests.kit.database import insert, query
from tests.kit.lending import Lending
from tests.kit.records import MONDAY, chart, seen
from tests.kit.rows import add_credentials
from tests.kit.settings import PEPPER, fingerprints_of

EVERY_15_MINUTES = {"inbound": "0-59/15 * * * *"}
VISIT = "600101"
START = "2026-05-04 09:00:00"


@dataclass
class WholeClinic(CasesBench):
    """A bench with a key, a blocked period, a booking, one visit and its case."""

    lending: Lending = field(kw_only=True)
    key: str = ""

    def runs(self) -> list[Job]:
        """The next run of each sync."""
        self.later(20)
        return [self.sync(), self.cases()]

    @contextmanager
    def reading(self) -> Iterator[Conn]:
        """A connection as each of ours is made."""
        with self.lending.database(self.url) as lent:
            yield lent.connection()

    def status(self) -> ClinicStatus:
        with self.reading() as conn:
            return read_clinic_status(conn, self.clinic_id)

    def metric(self, name: str, **labels: str) -> float:
        """One sample of the whole fleet's metrics."""
        with self.reading() as conn:
            text = exposition(conn).decode()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == f"idexx_sync_{name}" and sample.labels == labels:
                    return float(sample.value)
        raise AssertionError(f"no sample {name} {labels}")

    def found_key(self) -> FoundKey | None:
        """Whose key the authorizer finds."""
        with self.reading() as conn:
            page = clinic_page(conn, WantedClinics(), limit=100)
            assert self.clinic_id in {line.clinic_id for line in page.clinics}
            for key in keys_listed(conn):
                assert _data(key, self.now)
                assert _about(key, UTC_ZONE)
            return find_key(conn, hashed(self.key, read_peppers(PEPPER)))

    def explained(self) -> str:
        """All that a person is shown of the visit, in both forms; empty if no run can begin."""
        with self.reading() as conn:
            try:
                clinic = clinic_by_id(conn, self.clinic_id)
            except ConfigurationInvalid as invalid:
                return invalid.message
            stored = stored_appointment(conn, self.clinic_id, VISIT)
            day = stored_day(conn, self.clinic_id, MONDAY, self.now)
        neo, veil, zone = NeoSays(not_asked="a test"), Veil(values=True), zone_of(clinic.timezone)
        fingerprints = fingerprints_of(self.clinic_id)
        clinical = Clinical(self.clinic_id, zone, self.now, fingerprints)
        runs = Runs(self.clinic_id, zone, self.now, "live")
        found = explained(VISIT, neo, stored, clinical, runs)
        data = as_data(found, veil)
        console = Console(file=io.StringIO())
        console.print(*as_shown(found, veil))
        asked = within_slot(asked_time(MONDAY, time(9), None, 30), day)
        told = explained_time(asked, NeoDay(not_asked="a test"), day, clinic, clinical, runs)
        console.print(*time_shown(told, clinic, veil))
        usual = runs.window("inbound")
        sides = [
            one.where(usual, asked=False)
            for one in matches(Sought((MONDAY, MONDAY)), None, day.rows)
        ]
        return json.dumps([data, time_data(told, clinic, veil), sides], default=str)

    def told(self, jobs: list[Job]) -> str:
        """All that anybody is told of what is wrong: results, messages, needs."""
        said = [str(need.what) for need in self.status().needs]
        for job in jobs:
            said.append(job.error_message or "")
            said += [str((job.result or {}).get(name)) for name in ("warnings", "faults")]
        return "\n".join(said)

    def ids(self, table: str) -> list[str]:
        """Ids of the clinic's rows of a table that are there now."""
        name = "id" if table != "clinic_schedule_configs" else "clinic_id"
        whose = "id" if table == "clinics" else "clinic_id"
        rows = query(
            self.conn,
            f"SELECT {name} AS id FROM public.{table} WHERE {whose} = %s",
            (self.clinic_id,),
        )
        return [str(row["id"]) for row in rows]

    def put(self, table: str, column: str, value: str) -> None:
        """Write a value, as SQL, into that column of one of the clinic's rows."""
        whose = "id" if table == "clinics" else "clinic_id"
        self.conn.execute(
            f"UPDATE public.{table} SET {column} = {value} WHERE ctid = (SELECT max(ctid) "
            f"FROM public.{table} WHERE {whose} = '{self.clinic_id}')"
        )


def whole_clinic(conn: Conn, url: str, lent: Database, lending: Lending) -> WholeClinic:
    """One that has been synced twice."""
    user_id = add_user(conn)
    clinic_id = add_clinic(
        conn,
        acting_user_id=user_id,
        live_from=date(2026, 1, 1),
        sync_schedules=EVERY_15_MINUTES,
        open_time="08:00",
        close_time="12:00",
        days_of_week=[1],
        sync_horizon_days=7,
    )
    access = {"user_id": user_id, "clinic_id": clinic_id}
    insert(conn, "public.user_clinic_access", access)
    period = {"name": "lunch", "start_time": "11:00", "end_time": "11:30", "days_of_week": [1]}
    insert(conn, "public.clinic_blocked_periods", {"clinic_id": clinic_id, **period})
    made = WholeClinic(conn, url, clinic_id, lent=lent, lending=lending)
    add_credentials(conn, clinic_id)
    made.key = _key(made)
    made.shows(seen(VISIT, START))
    made.writes(chart(VISIT, weight_kg=21.4, born=date(2020, 3, 4)))
    made.book(f"{MONDAY} 10:00:00", f"{MONDAY} 10:30:00", hold_expires_at=made.now)
    first, second = made.runs()
    assert (first.status, second.status) == ("succeeded", "succeeded"), (first, second)
    return made


def _key(clinic: WholeClinic) -> str:
    made = create_key(
        clinic.conn,
        read_peppers(PEPPER),
        clinic_id=clinic.clinic_id,
        scopes=["jobs:read"],
        name="a tester",
        stage="prod",
        now=clinic.now,
    )
    return made.text.get_secret_value()
