"""What happens at a demo clinic between two syncs, and what the second one must find."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

from demo.clinics import Member

Effect = Literal["created", "updated", "removed"]
Visit = dict[str, Any]


@dataclass(frozen=True)
class Happening:
    """One thing that staff did, and what it does to ODIS's rows."""

    what: str
    effect: Effect
    keys: frozenset[str]
    """`neo_appointment_id` of the rows."""


def counts(member: Member, visit: Visit) -> bool:
    """Whether a sync of the demo's days has to show the visit."""
    in_window = member.first_day <= date.fromisoformat(visit["start"][:10]) <= member.last_day
    in_room = member.rooms is None or visit["room"] in member.rooms
    return in_window and in_room and not visit["deleted"]


class Day:
    """Picks visits to change, each at most once."""

    def __init__(self, member: Member) -> None:
        self.member = member
        self.neo = member.neo
        state = self.neo.state()
        now = datetime.fromisoformat(state["company"]["now"])
        self.now = now
        counted = [visit for visit in state["visits"] if counts(member, visit)]
        self.visits = sorted(counted, key=lambda visit: (visit["start"], visit["id"]))
        waiting = [visit for visit in self.visits if visit["status"] == "not arrived"]
        self._today = _picks(waiting, lambda start: start.date() == now.date())
        self._later = _picks(waiting, lambda start: start.date() > now.date())
        self._spoken_for: set[str] = set()

    def today(self) -> str:
        return self._pick(self._today)

    def later(self) -> str:
        return self._pick(self._later)

    def _pick(self, picks: Iterator[Visit]) -> str:
        visit = next(visit for visit in picks if visit["id"] not in self._spoken_for)
        return str(visit["id"])

    def some_owner(self) -> tuple[str, frozenset[str]]:
        """A client, and all visits of theirs that count."""
        client = next(v for v in reversed(self.visits) if v["status"] == "not arrived")["client_id"]
        theirs = frozenset(v["id"] for v in self.visits if v["client_id"] == client)
        self._spoken_for |= theirs
        return client, theirs

    def moment(self, days: int, at: time) -> datetime:
        return datetime.combine(self.now.date() + timedelta(days=days), at)


def prepare(member: Member) -> str:
    """A block that is there at the first sync and will be deleted; its id."""
    start = datetime.combine(member.first_day + timedelta(days=4), time(15))
    return member.neo.book_block(start, start + timedelta(hours=1), "SUPPLIER VISIT", room=3)


def change_the_world(member: Member, block_id: str) -> list[Happening]:
    """Let a busy quarter of an hour happen at the clinic."""
    day, neo = Day(member), member.neo
    done: list[Happening] = []

    def happened(what: str, effect: Effect, *keys: str) -> None:
        done.append(Happening(what, effect, frozenset(keys)))

    client, visits = day.some_owner()
    neo.change_phone(client, "555-555-0177")
    happened("an owner's new phone number", "updated", *visits)

    booked = neo.book(day.moment(5, time(10, 15)), minutes=45, patient="BISCUIT", room=4)
    happened("a visit booked", "created", booked)
    if (change := member.change) is not None:
        booked = neo.book(change.in_the_middle, patient="COMET", room=3, reason="EMERGENCY")
        does = "skips" if change.forward else "repeats"
        happened(f"a visit booked at a time that the clock change {does}", "created", booked)

    neo.move(visit := day.later(), day.moment(6, time(14, 30)))
    happened("a visit moved to another day", "updated", visit)
    neo.move(visit := day.later(), minutes=90)
    happened("a visit made longer", "updated", visit)
    beyond = datetime.combine(member.last_day + timedelta(days=2), time(9))
    neo.move(visit := day.later(), beyond)
    happened("a visit moved beyond the synced days", "updated", visit)
    if member.rooms is not None:
        neo.move(visit := day.later(), room=5)
        happened("a visit moved to a room that does not count", "removed", visit)
    neo.cancel(visit := day.later())
    happened("a visit cancelled", "updated", visit)
    neo.delete(visit := day.later())
    happened("a visit deleted", "removed", visit)

    neo.no_show(visit := day.today())
    happened("a visit missed", "updated", visit)
    neo.start_consultation(visit := day.today())
    happened("a consultation started", "updated", visit)
    neo.start_consultation(visit := day.today())
    neo.finalise(visit)
    happened("a visit finalised", "updated", visit)

    first, second = day.moment(3, time(9)), day.moment(4, time(9))
    block = neo.book_block(first, first + timedelta(hours=1), "TRAINING", None, [second.date()])
    happened("a block of two days booked", "created", f"{block}@{first}", f"{block}@{second}")
    start = datetime.combine(member.first_day + timedelta(days=4), time(15))
    neo.delete_block(block_id)
    happened("a block deleted", "removed", f"{block_id}@{start}")
    return done


def _picks(visits: list[Visit], wanted: Callable[[datetime], bool]) -> Iterator[Visit]:
    """Every third one, so that the changes spread over the days."""
    fitting = [visit for visit in visits if wanted(datetime.fromisoformat(visit["start"]))]
    return iter(fitting[::3] + fitting[1::3])
