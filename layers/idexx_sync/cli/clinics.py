"""`idexx-sync clinics …`: bring clinics on board, and see how they do."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import typer

from idexx_sync.cli.alert_view import need_shown, other_alerts
from idexx_sync.cli.arguments import ClinicArgument, Json, Limit, as_base_url, as_day, as_id
from idexx_sync.cli.backend import meant_clinic, open_backend
from idexx_sync.cli.clinic_view import NOTHING_NEEDED, clinic_shown
from idexx_sync.cli.context import Cli, cli_of
from idexx_sync.cli.forgetting import forget
from idexx_sync.cli.identity import identity
from idexx_sync.cli.list_view import clinics_shown, cut_shown, red_first, state_of
from idexx_sync.cli.looking import look_at
from idexx_sync.cli.naming import clinic_meant
from idexx_sync.cli.pausing import pause_clinic, resume_clinic
from idexx_sync.cli.phrases import ACTORS, ago, moment, utc
from idexx_sync.cli.rooms import rooms
from idexx_sync.cli.tables import Shown, fact_table, line
from idexx_sync.clinics.needs import WRITES
from idexx_sync.clinics.overview import ClinicOverview, clinic_overview
from idexx_sync.clinics.status import ClinicStatus, SyncStatus, clinic_status, read_clinic_status
from idexx_sync.clinics.store import require_acting_user, set_up_clinic
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.clinic_time import local_day, zone_of
from idexx_sync.core.phrases import phrase
from idexx_sync.core.vocabulary import Freshness, Stage
from idexx_sync.jobs.model import Job
from idexx_sync.jobs.store import jobs_newest_first
from idexx_sync.operations.clinic_models import ClinicStatusView
from idexx_sync.operations.pause_models import PauseView
from idexx_sync.operations.wanted import WantedClinics

DEFAULT_BASE_URL = "https://us.idexxneo.com"
SETTINGS_SHOWN: Final = (
    "id",
    "name",
    "is_active",
    "timezone",
    "base_url",
    "transport",
    "room_ids",
    "stage",
    "acting_user_id",
    "live_from",
    "credential_version",
    "credentials_set_at",
)

app = typer.Typer(help="Bring clinics on board, and see how they do.", no_args_is_help=True)
app.command()(forget)
app.command()(identity)
app.command()(rooms)
app.command("pause")(pause_clinic)
app.command("resume")(resume_clinic)


@app.command()
def add(
    ctx: typer.Context,
    clinic: ClinicArgument,
    base_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help=f"Where its Neo is; at first {DEFAULT_BASE_URL}."),
    ] = None,
    room: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="A calendar column that counts; repeat it for several."),
    ] = None,
    all_rooms: Annotated[
        bool, typer.Option("--all-rooms", help="Every calendar column counts, as at first.")
    ] = False,
    stage: Annotated[
        Stage | None, typer.Option(help="off at first: nothing runs before it is switched on.")
    ] = None,
    acting_user: Annotated[
        UUID | None,
        typer.Option(
            metavar="ID",
            parser=as_id,
            help="The ODIS user whose cases its cases are; without one nobody is called.",
        ),
    ] = None,
    live_from: Annotated[
        date | None,
        typer.Option(
            metavar="DATE",
            parser=as_day,
            help="Nobody is called about visits before this day, as the clinic counts days; "
            "the day on which it is first switched to canary or live, if nothing is said.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Set a clinic of ODIS up here, or change its settings.

    What is not given stays as it is.
    """
    cli = cli_of(ctx)
    rooms = _rooms(room, all_rooms=all_rooms)
    settings = cli.load_settings()
    url = None if base_url is None else as_base_url(settings, base_url)
    with cli.database() as conn:
        clinic_id = clinic_meant(conn, clinic)
        before = clinic_overview(conn, clinic_id)
        if url is None and before.base_url is None:
            url = as_base_url(settings, DEFAULT_BASE_URL)
        if rooms and before.identity is not None:
            with look_at(cli, str(clinic_id), offline=False) as look:
                look.require_rooms(rooms)
        if acting_user is not None:
            require_acting_user(conn, clinic_id, acting_user)
        first_day = live_from or before.live_from
        if first_day is None and stage in WRITES:
            first_day = local_day(before.read_at, zone_of(before.timezone))
        set_up_clinic(
            conn,
            clinic_id,
            base_url=url or before.base_url or DEFAULT_BASE_URL,
            room_ids=before.room_ids if room is None and not all_rooms else rooms,
            stage=stage or before.stage or "off",
            transport=before.transport or "http",
            acting_user_id=acting_user or before.acting_user_id,
            live_from=first_day,
        )
    done = "changed" if before.base_url else "set up"
    cli.say(f"Clinic {clinic_id} is {done}.")
    if first_day is not None and live_from is None and before.live_from is None:
        cli.say(
            f"Its first day is {first_day}: nobody is called about visits before it. "
            f"Another one: idexx-sync clinics add {clinic_id} --live-from DATE"
        )
    if stage not in (None, "off"):
        _say_what_is_missing(cli, clinic_id)
    _show_here(cli, clinic_id, as_json=as_json)


def _say_what_is_missing(cli: Cli, clinic_id: UUID) -> None:
    """Of a clinic that was switched on all that keeps its runs from succeeding."""
    with cli.database() as conn:
        status = read_clinic_status(conn, clinic_id)
    for need in status.needs:
        if need.blocks and need.who != "nobody":
            cli.say(f"No run of it can succeed yet: {need.what}")


@app.command("list")
def list_clinics(
    ctx: typer.Context,
    status: Annotated[
        Freshness | None,
        typer.Option(help="Only clinics whose data are so, for example late."),
    ] = None,
    sync: Annotated[
        SyncName | None, typer.Option("--sync", help="Only by what is known of this sync.")
    ] = None,
    limit: Limit = 1000,
    as_json: Json = False,
) -> None:
    """Every clinic of ODIS, set up for this service or not.

    Those come first that need somebody, then by name.
    """
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="clinics list") as backend:
        found = red_first(backend.clinics(WantedClinics(sync=sync, freshness=status)))
    shown, more = found[:limit], len(found) > limit
    data = {"clinics": [_status_data(one) for one in shown], "more": more}
    nothing = "There are no such clinics." if status or sync else "ODIS has no clinics."
    parts = clinics_shown(shown) or [line(nothing)]
    cli.answer(data, [*parts, *cut_shown(more=more, shown=limit)], as_json=as_json)


def _status_data(clinic: ClinicStatusView) -> dict[str, Any]:
    said = clinic.model_dump(mode="json")
    return {"id": said.pop("clinic_id"), **said}


@app.command()
def show(ctx: typer.Context, clinic: ClinicArgument, as_json: Json = False) -> None:
    """One clinic: settings, freshness, and what is needed from whom.

    Over the API without its settings.
    """
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="clinics list") as backend:
        clinic_id = meant_clinic(backend, clinic)
        assert clinic_id is not None
        if backend.over_api:
            found = backend.clinic(clinic_id)
            cli.answer({"clinic": _status_data(found)}, clinic_shown(found), as_json=as_json)
            return
    _show_here(cli, clinic_id, as_json=as_json)


def _show_here(cli: Cli, clinic_id: UUID, *, as_json: bool) -> None:
    """All that the database says of it."""
    with cli.database() as conn:
        overview = clinic_overview(conn, clinic_id)
        last_job = next(iter(jobs_newest_first(conn, clinic_id=clinic_id, limit=1)), None)
    status = clinic_status(overview, overview.read_at)
    data = {
        "clinic": {
            **_plain({name: getattr(overview, name) for name in SETTINGS_SHOWN}),
            "paused_reason": status.paused_reason,
            "pauses": [PauseView.of(pause).model_dump(mode="json") for pause in status.pauses],
            "syncs": [_plain(asdict(sync)) for sync in status.syncs],
            "last_job": None if last_job is None else str(last_job.id),
            "open_holds": [str(hold.id) for hold in overview.open_holds],
            "kept_out": [str(hold.id) for hold in overview.kept_out],
            "needs": [_plain(asdict(need)) for need in status.needs],
            "alerts": [_plain(asdict(alert)) for alert in status.alerts],
        }
    }
    shown = [_shown(overview, status, last_job, overview.read_at), *_needs_shown(overview, status)]
    cli.answer(data, shown, as_json=as_json)


def _rooms(given: list[str] | None, *, all_rooms: bool) -> list[str] | None:
    if given and all_rooms:
        raise typer.BadParameter("give either rooms or --all-rooms", param_hint="'--room'")
    rooms = None if given is None else list(dict.fromkeys(text.strip() for text in given))
    if rooms is not None and "" in rooms:
        raise typer.BadParameter("a room's id can't be empty", param_hint="'--room'")
    if rooms is not None and not all(map(str.isprintable, rooms)):
        raise typer.BadParameter("a room's id is printable text", param_hint="'--room'")
    return rooms


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Ids and instants as text."""
    return {
        name: utc(value) if hasattr(value, "astimezone") else str(value) if name == "id" else value
        for name, value in values.items()
    }


def _shown(
    overview: ClinicOverview, status: ClinicStatus, last_job: Job | None, now: datetime
) -> Shown:
    zone = zone_of(overview.timezone)
    credentials = "none"
    if overview.credential_version is not None:
        since = moment(overview.credentials_set_at, zone)
        credentials = f"version {overview.credential_version}, set {since}"
    rows: list[tuple[str, str | None]] = [
        ("clinic", str(overview.id)),
        ("name", overview.name),
        ("zone", overview.timezone or "not set in ODIS"),
        ("stage", state_of(ClinicStatusView.of(status))),
        ("first day", str(overview.live_from or "-")),
        ("acting user", str(overview.acting_user_id or "none")),
        ("Neo", overview.base_url or "-"),
        ("rooms", "all" if overview.room_ids is None else ", ".join(overview.room_ids)),
        ("credentials", credentials),
        *((sync.sync, _sync_shown(sync, zone, now)) for sync in status.syncs),
        ("last job", f"{last_job.id} ({phrase({}, last_job.status)})" if last_job else "-"),
        ("open holds", str(status.open_holds)),
        ("kept out", f"{status.kept_out} (rejected holds)" if status.kept_out else None),
    ]
    return fact_table(rows)


def _sync_shown(sync: SyncStatus, zone: ZoneInfo, now: datetime) -> str:
    """`on time; last success 2026-05-04 07:00 PDT (2 hours ago); next run 2026-05-04 09:15 PDT`."""
    success, due = sync.last_success_at, sync.next_run_at
    last = "never" if success is None else f"{moment(success, zone)} ({ago(success, now)})"
    following = "not scheduled" if due is None else moment(due, zone)
    fresh = f"{phrase({}, sync.freshness)}; " if sync.is_expected else ""
    return f"{fresh}last success {last}; next run {following}"


def _needs_shown(overview: ClinicOverview, status: ClinicStatus) -> list[Shown]:
    zone = zone_of(overview.timezone)
    others = other_alerts(status.needs, status.alerts, zone)
    if not status.needs:
        return [line(NOTHING_NEEDED, "green"), *others]
    needed = [
        (ACTORS[need.who].partition(";")[0], need_shown(need, status.alerts, zone))
        for need in status.needs
    ]
    return [fact_table(needed, "Needed"), *others]
