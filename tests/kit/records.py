"""Records of a PIMS as a provider returns them: visits, blocks, consultations."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from idexx_sync.pims.protocol import Consultation, Line, SourceRecord

MONDAY = date(2026, 5, 4)
MORNING = datetime(2026, 5, 4, 14, 0, tzinfo=UTC)
"""07:00 on MONDAY in Los Angeles."""


def visit(
    record_id: str = "600101", start: str = "2026-05-04 09:00:00", **fields: Any
) -> SourceRecord:
    """A visit of half an hour, if nothing else is said."""
    defaults: dict[str, Any] = {
        "end": str(datetime.fromisoformat(start) + timedelta(minutes=30)),
        "room_id": "3",
        "status": "Not arrived",
        "type": "Exam",
        "patient_name": "TANGO",
        "client_name": "Robin Sample",
        "client_phone": "555-555-0100",
        "provider_name": "DR. A. EXAMPLE",
        "last_updated_at": "2026-05-01 10:00:00",
    }
    return SourceRecord(id=record_id, kind="visit", start=start, **{**defaults, **fields})


def block(
    record_id: str = "700101",
    start: str = "2026-05-04 12:00:00",
    end: str = "2026-05-04 13:00:00",
    room_id: str | None = "3",
    **fields: Any,
) -> SourceRecord:
    return SourceRecord(
        id=record_id,
        kind="block",
        start=start,
        end=end,
        room_id=room_id,
        has_status=False,
        **fields,
    )


def visits(
    count: int, first: int = 600101, day: date = MONDAY, **fields: Any
) -> list[SourceRecord]:
    """Visits with consecutive ids, five a day from 08:00, over consecutive days."""
    return [
        visit(
            str(first + n),
            f"{day + timedelta(days=n // 5)} {8 + n % 5 * 2:02}:00:00",
            **fields,
        )
        for n in range(count)
    ]


def patient_visit(
    record_id: str = "600101", start: str = "2026-05-04 06:00:00", **fields: Any
) -> SourceRecord:
    """A visit of this morning with ids, if nothing else is said."""
    defaults = {"patient_id": "40021", "client_id": "15077", "reason": "LIMPING"}
    return visit(record_id, start, **{**defaults, **fields})


def seen(
    record_id: str = "600101", start: str = "2026-05-04 06:00:00", **fields: Any
) -> SourceRecord:
    """A visit that is over and paid, with a consultation."""
    defaults = {"status": "Finalized", "consultation_id": f"9{record_id}"}
    return patient_visit(record_id, start, **{**defaults, **fields})


def chart(visit_id: str = "600101", **fields: Any) -> Consultation:
    """The record of `seen`'s consultation."""
    defaults: dict[str, Any] = {
        "patient_id": "40021",
        "status": "paid",
        "day": "2026-05-04",
        "reason": "limping",
        "notes_html": "<p>S: two days lame.</p>",
        "lines": [Line("EXAM - OFFICE", id="1"), Line("RADIOGRAPHS, 2 VIEWS", 1, declined=True)],
        "species": "Canine",
        "breed": "Mixed",
        "sex": "Neutered Male",
        "weight_kg": 21.4,
    }
    return Consultation(id=f"9{visit_id}", **{**defaults, **fields})
