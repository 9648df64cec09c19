"""Each kind of error, brought about for real: job, alert and message say the same everywhere."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any, Final
from uuid import UUID

import pytest
from pydantic import SecretStr

from idexx_sync.alerts.alert_store import alert_by_id
from idexx_sync.alerts.slack.client import Place
from idexx_sync.alerts.slack.post import Post, escaped
from idexx_sync.cli.alert_view import alert_shown
from idexx_sync.cli.job_view import job_shown
from idexx_sync.cli.phrases import ACTORS
from idexx_sync.core.errors import SyncError, who_acts
from idexx_sync.database.connection import connect
from idexx_sync.jobs.contract import WRITING, Report, Run, Silent
from idexx_sync.jobs.model import Job
from idexx_sync.jobs.store import jobs_newest_first
from idexx_sync.operations.alert_models import AlertView
from idexx_sync.operations.models import JobView
from idexx_sync.pims.protocol import Pims
from idexx_sync.syncs.inbound.sync import InboundSync
from idexx_sync.upkeep.telling import Telling
from tests.faults.asking import calling
from tests.faults.clinic import FaultClinic
from tests.faults.eventful import eventful_clinic
from tests.faults.rig import Rig
from tests.faults.slack import LEFT_S, NAMED
from tests.faults.statements import KILLED, Counter, inject
from tests.kit.database import as_role, update
from tests.kit.told import ACTS, in_slack, on_the_command_line

LASTING: Final = 1_000
TIMEOUT_S: Final = 0.3


@dataclass
class Channel:
    """Takes every message, and keeps it."""

    posts: list[tuple[str, Post]] = field(default_factory=list)

    def send(self, message_id: UUID, channel: str, thread: str | None, post: Post) -> Place:
        del message_id, thread
        self.posts.append((channel, post))
        return Place(channel, str(len(self.posts)))

    def find(self, *_: Any) -> Place | None:
        return None


class Broken(InboundSync):
    def __call__(self, run: Run, pims: Pims) -> Report:
        raise ZeroDivisionError(f"of {run.job.id} and {pims}")


class TakesTheLease(Silent):
    """Another run takes the clinic over when this one begins to write."""

    def __init__(self, clinic: FaultClinic) -> None:
        self._clinic = clinic

    def phase(self, name: str, total: int | None = None) -> None:  # noqa: ARG002
        if name == WRITING:
            self._clinic.conn.execute(
                "UPDATE idexx_sync.leases SET fence = fence + 1, holder = gen_random_uuid()"
                " WHERE clinic_id = %s",
                (self._clinic.clinic_id,),
            )


def run(clinic: FaultClinic, sync: InboundSync | None = None, **changes: Any) -> Job:
    """One run that nobody repeats."""
    made = replace(clinic.dependencies, retried=False, **changes)
    delivery = clinic.invoke(clinic.order(), made, sync)
    return delivery.job or newest_job(clinic)


def newest_job(clinic: FaultClinic) -> Job:
    """Of a run that an error has left."""
    return jobs_newest_first(clinic.conn, clinic_id=clinic.clinic_id, limit=1)[0]


def login(variant: str) -> Callable[[Rig], tuple[FaultClinic, Job]]:
    def bring_about(rig: Rig) -> tuple[FaultClinic, Job]:
        clinic = eventful_clinic(rig, log_in=True)
        clinic.neo.set_knob("login_variant", variant)
        return clinic, run(clinic)

    return bring_about


def wrong_password(rig: Rig) -> tuple[FaultClinic, Job]:
    clinic = eventful_clinic(rig, log_in=True)
    clinic.set_credentials("Wrong-Password-1")
    return clinic, run(clinic)


def answering(action: Any, **settings: Any) -> Callable[[Rig], tuple[FaultClinic, Job]]:
    def bring_about(rig: Rig) -> tuple[FaultClinic, Job]:
        clinic = eventful_clinic(rig)
        clinic.neo.fault(action, nth=1, times=LASTING)
        made = clinic.make_dependencies(**settings)
        clinic.dependencies.database.close()
        clinic.dependencies = made
        return clinic, run(clinic)

    return bring_about


def another_shape(rig: Rig) -> tuple[FaultClinic, Job]:
    clinic = eventful_clinic(rig)
    clinic.neo.set_knob("envelope", "unexpected_object")
    return clinic, run(clinic)


def another_company(rig: Rig) -> tuple[FaultClinic, Job]:
    """The clinic's session, and what its company is known by, are of different companies."""
    clinic, other = eventful_clinic(rig), eventful_clinic(rig)
    clinic.conn.execute(
        """
        UPDATE idexx_sync.clinic_settings s SET identity = o.identity
          FROM idexx_sync.clinic_settings o WHERE s.clinic_id = %s AND o.clinic_id = %s
        """,
        (clinic.clinic_id, other.clinic_id),
    )
    other.close()
    clinic.store_session()
    return clinic, run(clinic)


def unknown_zone(rig: Rig) -> tuple[FaultClinic, Job]:
    clinic = eventful_clinic(rig)
    update(clinic.conn, "public.clinics", {"timezone": "Mars/Base"}, id=clinic.clinic_id)
    return clinic, run(clinic)


def defect(rig: Rig) -> tuple[FaultClinic, Job]:
    clinic = eventful_clinic(rig)
    return clinic, run(clinic, Broken())


def out_of_time(rig: Rig) -> tuple[FaultClinic, Job]:
    clinic = eventful_clinic(rig)
    clinic.neo.fault({"kind": "delay", "ms": 2_000}, nth=1, times=LASTING)
    ends = monotonic() + clinic.dependencies.settings.deadline_reserve_seconds + 0.5
    return clinic, run(clinic, remaining=lambda: ends - monotonic())


def overtaken(rig: Rig) -> tuple[FaultClinic, Job]:
    clinic = eventful_clinic(rig)
    return clinic, run(clinic, progress=TakesTheLease(clinic))


def lost_database(rig: Rig) -> tuple[FaultClinic, Job]:
    clinic = eventful_clinic(rig)
    inject(clinic.dependencies.database.connection(), Counter(25, KILLED))
    return clinic, run(clinic)


KINDS: Final[Mapping[str, Callable[[Rig], tuple[FaultClinic, Job]]]] = {
    "credentials_rejected": wrong_password,
    "password_change_required": login("password_change"),
    "account_locked": login("locked"),
    "challenge_required": login("mfa"),
    "page_unknown": login("unknown_landing"),
    "shape_changed": another_shape,
    "implausible_data": another_company,
    "configuration_invalid": unknown_zone,
    "internal": defect,
    "pims_unavailable": answering("503"),
    "pims_slow": answering({"kind": "delay", "ms": 700}, neo_timeout_seconds=TIMEOUT_S),
    "throttled": answering("429"),
    "database_unavailable": lost_database,
    "deadline_exceeded": out_of_time,
    "lease_lost": overtaken,
}
"""Kind -> what brings it about."""


def kinds_of(error: type[SyncError]) -> Iterator[str]:
    for one in error.__subclasses__():
        if "kind" in vars(one):
            yield one.kind
        yield from kinds_of(one)


def test_every_kind_is_brought_about() -> None:
    assert KINDS.keys() == set(kinds_of(SyncError))


@pytest.mark.parametrize("kind", KINDS)
def test_what_who_and_how_are_the_same_wherever_it_is_told(rig: Rig, kind: str) -> None:
    rig.forget_clinics()  # what waits to be told of others
    clinic, job = KINDS[kind](rig)

    assert (job.status, job.error_kind) == ("failed", kind)
    channel = Channel()
    with connect(SecretStr(as_role(rig.url, "upkeep"))) as conn:
        Telling(channel, NAMED, pause=lambda _seconds: None).tell(conn, lambda: LEFT_S)
    with calling(clinic) as gateway:
        told = gateway.get(f"/api/sync/jobs/{job.id}").json["error"]
        found = gateway.get(f"/api/alerts?clinic_id={clinic.clinic_id}").json["alerts"]
    assert (told["kind"], told["who_acts"]) == (kind, who_acts(kind))
    says_what_failed(JobView.of(job, None))
    if who_acts(kind) == "nobody":
        assert found == []
        assert channel.posts == []
    else:
        (over_http,) = found
        alert = alert_by_id(clinic.conn, UUID(over_http["id"]))
        assert alert is not None
        assert (alert.kind, alert.job_id) == (kind, job.id)
        says_the_same(AlertView.of(alert), over_http, channel)
    assert rig.traces.found(rig.folder) == []
    assert rig.traces.in_rows(clinic.conn, clinic.clinic_id) == []
    clinic.close()


def says_what_failed(view: JobView) -> None:
    assert view.error is not None
    typed = on_the_command_line(job_shown(view))
    assert str(view.error.message) in " ".join(typed.split())
    assert ACTORS[view.error.who_acts] in typed


def says_the_same(alert: AlertView, over_http: dict[str, Any], channel: Channel) -> None:
    assert (over_http["what"], over_http["who_acts"]) == (alert.what, alert.who_acts)
    assert over_http["next"]
    ((where, post),) = channel.posts
    told, typed = in_slack(post), on_the_command_line(alert_shown(alert))
    assert alert.next is not None
    assert alert.next.rpartition(": ")[2] in told
    assert alert.next in " ".join(typed.split())
    assert escaped(alert.what) in told
    assert alert.what in typed
    assert ACTS[alert.who_acts] in told
    assert ACTORS[alert.who_acts] in typed
    assert where == NAMED["clinic_care" if alert.who_acts == "clinic" else "engineering"]
