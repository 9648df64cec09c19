"""`idexx-sync status`: the fleet at a glance."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import typer

from idexx_sync.alerts.kinds import STALE
from idexx_sync.cli.alert_view import UTC_ZONE, need_shown, waits
from idexx_sync.cli.arguments import MOST_AT_ONCE, Json
from idexx_sync.cli.backend import open_backend
from idexx_sync.cli.context import cli_of
from idexx_sync.cli.exits import Exit
from idexx_sync.cli.list_view import (
    all_paused_shown,
    asks,
    more_needs,
    pause_of_all,
    red_first,
    urgent_need,
    who_acts,
)
from idexx_sync.cli.listed import Listed
from idexx_sync.cli.phrases import moment
from idexx_sync.cli.tables import Shown, line
from idexx_sync.core.clinic_time import zone_of
from idexx_sync.core.phrases import counted, phrase
from idexx_sync.core.vocabulary import Freshness
from idexx_sync.operations.alert_models import AlertView
from idexx_sync.operations.clinic_models import ClinicStatusView
from idexx_sync.operations.letter_models import DeadLetterView
from idexx_sync.operations.models import MOST_LISTED
from idexx_sync.operations.pause_models import PauseView
from idexx_sync.operations.wanted import Wanted, WantedAlerts, WantedClinics

WORST_FIRST: Final[tuple[Freshness, ...]] = (
    *("action_required", "stale", "late", "new", "paused", "on_time"),
)


def status(ctx: typer.Context, as_json: Json = False) -> int:
    """The fleet at a glance.

    First dead letters that wait and what many clinics have alike, then one line for each other
    clinic that needs somebody, with why, since when and the next command, and one line for all
    others. The exit code is 4 where somebody is needed, else 0.
    """
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="clinics list") as backend:
        clinics = red_first(backend.clinics(WantedClinics()))
        parked = backend.dead_letters(Wanted(status="parked"), MOST_AT_ONCE)
        incidents = backend.alerts(WantedAlerts(status="open", of_many=True), MOST_LISTED).items
    pause = pause_of_all(clinics)
    needing = [clinic for clinic in clinics if clinic.needs_somebody]
    others = [clinic for clinic in clinics if not clinic.needs_somebody]
    alone = [clinic for clinic in needing if not stood_for(clinic, incidents)]
    data = {
        "alerts_of_many": [alert.model_dump(mode="json") for alert in incidents],
        "needs_somebody": [_data(clinic) for clinic in needing],
        "others": dict(Counter(worst(one) for one in others if one.is_on_board)),
        "all_paused": None if pause is None else PauseView.of(pause).model_dump(mode="json"),
        "parked_letters": len(parked.items),
        "not_on_board": sum(not one.is_on_board for one in others),
    }
    shown = [*all_paused_shown(clinics), *_letters(parked)]
    shown += [_of_many(alert) for alert in incidents]
    if told_above := len(needing) - len(alone):
        shown.append(line(f"Told by that alone: {counted(told_above, 'clinic')}", "red"))
    shown += [line(in_one_line(clinic), "red", whole=True) for clinic in alone]
    cli.answer(data, [*shown, _rest(needing, others)], as_json=as_json)
    waiting = (needing, parked.items, any(map(waits, incidents)), pause)
    return Exit.WARNINGS if any(waiting) else Exit.OK


def _letters(parked: Listed[DeadLetterView]) -> list[Shown]:
    """`8 dead letters wait for a person: idexx-sync dead-letters list --status parked`."""
    if not parked.items:
        return []
    number = len(parked.items)
    at_least = "at least " if parked.more else ""
    wait = "waits" if number == 1 else "wait"
    said = f"{at_least}{counted(number, 'dead letter')} {wait} for a person"
    return [line(f"{said}: idexx-sync dead-letters list --status parked", "red")]


def stood_for(clinic: ClinicStatusView, incidents: Sequence[AlertView]) -> bool:
    """Whether all that is needed for it is told by one of these alerts, which stand for many."""
    told = {one.id for one in incidents}
    under = [alert for alert in clinic.alerts if alert.incident_id in told]
    asking = [need.alert_id for need in clinic.needs if asks(need)]
    if not asking:
        return any(alert.kind == STALE for alert in under)
    return {alert.id for alert in under}.issuperset(asking)


def _of_many(alert: AlertView) -> Shown:
    """`An answer of Neo …, in 214 of 300 clinics, since …; idexx-sync alerts show ID`."""
    since = moment(alert.opened_at, UTC_ZONE)
    said = f"{alert.what.removesuffix('.')}, since {since}; idexx-sync alerts show {alert.id}"
    return line(said, "red" if waits(alert) else "", whole=True)


def worst(clinic: ClinicStatusView) -> Freshness:
    """The freshness of the sync of which it is worst; one that nothing schedules counts for
    nothing."""
    expected = (sync.freshness for sync in clinic.syncs if sync.is_expected)
    return min(expected, key=WORST_FIRST.index, default="new")


def in_one_line(clinic: ClinicStatusView) -> str:
    """`West: the clinic has to act: … (since …) (and 2 more: idexx-sync clinics show ID)`."""
    shadow = f" ({clinic.stage})" if clinic.stage == "shadow" else ""
    need, next_command = urgent_need(clinic), _next_command(clinic)
    if need is None:
        return f"{clinic.name}{shadow}: {_stale(clinic)}; {next_command}"
    what, more = need_shown(need, clinic.alerts, zone_of(clinic.timezone)), more_needs(clinic)
    said = f"{clinic.name}{shadow}: {who_acts(need)} has to act: {what}{more}"
    return said if more or "idexx-sync " in need.what else f"{said}; {next_command}"


def _stale(clinic: ClinicStatusView) -> str:
    zone = zone_of(clinic.timezone)
    old = (sync for sync in clinic.syncs if sync.is_expected and sync.freshness == "stale")
    told = (f"{sync.sync} stale, last success {moment(sync.last_success_at, zone)}" for sync in old)
    return "; ".join(told)


def _next_command(clinic: ClinicStatusView) -> str:
    return f"idexx-sync clinics show {clinic.clinic_id}"


def _data(clinic: ClinicStatusView) -> dict[str, Any]:
    need = urgent_need(clinic)
    return {
        "id": str(clinic.clinic_id),
        "name": clinic.name,
        "stage": clinic.stage,
        "freshness": worst(clinic),
        "who": None if need is None else need.who,
        "what": _stale(clinic) if need is None else need.what,
        "since": None if need is None else need.model_dump(mode="json")["since"],
        "next": _next_command(clinic),
    }


def _rest(needing: Sequence[ClinicStatusView], others: Sequence[ClinicStatusView]) -> Shown:
    """`38 of 40 clinics need nobody: 30 on time, 6 late; 2 are not on board`."""
    if not needing and not others:
        return line("There are no clinics; ODIS makes them.")
    well = [clinic for clinic in others if clinic.is_on_board]
    counts = Counter(worst(clinic) for clinic in well)
    told = ", ".join(f"{counts[one]} {phrase({}, one)}" for one in WORST_FIRST if counts[one])
    shadow = sum(clinic.stage == "shadow" for clinic in well)
    observed = f", {shadow} of them in shadow" if shadow else ""
    on_board = len(needing) + len(well)
    said = f"{len(well)} of {counted(on_board, 'clinic')} on board need nobody"
    said += f": {told}{observed}" if well else ""
    off = len(others) - len(well)
    return line(f"{said}; not on board: {off}" if off else said, "" if needing else "green")
