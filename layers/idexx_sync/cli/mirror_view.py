"""What a pass of the mirror did, or would do, as a person reads it."""

from collections.abc import Mapping
from typing import Final

from idexx_sync.cli.tables import Shown, indented, line
from idexx_sync.core.phrases import counted
from idexx_sync.schedules.mirror.wanted import FindingCode
from idexx_sync.upkeep.mirroring import MirrorAnswer, MirrorCall, MirrorFinding

MOST_SHOWN: Final = 20
"""Of each kind of thing; --json has a hundred."""
FINDINGS: Final[Mapping[FindingCode, str]] = {
    "zone_unknown": "the clinic's time zone is none; its schedules stay as they are",
    "no_settings": "ODIS has no schedule settings of it; its schedules stay as they are",
    "entries_unreadable": "some entry can't be read; nothing of the clinic is deleted",
    "cron_invalid": "the cron can't be carried out; its schedule stays as it is",
    "word_means_cases": "`enrich` is taken for cases; write cases",
}
"""Code -> what it says of a clinic's rows, and what comes of that."""
_COUNTS: Final[Mapping[str, str]] = {
    "created": "made",
    "updated": "changed",
    "deleted": "deleted",
    "unchanged": "as they should be",
    "kept": "left as they are, because what they are of can't be read",
    "withheld": "would be deleted, which is too many for one pass",
    "foreign": "of other names, left alone",
    "failed": "failed",
    "left": "left for the next pass",
}


def mirror_shown(answer: MirrorAnswer) -> list[Shown]:
    """What was to be done, what came of it, and what somebody has to look at."""
    parts: list[Shown] = []
    if answer.dry_run:
        parts.append(line("Nothing was changed; this is what a pass would do."))
    parts += [line(_call(call), whole=True) for call in answer.calls[:MOST_SHOWN]]
    parts += _more(answer.calls_in_all - MOST_SHOWN)
    if not answer.calls_in_all:
        parts.append(line("Nothing has to be done."))
    if not answer.dry_run:
        parts += [_count(name, answer.counts) for name in _COUNTS if name in answer.counts]
    parts += [
        line(f"AWS refused with {word}: {counted(number, 'call')}", "red")
        for word, number in sorted(answer.failures.items())
    ]
    if answer.withheld:
        number = counted(len(answer.withheld), "schedule")
        parts.append(
            line(
                f"{number} would be deleted, which is too many for one pass. If that is right: "
                "idexx-sync schedules mirror --force",
                "yellow",
            )
        )
    parts += _named("withheld", answer.withheld)
    parts += _named("not ours", answer.foreign)
    return [*parts, *_findings(answer.findings, answer.findings_in_all)]


def _call(call: MirrorCall) -> str:
    told = f"{call.verb} {call.name}"
    if call.expression is None:
        return told
    return f"{told}  {call.expression} in {call.zone}, {str(call.state).lower()}"


def _count(name: str, counts: Mapping[str, int]) -> Shown:
    return line(f"{counted(counts[name], 'schedule')}: {_COUNTS[name]}")


def _named(what: str, names: list[str]) -> list[Shown]:
    return [line(f"{what}: {name}", whole=True) for name in names[:MOST_SHOWN]]


def _findings(findings: list[MirrorFinding], in_all: int) -> list[Shown]:
    parts: list[Shown] = []
    for one in findings[:MOST_SHOWN]:
        parts.append(line(f"{one.clinic_id}  {one.where}: {FINDINGS[one.code]}", "yellow"))
        parts.append(indented(f"idexx-sync schedules show {one.clinic_id}", 4))
    return [*parts, *_more(in_all - MOST_SHOWN)]


def _more(number: int) -> list[Shown]:
    return [line(f"and {number} more")] if number > 0 else []
