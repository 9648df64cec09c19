"""Calendar records that are broken or come twice."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from neo_simulator.payloads.events import Event
from neo_simulator.payloads.text import stamp
from neo_simulator.shape_values import MALFORMED_KINDS


def malformed(record: Event, kinds: Sequence[str] | None, number: int) -> Any:
    """The record broken in the way whose turn it is; the original stays whole."""
    wanted = kinds or MALFORMED_KINDS
    kind = wanted[number % len(wanted)]
    broken = dict(record)
    match kind:
        case "no_id":
            broken.pop("id", None)
            broken.pop("appointment_id", None)
        case "id_null":
            broken["id"] = broken["appointment_id"] = None
        case "id_object":
            broken["id"] = broken["appointment_id"] = {"value": record["id"]}
        case "no_start":
            del broken["start"]
        case "start_null":
            broken["start"] = None
        case "start_garbage":
            broken["start"] = "2026-02-31 25:61:00"
        case "start_us_format":
            moment = datetime.fromisoformat(record["start"])
            broken["start"] = moment.strftime("%m/%d/%Y %I:%M %p")
        case "end_garbage":
            broken["end"] = "soon"
        case "end_before_start":
            start = datetime.fromisoformat(record["start"])
            broken["end"] = stamp(start - timedelta(minutes=30))
        case _:
            return "[object Object]"
    return broken


def differing_copy(record: Event) -> Event:
    """The same id again: updated later, an hour later."""
    copy = dict(record)
    for key, step in (("start", 60), ("end", 60), ("last_updated_at", 5)):
        if copy.get(key):
            moment = datetime.fromisoformat(copy[key])
            copy[key] = stamp(moment + timedelta(minutes=step))
    return copy
