"""One clinic under fire: its Neo, its rows, a clock that both share, and runs as Lambda makes them.

A run goes the real way: `run_job`, real HTTP to the simulator, real Postgres, and Chromium where a
login is needed. Only time is ours. Business time stands until it is moved: in the database, where
every run of every process learns it, and in Neo. Lease time is the machine's own and can't be
moved: when minutes pass, leases get as much shorter.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from idexx_sync.core.catalog import SyncName
from idexx_sync.core.errors import SyncError
from idexx_sync.core.settings import Settings
from idexx_sync.database.business_time import Clock
from idexx_sync.database.connection import connect
from idexx_sync.jobs import wiring
from idexx_sync.jobs.contract import Sync
from idexx_sync.jobs.model import Job, RunOrder, new_order
from idexx_sync.jobs.params import Params, ReconciliationParams
from idexx_sync.jobs.run_lines import RunLines
from idexx_sync.jobs.runner import Dependencies, run_job
from idexx_sync.syncs import hold_store
from idexx_sync.syncs.cases.sync import CaseSync
from idexx_sync.syncs.inbound.sync import InboundSync
from idexx_sync.syncs.reconciliation.sync import ReconciliationSync
from idexx_sync.upkeep.watchdog import watch
from oracle.cases import CaseQuestion
from oracle.question import Question
from tests.faults import ask_oracle
from tests.faults.caller import Caller
from tests.faults.canaries import make_company
from tests.faults.odis_users import OdisUsers
from tests.faults.rig import Rig
from tests.kit.business_time import set_business_time
from tests.kit.clinic import add_clinic, add_user, set_credentials, set_session
from tests.kit.database import as_role, query, update
from tests.kit.neo import open_session
from tests.kit.plain_login import PlainLogin
from tests.kit.settings import FINGERPRINT_KEY, LOCAL_KEY, make_settings, random_key

MONDAY_MORNING = datetime(2026, 5, 4, 7, 0)  # noqa: DTZ001 a wall clock
ZONE = "America/Los_Angeles"
HORIZON_DAYS = 5
TRIES = 3
"""Lambda's first delivery and its two retries."""
LOGINS_PER_HOUR = 10_000
REFUSED = ("wrong_password", "locked")
"""What Neo's log says of credentials that it rejected."""
WATCHES_S = 20.0
"""Seconds that a pass of the watchdog may take."""
UNIT = 2
"""Consultations that a case run reads and commits together here, so that several units come."""
PARAMS: Mapping[SyncName, Params] = {"reconciliation": ReconciliationParams(mode="fix")}
"""What is asked of syncs that would only tell, if nothing were said."""
WENT_WELL = ("succeeded", "succeeded_with_warnings", "held")
LIVE_SINCE = timedelta(days=2)
"""So long before its first day here a clinic went live."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One invocation and how it ended."""

    job: Job | None
    raised: str | None = None
    """The kind of error that left the run; Lambda then tries again."""

    @property
    def wants_retry(self) -> bool:
        return self.raised is not None or (self.job is not None and self.job.status == "queued")

    @property
    def word(self) -> str:
        if self.raised is not None:
            return f"raised {self.raised}"
        if self.job is None:
            return "nothing"
        return f"{self.job.status} {self.job.error_kind or ''}".strip()

    @property
    def succeeded(self) -> bool:
        return self.job is not None and self.job.status in WENT_WELL


class FaultClinic:
    """A new clinic with an empty calendar, and a session unless it is told to log in."""

    def __init__(
        self,
        rig: Rig,
        *,
        start: datetime = MONDAY_MORNING,
        proxied: bool = False,
        session: bool = True,
        plain_login: bool = False,
        syncs: Sequence[SyncName] = ("inbound",),
        **schedule: Any,
    ) -> None:
        """`syncs`: those that run for the clinic; orders are for the first, if not said.

        `plain_login`: where a login is not the subject, it needs no browser.
        """
        self.rig = rig
        self.conn = rig.conn
        self.syncs = syncs
        self.neo = make_company(rig.simulator, zone=ZONE, now=start)
        self.now = start.replace(tzinfo=ZoneInfo(ZONE)).astimezone(UTC)
        set_business_time(rig.conn, self.now)
        self.neo.set_knob("session_idle_minutes", None)
        self.neo.set_knob("session_absolute_minutes", None)
        self.live_from = (self.now - LIVE_SINCE).date()
        self.clinic_id = add_clinic(
            rig.conn,
            zone=ZONE,
            base_url=self.neo.base_url,
            acting_user_id=add_user(rig.conn),
            live_from=self.live_from,
            **{"sync_horizon_days": HORIZON_DAYS, **schedule},
        )
        self.people = OdisUsers(rig.conn, self.clinic_id)
        self.url = rig.proxied_url if proxied else rig.url
        self.local_key, self.fingerprint_key = LOCAL_KEY, FINGERPRINT_KEY
        self.login = PlainLogin(self.neo.base_url) if plain_login else None
        self.caller = Caller(rig.conn, self.clinic_id)
        self.dependencies = self.make_dependencies()
        self._wrong_logins: list[int] = []
        self._forgotten = 0
        rig.traces.keep_secret("password of the database", urlsplit(rig.url).password or "")
        rig.traces.keep_secret("local key", LOCAL_KEY.get_secret_value())
        rig.traces.keep_secret("fingerprint key", FINGERPRINT_KEY.get_secret_value())
        self.set_credentials()
        if session:
            self.store_session()

    # -- time -------------------------------------------------------------------------------

    def later(self, minutes: float) -> None:
        """Time passes in the database, in Neo, and for whoever holds the lease."""
        step = timedelta(minutes=minutes)
        self.now += step
        set_business_time(self.conn, self.now)
        self.neo.advance(minutes)
        self.conn.execute(
            "UPDATE idexx_sync.leases SET expires_at = expires_at - %s "
            "WHERE clinic_id = %s AND expires_at > to_timestamp(0)",
            (step, self.clinic_id),
        )

    # -- runs -------------------------------------------------------------------------------

    def settings(self, **overrides: Any) -> Settings:
        limits: dict[str, Any] = {
            "neo_hosts": (self.neo.base_url,),
            "chromium_path": self.rig.chromium_path,
            "neo_requests_per_second": 100_000,
            "logins_per_hour": LOGINS_PER_HOUR,
            "neo_timeout_seconds": 5,
            "login_timeout_seconds": 20,
            "local_key": self.local_key,
            "fingerprint_key": self.fingerprint_key,
        }
        return make_settings(self.url, **{**limits, **overrides})

    def make_dependencies(self, **overrides: Any) -> Dependencies:
        """Dependencies with a connection of their own; whoever makes them closes their database."""
        dependencies = wiring.make_dependencies(
            self.settings(**overrides), retried=True, login=self.login
        )
        return replace(
            dependencies, progress=RunLines(), clock_from=standing, sleep=lambda _seconds: None
        )

    def order(self, sync: SyncName | None = None) -> RunOrder:
        name = sync or self.syncs[0]
        return new_order(self.clinic_id, name, "api", PARAMS.get(name))

    def invoke(
        self, order: RunOrder, dependencies: Dependencies | None = None, sync: Sync | None = None
    ) -> Delivery:
        """One invocation."""
        order = replace(order, invocation=uuid4())
        try:
            return Delivery(
                run_job(order, sync or sync_of(order), dependencies or self.dependencies)
            )
        except SyncError as error:
            self.rig.traces.look_at_error(error)
            return Delivery(None, error.kind)
        except Exception as error:  # noqa: BLE001 whatever it is, Lambda sees it and tries again
            self.rig.traces.look_at_error(error)
            return Delivery(None, f"unexpected {type(error).__name__}")

    def deliver(
        self, order: RunOrder, after_first: Callable[[], None] = lambda: None
    ) -> list[Delivery]:
        """An event as Lambda handles it; `after_first` is called when the first try has ended."""
        deliveries = [self.invoke(order)]
        after_first()
        while deliveries[-1].wants_retry and len(deliveries) < TRIES:
            self.later(len(deliveries))
            deliveries.append(self.invoke(order))
        return deliveries

    def watch_over(self) -> Mapping[str, int]:
        """A pass of the watchdog over all clinics; how much of what it has done."""
        with connect(SecretStr(as_role(self.rig.url, "upkeep"))) as conn:
            return watch(conn, lambda: WATCHES_S, telling=self.rig.slack.telling()).counts

    def tell_all(self) -> bool:
        """What waits is told in Slack; whether nothing waits any more."""
        with connect(SecretStr(as_role(self.rig.url, "upkeep"))) as conn:
            return self.rig.slack.tell_all(conn)

    # -- what a person does -----------------------------------------------------------------

    def approve_open_holds(self) -> int:
        """Give a permit for everything that waits."""
        waiting = query(
            self.conn,
            "SELECT id FROM idexx_sync.holds WHERE clinic_id = %s AND status = 'open'",
            (self.clinic_id,),
        )
        for row in waiting:
            hold = hold_store.hold_by_id(self.conn, row["id"])
            assert hold is not None
            hold_store.decide(self.conn, hold, "approved", "somebody")
        return len(waiting)

    def set_credentials(self, password: str | None = None) -> None:
        set_credentials(self.conn, self.clinic_id, self.neo, password, self.local_key)
        self._wrong_logins.append(self._all_wrong_logins())

    def store_session(self) -> None:
        """A session as a login would have left it."""
        session = open_session(self.neo, self.now)
        set_session(self.conn, self.clinic_id, session, self.now, self.local_key)

    def replace_local_key(self) -> None:
        """What was sealed can't be opened any more: the credentials are set again."""
        self.local_key = SecretStr(random_key())
        self.rig.traces.keep_secret("local key", self.local_key.get_secret_value())
        self._start_again()
        self.set_credentials()

    def replace_fingerprint_key(self, *, keep_old: bool) -> None:
        """The old key is still known for a while, or lost."""
        old = self.fingerprint_key.get_secret_value().split()[:keep_old]
        self.fingerprint_key = SecretStr(" ".join([random_key(), *old]))
        for key in self.fingerprint_key.get_secret_value().split():
            self.rig.traces.keep_secret("fingerprint key", key)
        self._start_again()

    def _start_again(self) -> None:
        """The worker's process is a new one, which finds other secrets."""
        self.dependencies.database.close()
        self.dependencies = self.make_dependencies()

    def configure(self, **columns: Any) -> None:
        """Change the clinic's schedule settings in ODIS."""
        update(self.conn, "public.clinic_schedule_configs", columns, clinic_id=self.clinic_id)

    # -- what is true -----------------------------------------------------------------------

    def wrong_logins(self) -> int:
        """Refused logins, of the version of the secret that had most of them."""
        counted = [*self._wrong_logins, self._all_wrong_logins()]
        return max(after - before for before, after in pairwise(counted))

    def _all_wrong_logins(self) -> int:
        return self._forgotten + sum(one["outcome"] in REFUSED for one in self.neo.logins())

    def forget_requests(self) -> None:
        """Neo's log begins anew; what was counted stays counted."""
        self._forgotten = self._all_wrong_logins()
        self.neo.clear_requests()

    def question(self) -> Question:
        """The days and rooms that a run of this moment covers."""
        return ask_oracle.question(self.conn, self.clinic_id, self.now)

    def differences(self) -> list[str]:
        """What differs from Neo, but for what the rules leave as it is."""
        return ask_oracle.differences(self.conn, self.clinic_id, self.now, self.neo)

    def shown(self) -> dict[str, Any]:
        """Neo's state, without the visits that its calendar hides."""
        return ask_oracle.shown(self.conn, self.clinic_id, self.now, self.neo)

    def past_differences(self) -> list[str]:
        """What differs from Neo on the days before today, once they have been reconciled."""
        return ask_oracle.past_differences(self.conn, self.clinic_id, self.now, self.neo)

    def case_question(self, state: dict[str, Any], *, reconciled: bool = False) -> CaseQuestion:
        """The days that a case run of this moment covers, and what people did to its cases."""
        edited, deleted = self.people.fields_edited(state), self.people.deleted
        life_shown = self.neo.knobs()["life_shown"]["value"]
        return ask_oracle.case_question(
            self.conn,
            self.clinic_id,
            self.now,
            self.live_from,
            edited,
            deleted,
            life_shown,
            reconciled=reconciled,
        )

    def close(self) -> None:
        self.dependencies.database.close()
        self.neo.remove()


def standing(moment: datetime) -> Clock:
    """The clock of a run in which no time passes but what the database is told."""
    return lambda: moment


def sync_of(order: RunOrder) -> Sync:
    if order.sync == "reconciliation":
        return ReconciliationSync()
    return InboundSync() if order.sync == "inbound" else CaseSync(unit=UNIT)
