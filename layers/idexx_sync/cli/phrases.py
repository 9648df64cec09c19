"""The service's words as a person reads them. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from idexx_sync.clinics.needs import SHORTFALLS
from idexx_sync.core.faults import Unfit
from idexx_sync.core.phrases import counted, local_moment, phrase
from idexx_sync.syncs.inbound.context import is_nameless

ACTORS: Final = {
    "clinic": "the clinic",
    "odis": "ODIS",
    "nobody": "nobody; it may pass by itself",
}

CAUSES: Final = {
    "foreign_calendar": "The answer may be another clinic's calendar: nothing was written.",
    "empty_calendar": "The calendar came back empty while there are rows here.",
    "too_many_unreadable": "Too many records could not be read to trust what is missing.",
    "unproven_visit_losses": "More visits vanished than is plausible, without proof by id.",
    "unproven_block_losses": "More blocks vanished than is plausible, without proof by id.",
    "times_shifted": "Nearly all visits moved by the same amount of time.",
    "finalised_visit_removed": "A visit that had been finalised was removed.",
    "never_shown": "Neo finds it by its id, and its calendar never shows it: its time stays taken; "
    "approving removes it.",
    "older_version": "Neo shows an older version than it showed before: both times stay taken; "
    "approving takes the older one.",
    "unreadable_record": "A record shows no id, no day, or not what it is: all that it may take "
    "stays taken (without a day no time gets free at all, and no slots are made of new days); "
    "approving frees that for 24 hours.",
    "revived": "A person has revived it, and the calendar does not show it: it stays; approving "
    "removes it.",
    "by_policy": "It differs from Neo, and this clinic's policy leaves the cause to a person: it "
    "stays; approving puts it right.",
}

DIFFERENCES: Final[Mapping[str, str]] = {
    "cancelled_in_neo": "cancelled in Neo",
    "deleted_in_neo": "deleted in Neo",
    "moved": "moved in Neo",
    "missing_in_odis": "missing in ODIS",
    "status_differs": "another status",
    "contact_differs": "another patient, owner or contact",
    "record_differs": "other notes or details",
    "duplicate_case": "two cases of one visit",
    "reappeared": "removed by us, and Neo shows it",
    "edited_in_odis": "edited in ODIS",
}
"""Cause of a difference between ODIS and Neo -> what a person calls it."""

OUTCOMES: Final[Mapping[str, str]] = {
    "fixed": "fixed",
    "held": "held for a person",
    "reported": "reported",
    "ignored": "ignored",
    "left": "left as it is",
}
"""What became of a difference -> the same for people."""

TREATMENTS: Final[Mapping[str, str]] = {
    "fix": "put right",
    "hold": "held for a person",
    "report": "only reported",
    "ignore": "ignored",
}
"""What is to be done about a cause -> the same for people, after `is`."""

WARNINGS: Final = {
    "clinic_without_zone": "the clinic has no time zone in ODIS; Los Angeles was assumed",
    "unknown_rooms": "rooms of the clinic's list that Neo does not have",
    "read_incomplete": "the calendar could not be read completely; only what is proven gone by "
    "its own id was removed",
    "unreadable_records": "records that could not be read; all that they may take is occupied",
    "memory_unknown": "records whose memory could not be read; it is made anew",
    "unknown_words": "words of Neo seen for the first time and not understood",
    "ends_after_midnight": "records that end after midnight: their rows end at 23:59:59, and the "
    "days after are occupied too",
    "look_ups_failed": "look-ups by id that gave no usable answer",
    "records_left": "clinical records that a night's budget did not reach; the next nights draw "
    "others",
    "days_left": "days that were left for the next run, named below",
    "calls_unknown": "tables in which ODIS may queue calls or e-mails and that can not be read: "
    "whether one is queued for a closed case nobody knows",
    "recomputed": "rows that said otherwise than Neo without news from it, computed anew",
    "many_removed": "proven removals, more than half of the rows: worth a look",
    "kept_out_by_a_person": "holds that a person rejected and that are still found",
    "revived_by_a_person": "records that a person revived and the calendar does not show; "
    "they stay",
    "conflicts_left_for_next_run": "rows that somebody else changed meanwhile",
    "clinic_without_acting_user": "the clinic has no acting user, so ODIS calls nobody about its "
    "cases; name one with: idexx-sync clinics add CLINIC_ID --acting-user USER_ID",
    "patients_changed": "visits that are another patient's now; all that was read, derived or "
    "edited for the former one is gone, and audits name them: look whether anybody was called",
    "owners_changed": "visits that are another owner's now; the former one's contacts are gone",
    "cases_not_written": "visits whose case can't be written; audits name them, and explain "
    "appointment says why",
    "consultations_failed": "clinical records that could not be read, named below; asked for "
    "again in the next run",
    "consultations_once": "clinical records of another patient, or that Neo does not have; once is "
    "no proof: asked for again in the next run",
    "days_lost": "days that no run has read since the last success, too long ago for a "
    "run of its own days; named below with the command that reads them",
    "consultations_wrong_patient": "clinical records of another patient than their visit's, named "
    "below; left, and asked for daily: put it right in Neo",
    "consultations_vanished": "clinical records that Neo no longer has, named below; what was read "
    "stays, and they are asked for daily",
    "consultations_left": "clinical records left for the next run",
    "stopped_by_pause": "the clinic was paused meanwhile, so the run ended early",
    "values_unreadable": "values in ODIS that cannot be read, named below; those that no run "
    "writes anew, correct there",
    "rows_refused": "rows that ODIS's database refused, named below; all others were written",
    "records_partly_unread": "parts of clinical records that could not be read, named below; all "
    "else was, and a case that may miss words of a death is not completed",
    "records_unforeseen": "records at which something broke that nobody foresaw, named below; they "
    "take their time and nobody is called about them, all others were written: the log says where",
    "life_status_in_doubt": "patients that may have died, for a person to look at: marked, or "
    "denied by their case and not completed",
}

UNFRESH: Final = {
    **SHORTFALLS,
    "not_applied": "nothing of it was written to ODIS's rows",
    "foreign_calendar": "the answer may be another clinic's calendar",
}
"""Why a run that ended well is no success (rule R13)."""

COUNTS: Final = {
    "read": "read from the calendar",
    "stored": "rows and cases compared with it",
    "records_read": "clinical records compared",
    "discrepancies": "differences",
    "consultations_due": "clinical records due",
    "consultations_read": "clinical records read",
    "unchanged": "unchanged",
    "created": "created",
    "updated": "updated",
    "removed": "removed",
    "missing": "missing, not proven gone",
    "looked_up": "looked up by id",
    "unreadable": "unreadable",
    "conflicts": "changed by somebody else meanwhile",
    "marked": "marked as died",
    "adopted": "cases adopted",
    "edited_in_odis": "with fields edited in ODIS, left",
    "deleted_in_odis": "deleted in ODIS, not made again",
    "slots_created": "slots created",
    "slots_updated": "slots corrected",
    "slots_deleted": "slots deleted",
    "slots_off_grid": "slots off the grid, kept full",
    "slots_recounted": "slots counted anew",
}

REASONS: Final = {
    "new": "new",
    "source": "changed in Neo",
    "came_back": "came back",
    "revived": "revived by a person",
    "rederived": "says otherwise than Neo",
    "moved_away": "moved out of the window",
    "deleted_at_source": "deleted in Neo",
    "cancelled_at_source": "cancelled in Neo",
    "not_found_twice": "not found twice",
    "room_not_synced": "in a room that is not synced",
    "unreadable": "unreadable, its time is kept",
    "approved": "approved by a person",
    "adopted": "taken over from another service",
    "consultation": "clinical record read",
    "vanished": "its clinical record is gone from Neo",
    "of_another": "its clinical record is another patient's by now",
    "duplicate": "another case of the same visit",
    "life_status": "its patient has died",
    "death_denied": "its patient has died, and its check in ODIS says otherwise",
    "refused": "refused by ODIS's database",
}


FAULTS: Final = {
    "unreadable": "cannot be read",
    "refused": "refused by ODIS's database",
}


def fault_in_words(fault: Mapping[str, Any]) -> str:
    """What is wrong with which value of which row, or part of which clinical record."""
    code, column, id_ = (fault.get(name) or "" for name in ("code", "column", "id"))
    if code == "unread":
        return f"clinical record of visit {id_}: {column} could not be read"
    where = ".".join(name for name in (fault.get("table"), column) if name)
    return f"{phrase(FAULTS, code)}: {where}, {id_}"


def record_named(key: str) -> str:
    """The record's id, or in words that it shows none or no day that could be read."""
    return f"one without a name ({key[2:].strip()})" if is_nameless(key) else key


def moment(instant: datetime | Unfit | None, zone: ZoneInfo) -> str:
    """`2026-05-04 07:00 PDT`; a dash for never, a word for what cannot be read."""
    if isinstance(instant, Unfit):
        return str(instant)
    return "-" if instant is None else local_moment(instant, zone)


def ago(instant: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that says something."""
    seconds = max(0, int((now - instant) / timedelta(seconds=1)))
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return f"{counted(seconds // length, unit)} ago"
    return "just now"


def took(started: datetime | None, finished: datetime | None) -> str:
    if started is None or finished is None:
        return "-"
    return f"{max(0.0, (finished - started).total_seconds()):.1f} s"


def utc(instant: datetime | Unfit) -> str:
    if isinstance(instant, Unfit):
        return str(instant)
    return instant.astimezone(UTC).isoformat(timespec="milliseconds")
