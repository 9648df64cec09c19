"""Random histories as lists of operations: made from a seed, shortened, written down, replayed.

An operation names its subject by a number ("the 17th visit, counted round"), so that any part of a
list is a history too.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.faults.statements import ERRORS, KILLED
from tests.faults.sweep_neo import ANSWERS, EXPIRED, FEW_BYTES, cuts

Operation = tuple[str, dict[str, Any]]

ROOMS = (3, 4, 5, None)
MINUTES = (0, 15, 30, 30, 30, 45, 60, 150)
PATIENTS = 25
ZONES = ("America/Los_Angeles", "America/Denver", "America/New_York")
WEEK = {str(day): {"enabled": day != 0, "open": "08:30", "close": "16:30"} for day in range(7)}
HOURS = (
    {"open_time": "08:00", "close_time": "18:00"},
    {"open_time": "07:15", "close_time": "20:00"},
    {"open_time": "09:00", "close_time": "17:10", "days_of_week": [1, 2, 3, 4, 5]},
    {"daily_hours": WEEK},
)
STYLES: dict[str, tuple[Any, ...]] = {
    "end_bound": ("exclusive", "inclusive", "spanning"),
    "unknown_appointment": ("404_json", "404_html", "200_without_appointment", "200_null"),
    "deleted_visits": ("readable", "readable", "unknown"),
    "cancelled_visits": ("present", "absent"),
    "id_types": ({}, {"event.id": "number", "appointment.id": "string"}),
    "expired_answer": EXPIRED,
    "life_shown": ([], [], ["calendar"], ["consultation"]),
    "life_form": ("alive", "status", "deceased_date"),
}
"""Points in which nobody knows how Neo is; each history is one way it may be."""
NO_END = ("no_end", "end_null", "end_garbage", "end_before_start", "end_date_only")
DAY_ONLY = ("start_date_only", "start_fraction", "start_offset", "start_utc")
NO_DAY = ("no_day", "start_null", "no_start", "start_us_format", "not_an_object", "id_null")
ODD_FLAG = ("no_block_flag", "block_flag_null", "block_flag_text", "room_object")
ODD_TEXT = (
    *("reason_cut", "text_half_a_pair", "text_nul", "text_zero_width", "text_bidi"),
    *("text_soft_hyphen", "text_bom", "text_list", "text_object", "text_number", "text_bool"),
    *("people_objects", "stamps_garbage"),
)
UNSEEN = ("ids_invisible", "words_invisible", "contact_full_width", "text_hard_blanks")
"""Kinds of broken records, by what of them is hard to read."""
SAYS_NOTHING = (
    "quantity_word",
    "line_id_object",
    "vital_signs_deep",
    "weight_object",
    "ids_invisible",
)
MAY_SAY_SOMETHING = ("line_nameless", "line_text", "line_null", "lines_by_number", "notes_in_parts")
"""Kinds of odd clinical records."""
DAMAGE: tuple[tuple[str, Any], ...] = (
    ("envelope", "bare_array"),
    ("envelope", "unexpected_object"),
    ("envelope", "events_null"),
    ("calendar_subset", "empty"),
    ("calendar_subset", {"drop_count": 1}),
    ("calendar_subset", {"drop_fraction": 0.19}),
    ("calendar_subset", {"drop_fraction": 0.21}),
    ("calendar_subset", {"drop_fraction": 0.9}),
    ("calendar_subset", "another company's"),
    ("malformed_records", {"percent": 1}),
    ("malformed_records", {"percent": 5}),
    ("malformed_records", {"percent": 25}),
    ("duplicate_records", {"percent": 10, "how": "equal"}),
    ("duplicate_records", {"percent": 10, "how": "differing"}),
    ("unknown_status", {"percent": 20}),
    ("status_missing", {"percent": 3}),
    ("status_missing", {"percent": 30}),
    ("refuse_connections", True),
    ("missing_keys", ["consultationLines"]),
    ("missing_keys", ["consultationNotes"]),
    ("notes_place", "null"),
    ("notes_place", "missing"),
    *(
        ("malformed_records", {"percent": percent, "kinds": list(kinds)})
        for kinds in (NO_END, DAY_ONLY, NO_DAY, ODD_FLAG, ODD_TEXT)
        for percent in (2, 25)
    ),
    *(
        ("duplicate_records", {"percent": 10, "how": how})
        for how in ("other_provider", "other_room", "other_start", "other_end", "no_end")
    ),
    *(
        ("envelope", said)
        for said in ("failed_empty", "failed_with_events", "partial", "has_more", "unknown_keys")
    ),
    ("block_flag_missing", {"percent": 3}),
    ("block_flag_missing", {"percent": 100}),
    ("second_server", {"minutes": 20}),
    ("second_server", {"minutes": 20, "every": 2}),
    ("second_server", {"minutes": 300, "every": 3, "look_ups": True}),
    ("missing_keys", ["last_updated_at"]),
    ("malformed_look_ups", ["text_half_a_pair", "text_nul", "text_list"]),
    ("malformed_look_ups", ["start_date_only", "start_offset", "no_start", "no_end", "no_day"]),
    ("consultation_hidden", {"percent": 40}),
    ("consultation_gone", {"percent": 40}),
    ("consultation_gone", {"percent": 100}),
    ("consultation_garbled", {"percent": 10}),
    ("consultation_garbled", {"percent": 100}),
    ("malformed_look_ups", ["ids_invisible", "text_hard_blanks"]),
    *(("malformed_records", {"percent": percent, "kinds": list(UNSEEN)}) for percent in (2, 100)),
    *(("consultation_key_missing", {"percent": percent}) for percent in (3, 100)),
    *(("notes_place", place) for place in ("second", "renamed", "key_renamed")),
    *(("malformed_consultations", list(kinds)) for kinds in (SAYS_NOTHING, MAY_SAY_SOMETHING)),
    ("picture_kb", 64),
    ("missing_keys", ["client_id"]),
)
"""Knobs under which a calendar is wrong, without an error to show it. New ones stand last, because
histories that are written down know them by their numbers."""


@dataclass(frozen=True, slots=True)
class Chooser:
    """Makes one operation of a history."""

    dice: random.Random

    def subject(self) -> int:
        return self.dice.randrange(1_000)

    def when(self) -> dict[str, int]:
        """A day counted from the clinic's today, and a quarter of an hour of it."""
        return {"day": self.dice.choice((-1, 0, 0, 1, 1, 2, 2, 3, 4, 5, 7)), "quarter": self._at()}

    def _at(self) -> int:
        return self.dice.randrange(28, 76) if self.dice.random() < 0.9 else self.dice.randrange(96)

    def room(self) -> int | None:
        return self.dice.choice(ROOMS)


def _maker(**values: Callable[[Chooser], Any]) -> Callable[[Chooser], dict[str, Any]]:
    return lambda chooser: {name: make(chooser) for name, make in values.items()}


def _visit(chooser: Chooser) -> dict[str, Any]:
    dice = chooser.dice
    return {
        **chooser.when(),
        "minutes": dice.choice(MINUTES),
        "room": chooser.room(),
        "patient": dice.randrange(PATIENTS),
        "spelling": dice.randrange(2),
    }


def _block(chooser: Chooser) -> dict[str, Any]:
    dice = chooser.dice
    return {
        **chooser.when(),
        "quarters": dice.choice((1, 2, 4, 8)),
        "room": chooser.room(),
        "repeats": dice.choice((0, 0, 0, 1, 3)),
        "whole_day": dice.random() < 0.1,
    }


def _closure(chooser: Chooser) -> dict[str, Any]:
    dice = chooser.dice
    return {**chooser.when(), "days": dice.choice((1, 2, 3)), "room": chooser.room()}


def _rule(chooser: Chooser) -> dict[str, Any]:
    dice = chooser.dice
    actions = [action for action in ANSWERS + cuts(FEW_BYTES) if action != "expire_session"]
    return {
        "path": dice.choice(
            (".*", "getAppointment$", "getCalendarEventData$", "View$", "/consultations/")
        ),
        "nth": dice.randrange(1, 5),
        "times": dice.choice((1, 2, 3, 1_000)),
        "action": dice.choice(actions),
    }


def _statement(chooser: Chooser) -> dict[str, Any]:
    how = chooser.dice.choice((KILLED, KILLED, *ERRORS))
    return {"n": chooser.dice.randrange(1, 40), "how": how}


def _pause(chooser: Chooser) -> dict[str, Any]:
    return {"minutes": chooser.dice.choice((1, 5, 15, 15, 30, 60, 240, 900))}


SUBJECT = _maker(subject=Chooser.subject)
MENU: tuple[tuple[float, str, Callable[[Chooser], dict[str, Any]]], ...] = (
    (18, "book", _visit),
    (3, "book_block", _block),
    (8, "move", lambda c: {"subject": c.subject(), **c.when(), "room": c.room()}),
    (3, "resize", lambda c: {"subject": c.subject(), "minutes": c.dice.choice(MINUTES)}),
    (5, "cancel", SUBJECT),
    (3, "uncancel", SUBJECT),
    (5, "delete", SUBJECT),
    (3, "undelete", SUBJECT),
    (2, "move_block", lambda c: {"subject": c.subject(), **c.when(), "room": c.room()}),
    (2, "delete_block", lambda c: {"subject": c.subject(), "whole": c.dice.random() < 0.5}),
    (1, "undelete_block", SUBJECT),
    (3, "no_show", SUBJECT),
    (1, "undo_no_show", SUBJECT),
    (2, "confirm", SUBJECT),
    (4, "confirm_arrival", SUBJECT),
    (4, "start_consultation", SUBJECT),
    (2, "ready_to_pay", SUBJECT),
    (3, "finalise", SUBJECT),
    (1.5, "check_out", SUBJECT),
    (1, "replace_consultation", SUBJECT),
    (1.5, "delete_consultation", SUBJECT),
    (6, "see", lambda c: {**SUBJECT(c), "number": c.subject(), "dies": c.dice.random() < 0.15}),
    (3, "edit_notes", lambda c: {"subject": c.subject(), "number": c.subject()}),
    (0.5, "write_euthanasia", lambda c: {**SUBJECT(c), "number": c.subject()}),
    (0.5, "offer_euthanasia", SUBJECT),
    (0.7, "paste_picture", lambda c: {"subject": c.subject(), "number": c.subject()}),
    (
        3,
        "add_line",
        lambda c: {**SUBJECT(c), "number": c.subject(), "declined": c.dice.random() < 0.3},
    ),
    (1, "edit_reason", SUBJECT),
    (1, "change_type", lambda c: {"subject": c.subject(), "kind": c.dice.randrange(7)}),
    (1, "change_provider", lambda c: {"subject": c.subject(), "provider": c.dice.randrange(5)}),
    (2, "change_phone", lambda c: {"subject": c.subject(), "number": c.dice.randrange(90)}),
    (2, "rename_patient", lambda c: {"subject": c.subject(), "number": c.dice.randrange(90)}),
    (0.5, "name_dead", lambda c: {"subject": c.subject(), "number": c.dice.randrange(90)}),
    (0.4, "mark_deceased", SUBJECT),
    (0.2, "rebook_all", _maker()),
    (1, "change_owner", lambda c: {"subject": c.subject(), "number": c.dice.randrange(90)}),
    (
        1,
        "merge_patients",
        lambda c: {**SUBJECT(c), "into": c.subject(), "consultations": c.dice.random() < 0.6},
    ),
    (
        1.5,
        "change_patient",
        lambda c: {**SUBJECT(c), "number": c.subject(), "goes_along": c.dice.random() < 0.7},
    ),
    (0.7, "change_client", lambda c: {"subject": c.subject(), "number": c.subject()}),
    (1, "empty_notes", SUBJECT),
    (1, "remove_phone", SUBJECT),
    (0.4, "book_closure", _closure),
    (0.4, "delete_many", lambda c: {"share": c.dice.choice((0.15, 0.3, 1.0))}),
    (0.4, "shift_all", lambda c: {"minutes": c.dice.choice((-60, 60, 180))}),
    (1, "set_rooms", lambda c: {"rooms": c.dice.choice((None, None, ["3", "4"], ["3", "5"]))}),
    (1, "set_hours", lambda c: {"number": c.dice.randrange(len(HOURS))}),
    (0.7, "set_zone", lambda c: {"zone": c.dice.choice(ZONES)}),
    (1, "set_slots", lambda c: {"minutes": c.dice.choice((15, 20, 30, 45))}),
    (0.7, "set_capacity", lambda c: {"capacity": c.dice.choice((1, 2, 3))}),
    (2, "tamper", lambda c: {"subject": c.subject(), "how": c.dice.randrange(4)}),
    (
        1.5,
        "agent_books",
        lambda c: {**c.when(), "subject": c.subject(), "how": c.dice.randrange(4)},
    ),
    (2, "edit_by_hand", lambda c: {"subject": c.subject(), "number": c.subject()}),
    (1, "review", SUBJECT),
    (0.5, "refuse_mark", SUBJECT),
    (0.7, "leave_no_verdict", lambda c: {"subject": c.subject(), "number": c.subject()}),
    (0.5, "delete_case", SUBJECT),
    (0.2, "expire_sessions", _maker()),
    (0.2, "new_sealing_key", _maker()),
    (1.5, "new_fingerprint_key", lambda c: {"keep_old": c.dice.random() < 0.5}),
    (0.5, "new_pepper", _maker()),
    (5, "fault_rule", _rule),
    (4, "damage", lambda c: {"number": c.dice.randrange(len(DAMAGE))}),
    (3, "fault_statement", _statement),
    (5, "calm", _maker()),
    (7, "pause", _pause),
    (16, "run", _maker()),
    (12, "run_cases", _maker()),
    (2, "run_both", _maker()),
    (1.5, "settle", _maker()),
)


def history(seed: int, number: int) -> list[Operation]:
    """So many operations; the first says what kind of Neo and which days it is about."""
    dice = random.Random(seed)
    chooser = Chooser(dice)
    weights = [weight for weight, _, _ in MENU]
    begin = {
        "start": dice.choice(STARTS),
        "style": {knob: dice.choice(values) for knob, values in STYLES.items()},
    }
    operations: list[Operation] = [("begin", begin)]
    for _, name, make in dice.choices(MENU, weights, k=number):
        operations.append((name, make(chooser)))
    return operations


def with_nights(operations: Sequence[Operation], seed: int) -> list[Operation]:
    """The same history of a clinic that is reconciled, most often at the end of a day.

    What comes between is chosen by dice of its own: but for that the history stays what the seed
    has always said.
    """
    dice = random.Random(f"nights {seed}")
    (name, facts), *rest = operations
    found: list[Operation] = [(name, {**facts, "nights": True})]
    for operation in rest:
        found.append(operation)
        if dice.random() < A_NIGHT:
            found += [("pause", {"minutes": dice.choice(TO_THE_NIGHT)}), ("run_reconciliation", {})]
    return found


A_NIGHT = 0.04
TO_THE_NIGHT = (5, 600, 1_440, 1_440)
"""Minutes until somebody reconciles: by an order, or as every night."""
STARTS = (
    "2026-05-04 07:00:00",
    "2026-05-08 13:00:00",
    "2026-03-06 09:00:00",  # two days before clocks go forward
    "2026-10-30 09:00:00",  # two days before they go back
    "2026-12-30 16:00:00",
)
