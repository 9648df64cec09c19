"""What an alert says to people: what has happened, and what to do next. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from idexx_sync.alerts.kinds import (
    ABANDONED,
    CLOSED_CASE_HAS_CALL,
    DISCREPANCY_STAYS,
    HELD,
    MOST_RECORDS,
    STALE,
    Closing,
)
from idexx_sync.core.phrases import HELD_BECAUSE, counted, phrase


@dataclass(frozen=True, slots=True)
class KindText:
    """Of one kind: what has happened, what to do, and the command that goes on."""

    what: str
    """A sentence without its stop."""
    step: str
    command: str
    """`{clinic}` and `{job}` stand for ids."""
    names: str | None = None
    """What its records are, of a kind whose sentence names them."""


_SHOW_JOB: Final = "idexx-sync jobs show {job}"
_SHOW_RECONCILIATION: Final = "idexx-sync reconciliation show {job}"
_SHOW_CLINIC: Final = "idexx-sync clinics show {clinic}"
_SET: Final = "idexx-sync credentials set --clinic {clinic}"
_PASSES: Final = "It passes by itself; look how long it has been so"

TEXTS: Final[Mapping[str, KindText]] = {
    "credentials_rejected": KindText(
        "Neo refuses the clinic's company id, username or password",
        "No login is tried before they are set anew; ask the clinic for the right ones, and set "
        "them",
        _SET,
    ),
    "password_change_required": KindText(
        "Neo lets nobody in with these credentials before the password is changed",
        "No login is tried before the new one is set; ask the clinic to change it in Neo, and set "
        "it",
        _SET,
    ),
    "account_locked": KindText(
        "Neo has locked the account with which we log in",
        "No login is tried before its credentials are set anew; ask the clinic to unlock it in "
        "Neo, and set them",
        _SET,
    ),
    "challenge_required": KindText(
        "Neo asks for what only a person can give: a second factor, single sign-on or a branch",
        "Ask the clinic for an account that is asked for nothing, and set its credentials",
        _SET,
    ),
    "page_unknown": KindText(
        "A login ended on a page of Neo that nobody has described yet",
        "Look at Neo's login by hand, and at what the job found",
        _SHOW_JOB,
    ),
    "shape_changed": KindText(
        "An answer of Neo no longer has the shape that is read",
        "The reader has to be changed; look at what the job found",
        _SHOW_JOB,
    ),
    "implausible_data": KindText(
        "What Neo shows could be read and can not be true",
        "Look at what the job found, and at the clinic in Neo",
        _SHOW_JOB,
    ),
    "configuration_invalid": KindText(
        "A setting of the clinic or of the service is missing or unfit",
        "Correct the setting that the job names",
        _SHOW_JOB,
    ),
    "internal": KindText(
        "A run ended at a defect of ours",
        "Look at the job and, by its id, at the log; then order it again",
        _SHOW_JOB,
    ),
    "pims_unavailable": KindText("Neo can not be reached", _PASSES, _SHOW_CLINIC),
    "pims_slow": KindText("Neo does not answer in time", _PASSES, _SHOW_CLINIC),
    "throttled": KindText(
        "Neo or our own budget lets no more requests through", _PASSES, _SHOW_CLINIC
    ),
    "database_unavailable": KindText(
        "The database does not answer, or breaks connections off", _PASSES, _SHOW_CLINIC
    ),
    "deadline_exceeded": KindText("Runs do not end within their time", _PASSES, _SHOW_CLINIC),
    "lease_lost": KindText("Runs lose the clinic to other ones", _PASSES, _SHOW_CLINIC),
    HELD: KindText(
        "What a run has found waits for a person's decision",
        "Look at the holds, and decide each",
        "idexx-sync holds list --clinic {clinic} --status open",
    ),
    STALE: KindText(
        "The clinic's data have grown old", "Look what keeps its runs from success", _SHOW_CLINIC
    ),
    DISCREPANCY_STAYS: KindText(
        "A difference to Neo has been there on three nights, although a sync of ours should have "
        "mended it",
        "It is a defect of ours, and is not mended again; look at what differs",
        _SHOW_RECONCILIATION,
    ),
    CLOSED_CASE_HAS_CALL: KindText(
        "A case was closed because its visit is gone or called off, while a call or an e-mail for "
        "it is queued in ODIS",
        "Cancel what is queued for it in ODIS, unless the owner is still to hear of it; see what "
        "the run did",
        _SHOW_JOB,
        names="case",
    ),
}
"""Kind -> what is told of it; every kind of error, and those of our own."""
KINDS: Final[tuple[str, ...]] = tuple(TEXTS)

OF_CODES: Final[Mapping[str, KindText]] = {
    ABANDONED: KindText(
        "A run was cut off or never began, and no other one was coming",
        "Look for the job's id in the worker's log, then order it again",
        "idexx-sync jobs retry {job}",
    ),
}
"""Code -> what is told in place of its kind's text."""

_UNKNOWN: Final = KindText("A run ended with {kind}", "Look at what the job found", _SHOW_JOB)

CLOSED: Final[Mapping[Closing, str]] = {
    "succeeded": "a run went well",
    "no_longer_so": "it is no longer so",
    "not_watched": "the clinic is no longer synced",
    "few_left": "few clinics are left that have it, and each is told by itself",
}
"""Why an alert is closed, for people."""


def text_of(kind: str, code: str | None = None) -> KindText:
    """What is told of the kind, and of some codes; of a kind that is not known its name."""
    if code is not None and code in OF_CODES:
        return OF_CODES[code]
    found = TEXTS.get(kind, _UNKNOWN)
    return replace(found, what=found.what.replace("{kind}", phrase({}, kind)))


def happened(
    kind: str,
    code: str | None,
    alike: int | None = None,
    synced: int | None = None,
    records: Sequence[str] = (),
    causes: Sequence[str] = (),
) -> str:
    """What has happened, as one sentence; of one that stands for many, in how many clinics.

    `records` are ids, which the sentences of some kinds name; `causes` those of all holds that
    wait, where they are known.

    >>> happened("shape_changed", "no_data", 214, 300)
    'An answer of Neo no longer has the shape that is read (no data), in 214 of 300 clinics.'
    """
    told = text_of(kind, code)
    in_many = _in_many(alike, synced)
    return f"{told.what}{_because(kind, code, causes)}{in_many}{_named(told.names, records)}."


def _because(kind: str, code: str | None, causes: Sequence[str]) -> str:
    """Why it is so: of data that have grown old it is how their runs fail."""
    if kind == HELD:
        named = dict.fromkeys([*causes] or ([] if code is None else [code]))
        why = "; ".join(phrase(HELD_BECAUSE, cause) for cause in named)
        return f" ({why})" if why else ""
    if code is None or code in OF_CODES:
        return ""
    return f": {TEXTS[code].what}" if kind == STALE and code in TEXTS else f" ({phrase({}, code)})"


def _named(noun: str | None, records: Sequence[str]) -> str:
    """Which records it is about; an alert does not keep more of them than so many."""
    if noun is None or not records:
        return ""
    more = " and perhaps more" if len(records) >= MOST_RECORDS else ""
    return f": {noun if len(records) == 1 else f'{noun}s'} {', '.join(records)}{more}"


def _in_many(alike: int | None, synced: int | None) -> str:
    return "" if alike is None else f", in {alike} of {counted(synced or alike, 'clinic')}"


def next_step(
    kind: str,
    code: str | None,
    *,
    clinic_id: UUID | None,
    job_id: UUID | None,
    incident_id: UUID | None,
) -> str:
    """What to do, and the command to type next; ids are of the alert's clinic, of the newest job
    that said it and of the alert that stands for it."""
    if incident_id is not None:
        step = "Many clinics have it alike, and one alert stands for them"
        return f"{step}: idexx-sync alerts show {incident_id}"
    if clinic_id is None:
        return _next_of_many(kind, job_id)
    told = text_of(code if kind == STALE and code is not None and code in TEXTS else kind, code)
    command = _SHOW_CLINIC if "{job}" in told.command and job_id is None else told.command
    return f"{told.step}: {command.format(clinic=clinic_id, job=job_id)}"


def _next_of_many(kind: str, job_id: UUID | None) -> str:
    """A cause that many have alike is looked for once, at the newest that had it."""
    newest = "" if job_id is None else f", at the newest job (idexx-sync jobs show {job_id})"
    listed = f"idexx-sync alerts list --kind {kind} --status open"
    return f"Look for one cause of all{newest}: {listed}"
