"""One visit beside what is stored of it, and the plan that it is planned into. Pure."""

from typing import Final

from idexx_sync.core.vocabulary import appointment_status
from idexx_sync.pims.protocol import SourceRecord
from idexx_sync.syncs.cases.context import CaseContext
from idexx_sync.syncs.cases.edits import may_change
from idexx_sync.syncs.cases.model import Plan
from idexx_sync.syncs.cases.stored import StoredCase, StoredVisit
from idexx_sync.syncs.cases.whose import belongs, without_former
from idexx_sync.syncs.decision import Decision, Decisions, Fact

NOT_AN_OBJECT: Final = "document_not_an_object"


class VisitPlanning:
    """The plan while one visit is planned into it, with what that is made from.

    Why the visit is treated as it is gets noted in `decisions`, if there are any.
    """

    def __init__(
        self,
        plan: Plan,
        context: CaseContext,
        visit: SourceRecord,
        stored: StoredVisit,
        decisions: Decisions | None,
    ) -> None:
        self.plan = plan
        self.context = context
        self.visit = visit
        self.before = stored
        """As it is stored, with what is a former patient's or owner's (rule R15)."""
        self.whose = belongs(visit, stored)
        self.stored = without_former(stored, self.whose, visit.patient_id)
        self.status = appointment_status(visit.status)
        self.memory = self.stored.memory
        self.decisions = decisions

    def fault_of_documents(self) -> str | None:
        """Why nothing can be written into the visit's case (rule R16); others do not matter."""
        case = self.before.case
        return NOT_AN_OBJECT if case is not None and case.is_broken else None

    def may_change(self, case: StoredCase, name: str, stored: StoredVisit) -> bool:
        """Whether the case's field is no edit of a person, by what is remembered in `stored`."""
        return may_change(
            case,
            name,
            case.value(name),
            stored.derived(name),
            self.context.fingerprints,
            was_edited=name in stored.edited,
        )

    def note(self, rule: str, code: str, /, **facts: Fact) -> None:
        """Note a decision about the visit, if anybody asks for any."""
        self.note_decision(Decision(rule, code, facts))

    def note_decision(self, decision: Decision) -> None:
        """Note a decision that was made elsewhere, if anybody asks for any."""
        if self.decisions is not None:
            self.decisions.note(self.visit.id, decision)
