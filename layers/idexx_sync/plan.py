"""What the planning of every sync shares: proof that a record is gone (rule R6). Pure."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from idexx_sync.records import Record

LOOKUPS_PER_RUN: Final = 50
STRIKES_THAT_PROVE: Final = 2
STRIKE_INTERVAL: Final = timedelta(minutes=10)
UNASKABLE_INTERVAL: Final = timedelta(hours=24)
"""Between two strikes of what the source can't be asked about, because its id stands for more."""

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
