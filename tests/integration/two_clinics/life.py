"""What happens to a clinic, step by step, so that every statement of the stores is asked."""

from collections.abc import Callable
from contextlib import suppress
from datetime import time
from typing import Any
from uuid import UUID

from pydantic import SecretStr

from idexx_sync.clinics.overview import clinic_overview
from idexx_sync.clinics.store import clinic_by_id, set_up_clinic
from idexx_sync.core.errors import SyncError
from idexx_sync.core.sealing import keyring
from idexx_sync.jobs import leases
from idexx_sync.jobs.model import new_order
from idexx_sync.jobs.params import WindowParams
from idexx_sync.jobs.store import begin, cancel
from idexx_sync.jobs.submission import RunRequest, submit
from idexx_sync.pims.access import Credentials, StoredSession
from idexx_sync.pims.access_store import PostgresLoginStore, store_credentials
from idexx_sync.pims.identity import Shown
from idexx_sync.pims.identity_store import accept_identity
from idexx_sync.pims.protocol import Unreadable
from tests.kit.cases_bench import CasesBench
from tests.kit.clinic import add_user, identity_guard
from tests.kit.neighbour import UNKNOWN_WORD
from tests.kit.records import block, chart, patient_visit, seen, visit

KEYS = keyring(SecretStr("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="))
OWN = Shown(rooms={"3": "ROOM 3", "5": "ROOM 5"}, branches=frozenset({"1"}), company_id="012345")
OTHERS = Shown(rooms={"3": "BARN", "9": "YARD"}, branches=frozenset({"2"}), company_id="999999")


class Life:
    """One clinic's steps; each does something new and then runs what has to follow."""

    def __init__(self, bench: CasesBench) -> None:
        self.bench = bench
        self.job_id = UUID(int=7)
        self.session: tuple[int, bytes] | None = None

    def steps(self) -> list[Callable[[], object]]:
        return [
            self.comes_on_board,
            self.is_read_first,
            self.sees_no_change,
            self.is_booked_and_moved,
            self.shows_what_nobody_can_read,
            self.loses_records,
            self.loses_them_again,
            self.has_one_of_them_back,
            self.is_held,
            self.is_approved,
            self.has_a_death,
            self.hears_a_denial,
            self.has_another_patient,
            self.opens_for_half_the_day,
            self.shows_another_company,
            self.is_another_company,
            self.has_new_credentials,
            self.is_ordered,
        ]

    def runs(self) -> None:
        self.bench.later()
        self.bench.sync()
        self.bench.cases()

    def comes_on_board(self) -> None:
        conn, clinic_id = self.bench.conn, self.bench.clinic_id
        known = clinic_by_id(conn, clinic_id)
        set_up_clinic(
            conn,
            clinic_id,
            base_url=known.base_url,
            room_ids=None,
            stage="live",
            acting_user_id=known.acting_user_id,
            live_from=known.live_from,
        )
        store_credentials(conn, KEYS, clinic_id, _credentials())
        store = self.login_store()
        store.begin_login()
        store.end_login("ok")
        store.recognise(OWN)
        store.store_session(_session(self.bench))
        self.session = store._session

    def is_read_first(self) -> None:
        self.bench.shows(
            seen(),
            seen("600102", "2026-05-04 06:30:00", patient_id="40022"),
            patient_visit("600103", "2026-05-05 09:10:00"),
            patient_visit("600104", "2026-05-05 10:00:00", patient_id="40022"),
            patient_visit("600105", "2026-05-06 10:00:00", patient_id="40023"),
            *(visit(f"60020{n}", f"2026-05-07 {9 + n:02}:00:00") for n in range(6)),
            block(),
        )
        conn, clinic_id = self.bench.conn, self.bench.clinic_id
        self.bench.add_case("idexx-appt-600103", clinic_id=None, user_id=add_user(conn, clinic_id))
        self.bench.writes(chart())
        self.bench.writes(chart("600102", patient_id="40022"))
        self.runs()

    def sees_no_change(self) -> None:
        self.bench.later(50)  # readers would soon call it stale
        self.runs()

    def is_booked_and_moved(self) -> None:
        self.bench.book("2026-05-05 14:00", "2026-05-05 14:30")
        for hour in (15, 16):  # one is held by its slot, too; of both a visit is awaited
            self.bench.book(
                f"2026-05-05 {hour}:00",
                f"2026-05-05 {hour}:30",
                slot_id=self.slot_at(hour) if hour == 16 else None,
                idexx_appointment_id=f"awaited {hour}",
            )
        self.bench.pims.replace("600103", start="2026-05-05 11:00:00", end="2026-05-05 11:30:00")
        self.bench.pims.replace("600105", status="Cancelled")
        self.runs()

    def shows_what_nobody_can_read(self) -> None:
        self.bench.pims.replace("600103", status=UNKNOWN_WORD)
        self.bench.pims.unreadable = [Unreadable("end_unreadable", "600201")]
        self.runs()
        self.bench.pims.unreadable = []
        self.runs()

    def loses_records(self) -> None:
        self.bench.pims.delete("600200")
        self.bench.pims.forget("600202")
        self.runs()

    def loses_them_again(self) -> None:
        self.bench.later(30)
        self.runs()

    def has_one_of_them_back(self) -> None:
        del self.bench.pims.answers["600200"]
        self.bench.pims.records.append(visit("600200", "2026-05-07 09:00:00"))
        self.runs()

    def is_held(self) -> None:
        for n in (0, 1, 3, 4, 5):
            self.bench.pims.replace(f"60020{n}", status="Cancelled")
        for key in ("600103", "600104"):
            self.bench.pims.replace(key, status="Cancelled")
        self.runs()

    def is_approved(self) -> None:
        for hold in self.bench.holds():
            if hold["status"] == "open":
                self.bench.decide(hold["cause"], "approved")
        self.runs()

    def has_a_death(self) -> None:
        for key in ("600103", "600104"):
            self.bench.pims.replace(key, status="Not arrived")
        self.bench.writes(chart(notes_html="<p>euthanasia</p>"))
        self.bench.later(60 * 24)
        self.runs()

    def hears_a_denial(self) -> None:
        self.bench.conn.execute(  # so that they come after the neighbours' in the table
            "UPDATE idexx_sync.case_keys SET case_id = case_id WHERE clinic_id = %s",
            (self.bench.clinic_id,),
        )
        no = {"isExtremeCase": False}
        self.bench.edit("cases", self.bench.case("600102")["id"], extreme_case_check=no)
        self.bench.writes(chart("600102", patient_id="40022", notes_html="<p>euthanasia</p>"))
        self.bench.later(60 * 24)
        self.runs()
        overview = clinic_overview(self.bench.conn, self.bench.clinic_id)
        assert overview.denied_deaths is not None

    def has_another_patient(self) -> None:
        self.bench.pims.replace("600104", patient_id="40055", patient_name="ELLA")
        self.runs()

    def opens_for_half_the_day(self) -> None:
        self.bench.configure("clinic_schedule_configs", close_time=time(12))
        self.runs()

    def shows_another_company(self) -> None:
        store = self.login_store()
        with suppress(SyncError):
            store.recognise(OTHERS)

    def is_another_company(self) -> tuple[Any, ...]:
        conn, clinic_id = self.bench.conn, self.bench.clinic_id
        refused = identity_guard(conn, clinic_id).known.refused
        assert refused is not None
        assert accept_identity(conn, clinic_id, refused.at)
        store = self.login_store()
        store.store_session(_session(self.bench))
        self.session = store._session
        found = self.begun()
        with suppress(SyncError):
            self.login_store().recognise(OWN)
        return found

    def has_new_credentials(self) -> None:
        store_credentials(self.bench.conn, KEYS, self.bench.clinic_id, _credentials())
        store = self.login_store()
        store.drop_session()
        store.begin_login()
        store.end_login("ok")

    def is_ordered(self) -> tuple[Any, ...]:
        conn, clinic_id = self.bench.conn, self.bench.clinic_id
        request = RunRequest(clinic_id, "inbound", "api", WindowParams())
        job = submit(conn, lambda _sync, _job: None, request)
        assert submit(conn, lambda _sync, _job: None, request).id == job.id
        return self.begun()

    def begun(self) -> tuple[Any, ...]:
        """What a run finds that is begun, and taken away from its worker."""
        conn = self.bench.conn
        begun = begin(conn, new_order(self.bench.clinic_id, "cases", "cli"), 45)
        assert begun.lease is not None
        assert begun.job is not None
        assert leases.renew(conn, begun.lease, 45)
        cancel(conn, begun.job, "a tester")
        version = begun.session and begun.session[0]
        return begun.clinic, begun.job.manner, begun.held_by, version, begun.last_success_at

    def slot_at(self, hour: int) -> UUID:
        found = self.bench.conn.execute(
            "SELECT id FROM public.schedule_slots "
            "WHERE clinic_id = %s AND date = '2026-05-05' AND start_time = %s",
            (self.bench.clinic_id, time(hour)),
        ).fetchone()
        assert found is not None
        return UUID(str(found[0]))

    def login_store(self) -> PostgresLoginStore:
        conn, clinic_id = self.bench.conn, self.bench.clinic_id
        clock = lambda: self.bench.now  # noqa: E731
        return PostgresLoginStore(
            conn,
            KEYS,
            clinic_id,
            self.job_id,
            clock=clock,
            logins_per_hour=2,
            session=self.session,
            identity=identity_guard(conn, clinic_id, clock),
        )


def _credentials() -> Credentials:
    return Credentials(
        company_id=SecretStr("012345"),
        username=SecretStr("sync"),
        password=SecretStr("Correct-Horse-1"),
    )


def _session(bench: CasesBench) -> StoredSession:
    cookies = [{"name": "ASP", "value": "x", "domain": "neo.invalid", "path": "/"}]
    return StoredSession(cookies, "agent", bench.now, recognised=True)
