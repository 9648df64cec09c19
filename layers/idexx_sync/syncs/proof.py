"""What the planning of every sync shares: proof that a record is gone (rule R6), and the versions
of one record in an answer. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from idexx_sync.core.errors import ShapeChanged
from idexx_sync.pims.protocol import SourceRecord
from idexx_sync.syncs.memory import Record

LOOKUPS_PER_RUN: Final = 50
STRIKES_THAT_PROVE: Final = 2
STRIKE_INTERVAL: Final = timedelta(minutes=10)
UNASKABLE_INTERVAL: Final = timedelta(hours=24)
"""Between two strikes of what the source can't be asked about, because its id stands for more."""

MOST_MISSING_STATUS_KEYS: Final = 0.05
"""Above this share of visits without the status key, the answer's shape has changed (rule R5)."""

Unproven = Literal["not_looked_up", "look_up_failed", "not_found_yet", "alive"]
"""Why a row that a read lacks may not be removed."""


def ids_to_look_up(
    missing: Iterable[tuple[str, Record]], limit: int = LOOKUPS_PER_RUN
) -> list[str]:
    """The source ids to look up in this run, least recently looked-up first.

    `missing` pairs the source id of each missing row with what we remember of it.
    """
    never = datetime.min.replace(tzinfo=UTC)

    def age(item: tuple[str, Record]) -> tuple[bool, datetime, str]:
        looked_up_at = item[1].looked_up_at
        return looked_up_at is not None, looked_up_at or never, item[0]

    return list(dict.fromkeys(id_ for id_, _ in sorted(missing, key=age)))[:limit]


def strike(record: Record, read_at: datetime, apart: timedelta = STRIKE_INTERVAL) -> Record:
    """The record after a complete read missed it and its look-up did not find it.

    A second strike counts only when the reads lie far enough apart.
    """
    if record.struck_at is not None and read_at - record.struck_at < apart:
        return record
    return replace(record, strikes=record.strikes + 1, struck_at=read_at)


def proven_gone(record: Record) -> bool:
    return record.strikes >= STRIKES_THAT_PROVE


def check_status_keys(records: Iterable[SourceRecord]) -> None:
    """Raises ShapeChanged when too many visits lack the status key."""
    visits = [record for record in records if record.kind == "visit"]
    without = sum(not record.has_status for record in visits)
    if without > MOST_MISSING_STATUS_KEYS * len(visits):
        raise ShapeChanged(
            f"{without} of {len(visits)} visits lack the status key; "
            "the calendar's answer has changed and its reader must be adapted",
            code="status_key_missing",
        )


def newest(versions: Sequence[SourceRecord]) -> SourceRecord | None:
    """The version that counts: equal ones collapse, else the latest; None if that is unclear."""
    distinct = list(dict.fromkeys(versions))
    if len(distinct) == 1:
        return distinct[0]
    stamps = sorted((record.last_updated_at or "" for record in distinct), reverse=True)
    if stamps[0] == stamps[1]:
        return None
    return max(distinct, key=lambda record: record.last_updated_at or "")
