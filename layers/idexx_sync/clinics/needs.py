"""What a clinic's runs need from whom, in words and with the command that helps. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from idexx_sync.clinics.overview import ClinicOverview
from idexx_sync.clinics.pauses import how_it_goes_on
from idexx_sync.clinics.state import ClinicState, SyncHistory
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.clinic_time import local_day, zone_of
from idexx_sync.core.errors import ConfigurationInvalid, SyncError, WhoActs, who_acts
from idexx_sync.core.phrases import HELD_BECAUSE, phrase
from idexx_sync.core.vocabulary import Stage
from idexx_sync.pims.breaker import check_breaker
from idexx_sync.pims.identity import OTHER_COMPANY
from idexx_sync.pims.identity_store import Refused, other_company

SHORTFALLS: Final[Mapping[str, str]] = {
    "read_incomplete": "no complete read of the calendar; the job names what is in doubt",
    "empty_calendar": "the calendar came back empty while there are rows here",
    "unproven_losses": "more vanished from the calendar than is plausible; a hold names it",
    "times_shifted": "nearly all visits moved by the same amount of time; a hold names them",
    "conflicts": "rows that somebody else changed meanwhile are left for the next one",
    "other_days": "it did not cover all of the days that the sync is for",
    "refused": "what is booked could not be counted or told; the job names what was refused",
    "came_later": "what came to an approved calendar after it was seen is left for the next run",
    "stopped_by_pause": "a pause stopped it; the next one takes what is left",
    "days_left": "days, or records of an outage's days, are left; the next runs go on with them",
}
"""Why a run that ended well is no success -> the same for people."""

DOUBTS: Final[Mapping[str, str]] = {
    "never_shown": "found by id and not shown by the calendar",
    "older_version": "shown in an older version than before",
    "refused": "refused by ODIS's database, the job names the constraint",
    "duplicate_differs": "shown in versions of which nothing tells the newest",
    "unreadable_record": "without an id, a day or a kind that can be read",
}
"""Why records are in doubt -> the same for people; all others could not be read."""

UNREAD: Final[Mapping[str, str]] = {
    "read_failed": "could not be read",
    "wrong_patient": "belongs to another patient than the visit",
    "vanished": "is named by the calendar, and Neo does not have it",
    "refused": "was read, and ODIS's database refuses it",
}
"""Why a visit's clinical record gives nothing -> the same for people."""

WRITES: Final[tuple[Stage, ...]] = ("canary", "live")
"""Stages in which what is read is written, and people are called."""


@dataclass(frozen=True, slots=True)
class Need:
    who: WhoActs
    what: str
    blocks: bool = True
    """Whether no run can succeed before it is met."""
    since: datetime | None = None
    """Until when all is known to have been well; None: never, or nobody knows."""
    decided: bool = False
    """Whether a person has decided it so: it is told, and asks nothing of anybody."""
    alert_id: UUID | None = None
    """The open alert that is about it."""


def is_switched_on(state: ClinicState) -> bool:
    """Whether this service is to sync the clinic, be it paused or not."""
    return state.is_active and state.stage is not None and state.stage != "off"


def breaker(state: ClinicState, now: datetime) -> SyncError | None:
    """Why no login is tried with the newest credentials; None: one may be tried."""
    try:
        check_breaker(state.id, list(state.attempts), now)
    except SyncError as error:
        return error
    return None


def blocker(state: ClinicState, sync: SyncName, now: datetime) -> Need | None:
    """What no run of the sync can succeed before; somebody's before what may pass by itself."""
    history = state.history(sync)
    needs = [*general_needs(state, now), *failure_needs(state, history, now)]
    blocking = [need for need in needs if need.blocks]
    return next((need for need in blocking if need.who != "nobody"), next(iter(blocking), None))


def doubt_in_words(code: str) -> str:
    """Why a record is in doubt, for people."""
    return DOUBTS.get(code, f"not to be read ({phrase({}, code)})")


def unread_in_words(code: str) -> str:
    """Why a clinical record gives nothing, for people."""
    return UNREAD.get(code, f"gives nothing ({phrase({}, code)})")


def general_needs(state: ClinicState, now: datetime) -> Iterator[Need]:
    """What is needed before any sync of the clinic can run."""
    if state.pauses:
        yield from _pause_needs(state)
    if not state.is_active:
        yield Need("odis", "clinics.is_active: the clinic is inactive in ODIS")
    if state.fault is not None:
        yield Need(state.fault.who_acts, state.fault.message)
    yield from _access_needs(state, now)
    if state.stage == "off":  # told after the credentials, without which no run would get in
        what = f"stage: switched off; idexx-sync clinics add {state.id} --stage shadow"
        yield Need("odis", what)
    if state.refused is not None:
        yield _company_need(state, state.refused)


def failure_needs(
    state: ClinicState, history: SyncHistory | None, now: datetime
) -> tuple[Need, ...]:
    """What the sync's last failure needs, unless an open breaker or another company says it
    already, or somebody has acted on it since.

    What is still wrong in the settings is found anew, and only a run can tell about the rest.
    """
    if history is None or history.error_kind is None or _was_acted_on(state, history):
        return ()
    refusal = breaker(state, now) or _other_company(state)
    if refusal is not None and refusal.kind == history.error_kind:
        return ()
    who = who_acts(history.error_kind)
    why = phrase({}, history.error_kind)
    failed = f"last {history.sync} job failed, {why}: {history.error_message}"
    blocks, since = who != "nobody", history.last_success_at
    return (Need(who, failed, blocks, since, alert_id=state.alert_on(history.error_kind)),)


def settings_needs(overview: ClinicOverview) -> Iterator[Need]:
    """What is missing or cannot be read in its settings, and runs can do without."""
    for fault in overview.faults:
        what = f"{fault.table}.{fault.column}: cannot be read in row {fault.id}"
        yield Need("odis", f"{what}; correct it in ODIS", blocks=False)
    if overview.timezone is None:
        yield Need("odis", "clinics.timezone: not set; Los Angeles is assumed", blocks=False)
    if overview.stage in WRITES and overview.acting_user_id is None:
        what = "acting user: not set, so nobody is called about the clinic's cases; "
        what += f"idexx-sync clinics add {overview.id} --acting-user USER_ID"
        yield Need("odis", what, blocks=False)


def schedule_needs(problems: Iterable[str]) -> Iterator[Need]:
    """What of the clinic's schedules cannot be read or carried out."""
    for problem in problems:
        yield Need("odis", f"clinic_schedule_configs.{problem}", blocks=False)


def shortfall_needs(
    history: SyncHistory, *, is_old: bool, short_of: date | None, is_paused: bool
) -> Iterator[Need]:
    """What keeps a sync whose last run ended well from being fresh; `short_of` is the day to which
    its last success should have read, and did not.

    Days that somebody asked for are nobody's trouble while the sync's own are up to date, and
    one incomplete read may be the last one. What a pause stopped goes on by itself after it, and
    while one stands that is told alone.
    """
    if history.read_nothing:
        what = f"last {history.sync} run: the calendar showed nothing on any of its days; look "
        what += "whether that is so in Neo, and whether its rooms are the clinic's"
        yield Need("odis", what, blocks=False, since=history.ended_at)
    if short_of is not None:
        what = f"last {history.sync} success: it read to {history.read_until}, and by the clinic's "
        what += f"horizon it has to read to {short_of}; the next run does"
        yield Need("nobody", what, blocks=False, since=history.last_success_at)
    code = history.unfresh
    if code is None or code not in SHORTFALLS or (code == "other_days" and not is_old):
        return
    by_pause = code == "stopped_by_pause"
    if by_pause and is_paused:
        return
    passes = by_pause or (code == "read_incomplete" and not is_old)
    who: WhoActs = "nobody" if passes else "odis"
    what = f"last {history.sync} run: {SHORTFALLS[code]}"
    yield Need(who, what, blocks=False, since=history.last_success_at)


def lasting_needs(overview: ClinicOverview) -> Iterator[Need]:
    """What is in doubt, told or decided, and keeps no run from succeeding."""
    yield from _doubt_needs(overview)
    yield from _unread_needs(overview)
    yield from _denied_needs(overview)
    yield from _partly_needs(overview)
    yield from _told_needs(overview)
    yield from _hold_needs(overview)
    yield from _kept_out_needs(overview)


def _pause_needs(state: ClinicState) -> Iterator[Need]:
    """What keeps the clinic paused. That of all clinics was decided for all of them, and asks
    nothing of this one; one of its own asks somebody to end it, or its data grow old unseen."""
    zone = zone_of(state.timezone)
    for pause in state.pauses:
        what = f"{pause.in_words(zone)}; {how_it_goes_on([pause])}"
        yield Need("odis", what, since=pause.paused_at, decided=pause.of_all)


def _access_needs(state: ClinicState, now: datetime) -> Iterator[Need]:
    if state.credential_version is None:
        yield Need("odis", f"credentials: none yet; idexx-sync credentials set --clinic {state.id}")
    if (refusal := breaker(state, now)) is not None:
        since = state.attempts[0].attempted_at if state.attempts else None
        what = f"{phrase({}, refusal.kind)}: {refusal.message}"
        told = state.alert_on(refusal.kind)
        yield Need(refusal.who_acts, what, since=since, alert_id=told)


def _company_need(state: ClinicState, refused: Refused) -> Need:
    """Logins that led to another company than the clinic's own, until one leads back."""
    error = other_company(state.id, refused.differs)
    told = state.alert_on(error.kind)
    return Need(error.who_acts, error.message, since=refused.since, alert_id=told)


def _other_company(state: ClinicState) -> SyncError | None:
    refused = state.refused
    return None if refused is None else other_company(state.id, refused.differs)


def _was_acted_on(state: ClinicState, history: SyncHistory) -> bool:
    """Whether settings or credentials were changed after a failure that they can heal."""
    kind = history.error_kind or ""
    of_settings = who_acts(kind) == "clinic" or kind == ConfigurationInvalid.kind
    of_settings |= (history.error_message or "").startswith(f"{OTHER_COMPANY}: ")
    changed, ended = state.changed_at, history.ended_at
    return of_settings and changed is not None and ended is not None and changed > ended


def _doubt_needs(overview: ClinicOverview) -> Iterator[Need]:
    """What takes time because it is in doubt, until it is settled in Neo or read otherwise."""
    for doubt in overview.doubts:
        named = [id_ for id_ in doubt.ids if not id_.startswith("? ")]
        what = f"{doubt.number} in the calendar {doubt_in_words(doubt.code)}"
        what += f": {', '.join(named)}" if named else ""
        what += "; all that may take is occupied until it is put right in Neo"
        if named:
            id_ = named[0].partition("@")[0]
            what += f"; idexx-sync explain appointment {id_} --clinic {overview.id}"
        yield Need("odis", what, blocks=False, since=doubt.since)


def _unread_needs(overview: ClinicOverview) -> Iterator[Need]:
    """Clinical records that give nothing whenever they are asked for, while that is done."""
    for unread in overview.unread:
        whose = "visit's" if unread.number == 1 else "visits'"
        what = f"{unread.number} {whose} clinical record {unread_in_words(unread.code)}: "
        what += f"{', '.join(unread.ids)}; what it says now is not in ODIS; look at it in Neo; "
        what += f"idexx-sync explain appointment {unread.ids[0]} --clinic {overview.id}"
        yield Need("odis", what, blocks=False, since=unread.since)


def _denied_needs(overview: ClinicOverview) -> Iterator[Need]:
    """Cases that say that their patient is no extreme case, although its record says it died."""
    denied = overview.denied_deaths
    if denied is not None:
        what = f"{denied.number} not completed, because words of the clinic say that the patient "
        what += (
            f"has died and the check in ODIS denies it: {', '.join(denied.visits)}; correct the "
        )
        what += "check there, or complete the case by hand; "
        what += f"idexx-sync explain appointment {denied.visits[0]} --clinic {overview.id}"
        yield Need("odis", what, blocks=False, since=denied.since)


def _partly_needs(overview: ClinicOverview) -> Iterator[Need]:
    """Cases that wait, because some of their visit's words could not be read."""
    partly = overview.partly
    if partly is not None:
        what = f"{partly.number} not completed, because words of the visit or its clinical record "
        what += f"could not be read: {', '.join(partly.visits)}; put them right in Neo, or "
        what += "complete the case by hand; "
        what += f"idexx-sync explain appointment {partly.visits[0]} --clinic {overview.id}"
        yield Need("odis", what, blocks=False, since=partly.since)


def _told_needs(overview: ClinicOverview) -> Iterator[Need]:
    """Days that no run has read, and visits that were given to another patient."""
    for told in overview.told:
        if told.days_lost is not None:
            first, last = told.days_lost
            what = f"{told.sync}: no run has read {first} to {last}; "
            what += f"idexx-sync sync {told.sync} --from {first} --to {last} --clinic {overview.id}"
            yield Need("odis", what, blocks=False, since=told.at)
    changed = [told for told in overview.told if told.patients_changed]
    if changed:
        number = sum(told.patients_changed for told in changed)
        what = f"{number} given to another patient in Neo within the last 7 days: look whether "
        what += f"anybody was called for the former one; idexx-sync jobs show {changed[0].job_id}"
        yield Need("odis", what, blocks=False, since=changed[-1].at)


def _hold_needs(overview: ClinicOverview) -> Iterator[Need]:
    for hold in overview.open_holds:
        what = f"{phrase(HELD_BECAUSE, hold.cause)}: decide, idexx-sync holds show {hold.id}"
        told = overview.alert_on("held")
        yield Need("odis", what, blocks=False, since=hold.opened_at, alert_id=told)


def _kept_out_needs(overview: ClinicOverview) -> Iterator[Need]:
    """What a person has revived or rejected, and what a next step would be."""
    zone = zone_of(overview.timezone)
    for hold in overview.revived:
        what = f"revived by {hold.by or 'somebody'} on {local_day(hold.at, zone)}: it stays until "
        what += f"Neo shows it again, and nothing is to do; idexx-sync holds show {hold.id}"
        yield Need("odis", what, blocks=False, since=hold.at, decided=True)
    for hold in overview.kept_out:
        day = local_day(hold.at, zone)
        what = f"{phrase(HELD_BECAUSE, hold.cause)}: kept out by {hold.by or 'somebody'} on {day}; "
        what += f"if that is no longer right, idexx-sync holds reopen {hold.id}"
        yield Need("odis", what, blocks=False, since=hold.at, decided=True)
