"""Dead letters as a person reads them: what was sent, what became of it, and what can be done."""

import json
from collections.abc import Sequence
from typing import Final

from idexx_sync.cli.list_view import RED, Clinics
from idexx_sync.cli.phrases import moment
from idexx_sync.cli.tables import Shown, entry, fact_table, line
from idexx_sync.core.clinic_time import zone_of
from idexx_sync.core.phrases import phrase
from idexx_sync.operations.letter_models import DeadLetterView

SHAPES: Final = {
    "destination": "an event that a worker's tries were used up for",
    "schedule": "a scheduled event that could not be handed over",
    "event": "an event that a queue gave up",
    "unreadable": "a message that can't be read",
}
REASONS: Final = {
    "nobody_came": "its job was ended: its run was cut off, and no other one was coming",
    "never_began": "its run never began; its job was made and ended",
    "stale": "its run never began, and the next one has been due since",
    "paused": "its run never began, and the clinic is paused",
    "job_ended": "its job had ended before",
    "run_is_coming": "its job is run, or another event brings a run",
    "unknown_job": "there is no such job",
    "unknown_clinic": "there is no such clinic",
    "unknown_sync": "it is of a sync that is not ours",
    "unknown_version": "it is of another release; order it again once that one is deployed",
    "names_no_sync": "it does not say which sync was meant",
    "names_no_time": "it does not say which scheduled time was meant",
    "time_implausible": "its scheduled time can't be true",
    "too_large": "it is larger than any message of ours",
    "not_json": "it is not JSON",
    "no_object": "it is JSON, and no object",
    "payload_missing": "it is about an event that it does not hold",
    "event_unreadable": "its event is not what a worker is invoked with",
    "params_unreadable": "what it asks of its sync can't be asked",
    "unforeseen": "reading it broke in a way that nobody had thought of: the log says where",
}
"""Reason of a dead letter -> what a person reads."""


def letters_shown(letters: Sequence[DeadLetterView], clinics: Clinics) -> list[Shown]:
    """The letters, those first that wait for a person."""
    parts: list[Shown] = []
    for letter in sorted(letters, key=lambda one: one.status != "parked"):
        clinic = None if letter.clinic_id is None else clinics.get(letter.clinic_id)
        zone = zone_of("UTC" if clinic is None else clinic.timezone)
        whose = "nobody's" if letter.clinic_id is None else f"clinic {letter.clinic_id}"
        head = (
            str(letter.id),
            moment(letter.received_at, zone),
            whose if clinic is None else clinic.name,
            *([letter.sync] if letter.sync else []),
            letter.status,
        )
        told = f"{phrase(REASONS, letter.reason)}{_job(letter)}"
        waits = letter.status == "parked"
        needed = f"decide: idexx-sync dead-letters show {letter.id}" if waits else None
        parts += entry(head, told, RED if waits else "", needed)
    return parts


def letter_shown(letter: DeadLetterView) -> list[Shown]:
    """All that is known of a letter, and what can be done with it."""
    event = None if letter.event is None else json.dumps(letter.event, sort_keys=True)
    left_out = f"{letter.left_out} (it is not the whole order)" if letter.left_out else None
    zone = zone_of("UTC")
    facts = fact_table(
        [
            ("dead letter", str(letter.id)),
            ("received", moment(letter.received_at, zone)),
            ("what it is", phrase(SHAPES, letter.shape)),
            ("why it came", letter.condition),
            ("invocation", None if letter.invocation_id is None else str(letter.invocation_id)),
            ("status", letter.status),
            ("reason", phrase(REASONS, letter.reason)),
            ("clinic", None if letter.clinic_id is None else str(letter.clinic_id)),
            ("sync", letter.sync),
            ("job", None if letter.job_id is None else str(letter.job_id)),
            ("event", event),
            ("left out", left_out),
            ("message", f"{letter.body_bytes} bytes, SHA-256 {letter.body_sha256}"),
            ("ended", None if letter.ended_at is None else moment(letter.ended_at, zone)),
            ("ended by", letter.ended_by),
            ("because", letter.ended_reason),
            ("again as job", None if letter.retry_job_id is None else str(letter.retry_job_id)),
        ]
    )
    return [facts, *_ways(letter)]


def _ways(letter: DeadLetterView) -> list[Shown]:
    again = line(f"Order it again: idexx-sync dead-letters retry {letter.id}")
    discard = f"Let nothing come of it: idexx-sync dead-letters discard {letter.id} --reason TEXT"
    if letter.status == "parked":
        return [again, line(discard)]
    return [again] if letter.status == "ended" else []


def _job(letter: DeadLetterView) -> str:
    if letter.retry_job_id is not None:
        return f"; ordered again as job {letter.retry_job_id}"
    return "" if letter.job_id is None else f"; job {letter.job_id}"
