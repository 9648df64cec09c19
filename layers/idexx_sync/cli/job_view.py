"""A job as a person reads it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from idexx_sync.cli.context import Cli
from idexx_sync.cli.exits import Exit, exit_of_job
from idexx_sync.cli.phrases import (
    ACTORS,
    COUNTS,
    DIFFERENCES,
    OUTCOMES,
    REASONS,
    UNFRESH,
    WARNINGS,
    fault_in_words,
    moment,
    record_named,
    took,
)
from idexx_sync.cli.tables import Shown, fact_table, line, listing, two_toned
from idexx_sync.clinics.needs import doubt_in_words, unread_in_words
from idexx_sync.core.catalog import CATALOG
from idexx_sync.core.clinic_time import zone_of
from idexx_sync.core.phrases import HELD_BECAUSE, counted, phrase
from idexx_sync.core.vocabulary import WITHOUT_ROWS, Manner, without_rows
from idexx_sync.jobs.params import MOST_DAYS
from idexx_sync.operations.hints import for_the_api
from idexx_sync.operations.models import JobView
from idexx_sync.syncs.inbound.context import id_of, is_nameless

MOST_CHANGES_SHOWN = 40
NOTHING_WRITTEN: Mapping[Manner, str] = {
    "preview": "nothing was written; ",
    "observe": "nothing of ODIS was written; ",
}
DONE: Final = frozenset(
    [
        *("created", "updated", "removed", "marked", "adopted", "slots_created", "slots_updated"),
        *("slots_deleted", "slots_recounted"),
    ]
)
"""Counts of what is done to rows, or would be."""
COLOURS = {
    "queued": "default",
    "running": "default",
    "succeeded": "green",
    "succeeded_with_warnings": "yellow",
    "held": "yellow",
}


def report_job(
    cli: Cli, job: JobView, *, as_json: bool, over_api: bool = False, clinic_name: str | None = None
) -> Exit:
    """The job is the command's result, and its outcome the exit code."""
    answer_job(cli, job, as_json=as_json, over_api=over_api, clinic_name=clinic_name)
    if not job.is_final:
        return Exit.FAILED
    return exit_of_job(job.status, job.error.kind if job.error else None)


def answer_job(
    cli: Cli, job: JobView, *, as_json: bool, over_api: bool = False, clinic_name: str | None = None
) -> None:
    data = {"job": job.model_dump(mode="json")}
    shown = job_shown(job, over_api=over_api, clinic_name=clinic_name)
    cli.answer(data, shown, as_json=as_json)


def job_shown(
    job: JobView, *, over_api: bool = False, clinic_name: str | None = None
) -> list[Shown]:
    """What a person wants to know of a job, the outcome first.

    Over the API no command is named that needs the database.
    """
    told = for_the_api if over_api else str
    zone = zone_of(job.timezone)
    days = job.window
    parts: list[Shown] = [
        _headline(job),
        fact_table(
            [
                ("job", str(job.id)),
                ("sync", f"{job.sync} by {phrase({}, job.trigger)}"),
                ("clinic", _clinic(job, clinic_name)),
                ("days", f"{days[0]} to {days[1]} ({zone.key})" if days else None),
                ("attempt", _attempt(job)),
                ("started", moment(job.started_at, zone) if job.started_at else None),
                ("took", took(job.started_at, job.finished_at) if job.is_final else None),
                ("retry of", str(job.retry_of) if job.retry_of else None),
                ("makes up", str(job.catch_up_of) if job.catch_up_of else None),
                ("made up by", str(job.made_up_by) if job.made_up_by else None),
                ("who must act", ACTORS[job.error.who_acts] if job.error else None),
            ]
        ),
    ]
    if counts := _counts(job.counts or {}, job.manner):
        parts.append(fact_table(counts))
    for code, count in (job.warnings or {}).items():
        parts.append(line(f"! {told(phrase(WARNINGS, code))}: {count}", "yellow"))
    held = "would be held back" if job.manner in WITHOUT_ROWS else "held back"
    for cause, count in (job.held or {}).items():
        why = phrase(HELD_BECAUSE, cause)
        parts.append(line(f"! {held} ({why}): {counted(count, 'record')}", "yellow"))
    parts += _differences(job, told)
    parts += [line(f"  {fault_in_words(fault)}", "yellow") for fault in job.faults or ()]
    if job.unfresh:
        parts.append(line(f"Not fresh: {phrase(UNFRESH, job.unfresh)}", "yellow"))
    parts += _in_doubt(job, told)
    parts += _unread(job, told)
    if job.unknown_fields:
        parts.append(
            line(f"Fields of Neo seen for the first time: {', '.join(job.unknown_fields)}")
        )
    if job.for_review:
        visits = [key.rpartition("-")[2] for key in job.for_review]
        whose = "case of visit" if len(visits) == 1 else "cases of visits"
        parts.append(line(f"For a person to look at: {whose} {', '.join(visits)}", "yellow"))
        see = f"explain appointment {visits[0]} --clinic {job.clinic_id}"
        parts.append(line(told(f"See: idexx-sync {see}")))
    for name, count in (job.left_out or {}).items():
        parts.append(line(f"... of {phrase({}, name)}, {count} more are not shown", "yellow"))
    if (spent := spent_tries(job)) is not None:
        parts.append(line(f"{spent[0].upper()}{spent[1:]}", "yellow"))
    if job.error is not None and _is_in_status(job, job.error.who_acts) and not _names(job):
        parts.append(line(f"What is needed: idexx-sync clinics show {job.clinic_id}"))
    if job.status == "held":
        parts.append(line(_decide(job)))
    if job.plan:
        parts += _plan(job.plan, job.planned or len(job.plan))
    return parts


def _decide(job: JobView) -> str:
    """Where a person decides; a run that writes none of ODIS's rows opens no hold."""
    if job.manner in WITHOUT_ROWS:
        return "Nobody is asked to decide by this run: one that writes opens the hold"
    return f"Decide with: idexx-sync holds list --clinic {job.clinic_id}"


def _differences(job: JobView, told: Callable[[str], str]) -> Iterator[Shown]:
    """By cause how many differences there are and what became of them, what is left, where each
    of them is told, and what puts them right."""
    days = job.window
    found = {cause: outcomes for cause, outcomes in (job.discrepancies or {}).items() if outcomes}
    if found:
        yield line("Differences to Neo:")
    for cause, outcomes in sorted(found.items()):
        became = (f"{count} {phrase(OUTCOMES, one)}" for one, count in sorted(outcomes.items()))
        yield line(f"  {phrase(DIFFERENCES, cause)}: {', '.join(became)}")
    if job.days_left:
        first, last = job.days_left
        yield line(f"  left for the next run: {first} to {last}", "yellow")
    if found and job.manner != "preview":
        yield line(f"Each of them: idexx-sync reconciliation show {job.id}")
    if job.mode == "report" and job.manner == "observe" and job.planned and days is not None:
        back = f"--clinic {job.clinic_id} --lookback-days {(days[1] - days[0]).days}"
        yield line(told(f"Put right what is safe: idexx-sync sync reconciliation {back} --fix"))


def _is_in_status(job: JobView, who: str) -> bool:
    """A run by hand changes no clinic's status (R13): that has what the clinic must do about its
    login, and all that runs of the service ended with."""
    return who == "clinic" or (who == "odis" and job.trigger != "cli")


def _names(job: JobView, command: str = "") -> bool:
    """Whether its own message says which command comes next, or that it is this one."""
    message = job.message if job.error is None else job.error.message
    return f"idexx-sync {command}" in (message or "")


def spent_tries(job: JobView) -> str | None:
    """That nothing tries a dead job again by itself, and how a person does; None where it is not
    dead, or its message says so."""
    if job.status != "dead" or _names(job, "jobs retry"):
        return None
    again = f"order it again with: idexx-sync jobs retry {job.id}"
    attempts = CATALOG[job.sync].attempts
    if job.attempt < attempts:
        return f"nothing tries it again by itself; {again}"
    return f"its {attempts} tries are used up, so nothing tries it again by itself; {again}"


def outcome(job: JobView) -> str | None:
    """One phrase: what was done, or why not; None: nothing is known yet."""
    if job.error is not None:
        return f"{phrase({}, job.error.kind)}: {job.error.message}"
    return job.summary or job.message or ("-" if job.is_final else None)


def progress_of(job: JobView) -> str:
    """How far a job that has not ended is: `queued (pims slow: …)`, `running, attempt 2`."""
    attempt = f", attempt {job.attempt}" if job.attempt > 1 else ""
    word = without_rows(job.manner, job.mode)
    manner = f", {word}" if word else ""
    return f"{phrase({}, job.status)}{attempt}{manner}{f' ({outcome(job)})' if job.error else ''}"


def _headline(job: JobView) -> Shown:
    colour = COLOURS.get(job.status, "red")
    written = "" if job.error else NOTHING_WRITTEN.get(job.manner, "")
    said = f"{written}{outcome(job) or ''}".removesuffix("; ")
    return two_toned(phrase({}, job.status), colour, f"  {said}" if said else "")


def _clinic(job: JobView, name: str | None) -> str:
    return str(job.clinic_id) if name is None else f"{name} ({job.clinic_id})"


def _attempt(job: JobView) -> str | None:
    """`2 of 3`; None before the first one, and of a run by hand, which nothing repeats."""
    if job.attempt == 0 or job.trigger == "cli":
        return None
    return f"{job.attempt} of {CATALOG[job.sync].attempts}"


def _unread(job: JobView, told: Callable[[str], str]) -> Iterator[Shown]:
    """Each visit whose clinical record gave nothing, and the days that no run has read, with the
    command that reads them."""
    for visit, code in (job.unread or {}).items():
        yield line(f"  clinical record of visit {visit}: {unread_in_words(code)}", "yellow")
    if job.days_lost:
        first, last = job.days_lost
        yield line(f"  not read since the last success: {first} to {last}", "yellow")
        until = min(last, first + timedelta(days=MOST_DAYS - 1))
        days = f"--from {first} --to {until} --clinic {job.clinic_id}"
        further = "" if until == last else f", and so on to {last}"
        yield line(told(f"Read them with: idexx-sync sync {job.sync} {days}{further}"))


def _in_doubt(job: JobView, told: Callable[[str], str]) -> Iterator[Shown]:
    """Each record that takes time because it is in doubt, and how to look at one."""
    doubts = job.in_doubt or {}
    for key, code in doubts.items():
        yield line(f"  in doubt: {record_named(key)}, {doubt_in_words(code)}", "yellow")
    known = next((id_of(key) for key in doubts if not is_nameless(key)), None)
    if known is not None:
        see = f"See: idexx-sync explain appointment {known} --clinic {job.clinic_id}"
        yield line(told(see))


def _counts(counts: Mapping[str, int], manner: Manner) -> list[tuple[str, str | None]]:
    """Those that are not zero, in the order of the words, unknown ones last."""
    order = [*COUNTS, *counts]
    named = sorted((name for name, count in counts.items() if count), key=order.index)
    would = "would be " if manner in WITHOUT_ROWS else ""
    return [
        (f"{would if name in DONE else ''}{phrase(COUNTS, name)}", str(counts[name]))
        for name in named
    ]


def _plan(changes: Sequence[Mapping[str, Any]], planned: int) -> list[Shown]:
    rows = [
        (
            change["id"],
            change["action"],
            phrase(REASONS, change["reason"]),
            "all" if change["action"] == "create" else ", ".join(change["fields"]),
        )
        for change in changes[:MOST_CHANGES_SHOWN]
    ]
    table = listing(("Id", "Would", "Why", "Fields"), rows, whole=("Id",))
    left, told = planned - len(rows), len(changes)
    shows = "all" if told == planned else f"the first {told}"
    return [table, line(f"... and {left} more; --json shows {shows}")] if left else [table]
