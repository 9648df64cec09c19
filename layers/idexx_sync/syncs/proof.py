"""What the planning of every sync shares: proof that a record is gone (rule R6), and the versions
of one record in an answer. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, get_args
from zoneinfo import ZoneInfo

from idexx_sync.core.clinic_time import is_repeated, parse_wall, to_wall
from idexx_sync.core.errors import InternalError, ShapeChanged
from idexx_sync.core.phrases import phrase
from idexx_sync.pims.protocol import Snapshot, SourceRecord
from idexx_sync.syncs.memory import Record, Remembered

LOOKUPS_PER_RUN: Final = 50
STRIKES_THAT_PROVE: Final = 2
STRIKE_INTERVAL: Final = timedelta(minutes=10)
UNASKABLE_INTERVAL: Final = timedelta(hours=24)
"""Between two strikes of what the source can't be asked about, because its id stands for more."""

MOST_SKEW: Final = timedelta(hours=1)
"""So far ahead of ours the source's clock may be, an hour that comes twice included."""
READS_THAT_SET_APART: Final = 3
"""What is odd about one record in so many reads in a row is no passing trouble (rule R1)."""

MOST_MISSING_KEYS: Final = 0.05
"""Above this share of records without a key that decides, the answer's shape has changed (R5)."""
MOST_UNREAD: Final = 3
MOST_UNREAD_SHARE: Final = 0.05
"""Above both of these so many unreadable records are another shape too (R1)."""

Unproven = Literal["not_looked_up", "look_up_failed", "not_found_yet", "alive"]
"""Why a row that a read lacks may not be removed."""
UNPROVEN: Final[tuple[Unproven, ...]] = get_args(Unproven)


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


def strike[R: Remembered[Any]](
    record: R, read_at: datetime, apart: timedelta = STRIKE_INTERVAL
) -> R:
    """The record after a complete read missed it and its look-up did not find it.

    A second strike counts only when the reads lie far enough apart.
    """
    if record.struck_at is not None and read_at - record.struck_at < apart:
        return record
    return replace(record, strikes=record.strikes + 1, struck_at=read_at)


def proven_gone(record: Remembered[Any]) -> bool:
    return record.strikes >= STRIKES_THAT_PROVE


def changed_shape(snapshot: Snapshot) -> ShapeChanged | None:
    """Why the answer is not what the reader was made for; None: it is (rules R1 and R5)."""
    visits = [record for record in snapshot.records if record.kind == "visit"]
    blocks = len(snapshot.records) - len(visits)
    flagless = sum(item.code == "is_block_missing" for item in snapshot.unreadable)
    return (
        key_missing(
            "status_key_missing", "visits", sum(not v.has_status for v in visits), len(visits)
        )
        or key_missing("is_block_missing", "blocks", flagless, blocks + flagless)
        or _too_much_unread(snapshot)
    )


def check_shape(snapshot: Snapshot) -> None:
    """Raises ShapeChanged where the answer is not what the reader was made for."""
    failure = changed_shape(snapshot)
    if failure is not None:
        raise failure


def key_missing(code: str, what: str, without: int, of: int) -> ShapeChanged | None:
    """Why so many of the records lack a key that decides; None: it is not too many.

    Not said is not the same as no.
    """
    if without <= MOST_MISSING_KEYS * of:
        return None
    return ShapeChanged(
        f"{without} of {of} {what} lack a key that decides what they are ({phrase({}, code)}); "
        "Neo's answer has changed and its reader must be adapted",
        code=code,
    )


def _too_much_unread(snapshot: Snapshot) -> ShapeChanged | None:
    backwards = sum(bool(r.end) and r.end < r.start for r in snapshot.records if r.end)
    unread = len(snapshot.unreadable) + backwards
    shown = len(snapshot.unreadable) + len(snapshot.records)
    if unread <= max(MOST_UNREAD, MOST_UNREAD_SHARE * shown):
        return None
    return ShapeChanged(
        f"{unread} of the calendar's {shown} records can't be read; "
        "its answer has changed and its reader must be adapted",
        code="records_unreadable",
    )


def too_many_unforeseen(broken: int, of: int) -> InternalError | None:
    """Why a run at whose records something broke is no success; None: it is their own trouble."""
    if broken <= max(MOST_UNREAD, MOST_UNREAD_SHARE * of):
        return None
    return InternalError(
        f"at {broken} of {of} records something broke that nobody foresaw; the log says where",
        code="records_unforeseen",
    )


def latest_stamp(now: datetime, zone: ZoneInfo) -> str:
    """The last stamp that may be somebody's change by now."""
    return (to_wall(now, zone) + MOST_SKEW).isoformat(" ", "seconds")


def newest_stamp(shown: str | None, known: str | None, latest: str) -> str | None:
    """The stamp to remember of a version that counts: its own, or what is known where it has none.

    One after the `latest` is nobody's change: every later version would look older than it.
    """
    return known if shown is None or shown > latest else shown


def is_older(shown: str | None, known: str | None, zone: ZoneInfo) -> bool:
    """Whether a version is older than the one that is known, both by the source's own stamps.

    Within the hour that the clocks repeat, the later of two stamps may be the smaller one.
    """
    if shown is None or known is None or shown >= known:
        return False
    return not (is_repeated(parse_wall(known), zone) and is_repeated(parse_wall(shown), zone))


def newest(versions: Sequence[SourceRecord]) -> SourceRecord | None:
    """The version that counts: equal ones collapse, else the latest; None if that is unclear."""
    distinct = list(dict.fromkeys(versions))
    if len(distinct) == 1:
        return distinct[0]
    stamps = sorted((record.last_updated_at or "" for record in distinct), reverse=True)
    if stamps[0] == stamps[1]:
        return None
    return max(distinct, key=lambda record: record.last_updated_at or "")
