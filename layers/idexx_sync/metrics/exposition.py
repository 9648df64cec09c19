"""The service in numbers, as Prometheus reads them: computed from the database at each request.

Counts over the last 24 hours are gauges: they fall as jobs leave the window, while a counter may
only rise, and `rate()` would take each fall for a restart. No process here lives long enough to
keep a counter, and a total over a table that retention shortens would fall too. The summary of
durations is one of the window for the same reason: divide its sum by its count, without `rate()`.

A clinic is never a label: with `clinic_id` the whole exposition is that clinic's.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import get_args
from uuid import UUID

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric, SummaryMetricFamily

from idexx_sync.clinics.freshness import clinic_freshness
from idexx_sync.clinics.needs import is_switched_on
from idexx_sync.clinics.state import ClinicState
from idexx_sync.core.catalog import SYNCS
from idexx_sync.core.vocabulary import UNFINISHED, Freshness, Stage
from idexx_sync.database.connection import Conn
from idexx_sync.metrics.counts import (
    QUANTILES,
    Counts,
    DurationCount,
    QueueCount,
    TickCount,
    read_counts,
)
from idexx_sync.schedules.ticks import GOAL, TickOutcome, tallies


def exposition(conn: Conn, clinic_id: UUID | None = None) -> bytes:
    """All metrics in Prometheus's text format, over all clinics or of the one named.

    One round trip. NotFound when ODIS has no such clinic.
    """
    reading = read_counts(conn, clinic_id)
    now, fleet = reading.counts.read_at, _Fleet()
    for state in reading.states:
        fleet.see(state, now)
    registry = CollectorRegistry()
    registry.register(_Collector(_families(fleet, reading.counts, now)))
    return generate_latest(registry)


class _Collector:
    """Hands over what was computed before: a registry of its own knows nothing else."""

    def __init__(self, families: Iterator[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        return self._families


@dataclass(slots=True)
class _Fleet:
    """What is counted over clinics, each seen once."""

    stages: Counter[tuple[str]] = field(default_factory=Counter)
    """Of those that are set up for this service."""
    freshness: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By sync and freshness, of those that are switched on."""
    oldest_successes: dict[tuple[str], datetime] = field(default_factory=dict)
    """By sync, of those whose rows this service is to keep current now."""

    def see(self, state: ClinicState, now: datetime) -> None:
        if state.stage is not None:
            self.stages[state.stage,] += 1
        if not is_switched_on(state):
            return
        is_kept_current = state.stage != "shadow" and not state.pauses
        for one in clinic_freshness(state, now).syncs:
            self.freshness[one.sync, one.freshness] += 1
            success = one.last_success_at
            if is_kept_current and success is not None:
                before = self.oldest_successes.get((one.sync,), success)
                self.oldest_successes[one.sync,] = min(before, success)


def _families(fleet: _Fleet, counts: Counts, now: datetime) -> Iterator[Metric]:
    yield from _last_successes(fleet.oldest_successes, now)
    yield _gauge(
        "clinics",
        "Clinics that are set up for this service, by stage.",
        ("stage",),
        {(stage,): fleet.stages[stage,] for stage in get_args(Stage)},
    )
    yield _gauge(
        "clinics_by_freshness",
        "Clinics that have the sync, by how current it is; inactive and switched-off ones not.",
        ("sync", "freshness"),
        {
            (sync, freshness): fleet.freshness[sync, freshness]
            for sync in SYNCS
            for freshness in get_args(Freshness)
        },
    )
    yield _gauge(
        "jobs_last_24h",
        "Jobs ordered within the last 24 hours; no previews, nor what failed by hand.",
        ("sync", "status", "error_kind"),
        {(job.sync, job.status, job.error_kind or "none"): job.count for job in counts.jobs},
    )
    yield from _ticks(counts.ticks)
    yield _durations(counts.durations)
    yield from _queue(counts.queue, now)
    yield _gauge(
        "dead_letters_parked",
        "Dead letters that wait for a person.",
        (),
        {(): sum(letter.count for letter in counts.letters)},
    )
    yield _gauge(
        "jobs_dead",
        "Jobs that are dead and have not been retried.",
        ("sync",),
        {(sync,): 0 for sync in SYNCS} | {(dead.sync,): dead.count for dead in counts.dead},
    )
    yield _gauge(
        "holds_open",
        "Holds that wait for a person's decision.",
        ("cause",),
        {(hold.cause,): hold.count for hold in counts.holds},
    )
    yield _gauge(
        "discrepancies_open",
        "Differences between ODIS and the PIMS that no later reconciliation has found gone, by "
        "cause and by the sync that should have found them; none: no sync missed them.",
        ("cause", "missed_by"),
        {(one.cause, one.missed_by or "none"): one.count for one in counts.discrepancies},
    )
    yield _gauge(
        "alerts_open",
        "Open alerts of clinics, by kind and by who must act.",
        ("kind", "who_acts"),
        {(one.kind, one.who_acts): one.count for one in counts.alerts if not one.of_many},
    )
    yield _gauge(
        "incidents_open",
        "Open alerts that each stand for many clinics, by kind.",
        ("kind",),
        {(one.kind,): one.count for one in counts.alerts if one.of_many},
    )
    yield _gauge(
        "messages_unsent",
        "What is to be told in Slack and is not known to be there.",
        (),
        {(): sum(one.count for one in counts.messages)},
    )
    yield _gauge(
        "messages_unsent_oldest_age_seconds",
        "How long the oldest of these has been waiting; 0 when none waits.",
        (),
        {(): sum(_age(one.oldest, now) for one in counts.messages)},
    )
    yield _gauge(
        "logins_last_24h",
        "Logins of the last 24 hours of which something may have left us; unknown: nobody knows "
        "how it ended.",
        ("outcome",),
        {(login.outcome or "unknown",): login.count for login in counts.logins},
    )


def _last_successes(oldest: Mapping[tuple[str], datetime], now: datetime) -> Iterator[Metric]:
    whose = "of the live and canary clinics that are not paused; only runs that apply count."
    yield _gauge(
        "last_success_timestamp_seconds",
        f"When the sync last succeeded, in Unix time: the oldest last success {whose}",
        ("sync",),
        {labels: instant.timestamp() for labels, instant in oldest.items()},
    )
    yield _gauge(
        "last_success_age_seconds",
        f"How long ago the sync last succeeded: the oldest last success {whose}",
        ("sync",),
        {labels: _age(instant, now) for labels, instant in oldest.items()},
    )


def _ticks(counts: list[TickCount]) -> Iterator[Metric]:
    found = tallies((one.sync, one.status, one.began, one.made_up, one.count) for one in counts)
    yield _gauge(
        "ticks_last_24h",
        "Times at which the sync was due by a clinic's schedule within the last 24 hours, by what "
        "became of them; missed and skipped ones did not run.",
        ("sync", "outcome"),
        {
            (sync, outcome): tally.outcomes.get(outcome, 0)
            for sync, tally in found.items()
            for outcome in get_args(TickOutcome)
        },
    )
    yield _gauge(
        "ticks_missed_last_24h",
        "Those of them that should have run and did not, made up or not.",
        ("sync",),
        {(sync,): tally.not_run for sync, tally in found.items()},
    )
    yield _gauge(
        "ticks_made_up_last_24h",
        "Those that did not run and for which a catch-up was started.",
        ("sync",),
        {(sync,): tally.made_up for sync, tally in found.items()},
    )
    yield _gauge(
        "ticks_ran_ratio_last_24h",
        f"The share of those that should have run and did; the goal is {GOAL}.",
        ("sync",),
        {(sync,): tally.share for sync, tally in found.items() if tally.share is not None},
    )


def _durations(counts: list[DurationCount]) -> Metric:
    family = SummaryMetricFamily(
        "idexx_sync_job_duration_seconds",
        "From first start to end, retries and their waits included, of the jobs that succeeded, "
        "failed or were held within the last 24 hours; previews are left out.",
        labels=["sync"],
    )
    for count in counts:
        for quantile, seconds in zip(QUANTILES, count.quantiles, strict=True):
            labels = {"sync": count.sync, "quantile": str(quantile)}
            family.add_sample(family.name, labels, seconds)
        family.add_metric([count.sync], count.count, count.total)
    return family


def _queue(counts: list[QueueCount], now: datetime) -> Iterator[Metric]:
    yield _gauge(
        "queue_jobs",
        "Jobs that wait or run.",
        ("status",),
        {(status,): 0 for status in UNFINISHED} | {(one.status,): one.count for one in counts},
    )
    yield _gauge(
        "queue_oldest_age_seconds",
        "How long the oldest waiting job has been waiting; 0 when none waits.",
        (),
        {(): sum(_age(one.oldest, now) for one in counts if one.status == "queued")},
    )


def _gauge[Labels: tuple[str, ...]](
    name: str, text: str, labels: Sequence[str], values: Mapping[Labels, float]
) -> Metric:
    family = GaugeMetricFamily(f"idexx_sync_{name}", text, labels=labels)
    for of_labels, value in values.items():
        family.add_metric(of_labels, value)
    return family


def _age(instant: datetime, now: datetime) -> float:
    """Seconds; clocks that disagree a little give no age below zero."""
    return max(0.0, (now - instant).total_seconds())
