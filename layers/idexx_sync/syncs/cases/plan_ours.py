"""Leaves of our own documents in a visit's case (rule R16). Pure."""

from datetime import datetime
from typing import Any, Final

from idexx_sync.syncs.cases.mapping import MappedFields, iso
from idexx_sync.syncs.cases.news import is_news
from idexx_sync.syncs.cases.planning import VisitPlanning
from idexx_sync.syncs.cases.stored import StoredCase

VANISHED_AT: Final = "metadata.pimsConsultation.vanishedAt"


def ours(planning: VisitPlanning, mapped: MappedFields) -> dict[str, Any]:
    """Leaf -> value of those that differ; what was known is never overwritten with nothing."""
    case, whose, context = planning.stored.case, planning.whose, planning.context
    found = {n: value for n, value in mapped.ours.items() if whose.may_say(n)}
    if context.acting_user_id is not None and (case is None or case.user_id is None):
        found["case.user_id"] = context.acting_user_id
    if case is None:
        return found
    if planning.status is None and planning.visit.status is not None:
        found.pop("metadata.pimsAppointment.status", None)  # an unknown word changes nothing
    if case.clinic_id is None:
        found["case.clinic_id"] = context.clinic_id
    before = case.value("metadata.pimsConsultation.id")
    replaced: dict[str, Any] = {}
    if before not in (None, found.get("metadata.pimsConsultation.id", before)):
        found, replaced = _with_whole_record(found)
    news = {n: v for n, v in found.items() if whose.is_former(n) or is_news(case, n, v)}
    return {**news, **replaced}


def vanished(case: StoredCase, now: datetime) -> dict[str, Any]:
    """The mark of a record that the source has no more, unless there is no record or a mark."""
    document = case.value("metadata.pimsConsultation") or {}
    if document.get("id") is None or document.get("vanishedAt") is not None:
        return {}
    return {VANISHED_AT: iso(now)}


def _with_whole_record(found: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is beside the record's document, and the document, which takes the old one's place."""
    start = "metadata.pimsConsultation."
    whole = {n.removeprefix(start): v for n, v in found.items() if n.startswith(start)}
    beside = {n: v for n, v in found.items() if not n.startswith(start)}
    summary = beside.pop("metadata.dischargeSummary", None)
    return beside, {"metadata.pimsConsultation": whole, "metadata.dischargeSummary": summary}
