"""Why a case is as it is, in words for a person, with what comes next. Pure; the plans decide."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from idexx_sync.core.phrases import phrase
from idexx_sync.explain.kept import case_kept_by, kept_said
from idexx_sync.explain.model import NamedHold, StoredAppointment
from idexx_sync.explain.preview import Clinical, Preview
from idexx_sync.explain.runs import Runs, hold_step
from idexx_sync.explain.steps import CASE_STEPS, STATUS_STEPS, step_of
from idexx_sync.explain.texts import CASE, STATUS, Reason, reason_of, status_reasons
from idexx_sync.syncs.cases.status import is_removed
from idexx_sync.syncs.cases.store import EXTENSION_PREFIX
from idexx_sync.syncs.cases.stored import StoredCase
from idexx_sync.syncs.decision import Decision, Fact


@dataclass(frozen=True, slots=True)
class _Coming:
    """What comes next after decisions about one visit's case."""

    runs: Runs
    day: date | None
    holds: Sequence[NamedHold]
    """Those that name the visit."""

    def case(self, decision: Decision) -> Reason:
        """The decision about the case, with its step."""
        step = step_of(CASE_STEPS, decision, self.runs, self.day)
        hold = case_kept_by(self.holds, decision.code)
        if hold is not None and CASE_STEPS[decision.code] == "run":
            held = kept_said(hold, self.runs.zone)
            decision = replace(decision, facts={**decision.facts, "held": held})
            step = hold_step(hold)
        return replace(reason_of(CASE, decision), step=step)

    def status(self, decision: Decision) -> Iterator[Reason]:
        """The same of a ruling about its status."""
        step = step_of(STATUS_STEPS, decision, self.runs, self.day)
        hold = case_kept_by(self.holds, decision.code)
        if hold is not None:
            held = kept_said(hold, self.runs.zone)
            decision = replace(decision, facts={**decision.facts, "held": held})
        for reason in status_reasons(decision):
            if reason.rule == "R4" and self.day is not None:
                step = self.runs.next_run("cases", self.day)
            yield replace(reason, step=hold_step(hold) if step and hold else step)
            step = None


def case_reasons(
    stored: StoredAppointment, clinic: Clinical, runs: Runs, seen: Preview, day: date | None
) -> Iterator[Reason]:
    """All that applies to the visit's case; `day` is the one that a run would have to read."""
    coming = _Coming(runs, day, stored.holds)
    if stored.visit.was_deleted:
        yield coming.case(Decision("R14", "deleted_in_odis"))
        return
    yield from _quarantined(stored, seen, coming)
    if stored.case is None:
        yield from _no_case(seen, coming)
        return
    if (stored.case.external_id or "").startswith(EXTENSION_PREFIX):
        yield Reason("R14", "its case was made by the browser extension and taken over")
    if is_removed(stored.case) and not seen.saw_visit:
        yield Reason("R7", "removed by the reconciliation: reviewed, until it comes back")
    yield from _decided(stored.case, seen, coming)
    yield from _edits(stored, seen)
    yield from _marks(stored, stored.case, clinic)


def _decided(case: StoredCase, seen: Preview, coming: _Coming) -> Iterator[Reason]:
    """What the case plan says; of its status what it becomes without and with the record."""
    told = _rulings_told(seen) if seen.saw_visit or not is_removed(case) else []
    for decision in (*seen.case, *seen.record):
        if decision.code in STATUS:
            if decision in told:
                yield from coming.status(decision)
        elif decision.code in CASE and decision.code != "edited" and not _is_of_nothing(decision):
            yield coming.case(decision)


def _rulings_told(seen: Preview) -> list[Decision]:
    """Of rulings one after the other that come to the same status, the last that says why not."""
    told: list[Decision] = []
    for ruling in (*seen.case, *seen.record):
        if ruling.code not in STATUS:
            continue
        before: Fact = told[-1].facts["becomes"] if told else None
        if ruling.facts["becomes"] != before:
            told.append(ruling)
        elif told and ruling.code != "screened":
            told[-1] = ruling
    return told


def _is_of_nothing(decision: Decision) -> bool:
    """There is no record, and never was one."""
    return decision.code == "no_record" and not decision.facts["known"]


def _quarantined(stored: StoredAppointment, seen: Preview, coming: _Coming) -> Iterator[Reason]:
    """As it is remembered, where Neo does not tell."""
    code = stored.visit.record.quarantine_code
    if seen.saw_visit or code is None:
        return
    if code in CASE:
        yield coming.case(Decision(_RULES.get(code, "R16"), code))
    else:
        yield Reason("R16", f"its case is left alone: {phrase({}, code)}")


_RULES: Final = {
    "ends_before_start": "R3",
    "older_version": "R10",
    "out_of_calendar": "R3",
    "refused": "R26",
}


def _no_case(seen: Preview, coming: _Coming) -> Iterator[Reason]:
    days = next((d for d in seen.case if d.code == "outside_window"), None)
    if days is not None:
        first, last, zone = (days.facts[name] for name in ("first", "last", "zone"))
        text = f"no case: case runs read {first} to {last} ({zone}), and its day is another"
        yield replace(coming.case(days), text=text)
    for decision in seen.case:
        if decision.code in _OF_NO_CASE and not (days and decision.code == "new"):
            yield coming.case(decision)
        elif decision.code in STATUS and seen.saw_visit:
            yield from coming.status(decision)


_OF_NO_CASE: Final = (
    *(
        "no_patient",
        "versions_differ",
        "ends_before_start",
        "older_version",
        "out_of_calendar",
        "new",
        "died",
    ),
)


def _edits(stored: StoredAppointment, seen: Preview) -> Iterator[Reason]:
    """Those that the plan finds; of what was not planned, those that are remembered."""
    memory, read = stored.visit.memory, stored.visit.consultation
    fields = {
        *(_edited(seen.case) if seen.saw_visit else memory.edited),
        *(_edited(seen.record) if seen.saw_record else read.edited),
    }
    if fields:
        yield reason_of(CASE, Decision("R15", "edited", {"fields": sorted(fields)}))


def _edited(decisions: Iterable[Decision]) -> list[str]:
    found = (decision.facts["fields"] for decision in decisions if decision.code == "edited")
    return [name for names in found if isinstance(names, list) for name in names]


def _marks(stored: StoredAppointment, case: StoredCase, clinic: Clinical) -> Iterator[Reason]:
    beside = stored.beside.get(case.id)
    if case.is_extreme is True:
        yield Reason("R19", "marked as died: nobody is called about this patient")
    elif case.is_extreme is None and beside is not None and beside.extreme_case_check is not None:
        yield Reason("R19", "its check in ODIS says neither yes nor no: that counts as none")
    if any(death.taken_back for death in stored.visit.deaths):
        yield Reason("R19", "somebody has taken a mark of its patient's death back: that stays")
    if case.user_id is None:
        advice = "" if clinic.acting_user_id else "; the clinic has no acting user"
        name_one = f"idexx-sync clinics add {clinic.id} --acting-user USER_ID"
        text = f"the case belongs to nobody: nobody is called about it{advice}"
        yield Reason("R18", text, None if clinic.acting_user_id else name_one)
