"""What the fields of the OpenAPI document mean, and an example of each.

A field's own `Field(description=…, examples=…)` and the words below it in its model come first;
a name means the same everywhere, so most are told here once.
"""

import ast
import inspect
import textwrap
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

Schema = dict[str, Any]

_CLINIC: Final = "3f2b8c1e-5a77-4d0e-9c52-0d8f6a1b2c3d"
_JOB: Final = "9c2e6f0a-1b7d-4a55-8f11-2f6f0c1f7a10"
_AT: Final = "2026-05-04T14:00:00Z"

TOLD: Final[Mapping[str, str]] = {
    "alert_id": "An alert.",
    "attempt": "How many runs have worked on it.",
    "cause": "Why the gate holds, as a word.",
    "checks": "Each thing that has to work.",
    "clinic_id": "A clinic, by its id in ODIS.",
    "code": "What kind of problem it is, as a word for programs.",
    "cursor": "`next_cursor` of the page before.",
    "counts": "What it did, in numbers.",
    "decided_at": "When a person decided it.",
    "decided_by": "Who decided it.",
    "detail": "What was found, for people.",
    "ended_at": "When it ended.",
    "error": "Why it failed.",
    "errors": "Each field that is wrong.",
    "finished_at": "When it ended; null: it has not.",
    "first_day": "First day, as the clinic counts days.",
    "freshness": "How far what is stored can be trusted.",
    "from": "First day, as the clinic counts days; without it the sync's own.",
    "history": "What people and runs did about it, the oldest first.",
    "hold_id": "A hold.",
    "holds": "One page of them, the newest first.",
    "id": "Its id.",
    "job_id": "A job.",
    "jobs": "One page of them, the newest first.",
    "kind": "How it failed, as a word for programs.",
    "last_success_at": "When its last success ended; null: never.",
    "letter_id": "A dead letter.",
    "limit": "At most so many on a page.",
    "message": "For people.",
    "mode": "Whether differences are only reported, or put right.",
    "name": "Its name.",
    "needs": "What somebody must do; what blocks comes first.",
    "next_cursor": "Gives the next page as `cursor`; null on the last one.",
    "ok": "Whether it works.",
    "open_holds": "How many holds wait for a person.",
    "opened_at": "When it was found first.",
    "parameter": "The parameter or header that is wrong.",
    "paused_reason": "Why its runs are skipped; null: they are not.",
    "permit_until": "Until when what was approved may pass.",
    "pointer": "Where in the body the wrong value stands, as a JSON pointer.",
    "queued_at": "When it was ordered.",
    "request_id": "The request, as our log has it.",
    "retry_of": "The job that it repeats.",
    "scheduled_time": "The scheduled time that it is the run of; null: somebody ordered it.",
    "stage": "How far the clinic is on board.",
    "started_at": "When its first run began; null: not yet.",
    "status": "Where it stands.",
    "sync": "Which sync.",
    "syncs": "Its syncs, each with how current it is.",
    "timezone": "The clinic's zone, in which its days are counted.",
    "title": "What kind of problem it is, for people.",
    "to": "Last day; without it the sync's own.",
    "trigger": "Who asked for it.",
    "type": "What kind of problem it is, as a URN.",
    "updated_at": "When a run found it last.",
    "version": "Of the service's release.",
    "what": "What to do, for people.",
    "who": "Who has to do it.",
    "who_acts": "Who must do something about it.",
}
"""Field, parameter or `Model.field` -> what it means."""

EXAMPLES: Final[Mapping[str, Any]] = {
    "alert_id": "b1d9c3a4-2f5e-4c1b-9a77-6e0f4d2c8b15",
    "AlertView.id": "b1d9c3a4-2f5e-4c1b-9a77-6e0f4d2c8b15",
    "AlertView.status": "open",
    "AlertView.who_acts": "odis",
    "AlertsQuery.status": "open",
    "attempt": 1,
    "blocks": True,
    "cause": "unproven_visit_losses",
    "Check.detail": "the newest migration is applied",
    "Check.name": "migrations",
    "clinic_id": _CLINIC,
    "code": "invalid_request",
    "commit": "1f0c9a7",
    "counts": {"read": 259, "created": 2, "updated": 1, "removed": 0, "unchanged": 256},
    "cursor": "eyJhdCI6MX0",
    "days_lost": ["2026-02-01", "2026-02-03"],
    "decided_at": _AT,
    "decided_by": "Kim",
    "detail": "to: must not be before from",
    "dry_run": False,
    "ended_at": _AT,
    "faults": [{"code": "refused", "table": "cases", "column": "patient", "id": "600101"}],
    "findings": {"600101": {"start": "2026-05-04 09:00:00", "kind": "visit"}},
    "finished_at": _AT,
    "for_review": ["600101"],
    "found": 12,
    "fresh": True,
    "freshness": "on_time",
    "from": "2026-05-04",
    "held": {"unproven_visit_losses": 12},
    "hold_id": "7d1f0b52-63a0-4a35-a1ce-55b7a1a7c0de",
    "HoldView.id": "7d1f0b52-63a0-4a35-a1ce-55b7a1a7c0de",
    "HoldView.status": "open",
    "HoldsQuery.status": "open",
    "in_doubt": {"600101": "end_unreadable"},
    "JobError.kind": "pims_unavailable",
    "JobError.message": "Neo did not answer",
    "JobError.who_acts": "nobody",
    "job_id": _JOB,
    "JobView.id": _JOB,
    "PauseView.id": "5c1d9e40-2b6f-4f7a-9d03-8a7e4c2b1f60",
    "JobView.status": "succeeded",
    "JobsQuery.status": "succeeded",
    "last_success_at": _AT,
    "letter_id": "5b1c2a90-8a0e-4b8e-9a59-1f4b6c1d2e3f",
    "limit": 20,
    "lookback_days": 14,
    "manner": "apply",
    "message": "another sync of this clinic was running",
    "mode": "report",
    "name": "Example Animal Hospital",
    "next_cursor": "eyJhdCI6MX0",
    "next_run_at": _AT,
    "ok": True,
    "open_holds": 1,
    "opened_at": _AT,
    "parameter": "limit",
    "paused_reason": "the clinic moves",
    "permit_until": _AT,
    "plan": [{"id": "600101", "action": "create", "reason": "new"}],
    "planned": 3,
    "pointer": "/to",
    "ProblemView.status": 422,
    "ProblemView.title": "The request can't be carried out as it is",
    "ProblemView.type": "urn:idexx-sync:problem:invalid_request",
    "queued_at": _AT,
    "Health.status": "ok",
    "Readiness.status": "ready",
    "ReadinessDetails.status": "ready",
    "request_id": "JKJaXmPLvHcESHA=",
    "retry_of": _JOB,
    "scheduled_time": _AT,
    "since": _AT,
    "stage": "live",
    "started_at": _AT,
    "summary": "2 created, 1 updated (checked 259)",
    "sync": "inbound",
    "timezone": "America/Los_Angeles",
    "to": "2026-05-10",
    "trigger": "schedule",
    "unfresh": "not_applied",
    "unknown_fields": ["telehealth_url"],
    "unread": {"600101": "read_failed"},
    "updated_at": _AT,
    "version": "0.1.0",
    "warnings": {"unknown_words": 1},
    "what": "credentials: none yet",
    "who": "odis",
    "window": ["2026-05-04", "2026-05-17"],
}
"""Field, parameter or `Model.field` -> an example of it; those of whole models are put together."""

BODIES: Final[Mapping[str, Any]] = {
    "application/json": {"openapi": "3.1.0"},
    "text/html": "<!doctype html><title>idexx-sync</title>",
    "text/plain": 'idexx_sync_clinics{stage="live"} 3\n',
}
"""Media type of an answer that no model describes -> an example of it."""


def complete(definitions: Schema, models: Mapping[str, type[BaseModel]]) -> None:
    """Give each property of the schemas, by name of their models, its words and its example."""
    for model, schema in definitions.items():
        below = _words_below(models[model]) if model in models else {}
        for name, field in schema.get("properties", {}).items():
            told = below.get(name) or _of(TOLD, model, name)
            if told is not None:
                field.setdefault("description", told)
            if (example := _of(EXAMPLES, model, name)) is not None:
                field.setdefault("examples", [example])
    for schema in definitions.values():
        for field in schema.get("properties", {}).values():
            if "examples" not in field and (made := _put_together(field, definitions)) is not None:
                field["examples"] = [made]


def told(name: str) -> Schema:
    """The words and the example of a parameter of a path."""
    return {"description": TOLD[name], "example": EXAMPLES[name]}


def _of(table: Mapping[str, Any], model: str, name: str) -> Any:
    return table.get(f"{model}.{name}", table.get(name))


def _put_together(schema: Schema, definitions: Schema) -> Any:
    """An example of a schema that leads to another one; None where it does not."""
    for one in [schema, *schema.get("anyOf", ())]:
        if "$ref" in one:
            found = definitions[one["$ref"].rpartition("/")[2]]
            return {
                name: field["examples"][0]
                if "examples" in field
                else _put_together(field, definitions)
                for name, field in found.get("properties", {}).items()
            }
        if one.get("type") == "array" and "items" in one:
            item = _put_together(one["items"], definitions)
            return None if item is None else [item]
    return None


def _words_below(model: type[BaseModel]) -> dict[str, str]:
    """Field -> the text that stands below it in the model's source."""
    words: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if not issubclass(one, BaseModel) or one is BaseModel:
            continue
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(one))).body
        assert isinstance(tree, ast.ClassDef)
        for field, text in zip(tree.body, tree.body[1:], strict=False):
            match field, text:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str(said))),
                ):
                    words[name] = " ".join(said.split())
    return words
