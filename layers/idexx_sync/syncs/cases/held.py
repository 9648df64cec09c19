"""What a plan may still do where its visits are held, or nobody knows which version counts. Pure.

A patient has died whatever becomes of the visit that told it (rule R19). What is left is not
remembered as screened, so that it is told by what is known of deaths, each once.
"""

from collections.abc import Collection, Mapping, Sequence

from idexx_sync.pims.protocol import SourceRecord
from idexx_sync.syncs.cases.context import CaseContext
from idexx_sync.syncs.cases.deaths import Mark
from idexx_sync.syncs.cases.gate import shows_known_rooms
from idexx_sync.syncs.cases.model import Plan
from idexx_sync.syncs.cases.plan import plan_visits
from idexx_sync.syncs.cases.stored import StoredVisit
from idexx_sync.syncs.gate import Comparison


def of_versions(
    versions: Sequence[SourceRecord], stored: Mapping[str, StoredVisit], context: CaseContext
) -> Plan:
    """The deaths that any version of a visit tells, where it is unclear which one counts, and
    the visits of which one broke."""
    plans = [plan_visits([version], stored, context) for version in versions]
    left = Plan()
    for plan in plans:
        left.unforeseen |= plan.unforeseen
    marks = [mark for plan in plans for mark in _unknown(plan.marks, stored)]
    left.marks = list(dict.fromkeys(marks))
    return left


def of_foreign(plan: Plan, stored: Mapping[str, StoredVisit], compared: Comparison) -> Plan:
    """What is left of a plan for a calendar that looks like another one.

    Its session has been recognised as the company's, so its patients are the company's too, unless
    even the rooms are nobody's that we know.
    """
    if not shows_known_rooms(compared):
        return Plan()
    return Plan(marks=_unknown(plan.marks, stored), unforeseen=plan.unforeseen)


def without_held(plan: Plan, held: Collection[str], stored: Mapping[str, StoredVisit]) -> Plan:
    """The plan without the visits that are held, but for deaths that are not known yet."""
    marks = [
        m for m in plan.marks if m.visit_id not in held or not m.is_known(stored[m.visit_id].deaths)
    ]
    left = plan.without(frozenset(held))
    left.marks = marks
    return left


def _unknown(marks: Sequence[Mark], stored: Mapping[str, StoredVisit]) -> list[Mark]:
    return [mark for mark in marks if not mark.is_known(stored[mark.visit_id].deaths)]
