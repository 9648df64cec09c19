"""Every decision of the plans in words for a person: tables from code to text. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from idexx_sync.core.phrases import phrase
from idexx_sync.syncs.decision import Decision

Facts = Mapping[str, Any]
Text = str | Callable[[Facts], str]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why ODIS shows what it shows, in one sentence."""

    rule: str
    """`R18`."""
    text: str
    step: str | None = None
    """What comes next, and who has to do it; None: nothing follows from it."""


RULES: Final[Mapping[str, str]] = {
    "R1": "Complete",
    "R2": "Window",
    "R3": "Times",
    "R4": "Compare what Neo said",
    "R5": "Words",
    "R6": "Proof",
    "R7": "Who removes what",
    "R8": "Gate",
    "R9": "Holds",
    "R10": "Events",
    "R11": "Slots are derived",
    "R12": "Recount",
    "R13": "Freshness for readers",
    "R14": "One visit, one case",
    "R15": "A person's edit stays",
    "R16": "Metadata",
    "R17": "Consultations",
    "R18": "Completed",
    "R19": "Life status",
    "R20": "Spellings that readers rely on",
    "R26": "One row is one row's trouble",
}
"""Rule that is cited here -> its title in docs/rules.md."""


def anchor_of(rule: str) -> str:
    """Where the rule is explained: `docs/rules.md#r2-window`. Raises KeyError for another one."""
    title = "".join(c for c in RULES[rule].lower() if c.isalnum() or c == " ")
    return f"docs/rules.md#{rule.lower()}-{title.replace(' ', '-')}"


WORDS: Final[Mapping[str, str]] = {
    "word": "Neo's word '{word}'{when} is read as {status}",
    "unknown_word": "unknown word '{word}'{when}: the stored status stays",
    "no_word": "no status word{when}: the stored status stays",
    "block": "a block: it takes time and never becomes a case",
}


def _changed(run: str) -> Callable[[Facts], str]:
    def text(facts: Facts) -> str:
        names = _names(facts)
        if facts.get("held"):
            return f"changed in Neo, and kept back: {names}"
        if facts.get("read"):
            return f"changed in Neo since our last read of its day at {facts['read']}: {names}"
        return f"changed in Neo since: {names}; the next {run} run over its day takes it over"

    return text


def _then(what: str, run: str, *, names: bool = False) -> Callable[[Facts], str]:
    """What is so, and what a run does about it, or the hold that keeps it from that."""

    def text(facts: Facts) -> str:
        told = f"{what}: {_names(facts)}" if names else what
        if facts.get("held"):
            return f"{told}; {facts['held']}"
        return f"{told}{'; ' if names else ': '}{run}"

    return text


def _names(facts: Facts) -> str:
    """Names of what differs; what is private is remembered as one."""
    return ", ".join("personal values" if n == "private" else n for n in facts["fields"])


_TAKEN_OUT: Final = "the next run over its day takes it out"
CALENDAR: Final[Mapping[str, Text]] = {
    "new": _then("no row yet", "the next inbound run over its day makes it"),
    "new_since_read": "Neo shows it, booked or moved here after our last read of its day at {read}",
    "never_read": "Neo shows it, and no run has read and written its day yet",
    "came_back": _then(
        "its row is removed, and Neo shows it", "the next inbound run brings it back"
    ),
    "changed": _changed("inbound"),
    "rederived": _then(
        "its row says otherwise than Neo", "the next inbound run puts it right", names=True
    ),
    "keyed_anew": _then("an earlier service's row of a block", "the next inbound run replaces it"),
    "room_not_synced": "its room {room} is not among those that are synced: it has no row",
    "outside_window": "its day lies outside of those that inbound runs read by themselves, "
    "{first} to {last} ({zone})",
    "unreadable": "the calendar's record can't be read ({code})",
    "unforeseen": "something broke at it that nobody foresaw: it takes its time, and the log says "
    "where",
    "read_incomplete": "the calendar's answer is not complete: such a read removes nothing",
    "not_looked_up": "the calendar leaves it out, and nobody has looked it up: that proves nothing",
    "look_up_failed": "the look-up gave no usable answer ({code}): it proves nothing",
    "not_found_yet": lambda facts: (
        f"Neo does not find it now; {facts.get('held') or 'once proves nothing, twice does'}"
    ),
    "not_found_twice": _then("Neo does not find it again", _TAKEN_OUT),
    "deleted_at_source": _then("deleted in Neo", _TAKEN_OUT),
    "cancelled_at_source": _then("cancelled in Neo", _TAKEN_OUT),
    "alive": "alive, and the calendar leaves it out: such a read removes nothing",
    "older_version": "Neo shows an older version than it did before: its row stays as it is",
    "moved_away": _then("it has moved to {start}", "its row follows"),
}
"""Of the inbound plan."""

CLOCK: Final[Mapping[str, Text]] = {
    "skipped": "the clocks skip {first} to {until} on its day ({zone}): what Neo shows then is "
    "stored {minutes} minutes later",
    "repeated": "{first} to {until} comes twice on its day ({zone}): of a start the first counts, "
    "an end is stored as the later one, and so all that it may mean is taken",
}
"""Of the clinic's clock."""


def _read_daily(facts: Facts) -> str:
    return f"its record was read when final, with notes: read daily until {facts['until']}"


def _asked_again(facts: Facts) -> str:
    return "asked again daily" if facts["believed"] else "asked again in the next case run"


CASE: Final[Mapping[str, Text]] = {
    "no_patient": "it names no patient: such an appointment never becomes a case",
    "versions_differ": "the calendar shows it in two versions: its case is left alone",
    "ends_before_start": "the visit ends before it starts: its case is left alone",
    "older_version": "Neo shows an older version than it did before: its case is left alone",
    "out_of_calendar": "the visit lies beyond the years of the calendar: its case is left alone",
    "refused": "ODIS's database refuses what would be written of it; the job and its audit say why",
    "document_not_an_object": (
        "a document of its case has no object where ours goes: it is left alone"
    ),
    "deleted_in_odis": "somebody deleted its case in ODIS: it is not made again",
    "new": _then("no case yet", "the next case run makes it"),
    "adopted": _then("its case is somebody else's as yet", "the next case run takes it over"),
    "several_cases": (
        "{cases} cases of one visit: {case} gets everything; cancelled, no-show and life status "
        "go to all of them"
    ),
    "came_back": _then(
        "removed by the reconciliation, and Neo shows it", "the next case run revives it"
    ),
    "changed": _changed("case"),
    "rederived": _then(
        "its case says otherwise than Neo", "the next case run puts it right", names=True
    ),
    "another_patient": _then(
        "its case was another patient's", "the next case run replaces or empties all that it says"
    ),
    "another_owner": _then(
        "its case was another owner's", "the next case run replaces its contacts"
    ),
    "edits_dropped": lambda facts: (
        f"a person's edits for whom it was before, which do not stay: {_names(facts)}"
    ),
    "edited": lambda facts: f"a person's edits that stay: {_names(facts)}",
    "died": "its words say that the patient has died ({category}): the next case run marks it",
    "unforeseen": "something broke at it that nobody foresaw: nothing is written, and nobody is "
    "called about its case",
    "screened_partly": "its words are too long: not all of them are looked through",
    "outside_window": "case runs read {first} to {last} by themselves ({zone}), and its day is "
    "another",
    # readings
    "no_record": "the calendar names no record any more: what was read of it stays",
    "never_read": "its record was never read: it comes first in the next case run",
    "another_record": "its record is not the one that was read: it comes first next time",
    "read_failed": "the last reading of its record failed: it is asked for again next time",
    "wrong_patient": lambda facts: (
        f"the record read was another patient's: left, {_asked_again(facts)}"
    ),
    "vanished": lambda facts: (
        f"Neo no longer has the record: what was read stays, {_asked_again(facts)}"
        if facts["known"]
        else f"Neo does not have the record, and nobody has read it: {_asked_again(facts)}"
    ),
    "not_final": "the visit is not finalised: its record is read each time",
    "read_before_final": "its record was read before the visit was finalised: read each time",
    "no_notes": "its record has no notes yet: read each time",
    "changed_since": "the calendar has changed: its record is read in the next case run",
    "not_completed": "its record was read, and its case is not completed: read each time",
    "daily": _read_daily,
    "over": "its record was read when final, with notes: not read again since {until}",
    "wrong_patient_now": "the record in Neo is another patient's than the visit: not taken over",
    "of_another_now": "the record in Neo is another patient's than the visit: not taken over",
    "read_failed_now": "its record can't be read now: nothing is concluded from that",
    "parts_unread": lambda facts: f"of its record could not be read: {_names(facts)}",
    "gone_now": "Neo does not find its record now: what its case says stays",
}
"""Of the case plan, but for the status."""


def _before_live(facts: Facts) -> str:
    if facts["live_from"] is None:
        return "finalised, and the clinic has no first day yet: {meant}"
    return "finalised before the clinic's first day, {live_from}: {meant}"


_SCREENED: Final = {
    "being_read": "finalised, and the next case run reads its record: {meant}",
    "none": "finalised, and there is no record to read: {meant}",
    "read": "finalised, and its record was read before it was taken away: {meant}",
    "vanished": "finalised, and Neo has no record of it any more: {meant}",
}
_NOT_SCREENED: Final = {
    "unread": "finalised, and its record is not read yet: {meant}",
    "failed": "finalised, and its record could not be read: {meant}",
    "vanished": "finalised, and Neo no longer has its record: {meant}",
    "wrong_patient": "finalised, and the record read was another patient's: {meant}",
    "read": "finalised, and only the next reading of its record completes it: {meant}",
}
_TAKEN_AWAY: Final = "finalised, and its record was taken away before anybody read it: {meant}"


def _not_screened(facts: Facts) -> str:
    if not facts["has_record"]:
        return _TAKEN_AWAY
    if facts["record"] == "read" and facts["outcome"] == "completed_already":
        return "finalised, and its record is read: {becomes}"
    return _NOT_SCREENED[facts["record"]]


STATUS: Final[Mapping[str, Text]] = {
    "as_the_visit": "{status}: {meant}",
    "before_live": _before_live,
    "screened": lambda facts: _SCREENED[facts["record"]],
    "not_screened": _not_screened,
    "seen_once": (
        "finalised, and shown without a record for less than 2 hours; a run that still sees it so "
        "then completes it: {meant}"
    ),
    "made_late": (
        "finalised, and its case was made more than 3 days after the visit, so that only a person "
        "completes it: {meant}"
    ),
    "newer_record": "finalised, and the record that it has now is not read yet: {meant}",
    "of_another": (
        "finalised, and its record is another patient's by now; a record of its own patient, put "
        "right in Neo, completes it: {meant}"
    ),
    "not_screened_whole": (
        "not all of its words could be looked through for the patient's death: {meant}, for a "
        "person to read; complete it by hand"
    ),
    "death_unmarked": (
        "its patient is known to have died, and its check in ODIS does not say so: {meant}, for a "
        "person to look at; set the check there, or complete the case by hand"
    ),
    "death_denied": (
        "its words say that the patient has died, and its check in ODIS that it is no extreme "
        "case: {meant}, for a person to look at; correct the check there, or complete it by hand"
    ),
    "consultation_not_said": (
        "finalised, and the calendar does not say whether there is a record; a run that is told "
        "completes it: {meant}"
    ),
    "notes_not_said": (
        "finalised, and its record says nowhere what the notes are, which has to be read by a "
        "person in Neo: {meant}; complete it by hand"
    ),
    "read_in_part": (
        "finalised, and not all that its record says could be read, which may tell of a death; a "
        "run that reads all of it completes it, or a person who has looked: {meant}"
    ),
    "case_of_another": (
        "finalised, and its case was another patient's; no record of this one is read yet: {meant}"
    ),
    "whose_unsaid": (
        "finalised, and Neo does not say now whose visit it is, so that nothing of a person is "
        "taken over: {meant}"
    ),
    "old_summary": (
        "finalised, and what its owner would be told was written for a former patient; only a "
        "person completes it: {meant}"
    ),
    "merged_just_now": (
        "finalised, and its record is another patient's than the calendar's; only what the next "
        "case run reads tells whether they were merged: {meant}"
    ),
    "emptied": (
        "finalised, and something was emptied in Neo that its case still says; a second read, a "
        "day later, takes it out: {meant}"
    ),
    "document_broken": "its document can't be read, so that nobody is to be called: {meant}",
    "no_status": lambda facts: (
        "no status to go by: the case stays {becomes}"
        if facts["meant"] is None
        else "no status to go by: {meant}"
    ),
}
"""Why a case's status is what it is."""


_CODES: Final = ("code", "status", "meant", "becomes", "category")
"""Facts that are code words of ours."""


def reason_of(table: Mapping[str, Text], decision: Decision, when: str = "") -> Reason:
    """The decision as the table says it. Raises KeyError for a code that it lacks."""
    text = table[decision.code]
    said = text if isinstance(text, str) else text(decision.facts)
    facts = {name: _in_words(name, fact) for name, fact in decision.facts.items()}
    return Reason(decision.rule, said.format(**facts, when=when))


def _in_words(name: str, fact: Any) -> Any:
    return phrase({}, fact) if name in _CODES and isinstance(fact, str) else fact


def status_reasons(decision: Decision) -> Iterator[Reason]:
    """What the visit means for its case's status, and whether that is so."""
    facts = decision.facts
    why = reason_of(STATUS, decision)
    yield why
    stored = facts["stored"] or "no status"
    if facts["outcome"] == "edited":
        yield Reason("R15", f"a person made it {stored}: that stays")
    elif facts["outcome"] == "completed_already" and not why.text.endswith(f": {stored}"):
        yield Reason("R18", "completed already: it stays so")
    elif facts["outcome"] == "written" and facts["has_case"]:
        run = f"the next case run that sees the visit makes it {facts['becomes']}"
        yield Reason("R4", _then(f"ODIS still shows {stored}", run)(facts))
