"""What a job wrote, as a person reads it."""

from idexx_sync.cli.list_view import cut_shown
from idexx_sync.cli.listed import Listed
from idexx_sync.cli.phrases import REASONS, moment
from idexx_sync.cli.tables import Shown, entry, line
from idexx_sync.core.clinic_time import zone_of
from idexx_sync.core.phrases import phrase
from idexx_sync.operations.change_models import ChangeView
from idexx_sync.operations.models import JobView


def changes_shown(job: JobView, found: Listed[ChangeView], *, values: bool) -> list[Shown]:
    """By record what was done and why, and each field before -> after."""
    if not found.items:
        return [line(_nothing(job))]
    parts: list[Shown] = []
    for change in found.items:
        why = ", ".join(phrase(REASONS, reason) for reason in change.reasons)
        done = (
            change.action
            if change.outcome == "written"
            else f"{change.action}, {phrase({}, change.outcome)}"
        )
        said = f"{done}: {why}" + (f" ({change.error})" if change.error else "")
        head = change.id, moment(change.at, zone_of(job.timezone)), said
        parts += entry(head, changed(change, values=values))
    return [*parts, *cut_shown(more=found.more, shown=len(found.items))]


def changed(change: ChangeView, *, values: bool) -> str:
    """`start_time 09:00:00 -> 09:30:00, patient_name`; of a new row how many fields."""
    if change.action == "create" and not values:
        return f"{len(change.fields)} fields; --values shows those that may be told"
    told = (_one(name, change.fields[name]) for name in sorted(change.fields))
    return ", ".join(told) or "no field"


def _one(name: str, field: object) -> str:
    if not isinstance(field, dict) or "after" not in field:
        return name
    return f"{name} {_text(field.get('before'))} -> {_text(field['after'])}"


def _text(value: object) -> str:
    return "nothing" if value is None else str(value)


def _nothing(job: JobView) -> str:
    if not job.is_final:
        return "The job has not ended; nothing is written so far."
    if job.manner != "apply":
        return f"Nothing was written, see what would be: idexx-sync jobs show {job.id}"
    return "The job wrote nothing."
