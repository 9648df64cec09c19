"""Why a row of the calendar is as it is, in words for a person, with what comes next. Pure.

The plans decide; this says it, beside what rows, memory, holds and the clinic's state say by
themselves.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from idexx_sync.clinics.pauses import all_in_words, how_it_goes_on
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.clinic_time import ClockChange, clock_change, parse_wall
from idexx_sync.core.faults import or_else
from idexx_sync.core.phrases import HELD_BECAUSE, phrase
from idexx_sync.core.vocabulary import FREES_TIME
from idexx_sync.explain.kept import kept_by, kept_said, standing
from idexx_sync.explain.model import NamedHold, NeoSays, StoredAppointment
from idexx_sync.explain.preview import Clinical, Preview
from idexx_sync.explain.runs import Runs, hold_step
from idexx_sync.explain.steps import CALENDAR_STEPS, StepKind, said, step_of
from idexx_sync.explain.texts import CALENDAR, CLOCK, WORDS, Reason, reason_of
from idexx_sync.pims.protocol import Found, Unknown
from idexx_sync.syncs.decision import Decision, word_read
from idexx_sync.syncs.holds import REVIVED
from idexx_sync.syncs.memory import REFUSED, Remembered
from idexx_sync.syncs.proof import STRIKE_INTERVAL, STRIKES_THAT_PROVE

REMOVALS: Final = {
    "deleted_at_source": "Neo said that it is deleted",
    "cancelled_at_source": "Neo said that it is cancelled",
    "not_found_twice": "two complete reads, far enough apart, did not find it",
    "room_not_synced": "its room is not synced",
}


def service(clinic: Clinical, runs: Runs, syncs: Iterable[SyncName]) -> Iterator[Reason]:
    """What keeps runs from writing what they find, whatever that is."""
    switch = f"idexx-sync clinics add {clinic.id} --stage"
    if clinic.pauses:
        text = f"the clinic is {all_in_words(clinic.pauses, clinic.zone)}; nothing is renewed"
        yield Reason("R13", text, how_it_goes_on(clinic.pauses))
    if clinic.stage == "off":
        yield Reason(
            "R13", "the clinic is switched off here: nothing is renewed", f"{switch} shadow"
        )
    if clinic.stage == "shadow":
        text = "the clinic is in shadow: what a run finds is not written"
        yield Reason("R13", text, f"{switch} live")
    if not clinic.pauses and clinic.stage != "off":
        yield from _blocked(runs, syncs)


def _blocked(runs: Runs, syncs: Iterable[SyncName]) -> Iterator[Reason]:
    for sync in syncs:
        need = runs.blockers.get(sync)
        if need is not None and need.who != "nobody":
            since = f" since {runs.moment(need.since)}" if need.since else ""
            text = f"no {sync} run can succeed{since}: {need.what.partition(':')[0]}"
            if (read := runs.last_read(sync)) is not None:
                text += f"; its day was read last at {runs.moment(read.ended_at)}"
            yield Reason("R13", text, runs.before_any(sync, need))


def calendar_reasons(
    neo: NeoSays, stored: StoredAppointment, clinic: Clinical, runs: Runs, seen: Preview
) -> Iterator[Reason]:
    """All that applies to the appointment's row and to the time that it takes."""
    yield from _word(neo, stored)
    if neo.record is not None:
        yield from clock_said(clinic.zone, neo.record.start, neo.record.end)
    about = About(day_of_run(neo, stored), clinic.room_ids, _is_in_doubt(stored), stored.holds)
    for decision in seen.calendar:
        if decision.code not in WORDS:
            yield calendar_reason(decision, runs, about)
    if isinstance(neo.lookup, Unknown):
        failed = Decision("R6", "look_up_failed", {"code": neo.lookup.code})
        yield calendar_reason(failed, runs, about)
    yield from _remembered(stored, runs, about)
    if stored.live is None and stored.rows:
        yield from _removed(stored)
    yield from _time(stored)


@dataclass(frozen=True, slots=True)
class About:
    """What a decision of the calendar's plan is about, as far as what comes next hangs on it."""

    day: date | None
    room_ids: tuple[str, ...] | None = None
    in_doubt: bool = False
    """Something is remembered of it although it has no row: it is not new."""
    holds: Sequence[NamedHold] = ()
    """Those that name it."""


def calendar_reason(decision: Decision, runs: Runs, about: About) -> Reason:
    """The decision with what we have read of its day, and with what comes next."""
    hold = kept_by(about.holds, decision.code)
    decision = _since_read(decision, runs, about, hold)
    step = step_of(CALENDAR_STEPS, decision, runs, about.day, about.room_ids)
    if hold is not None and CALENDAR_STEPS[decision.code] in ("run", "twice"):
        step = hold_step(hold)
    return replace(reason_of(CALENDAR, decision), step=step)


def _since_read(decision: Decision, runs: Runs, about: About, hold: NamedHold | None) -> Decision:
    """With when its day was read last, where that says since when it is so."""
    read = runs.last_read("inbound")
    if hold is not None:
        return replace(decision, facts={**decision.facts, "held": kept_said(hold, runs.zone)})
    if decision.code == "new" and not about.in_doubt:
        code = "never_read" if read is None else "new_since_read"
        decision = replace(decision, code=code)
    if read is None or decision.code not in ("new_since_read", "changed"):
        return decision
    return replace(decision, facts={**decision.facts, "read": runs.moment(read.ended_at)})


def clock_said(zone: ZoneInfo, start: str, end: str | None) -> Iterator[Reason]:
    """That the clinic's clock is put forward or back within a record's times."""
    begins = parse_wall(start)
    change = clock_change(begins.date(), zone)
    if change is not None and change.touches(begins, parse_wall(end) if end else begins):
        yield clock_reason(change, zone)


def clock_reason(change: ClockChange, zone: ZoneInfo) -> Reason:
    """What becomes of times that the clinic's clock skips or shows twice."""
    code = "skipped" if change.skips else "repeated"
    minutes = int((change.until - change.first).total_seconds() // 60)
    facts = {"first": f"{change.first:%H:%M}", "until": f"{change.until:%H:%M}"}
    decision = Decision("R3", code, {**facts, "minutes": minutes, "zone": zone.key})
    which = "when is meant" if change.skips else "which of the two is meant"
    return replace(reason_of(CLOCK, decision), step=f"{which} only the clinic knows: ask there")


def _is_in_doubt(stored: StoredAppointment) -> bool:
    own = (m.record for m in stored.memories if m.kind == "appointment")
    return any(record.quarantine_code is not None or record.claims for record in own)


def _word(neo: NeoSays, stored: StoredAppointment) -> Iterator[Reason]:
    """What is made of Neo's own word, the newest that there is."""
    if not is_visit(neo, stored):
        yield reason_of(WORDS, Decision("R10", "block"))
    elif neo.record is not None:
        yield reason_of(WORDS, word_read(neo.record.status))
    elif isinstance(neo.lookup, Found):
        yield reason_of(WORDS, word_read(neo.lookup.status))
    else:
        yield _remembered_word(stored)


def _remembered_word(stored: StoredAppointment) -> Reason:
    for memory in stored.memories:
        if memory.kind != "consultation" and memory.record.source is not None:
            return reason_of(
                WORDS, word_read(memory.record.source.status), " (at the last reading)"
            )
    return reason_of(WORDS, word_read(None), " is known")


CALENDAR_DOUBTS: Final = {
    "never_shown": ("R1", "found by its id, and the calendar does not show it: its row stays"),
    "older_version": ("R10", "an older version was shown: the time of both is taken"),
}


def _remembered(stored: StoredAppointment, runs: Runs, about: About) -> Iterator[Reason]:
    """Of the calendar's record; what strikes a clinical record says nothing of it."""
    for memory in stored.memories:
        if memory.kind == "appointment":
            yield from doubt_said(memory.record, runs, about)


def doubt_said(record: Remembered[Any], runs: Runs, about: About) -> Iterator[Reason]:
    """What a record of the calendar takes because it is in doubt, and whether it was struck."""
    if record.quarantine_code is not None:
        yield _kept_in_doubt(record.quarantine_code, runs, about)
    if record.claims:
        spans = ", ".join(
            f"{claim.day} {claim.start:%H:%M} to {claim.end:%H:%M}" for claim in record.claims
        )
        yield Reason("R10", f"beside what its row says it takes {spans}, until it is settled")
    if 0 < record.strikes < STRIKES_THAT_PROVE and record.struck_at is not None:
        yield _struck(record.struck_at, runs, about)


def _struck(at: datetime, runs: Runs, about: About) -> Reason:
    """Of what one complete read has missed."""
    if (hold := kept_by(about.holds, "not_found_yet")) is not None:
        return Reason("R6", f"not found once; {kept_said(hold, runs.zone)}", hold_step(hold))
    after = runs.moment(at + STRIKE_INTERVAL)
    return Reason(
        "R6",
        f"not found once: a second complete read that misses it, after {after}, proves it gone",
        None if about.day is None else runs.next_run("inbound", about.day),
    )


def _kept_in_doubt(code: str, runs: Runs, about: About) -> Reason:
    def step(kind: StepKind) -> str | None:
        if (hold := next(standing(about.holds, "inbound"), None)) is not None:
            return hold_step(hold)
        return None if about.day is None else said(kind, runs, about.day, "inbound")

    if code == REFUSED:
        what = "ODIS's database refuses its row: its time stays occupied"
        return Reason("R26", f"{what}; the job and its audit say why", step("odis"))
    if code in CALENDAR_DOUBTS:
        return Reason(*CALENDAR_DOUBTS[code], step("neo"))
    return Reason(
        "R3", f"it could not be read ({phrase({}, code)}): its time stays occupied", step("neo")
    )


def _time(stored: StoredAppointment) -> Iterator[Reason]:
    """Whether its live row takes time, and of which slots."""
    live, slots = stored.live, stored.slots
    if live is not None and live.status in FREES_TIME:
        yield Reason("R12", f"{phrase({}, live.status)}: it occupies no slot any more")
    elif live is not None and not slots:
        yield Reason("R11", "it occupies its time, in which no slots are offered")
    elif live is not None:
        booked = sum(slot.booked_count > 0 for slot in slots)
        yield Reason("R12", f"it occupies its time: {booked} of {len(slots)} slots count it")


def _removed(stored: StoredAppointment) -> Iterator[Reason]:
    why = next((REMOVALS[t.reason] for t in stored.touches if t.reason in REMOVALS), None)
    yield Reason("R7", f"removed: {why}" if why else "removed; no job of ours says why")


def holds_said(holds: Iterable[NamedHold], runs: Runs) -> Iterator[Reason]:
    """What waits for a person, and what a person has decided."""
    for hold in holds:
        step, why = hold_step(hold), phrase(HELD_BECAUSE, hold.cause)
        who = f" by {hold.decided_by}" if hold.decided_by else ""
        on = f" on {runs.moment(hold.decided_at)}" if hold.decided_at else ""
        if hold.status == "open":
            yield Reason("R8", f"held ({hold.sync}): {why}; it waits for a person", step)
        elif hold.status == "rejected" and hold.cause == REVIVED:
            yield Reason("R9", f"revived{who}{on}: it stays until Neo shows it again", step)
        elif hold.status == "rejected":
            text = f"held ({hold.sync}): {why}; rejected{who}{on}: it stays as it is"
            yield Reason("R9", text, step)
        else:
            text = f"held ({hold.sync}): {why}; approved: the next run lets it in"
            yield Reason("R9", text, step)


def day_of_run(neo: NeoSays, stored: StoredAppointment) -> date | None:
    """The day that a run would have to read."""
    if neo.record is not None or not stored.rows:
        return neo.day
    found: date | None = or_else(stored.rows[0].date)
    return found


def is_visit(neo: NeoSays, stored: StoredAppointment) -> bool:
    if neo.record is not None:
        return neo.record.kind == "visit"
    if isinstance(neo.lookup, Found):
        return neo.lookup.kind == "visit"
    return not any("@" in row.key or row.type == "block" for row in stored.rows)
