"""What a text tells of life and death where its lines end in one place or another. Pure.

Each line is judged by itself, with what its neighbours may have to do with it, and for words that
stand over its end.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from idexx_sync.syncs.cases import life_words as words
from idexx_sync.syncs.cases.life_forms import Filled, filled, is_label
from idexx_sync.syncs.cases.life_letters import plain_letters, without_hyphenation
from idexx_sync.syncs.cases.life_patterns import any_of, entries
from idexx_sync.syncs.cases.life_sentence import (
    GRAVEST_FIRST,
    Found,
    Judge,
    LifeCategory,
    hits,
    without_what_is_not_meant,
)

type Told = tuple[LifeCategory, bool]
"""What is told, and whether that is in doubt."""
STRONGEST: Final[Told] = GRAVEST_FIRST[0], False


def _strength(told: Told | None) -> tuple[bool, bool, int]:
    """Orders what is told, the strongest first: certain before doubtful, then by category."""
    if told is None:
        return True, True, 0
    category, in_doubt = told
    return False, in_doubt, GRAVEST_FIRST.index(category)


def stronger(one: Told | None, other: Told | None) -> Told | None:
    """Of the two what is certain, and of that the graver one."""
    return min(one, other, key=_strength)


def _strongest_of(found: Iterable[Found], *, in_doubt: bool = False) -> Told | None:
    told = [(one.category, one.in_doubt or in_doubt) for one in found]
    return min(told, key=_strength, default=None)


# -- is there anything at all ----------------------------------------------------------------

_LISTED: Final = (
    *(words.EUTHANASIA_DONE, words.EUTHANASIA, words.EUTHANASIA_DOUBTFUL),
    *(words.DEATH_DONE, words.DEATH, words.DEATH_DOUBTFUL),
    *(words.CREMATION_DONE, words.CREMATION, words.CREMATION_DOUBTFUL),
)
_EVERYDAY: Final = frozenset(words.EVERYDAY.split())


def _key(entry: str) -> str:
    entry_words: list[str] = re.findall(r"[a-z0-9]+\*?", entry.lower())
    return max(entry_words, key=lambda word: (word not in _EVERYDAY, len(word)))


_KEYS: Final = frozenset(_key(entry) for listed in _LISTED for entry in entries(listed))
"""The most telling word of each entry: a text without any of them says nothing."""
_ANY_KEY: Final = re.compile(rf"\b{any_of('|'.join(_KEYS))}")


def _may_say(text: str) -> bool:
    return _ANY_KEY.search(text.lower()) is not None


# -- ways to read a text ---------------------------------------------------------------------


def told_by(text: str, judge: Judge | None = None) -> Iterator[Told]:
    """What the text tells, in each way in which it can be read; texts of a record share a judge."""
    judge = judge or Judge()
    text = plain_letters(text)
    whole_words = without_hyphenation(text)
    if whole_words is None:
        yield from _of_lines(text, judge)
        return
    as_one = list(_of_lines(whole_words, judge))
    yield from as_one
    is_certain = any(not in_doubt for _, in_doubt in as_one)
    for category, in_doubt in _of_lines(text, judge):
        yield category, in_doubt or not is_certain


def _of_lines(text: str, judge: Judge) -> Iterator[Told]:
    """What the lines say, each by itself and with its neighbours; where the two readings differ
    the graver one counts, in doubt."""
    if not _may_say(text):
        return
    lines = list(filled(text.split("\n")))
    seen: set[tuple[str, int, int]] = set()
    headings = list(_headings(lines))
    for number, line in enumerate(lines):
        for unclear in line.unclear:
            if _may_say(unclear):
                found = (one for _, said in _sentences(unclear) for one in judge.judged(said))
                yield from _some(_strongest_of(found, in_doubt=True))
        if _may_say(line.said):
            around = _Around(lines, number, headings[number])
            if around.place not in seen:
                seen.add(around.place)
                yield from _some(_of_line(line.said, around, judge))
    yield from _across(lines, judge)


def _some(told: Told | None) -> Iterator[Told]:
    if told is not None:
        yield told


_SENTENCE: Final = re.compile(r"[^.!?;|\n]+(?:\.(?!\s|$)[^.!?;|\n]+)*\??")
_BELATED: Final = re.compile(r";(?=\s*not (?:today|yet|now|ready|at this))", re.IGNORECASE)
_HEADING: Final = re.compile(r"(?:[\w'/&()-]+ ){0,5}[\w'/&()-]+ ?:\s*$")
_REACH: Final = 120


def _sentences(text: str) -> Iterator[tuple[int, str]]:
    for sentence in _SENTENCE.finditer(_BELATED.sub(",", text)):
        yield sentence.start(), sentence[0]


def _of_line(line: str, around: "_Around", judge: Judge) -> Told | None:
    alone = None
    for start, sentence in _sentences(line):
        if _may_say(sentence):
            found = judge.judged(sentence)
            is_last = not line[start + len(sentence) :].strip(" |")
            if found and _HEADING.fullmatch(sentence.strip()) and _names_nothing(sentence):
                found = _of_heading(found, around) if is_last else []
            alone = stronger(alone, _strongest_of(found))
    if alone is None or alone[1] or not around.is_joined:
        return alone
    together = _strongest_of(
        Found(start + one.start, start + one.end, one.category, one.in_doubt)
        for start, sentence in _sentences(around.whole)
        if _may_say(sentence)
        for one in judge.judged(sentence)
        if around.start <= start + one.start and start + one.end <= around.end
    )
    return alone if _strength(together) <= _strength(alone) else (alone[0], True)


def _names_nothing(sentence: str) -> bool:
    return "," not in sentence


def _of_heading(found: list[Found], around: "_Around") -> list[Found]:
    """A heading says nothing where nothing stands below it; else nobody knows what is meant."""
    if not around.is_followed:
        return []
    return [Found(one.start, one.end, one.category, in_doubt=True) for one in found]


class _Around:
    """A line with what its neighbours may have to do with it."""

    def __init__(self, lines: list[Filled], number: int, heading: str) -> None:
        line = lines[number].said
        before = lines[number - 1].said if number else ""
        after = lines[number + 1].said if number + 1 < len(lines) else ""
        before = before[-_REACH:] if _go_together(before, line) else heading
        after = after[:_REACH] if _go_together(line, after) else ""
        self.is_joined = bool(before or after)
        self.is_followed = bool(after) or len(lines) == 1
        """Something stands below it; where nothing stands at all, nobody knows."""
        self.start = len(before) + bool(before)
        self.end = self.start + len(line)
        self.whole = f"{before} {line} {after}".strip() if self.is_joined else line
        self.place = self.whole, self.start, self.end


_ITEM: Final = re.compile(r"[-*\u2022\u00b7>]|\w{1,3}[.)] |(?:\S+ ){0,3}\S+$")


def _headings(lines: list[Filled]) -> Iterator[str]:
    """For each line the heading of the list that it is an item of, else nothing."""
    heading = ""
    for line in lines:
        is_heading = line.said.endswith(":")
        if is_heading or is_label(line.said) or not _ITEM.match(line.said):
            heading = ""
        yield heading
        if is_heading:
            heading = line.said[-_REACH:]


_GOES_ON: Final = re.compile(r"[:,/(&-]\s*$")
_ENDED: Final = re.compile(r"[.!?;]\s*$")
_ANSWER: Final = re.compile(
    r"\W*(?:(?:owners?|client|o|was|is)\s)?(?:no|not|yes|never|none|n/?a|without|declin\w*|refus\w*"
    r"|denie[sd]|cancell?ed|postponed|deferred|not (?:today|yet|now|ready))\W*$",
    re.IGNORECASE,
)


def _go_together(line: str, following: str) -> bool:
    """Whether a line may go on in the one below it."""
    if not line or not following or _ENDED.search(line) or is_label(following):
        return False
    return bool(
        _GOES_ON.search(line)
        or following[0].islower()
        or _ANSWER.fullmatch(line)
        or _ANSWER.fullmatch(following)
    )


# -- words across the ends of lines and cells ------------------------------------------------

_ENDS: Final = re.compile(r"\n+|[|:;]")
_BETWEEN: Final = str.maketrans("\n|:;", "    ")
_LONGEST: Final = 60
"""No entry of the lists is longer."""


def _across(lines: list[Filled], judge: Judge) -> Iterator[Told]:
    """Words that stand over the end of a line or a cell, and in no line by themselves."""
    text = "\n".join(line.said for line in lines)
    flat = text.translate(_BETWEEN)
    for start, stop in _near_keys(flat):
        window = without_what_is_not_meant(flat[start:stop])
        for kind, hit in hits(window):
            place = start + hit.start(), start + hit.end()
            divided = _ENDS.search(text, *place)
            if divided and divided[0].count("\n") < 2:
                yield from _some(_of_hit_across(text, flat, place, kind, judge))


def _near_keys(text: str) -> Iterator[tuple[int, int]]:
    """The pieces of the text in which a telling word stands, with what may belong to it."""
    start = stop = 0
    for key in _ANY_KEY.finditer(text.lower()):
        if key.start() - _LONGEST > stop:
            if stop:
                yield start, stop
            start = max(0, key.start() - _LONGEST)
        stop = min(len(text), key.end() + _LONGEST)
    if stop:
        yield start, stop


def _of_hit_across(
    text: str, flat: str, place: tuple[int, int], kind: str, judge: Judge
) -> Told | None:
    divided = text[place[0] : place[1]]
    is_wrapped = re.search(r"[|:;]", divided) is None
    if not is_wrapped and kind == "doubtful":
        return None
    first, last = max(0, place[0] - _REACH), place[1] + _REACH
    before = re.split(r"[.!?;]\s|\n\n", text[first : place[0]])[-1]
    after = re.split(r"[.!?;]|\n\n", text[place[1] : last])[0]
    start = place[0] - len(before)
    sentence = flat[start : place[1] + len(after)]
    found = [
        one
        for one in judge.judged(sentence)
        if start + one.start <= place[0] and place[1] <= start + one.end
    ]
    is_sentence = is_wrapped and re.search(r"\n[^a-z]", divided) is None
    return _strongest_of(found, in_doubt=not is_sentence)
