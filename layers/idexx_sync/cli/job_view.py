"""A job as data and as a person reads it."""

from typing import Any
from zoneinfo import ZoneInfo

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from idexx_sync.cli.tables import facts, listing
from idexx_sync.cli.words import (
    ACTORS,
    COUNTS,
    REASONS,
    WARNINGS,
    counted,
    moment,
    told,
    took,
    utc,
)
from idexx_sync.errors import who_acts
from idexx_sync.jobs import Job

MOST_CHANGES_SHOWN = 40
COLOURS = {"succeeded": "green", "succeeded_with_warnings": "yellow", "held": "yellow"}


def job_data(job: Job) -> dict[str, Any]:
    """All that is known of a job, for JSON; times in UTC."""
    result = job.result or {}
    data: dict[str, Any] = {
        "id": str(job.id),
        "clinic_id": str(job.clinic_id),
        "sync": job.sync,
        "trigger": job.trigger,
        "status": job.status,
        "dry_run": bool(job.params.get("dry_run")),
        "window": _window(job),
        "attempt": job.attempt,
        "queued_at": utc(job.queued_at),
        "started_at": None if job.started_at is None else utc(job.started_at),
        "finished_at": None if job.finished_at is None else utc(job.finished_at),
        "summary": result.get("summary"),
        "counts": result.get("counts"),
        "warnings": result.get("warnings"),
        "held": result.get("held"),
        "error": _error(job),
    }
    if "plan" in result:
        data["plan"] = result["plan"]
    return data


def job_shown(job: Job, zone: ZoneInfo) -> list[RenderableType]:
    """What a person wants to know of a job, the outcome first."""
    result = job.result or {}
    window = _window(job)
    parts: list[RenderableType] = [
        _headline(job),
        facts(
            [
                ("job", str(job.id)),
                ("clinic", str(job.clinic_id)),
                ("days", f"{window[0]} to {window[1]} ({zone.key})" if window else None),
                ("started", moment(job.started_at, zone)),
                ("took", took(job.started_at, job.finished_at)),
                ("who must act", _who_must_act(job)),
            ]
        ),
    ]
    if counts := _counts(result.get("counts", {})):
        parts.append(facts(counts))
    for code, count in result.get("warnings", {}).items():
        parts.append(Text(f"! {told(WARNINGS, code)}: {count}", "yellow"))
    for cause, count in result.get("held", {}).items():
        parts.append(Text(f"! held back ({told({}, cause)}): {counted(count, 'record')}", "yellow"))
    if job.status == "held":
        parts.append(Text(f"Decide with: idexx-sync holds list --clinic {job.clinic_id}"))
    if plan := result.get("plan"):
        parts += _plan(plan)
    return parts


def outcome(job: Job) -> str:
    """One phrase: what was done, or why not."""
    if job.error_kind is not None:
        return f"{told({}, job.error_kind)}: {job.error_message}"
    summary = (job.result or {}).get("summary")
    would = "would have been: " if summary and job.params.get("dry_run") else ""
    return f"{would}{summary or job.error_message or '-'}"


def _headline(job: Job) -> Text:
    line = Text(told({}, job.status), COLOURS.get(job.status, "red"))
    dry = "dry run, nothing was written; " if job.params.get("dry_run") else ""
    return line.append(f"  {dry}{outcome(job)}", "default")


def _counts(counts: dict[str, int]) -> list[tuple[str, str | None]]:
    """Those that are not zero, in the order of the words, unknown ones last."""
    order = [*COUNTS, *counts]
    named = sorted((name for name, count in counts.items() if count), key=order.index)
    return [(told(COUNTS, name), str(counts[name])) for name in named]


def _window(job: Job) -> list[str] | None:
    """First and last day, ISO; None for a job that never got so far as to know them."""
    days = (job.result or {}).get("window") or (job.params.get("from"), job.params.get("to"))
    return [str(day) for day in days] if all(days) else None


def _error(job: Job) -> dict[str, Any] | None:
    if job.error_kind is None:
        return None
    return {
        "kind": job.error_kind,
        "message": job.error_message,
        "who_acts": who_acts(job.error_kind),
    }


def _who_must_act(job: Job) -> str | None:
    return None if job.error_kind is None else ACTORS[who_acts(job.error_kind)]


def _plan(changes: list[dict[str, Any]]) -> list[RenderableType]:
    rows = [
        (
            change["id"],
            change["action"],
            told(REASONS, change["reason"]),
            "all" if change["action"] == "create" else ", ".join(change["fields"]),
        )
        for change in changes[:MOST_CHANGES_SHOWN]
    ]
    table: Table = listing(("Id", "Would", "Why", "Fields"), rows, whole=("Id",))
    left = len(changes) - len(rows)
    return [table, Text(f"... and {left} more; --json shows all")] if left else [table]
