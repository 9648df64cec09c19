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
from idexx_sync.operations.letter_ways import REASONS

SHAPES: Final = {
    "destination": "an event that a worker's tries were used up for",
    "schedule": "a scheduled event that could not be handed over",
    "event": "an event that a queue gave up",
    "unreadable": "a message that can't be read",
}


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
    return [facts, *([line(letter.next, whole=True)] if letter.next else [])]


def _job(letter: DeadLetterView) -> str:
    if letter.retry_job_id is not None:
        return f"; ordered again as job {letter.retry_job_id}"
    return "" if letter.job_id is None else f"; job {letter.job_id}"
