"""What comes next after each decision, and who has to do it: tables from code to kind. Pure."""

from collections.abc import Mapping
from datetime import date
from shlex import quote
from typing import Final, Literal

from idexx_sync.core.catalog import SyncName
from idexx_sync.explain.runs import Runs
from idexx_sync.syncs.decision import Decision

StepKind = Literal["run", "twice", "rooms", "neo", "odis", "log"]
"""A run of the sync that decided, or two; the list of rooms; a person in Neo or ODIS; our log."""

CALENDAR_STEPS: Final[Mapping[str, StepKind]] = {
    "new": "run",
    "new_since_read": "run",
    "never_read": "run",
    "came_back": "run",
    "changed": "run",
    "rederived": "run",
    "keyed_anew": "run",
    "room_not_synced": "rooms",
    "outside_window": "run",
    "unreadable": "neo",
    "unforeseen": "log",
    "read_incomplete": "run",
    "not_looked_up": "run",
    "look_up_failed": "run",
    "not_found_yet": "twice",
    "not_found_twice": "run",
    "deleted_at_source": "run",
    "cancelled_at_source": "run",
    "alive": "run",
    "older_version": "run",
    "moved_away": "run",
}
"""Of the inbound plan; each of its decisions has one."""

CASE_STEPS: Final[Mapping[str, StepKind | None]] = {
    "no_patient": "neo",
    "versions_differ": "neo",
    "ends_before_start": "neo",
    "older_version": "run",
    "out_of_calendar": "neo",
    "refused": "odis",
    "document_not_an_object": "odis",
    "deleted_in_odis": None,
    "new": "run",
    "adopted": "run",
    "several_cases": None,
    "came_back": "run",
    "changed": "run",
    "rederived": "run",
    "another_patient": "run",
    "another_owner": "run",
    "edits_dropped": None,
    "edited": None,
    "died": "run",
    "unforeseen": "log",
    "screened_partly": "odis",
    "outside_window": "run",
    "no_record": None,
    "never_read": "run",
    "another_record": "run",
    "read_failed": "run",
    "wrong_patient": "neo",
    "vanished": "neo",
    "not_final": None,
    "read_before_final": "run",
    "no_notes": None,
    "changed_since": "run",
    "not_completed": "run",
    "daily": None,
    "over": None,
    "wrong_patient_now": "neo",
    "of_another_now": "neo",
    "read_failed_now": "run",
    "parts_unread": "neo",
    "gone_now": "run",
}
"""Of the case plan but for the status; None: it stays so, and nobody has to do anything."""

STATUS_STEPS: Final[Mapping[str, StepKind | None]] = {
    "as_the_visit": None,
    "before_live": None,
    "screened": None,
    "not_screened": "run",
    "seen_once": "run",
    "made_late": "odis",
    "newer_record": "run",
    "of_another": "neo",
    "not_screened_whole": "odis",
    "death_unmarked": "odis",
    "death_denied": "odis",
    "consultation_not_said": "run",
    "notes_not_said": "odis",
    "read_in_part": "run",
    "case_of_another": "run",
    "whose_unsaid": "run",
    "old_summary": "odis",
    "merged_just_now": "run",
    "emptied": "run",
    "document_broken": "odis",
    "no_status": None,
}
"""Of why a case's status is what it is."""
_SETTLED: Final = ("completed", "completed_already", "edited")


def step_of(
    steps: Mapping[str, StepKind] | Mapping[str, StepKind | None],
    decision: Decision,
    runs: Runs,
    day: date | None,
    room_ids: tuple[str, ...] | None = None,
) -> str | None:
    """What comes next after the decision; None: nothing. Raises KeyError for an unknown code."""
    kind = steps[decision.code]
    if kind is None or day is None:
        return None
    if steps is STATUS_STEPS and _is_settled(decision):
        return None
    if kind == "rooms":
        return rooms_step(runs, decision.facts.get("room"), room_ids)
    return said(kind, runs, day, "inbound" if steps is CALENDAR_STEPS else "cases")


def _is_settled(decision: Decision) -> bool:
    facts = decision.facts
    return facts.get("outcome") in _SETTLED or facts.get("becomes") == "completed"


def said(kind: StepKind, runs: Runs, day: date, sync: SyncName) -> str:
    """The step in words."""
    if kind == "run":
        return runs.next_run(sync, day)
    if kind == "twice":
        return f"two complete reads, 10 minutes apart, prove it gone; {runs.next_run(sync, day)}"
    if kind == "neo":
        return f"look at it in Neo, and put it right there; then {runs.next_run(sync, day)}"
    if kind == "odis":
        return f"for a person in ODIS, as said; then {runs.next_run(sync, day)}"
    return (
        "a defect of ours: the log of the last job says where; "
        f"idexx-sync jobs list --clinic {runs.clinic_id}"
    )


def rooms_step(runs: Runs, room: object, room_ids: tuple[str, ...] | None) -> str:
    """How to let a room count."""
    named = " ".join(f"--room {quote(str(one))}" for one in (*(room_ids or ()), room))
    return f"if it is to count: idexx-sync clinics add {runs.clinic_id} {named}"
