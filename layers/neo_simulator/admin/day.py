"""A company's day as a calendar: rooms as columns, times as rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from neo_simulator.company import Company
from neo_simulator.model import Block, Status, Visit
from neo_simulator.payloads.calendar import lasts_until
from neo_simulator.statuses import css_class, state_of
from neo_simulator.web.markup import text
from neo_simulator.world import LONGEST, Occurrence, World

OPENS, CLOSES = 7, 19
"""Hours that are drawn to scale; what lies outside is listed above and below."""
PIXELS_PER_HOUR = 104
LEAST_MINUTES = 15


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry beside those it overlaps in its room."""

    entry: Occurrence
    lane: int
    lanes: int


def day_calendar(company: Company, day: date) -> str:
    entries = list(_of_day(company.world, day))
    rooms: list[int | None] = [*company.world.rooms]
    if any(isinstance(e.record, Visit) and e.record.room_id is None for e in entries):
        rooms.append(None)
    columns = f"style='--rooms:{len(rooms)}'"
    heads = "".join(f"<div class='room'>{text(_room_name(company, room))}</div>" for room in rooms)
    before = [entry for entry in entries if entry.start.hour < OPENS]
    after = [entry for entry in entries if entry.start.hour >= CLOSES]
    drawn = [entry for entry in entries if OPENS <= entry.start.hour < CLOSES]
    return (
        f"<div class='calendar' {columns}><div class='corner'></div>{heads}"
        f"{_strip('all day or early', company, before, rooms)}{_hours()}"
        + "".join(_column(company, _of_room(drawn, room)) for room in rooms)
        + f"{_strip('late', company, after, rooms)}</div>{_legend(company, entries, day)}"
    )


def _of_day(world: World, day: date) -> Iterator[Occurrence]:
    """Visits and blocks, of those that last several days the part that lies in this one."""
    midnight = datetime.combine(day, time())
    next_one = midnight + timedelta(days=1)
    for entry in world.starting(midnight - LONGEST, next_one - timedelta(seconds=1)):
        if isinstance(entry.record, Visit | Block) and lasts_until(entry) > midnight:
            start, end = max(entry.start, midnight), min(entry.end, next_one)
            yield Occurrence(start, end, entry.record)


def _room_name(company: Company, room: int | None) -> str:
    return "No room" if room is None else company.world.rooms[room].name


def _of_room(entries: Sequence[Occurrence], room: int | None) -> list[Occurrence]:
    """A block without a room stands in every column."""
    return [
        entry
        for entry in entries
        if isinstance(entry.record, Visit | Block)
        and (
            entry.record.room_id == room
            or (isinstance(entry.record, Block) and entry.record.room_id is None)
        )
    ]


def _strip(
    name: str, company: Company, entries: Sequence[Occurrence], rooms: Sequence[int | None]
) -> str:
    if not entries:
        return ""
    columns = "".join(
        "<div class='strip'>"
        + "".join(_card(company, entry) for entry in _of_room(entries, room))
        + "</div>"
        for room in rooms
    )
    return f"<div class='hour-name'>{name}</div>{columns}"


def _hours() -> str:
    names = "".join(f"<div>{hour:02d}:00</div>" for hour in range(OPENS, CLOSES))
    return f"<div class='hours' style='--hour:{PIXELS_PER_HOUR}px'>{names}</div>"


def _column(company: Company, entries: list[Occurrence]) -> str:
    height = (CLOSES - OPENS) * PIXELS_PER_HOUR
    cards = "".join(_placed_card(company, placed) for placed in side_by_side(entries))
    style = f"height:{height}px;--hour:{PIXELS_PER_HOUR}px"
    return f"<div class='column' style='{style}'>{cards}</div>"


def side_by_side(entries: Sequence[Occurrence]) -> list[Placed]:
    """Entries that overlap share the width, each in a lane of its own."""
    placed: list[Placed] = []
    group: list[tuple[Occurrence, int]] = []
    lane_ends: list[datetime] = []
    for entry in entries:
        if lane_ends and entry.start >= max(lane_ends):
            placed += [Placed(member, lane, len(lane_ends)) for member, lane in group]
            group, lane_ends = [], []
        free = next((n for n, end in enumerate(lane_ends) if end <= entry.start), len(lane_ends))
        if free == len(lane_ends):
            lane_ends.append(entry.start)
        lane_ends[free] = _drawn_end(entry)
        group.append((entry, free))
    return placed + [Placed(member, lane, len(lane_ends)) for member, lane in group]


def _drawn_end(entry: Occurrence) -> datetime:
    return max(lasts_until(entry), entry.start + timedelta(minutes=LEAST_MINUTES))


def _placed_card(company: Company, placed: Placed) -> str:
    start = placed.entry.start
    closing = datetime.combine(start.date(), time(CLOSES))
    minutes = (min(_drawn_end(placed.entry), closing) - start).seconds / 60
    top = (start.hour - OPENS) * 60 + start.minute
    scale = PIXELS_PER_HOUR / 60
    width = 100 / placed.lanes
    style = (
        f"top:{top * scale:.0f}px;height:{minutes * scale - 2:.0f}px;"
        f"left:{placed.lane * width:.2f}%;width:calc({width:.2f}% - 2px);"
    )
    return _card(company, placed.entry, style, narrow=placed.lanes > 2)


def _card(company: Company, entry: Occurrence, style: str = "", *, narrow: bool = False) -> str:
    record = entry.record
    times = f"{entry.start:%H:%M}–{entry.end:%H:%M}"
    if isinstance(record, Block):
        whole = entry.end - entry.start in (timedelta(), timedelta(days=1))
        again = " ↻" if record.recurring else ""
        label = f"<b>{text(record.title)}</b>{again} <i>{'all day' if whole else times}</i>"
        return f"<div class='card block' style='{style}' title='{times}'>{label}</div>"
    assert isinstance(record, Visit)
    patient, client = company.world.patient_of(record)
    kind = company.world.types[record.type_id]
    state = state_of(record, company.clock.local())
    owner = " ".join(part for part in (client.first_name, client.last_name) if part)
    details = f"{times} · {kind.name} · {state} · {owner} · {record.reason} · id {record.id}"
    classes = f"card {css_class(state)}" + " narrow" * narrow
    return (
        f"<div class='{classes}' style='{style}background:{kind.color}' tabindex='0'"
        f" data-visit='{record.id}' data-start='{record.start:%Y-%m-%dT%H:%M}'"
        f" data-room='{record.room_id or ''}' data-patient='{text(patient.name)}'"
        f" title='{text(details)}'><b>{entry.start:%H:%M} {text(patient.name)}</b>"
        f"<em>{text(state)}</em><span>{text(owner)}</span>"
        f"<span>{text(kind.name)}: {text(record.reason)}</span></div>"
    )


def _legend(company: Company, entries: Sequence[Occurrence], day: date) -> str:
    used = {e.record.type_id for e in entries if isinstance(e.record, Visit)}
    swatches = "".join(
        f"<span><i style='background:{kind.color}'></i>{text(kind.name)}</span>"
        for kind in company.world.types.values()
        if kind.id in used
    )
    gone = sum(v.deleted and v.start.date() == day for v in company.world.visits.values())
    visits = [entry.record for entry in entries if isinstance(entry.record, Visit)]
    cancelled = sum(visit.status is Status.CANCELLED for visit in visits)
    blocks = len(entries) - len(visits)
    return (
        f"<p class='legend'>{swatches}<span><i class='block'></i>block</span>"
        f"<span class='quiet'>{len(visits)} visits ({cancelled} cancelled), {blocks} blocks; "
        f"{gone} deleted and not shown</span></p>"
    )
