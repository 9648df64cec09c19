"""What lists are made of: who is meant, what comes first, and in which words."""

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
import typer
from rich.console import Console

from idexx_sync.cli.app import app
from idexx_sync.cli.clinic_view import clinic_shown
from idexx_sync.cli.context import Cli
from idexx_sync.cli.errors import CommandError
from idexx_sync.cli.fleet import in_one_line, stood_for, worst
from idexx_sync.cli.job_view import job_shown, progress_of
from idexx_sync.cli.list_view import jobs_shown, red_first, sync_shown, waiting_for_somebody
from idexx_sync.cli.naming import among, one_of
from idexx_sync.cli.tables import Shown, listing
from idexx_sync.cli.whoami import WRITING
from idexx_sync.clinics.needs import Need
from idexx_sync.clinics.state import OpenAlert
from idexx_sync.clinics.status import ClinicStatus, SyncStatus
from idexx_sync.core.bounds import MOST_ENTRIES
from idexx_sync.core.catalog import SYNCS
from idexx_sync.core.errors import CredentialsRejected, InternalError, PimsSlow, SyncError
from idexx_sync.core.id_prefix import ids_beginning_with
from idexx_sync.core.vocabulary import Freshness, JobStatus, Stage
from idexx_sync.jobs.model import Job, retry_order
from idexx_sync.operations.clinic_models import ClinicAlertView, ClinicStatusView
from idexx_sync.operations.hints import INSTEAD, OVER_API, for_the_api
from idexx_sync.operations.models import JobView
from idexx_sync.operations.wanted import Wanted, WantedClinics, clinics_meant
from idexx_sync.syncs.audit import LoggedChange
from idexx_sync.syncs.change import would

NOW = datetime(2026, 5, 4, 14, tzinfo=UTC)
WEST, BARN, EAST = (UUID(f"7d1c0a5{n}-0000-4000-8000-000000000000") for n in range(3))
NAMES = {WEST: "West", BARN: "West  Barn", EAST: "7d1c"}


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("west", [WEST]),
        (" WEST barn", [BARN]),
        ("wes", [WEST, BARN]),
        ("est", []),
        ("7d1c0a51", [BARN]),
        ("7D1C0A51-0000", [BARN]),
        ("7d1c0a5", [EAST, WEST, BARN]),
        ("7d1c", [EAST, WEST, BARN]),  # a name, and how two other ids begin
        (" ", []),
    ],
)
def test_a_clinic_is_meant_by_name_or_by_the_beginning_of_it_or_of_its_id(
    said: str, meant: list[UUID]
) -> None:
    assert clinics_meant(said, NAMES) == meant


def test_fewer_than_four_digits_begin_no_id() -> None:
    assert ids_beginning_with("7d1") is None
    assert ids_beginning_with("7d1x") is None
    assert ids_beginning_with(str(WEST)) == (WEST, WEST)
    first, last = ids_beginning_with("7d1c-0a5") or (None, None)
    assert (first, last) == (
        UUID("7d1c0a50-0000-0000-0000-000000000000"),
        UUID("7d1c0a5f-ffff-ffff-ffff-ffffffffffff"),
    )


def test_of_many_that_may_be_meant_the_first_are_named_and_the_others_counted() -> None:
    found = [(UUID(int=n), f"name {n}") for n in range(8)]

    with pytest.raises(CommandError, match=r"name 4\), and 3 more; give more") as error:
        one_of("0000", "key", found)

    assert error.value.kind == "ambiguous"
    assert among("0000-0000-0000-0000-0000-0000-0000-0007", "key", found) == UUID(int=7)
    with pytest.raises(CommandError, match="list them with: idexx-sync keys list"):
        among("beef", "key", found)


def a_job(
    status: JobStatus = "succeeded", error: type[SyncError] | None = None, **more: Any
) -> Job:
    made = Job(
        id=UUID(int=1),
        clinic_id=WEST,
        sync="inbound",
        trigger="schedule",
        scheduled_time=None,
        params={},
        manner="apply",
        status=status,
        attempt=1,
        error_kind=None if error is None else error.kind,
        error_message=None,
        result=None,
        progress=None,
        retry_of=None,
        queued_at=NOW,
        started_at=None,
        finished_at=None,
    )
    return replace(made, **more)


def viewed(job: Job) -> JobView:
    return JobView.of(job, None)


def test_a_job_waits_for_somebody_until_a_newer_one_succeeds() -> None:
    failed = viewed(a_job("failed", CredentialsRejected, id=UUID(int=5)))
    passing = viewed(a_job("failed", PimsSlow, id=UUID(int=6)))
    held = viewed(a_job("held", id=UUID(int=7), sync="cases"))
    assert waiting_for_somebody([failed, passing, held], {}) == [held, failed]

    gave_up = viewed(a_job("dead", PimsSlow, id=UUID(int=8)))
    lost = viewed(a_job("dead", id=UUID(int=9)))
    defect = viewed(a_job("dead", InternalError, id=UUID(int=10)))
    assert waiting_for_somebody([gave_up, lost, defect], {}) == [defect, lost]

    later: dict[str, Any] = {"queued_at": NOW + timedelta(minutes=1)}
    assert waiting_for_somebody([viewed(a_job(**later)), failed, held], {}) == [held]
    dry = viewed(a_job(manner="preview", **later))
    other = viewed(a_job(clinic_id=BARN, **later))
    older = viewed(a_job(queued_at=NOW - timedelta(minutes=1)))
    assert waiting_for_somebody([dry, other, failed, older], {}) == [failed]


def test_a_job_waits_for_nobody_once_its_clinic_tells_a_later_success() -> None:
    failed = viewed(a_job("failed", CredentialsRejected, finished_at=NOW - timedelta(minutes=1)))
    later = viewed(a_job("failed", CredentialsRejected, finished_at=NOW))
    of_cases = viewed(a_job("failed", CredentialsRejected, sync="cases"))
    clinics = {WEST: a_clinic("West")}  # its inbound sync succeeded at NOW

    assert waiting_for_somebody([failed], clinics) == []
    assert waiting_for_somebody([later], clinics) == [later]
    assert waiting_for_somebody([of_cases], clinics) == [of_cases]
    assert waiting_for_somebody([failed], {}) == [failed], "the key may not look at clinics"
    assert "needs" not in told(*jobs_shown([failed], clinics))


def told(*parts: Shown) -> str:
    out = io.StringIO()
    for part in parts:
        Console(file=out, width=300).print(part)
    return out.getvalue()


def test_a_job_that_has_not_ended_shows_no_dash() -> None:
    for job in (a_job("queued", attempt=0), a_job("running", started_at=NOW)):
        words = f"{told(*jobs_shown([viewed(job)], {}))} {told(*job_shown(viewed(job)))}".split()
        assert not {"-", "(-)", "-;"} & set(words), words
        assert not any(word.startswith("(-)") for word in words)
    assert f"    running{chr(10)}" in told(*jobs_shown([viewed(a_job("running"))], {}))


def test_what_a_job_holds_back_is_told_in_a_strangers_words() -> None:
    job = viewed(a_job("held")).model_copy(update={"held": {"unproven_visit_losses": 66}})

    shown = told(*job_shown(job))

    assert "! held back (more visits vanished than is plausible): 66 records" in shown
    assert "unproven" not in shown


def test_a_job_says_which_sync_it_is_who_ordered_it_and_which_attempt() -> None:
    shown = told(*job_shown(viewed(a_job(attempt=2)), clinic_name="West"))

    assert re.search(r"^ sync +inbound by schedule$", shown, re.MULTILINE)
    assert re.search(rf"^ clinic +West \({WEST}\)$", shown, re.MULTILINE)
    assert re.search(r"^ attempt +2 of 3$", shown, re.MULTILINE)
    assert "attempt" not in told(*job_shown(viewed(a_job("queued", attempt=0))))
    assert "attempt" not in told(*job_shown(viewed(a_job(trigger="cli")))), "nothing repeats it"


def test_a_dead_job_says_that_its_tries_are_used_up_and_how_it_is_ordered_again() -> None:
    again = f"order it again with: idexx-sync jobs retry {UUID(int=1)}"
    later = "Neo could not be reached; it is tried again later"
    dead = viewed(a_job("dead", PimsSlow, attempt=3, error_message=later))
    spent = f"its 3 tries are used up, so nothing tries it again by itself; {again}"

    assert spent in told(*jobs_shown([dead], {}))
    assert spent[1:] in told(*job_shown(dead))
    lost = told(*job_shown(viewed(a_job("dead", PimsSlow, error_message="it never began"))))
    assert f"Nothing tries it again by itself; {again}" in lost
    waits = viewed(a_job("queued", PimsSlow, error_message=later))
    assert "used up" not in told(*jobs_shown([waits], {}), *job_shown(waits))


def test_a_message_that_names_the_next_command_is_followed_by_no_other_one() -> None:
    retry = f"its run was cut off: idexx-sync jobs retry {UUID(int=1)}"
    shown = told(*job_shown(viewed(a_job("dead", InternalError, error_message=retry))))
    assert shown.count("idexx-sync") == 1
    other = told(*job_shown(viewed(a_job("failed", InternalError, error_message="a defect"))))
    assert f"What is needed: idexx-sync clinics show {WEST}" in other


def a_clinic(
    name: str = "West", *needs: Need, freshness: Freshness = "on_time", stage: Stage = "live"
) -> ClinicStatusView:
    sync = SyncStatus("inbound", freshness, NOW, None)
    status = ClinicStatus(WEST, name, None, True, stage, (), (sync,), 0, 0, needs)
    return ClinicStatusView.of(status)


KEPT = Need("odis", "kept out by Kim", blocks=False, decided=True)
PASSES = Need("nobody", "last inbound job failed", blocks=False)
ASKS = Need("clinic", "credentials_rejected: Neo refused them", since=NOW)


def test_who_is_needed_comes_first_and_who_is_not_on_board_last() -> None:
    off, well = a_clinic("Off", ASKS, stage="off"), a_clinic("Well", KEPT, PASSES)
    asking, stale = a_clinic("Asks", KEPT, ASKS), a_clinic("Stale", freshness="stale")

    assert red_first([off, well, asking, stale]) == [asking, stale, well, off]
    assert [one.needs_somebody for one in (off, well, asking, stale)] == [False, False, True, True]


def test_the_line_of_a_clinic_says_why_since_when_and_the_next_command() -> None:
    show = f"idexx-sync clinics show {WEST}"
    assert in_one_line(a_clinic("West", KEPT, ASKS)) == (
        "West: the clinic has to act: credentials_rejected: Neo refused them "
        f"(since 2026-05-04 07:00 PDT) (and 1 more: {show})"
    )
    assert in_one_line(a_clinic("West", ASKS)).endswith(f"(since 2026-05-04 07:00 PDT); {show}")
    decide = Need("odis", "times_shifted: decide, idexx-sync holds show 7", blocks=False)
    assert in_one_line(a_clinic("West", decide, stage="shadow")) == (
        "West (shadow): ODIS has to act: times_shifted: decide, idexx-sync holds show 7"
    )
    stale = a_clinic("West", PASSES, freshness="stale")
    assert in_one_line(stale) == (f"West: inbound stale, last success 2026-05-04 07:00 PDT; {show}")


def an_alert(kind: str = "internal", **more: Any) -> OpenAlert:
    return OpenAlert(UUID(int=20), kind, NOW, **more)


def with_alerts(clinic: ClinicStatusView, *alerts: OpenAlert) -> ClinicStatusView:
    shown = tuple(ClinicAlertView.model_validate(one, from_attributes=True) for one in alerts)
    return clinic.model_copy(update={"alerts": shown})


def printed(clinic: ClinicStatusView) -> str:
    return told(*clinic_shown(clinic))


def test_a_need_names_its_alert_and_one_that_no_need_names_is_told_by_itself() -> None:
    asks = replace(ASKS, alert_id=UUID(int=20))
    seen = an_alert(acknowledged_by="Kim", muted_until=NOW, incident_id=UUID(int=21))
    clinic = with_alerts(a_clinic("West", asks), seen)
    about = (
        "since 2026-05-04 07:00 PDT; idexx-sync alerts show 00000000, acknowledged by Kim, "
        "muted until 2026-05-04 07:00 PDT, one for many: idexx-sync alerts show 00000000"
    )

    assert f"credentials_rejected: Neo refused them ({about})" in printed(clinic)
    assert "Alerts" not in printed(clinic)
    assert in_one_line(clinic).startswith(
        f"West: the clinic has to act: credentials_rejected: Neo refused them ({about}); "
    )

    alone = printed(with_alerts(a_clinic("West"), an_alert("stale")))
    assert "Nothing is needed from anybody." in alone
    assert "stale  since 2026-05-04 07:00 PDT; idexx-sync alerts show 00000000\n" in alone


def test_since_when_a_clinic_is_paused_is_said_once() -> None:
    since = "since 2026-05-04 07:00 PDT"
    paused = Need("odis", f"paused {since} by Kim: moving", since=NOW)

    assert in_one_line(a_clinic("West", paused)).count(since) == 1


def test_a_clinic_is_told_by_another_line_only_if_that_says_all_that_it_needs() -> None:
    many: Any = SimpleNamespace(id=UUID(int=21))
    asks, under = replace(ASKS, alert_id=UUID(int=20)), an_alert(incident_id=UUID(int=21))
    another = Need("odis", "credentials: none yet")

    assert stood_for(with_alerts(a_clinic("W", asks), under), [many])
    assert stood_for(with_alerts(a_clinic("W", asks, KEPT, PASSES), under), [many])
    assert not stood_for(with_alerts(a_clinic("W", asks, another), under), [many])
    assert not stood_for(with_alerts(a_clinic("W", asks), under), [])
    assert not stood_for(with_alerts(a_clinic("W", asks), an_alert()), [many])
    stale = a_clinic("W", PASSES, freshness="stale")
    grown = an_alert("stale", incident_id=UUID(int=21))
    assert stood_for(with_alerts(stale, grown), [many])
    assert not stood_for(with_alerts(stale, under), [many])
    assert not stood_for(stale, [many])


def test_a_clinic_is_as_fresh_as_the_sync_that_is_worst() -> None:
    syncs = (SyncStatus("inbound", "on_time", NOW, None), SyncStatus("cases", "late", NOW, None))
    status = ClinicStatus(WEST, "West", None, True, "live", (), syncs, 0, 0, ())
    assert worst(ClinicStatusView.of(status)) == "late"
    assert WantedClinics(freshness="late").fits(status)
    assert not WantedClinics(sync="inbound", freshness="late").fits(status)
    assert not WantedClinics(somebody=True).fits(status)
    assert Wanted(id="7d1c0a50").id_range is not None


def test_a_sync_that_nothing_schedules_makes_no_clinic_look_unfinished() -> None:
    once = SyncStatus("cases", "stale", NOW, None, is_expected=False)
    syncs = (SyncStatus("inbound", "on_time", NOW, None), once)
    status = ClinicStatus(WEST, "West", None, True, "live", (), syncs, 0, 0, ())
    seen = ClinicStatusView.of(status)

    assert worst(seen) == "on_time"
    assert not WantedClinics(freshness="stale").fits(status)
    assert WantedClinics(freshness="stale", sync="cases").fits(status)
    assert not seen.needs_somebody
    assert sync_shown(seen.syncs[1], seen) == (
        "cases last success 2026-05-04 07:00 PDT, not scheduled"
    )


def test_a_clinic_over_the_api_names_each_sync_once() -> None:
    syncs = tuple(SyncStatus(name, "on_time", NOW, None) for name in SYNCS)
    status = ClinicStatus(WEST, "West", None, True, "live", (), syncs, 0, 0, ())
    out = io.StringIO()
    console = Console(file=out, width=200)
    for part in clinic_shown(ClinicStatusView.of(status)):
        console.print(part)

    for name in SYNCS:
        (said,) = [one for one in out.getvalue().splitlines() if name in one]
        assert (said.count(name), said.count("on time")) == (1, 1)


def test_in_a_file_no_line_of_a_list_ends_with_blanks() -> None:
    out = io.StringIO()
    rows = [("7", "a longer text"), ("8", "short")]

    Cli(out=Console(file=out, width=60)).answer({}, [listing(("Id", "What"), rows)], as_json=False)

    lines = out.getvalue().splitlines()
    assert len(lines) == 4
    assert lines == [one.rstrip() for one in lines]


def test_what_would_be_done_is_never_told_as_done() -> None:
    summary = "42 created, 1 updated, 3 removed, 2 held (checked 60)"
    assert would(summary) == "would create 42, would update 1, would remove 3, 2 held (checked 60)"
    for manner, word in (("preview", "dry run"), ("observe", "shadow")):
        job = viewed(a_job(result={"summary": summary}, manner=manner))
        assert job.summary == f"{word}: {would(summary)}"
        assert progress_of(job) == f"succeeded, {word}"
    assert viewed(a_job(result={"summary": summary})).summary == summary


def test_what_is_cut_off_a_jobs_lists_is_counted() -> None:
    many = [str(n) for n in range(MOST_ENTRIES + 12)]
    job = viewed(a_job(result={"for_review": many, "faults": [], "plan": [{}] * 300}))
    assert job.left_out == {"for_review": 12}
    assert len(job.for_review or ()) == MOST_ENTRIES


def test_a_repeated_decision_is_carried_out_still() -> None:
    assert retry_order(a_job()).trigger == "retry"
    again = retry_order(a_job(trigger="approval"))
    assert (again.trigger, again.retry_of) == ("approval", UUID(int=1))


def test_a_personal_value_in_our_log_is_not_told() -> None:
    fields = {
        "status": {"before": "scheduled", "after": "cancelled", "hash": "h"},
        "patient_name": {"before": "TANGO", "after": "ELLA", "changed": True},
        "odd": 7,
    }
    change = LoggedChange.read(
        external_id="7", action="update", outcome="written", reasons=["source"], error=None,
        fields=fields, at=NOW,
    )  # fmt: skip
    assert change.fields == {
        "status": {"before": "scheduled", "after": "cancelled"},
        "patient_name": {"changed": True},
    }


def commands_of(group: typer.Typer) -> Iterator[str]:
    """The commands of its groups, and of theirs."""
    for below in group.registered_groups:
        assert below.typer_instance is not None
        for command in below.typer_instance.registered_commands:
            yield f"{below.name} {command.name or command.callback.__name__}"  # type: ignore[union-attr]
        yield from (f"{below.name} {name}" for name in commands_of(below.typer_instance))


COMMANDS = set(commands_of(app))


READING = {
    *("clinics list", "clinics show", "clinics rooms", "credentials show", "keys list"),
    *("jobs list", "jobs show", "jobs watch", "jobs changes", "holds list", "holds show"),
    *("dead-letters list", "dead-letters show", "explain appointment", "explain time"),
    *("alerts list", "alerts show"),
    *("reconciliation show", "reconciliation trend", "reconciliation policy show"),
    *("schedules list", "schedules show", "schedules forecast"),
}


def test_of_each_command_it_is_known_whether_it_writes() -> None:
    assert COMMANDS - READING | {"migrate", "pause", "resume"} == WRITING


def test_each_command_needs_the_database_or_is_named_over_the_api() -> None:
    assert {"clinics add", "keys list", "sync inbound", "jobs list"} <= COMMANDS
    for command in COMMANDS | {"find", "migrate", "explain time", "pause --all", "resume --all"}:
        text = f"so it is; idexx-sync {command} 7 --clinic 8; and on"
        over_api = re.match("|".join(OVER_API), command) is not None
        assert for_the_api(text) == (text if over_api else f"so it is; {INSTEAD}; and on")
    assert for_the_api("run: idexx-sync clinics add 7") == INSTEAD
