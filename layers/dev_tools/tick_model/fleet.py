"""When the schedules of many clinics tick, and how long the runs take that follow. Pure."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from random import Random
from typing import Final

from idexx_sync.core.catalog import CATALOG, SYNCS, SyncName

MINUTE_S: Final = 60
HOUR_S: Final = 3600
FIRES_WITHIN_S: Final = 60
"""EventBridge Scheduler fires somewhere within the minute."""


@dataclass(frozen=True, slots=True)
class Cadence:
    """What a cron comes to: each so many minutes of the local day, from its first one on."""

    cron: str
    every_min: int
    first_min: int
    spread_min: int
    """Over how many minutes its clinics are spread where `H` stands for the minute."""


DEFAULTS: Final[Mapping[SyncName, Cadence]] = {
    "inbound": Cadence(CATALOG["inbound"].default_cron, 15, 0, 15),
    "cases": Cadence(CATALOG["cases"].default_cron, 120, 0, 60),
    "reconciliation": Cadence(CATALOG["reconciliation"].default_cron, 24 * 60, 120, 60),
}
"""Of a clinic that nobody has scheduled. In the model `H` stands for the minute only, which is less
than what a default is spread over."""
ZONES: Final = ((-5, 0.48), (-6, 0.29), (-7, 0.07), (-8, 0.16))
"""Hours from UTC in winter and the share of clinics there: an assumption, as people live in the
United States."""


@dataclass(frozen=True, slots=True)
class Tick:
    """One scheduled time of a clinic's sync, in seconds from midnight UTC."""

    clinic: int
    sync: SyncName
    due: float
    following: float
    """When the same schedule ticks again."""
    fired: float


def ticks(
    clinics: int, hours: range, seed: int, *, spread: bool, syncs: Collection[SyncName] = SYNCS
) -> Iterator[Tick]:
    """The ticks of so many clinics in these hours of a day, as the defaults stand or spread."""
    random = Random(seed)
    for clinic in range(clinics):
        for sync in syncs:
            cadence = DEFAULTS[sync]
            offset = _hashed(clinic, sync) % cadence.spread_min if spread else 0
            first = cadence.first_min + offset - 60 * _utc_offset(clinic / clinics)
            every = cadence.every_min * MINUTE_S
            start = hours.start * HOUR_S
            due = start + (first * MINUTE_S - start) % every
            while due < hours.stop * HOUR_S:
                fired = due + random.uniform(0, FIRES_WITHIN_S)
                yield Tick(clinic, sync, due, due + every, fired)
                due += every


def _hashed(clinic: int, sync: SyncName) -> int:
    return int.from_bytes(sha256(f"{clinic} {sync}".encode()).digest()[:8])


def _utc_offset(place: float) -> int:
    """Of the clinic at this place of the row of all, from 0 to 1."""
    for hours, share in ZONES:
        if place < share:
            return hours
        place -= share
    return ZONES[-1][0]


@dataclass(frozen=True, slots=True)
class Durations:
    """Shares of runs, and the seconds that each of them takes."""

    shares: tuple[tuple[float, float], ...]

    def one(self, random: Random) -> float:
        at = random.random()
        for share, seconds in self.shares:
            if at < share:
                return seconds
            at -= share
        return self.shares[-1][1]

    @property
    def mean(self) -> float:
        return sum(share * seconds for share, seconds in self.shares)


# Three connections read a record in 0.11 s where Neo answers in 0.33 s, and in 1.7 s where it takes
# 5 s. Of the bench are the unchanged inbound sync (P1), and what a case sync (P11) and a
# reconciliation (P18) may take by floor and goal; which share of runs does what is an assumption.
USUAL: Final[Mapping[SyncName, Durations]] = {
    "inbound": Durations(((0.97, 0.4), (0.02, 5), (0.01, 20))),
    "cases": Durations(((0.80, 2), (0.15, 12.5), (0.05, 34))),
    "reconciliation": Durations(((0.95, 8), (0.05, 30))),
}
"""Unchanged, a login, a login that is tried anew; 15, 100 and 280 records; 60 records."""
SLOW: Final[Mapping[SyncName, Durations]] = {
    "inbound": Durations(((0.97, 5.4), (0.03, 45))),
    "cases": Durations(((0.80, 30), (0.20, 125))),
    "reconciliation": Durations(((1.0, 110),)),
}
"""While Neo takes 5 s for an answer; a case run stops reading after two minutes."""
