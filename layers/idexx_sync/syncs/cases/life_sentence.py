"""What one sentence says of life and death: clause by clause, and of whom. Pure.

Only what is clearly denied or clearly another's is set aside; everything else is found.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from idexx_sync.syncs.cases import life_words as words
from idexx_sync.syncs.cases.life_patterns import any_of, compiled, in_groups

LifeCategory = Literal["euthanasia", "death", "cremation"]
GRAVEST_FIRST: Final[tuple[LifeCategory, ...]] = ("euthanasia", "death", "cremation")


@dataclass(frozen=True, slots=True)
class Found:
    """A word of life status that is neither denied nor another's, and where it stands."""

    start: int
    end: int
    category: LifeCategory
    in_doubt: bool


# -- patterns from the words -----------------------------------------------------------------

_HITS: Final = {
    kind: in_groups(dict(zip(GRAVEST_FIRST, listed, strict=True)))
    for kind, listed in {
        "done": (words.EUTHANASIA_DONE, words.DEATH_DONE, words.CREMATION_DONE),
        "named": (words.EUTHANASIA, words.DEATH, words.CREMATION),
        "doubtful": (words.EUTHANASIA_DOUBTFUL, words.DEATH_DOUBTFUL, words.CREMATION_DOUBTFUL),
    }.items()
}
_ANY_HIT: Final = re.compile(
    "|".join(re.sub(r"\?P<\w+>", "?:", hits.pattern) for hits in _HITS.values()), re.IGNORECASE
)
_NOT_MEANT: Final = compiled(words.NOT_MEANT)
_FAMILY_HISTORY: Final = compiled(words.FAMILY_HISTORY)
_OTHERS_ANIMAL: Final = (
    rf"{any_of(words.WHOSE_OTHER)}\s+(?:[\w']+\s+){{0,2}}?{any_of(words.ANIMALS)}"
)
_OTHER: Final = re.compile(
    rf"\b(?:{_OTHERS_ANIMAL}|{any_of(words.RELATED_ANIMALS)})", re.IGNORECASE
)
_SOMEBODY: Final = re.compile(
    rf"\b(?:{_OTHERS_ANIMAL}|{any_of(f'{words.RELATED_ANIMALS}|{words.PEOPLE}|family')})",
    re.IGNORECASE,
)
_SAME_HOUSE: Final = re.compile(
    rf"\b(?:{any_of(words.SAME_HOUSE)}"
    rf"|{any_of(words.OTHER_OF_THE_HOUSE)}\s+(?:[\w']+\s+){{0,2}}?{any_of(words.ANIMALS)})",
    re.IGNORECASE,
)
_SIBLING: Final = re.compile(r"(?:sister|brother)s?$", re.IGNORECASE)
_OF_A_PERSON: Final = re.compile(rf"\b{any_of(words.OF_A_PERSON)}\s*$", re.IGNORECASE)
_NEGATION: Final = compiled(words.NEGATIONS)
_DENIED_AFTER: Final = re.compile(
    r"[-\s:,(/]*+(?:" + words.DENIED_AFTER.strip().replace("\n", "") + ")", re.IGNORECASE
)
_NOTHING_ELSE: Final = re.compile(
    rf"\W*$|\s*[-,;:()/.&+~]|\s+{any_of(words.AFTER_A_DENIAL)}", re.IGNORECASE
)
_TREATS_ON: Final = compiled(words.TREATS_ON)
_DOUBT: Final = compiled(words.DOUBT)
_DOUBT_OF_A_NOUN: Final = compiled(words.DOUBT_OF_A_NOUN)
_DONE: Final = compiled(words.DONE)
_CONDITION: Final = compiled(words.CONDITIONS)
_DECLINED_LIST: Final = re.compile(
    rf"\W*{any_of(words.DECLINED_LISTS)}[\w /&'-]{{0,40}}:", re.IGNORECASE
)
_OFFERED_LIST: Final = re.compile(
    rf"\W*+(?:[\w'-]++ ){{0,3}}?{any_of(words.OFFERED_LISTS)}[\w /&'-]{{0,40}}:", re.IGNORECASE
)
_RENDERED: Final = compiled(words.RENDERED_LISTS)
_CLAUSE: Final = re.compile(
    rf"[,:()]|\s-+\s|\b{any_of(words.CLAUSE_WORDS)}|\band\s+(?={any_of(words.CHOICES)})",
    re.IGNORECASE,
)
_NEXT_LABEL: Final = re.compile(r"\s*:\s*[a-z][\w' /]{0,30}:", re.IGNORECASE)
_REMARK: Final = re.compile(r"\s*\([^()]*\)")
_SLASHED: Final = re.compile(
    r":\s*[a-z][\w' -]{0,40}(?:/\s?[a-z][\w' -]{0,40}){2,}$"
    r"|\b(?:alive|living|active)\s?/\s?(?:dead|deceased)\b"
    r"|\b(?:dead|deceased)\s?/\s?(?:alive|living|active)\b|\+/-|\u00b1",
    re.IGNORECASE,
)
"""Choices of which none is chosen."""
_REACH: Final = 120
"""So many characters around a word are looked at; no clause that a person writes is longer."""
_WORD: Final = re.compile(r"[\w'-]+")


# -- judging ---------------------------------------------------------------------------------


def without_what_is_not_meant(text: str) -> str:
    """The text with signs that say nothing in place of words that only look like those."""
    return _NOT_MEANT.sub(lambda found: "~" * len(found[0]), text)


MOST_JUDGED: Final = 2_000
"""So many words of life status are judged in the texts of one record. People write a few; of each
further one nobody knows what is said of it, so that it is found, in doubt."""


class Judge:
    """Judges the sentences of one record's texts, of which each is judged once."""

    def __init__(self, most: int = MOST_JUDGED) -> None:
        self._left = most
        self._known: dict[str, list[Found]] = {}

    def judged(self, sentence: str) -> list[Found]:
        """What a sentence says: each word of life status that is not set aside, by its place."""
        if sentence not in self._known:
            self._known[sentence] = list(self._judged(sentence))
        return self._known[sentence]

    def _judged(self, sentence: str) -> Iterator[Found]:
        sentence = without_what_is_not_meant(sentence)
        if not _ANY_HIT.search(sentence):
            return
        number = sum(1 for _ in hits(sentence))
        self._left -= number
        if self._left < 0:
            for _, hit in hits(sentence):
                yield Found(*hit.span(), _CATEGORIES[hit.lastgroup or ""], in_doubt=True)
        elif not _FAMILY_HISTORY.search(sentence):
            yield from _found(sentence)


def hits(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    """The words of life status of a text, whatever is said of them, with their kind."""
    for kind, pattern in _HITS.items():
        for hit in pattern.finditer(text):
            yield kind, hit


def _found(sentence: str) -> Iterator[Found]:
    in_question = sentence.endswith("?") or _CONDITION.search(sentence) is not None
    offered = _OFFERED_LIST.match(sentence)
    is_offered = offered is not None and not _RENDERED.search(offered[0])
    is_offered = is_offered or _SLASHED.search(sentence) is not None
    declined = _DECLINED_LIST.match(sentence)
    set_aside = False
    of_whom_before = False
    start = 0
    whole = _Matched(sentence.removesuffix("?"))
    for text, end in _clauses(whole.text):
        clause = _Matched(text)
        for kind, hit in hits(text):
            said = _Said(clause, kind, hit, whole, start)
            is_declined = declined is not None and said.place[0] >= declined.end()
            denial = said.denial()
            is_set_aside = said.whose == "another" or denial == "certain"
            if is_set_aside or (is_declined and not said.is_done):
                set_aside = True
            else:
                in_doubt = (
                    in_question
                    or is_offered
                    or is_declined
                    or denial == "perhaps"
                    or said.whose == "same house"
                    or (of_whom_before and said.is_without_subject())
                    or said.is_doubtful(after_denial=set_aside)
                )
                yield Found(*said.place, said.category, in_doubt)
        if len(_WORD.findall(text)) > _A_NAME or not of_whom_before:
            of_whom_before = "present" not in text and _OTHER.search(text) is not None
        start = end


def _clauses(sentence: str) -> Iterator[tuple[str, int]]:
    """Each clause, and where the next one begins."""
    start = 0
    for divider in _CLAUSE.finditer(sentence):
        yield sentence[start : divider.start()], divider.end()
        start = divider.end()
    yield sentence[start:], len(sentence)


_Whose = Literal["another", "same house"]
_Denial = Literal["certain", "perhaps"]
_CATEGORIES: Final[dict[str, LifeCategory]] = {category: category for category in GRAVEST_FIRST}


class _Matched:
    """A text that is gone through once for each pattern, however often it is asked for it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._found: dict[re.Pattern[str], tuple[list[int], list[re.Match[str]]]] = {}

    def first(self, pattern: re.Pattern[str], start: int, end: int) -> re.Match[str] | None:
        """The first match that begins from `start` on, if it ends by `end`."""
        starts, found = self._matches(pattern)
        place = bisect_left(starts, start)
        return found[place] if place < len(found) and found[place].end() <= end else None

    def last(self, pattern: re.Pattern[str], start: int, end: int) -> re.Match[str] | None:
        """The last match that begins before `end`, if it stands from `start` to `end`."""
        starts, found = self._matches(pattern)
        place = bisect_left(starts, end) - 1
        if place < 0 or found[place].start() < start or found[place].end() > end:
            return None
        return found[place]

    def _matches(self, pattern: re.Pattern[str]) -> tuple[list[int], list[re.Match[str]]]:
        if pattern not in self._found:
            found = list(pattern.finditer(self.text))
            self._found[pattern] = [one.start() for one in found], found
        return self._found[pattern]


class _Said:
    """One word of life status, in what is said around it."""

    def __init__(
        self, clause: _Matched, kind: str, hit: re.Match[str], sentence: _Matched, start: int
    ) -> None:
        """`start` is where the clause begins in the sentence."""
        self.category = _CATEGORIES[hit.lastgroup or ""]
        self.is_done = kind == "done"
        self.place = start + hit.start(), start + hit.end()
        self._kind = kind
        self._hit = hit
        self._clause = clause
        self._sentence = sentence
        self._from = max(0, hit.start() - _REACH)
        self._to = min(len(clause.text), hit.end() + _REACH)
        self._after = clause.text[hit.end() : self._to]
        self._rest = sentence.text[self.place[1] : self.place[1] + _REACH]
        self.whose = self._whose()

    def _whose(self) -> _Whose | None:
        """Another's: of an animal that is not the patient, or the death of a person. Of the same
        house: of one that lives with the patient, whose record may be the wrong one of two."""
        if _first_word(self._after) in _PATIENT_AFTER:
            return None
        may_be_person = self.category == "death" and not self._hit[0].lower().startswith("found")
        who = _SOMEBODY if may_be_person else _OTHER
        text, tied = self._clause.text, set[_Whose]()
        begin = self._hit.start() + _length_of_animal(self._hit[0])
        one = self._clause.last(who, self._from, begin)
        if one and _are_among(_NAME.sub("", text[one.end() : begin]), _AFTER_OTHER):
            tied.add(self._kin(one))
        one = self._clause.first(who, self._hit.end(), self._to)
        if one and "present" not in self._after:
            between = _ANY_HIT.sub(" ", text[self._hit.end() : one.start()])
            if _are_among(between, _BEFORE_OTHER):
                tied.add(self._kin(one))
        return min(tied, default=None)

    def is_without_subject(self) -> bool:
        """Nothing stands before it in its clause: it goes on about whom the one before was."""
        return _are_among(self._clause.text[self._from : self._hit.start()], _AFTER_OTHER)

    def _kin(self, one: re.Match[str]) -> _Whose:
        if not _SAME_HOUSE.fullmatch(one[0]):
            return "another"
        before = self._clause.text[max(0, one.start() - _REACH) : one.start()]
        of_a_person = _SIBLING.match(one[0]) and _OF_A_PERSON.search(before)
        return "another" if of_a_person else "same house"

    def denial(self) -> _Denial | None:
        """Only a negation that is tied to the word itself counts."""
        if _ANSWERED_NO.match(self._rest):
            return "certain"
        before = self._denied_before()
        if before == "certain" or self._is_told:
            return before
        return self._denied_after() or before

    def _denied_after(self) -> _Denial | None:
        """In "euthanasia, cancelled appts" and "euthanasia, declined necropsy" nobody knows."""
        if self._treats_on():
            return "certain"
        denied = _DENIED_AFTER.match(self._rest)
        if denied is None:
            return None
        return "certain" if _NOTHING_ELSE.match(self._rest, denied.end()) else "perhaps"

    def _denied_before(self) -> _Denial | None:
        negation = self._clause.last(_NEGATION, self._from, self._hit.start())
        if negation is None:
            return None
        between = self._clause.text[negation.end() : self._hit.start()]
        plain = _ANY_HIT.sub(" ", between)
        if _APART.match(between) or not _are_among(plain, _TIED):
            return None
        if self._is_told:
            is_sure = _denies_what_is_told(negation[0], between)
        else:
            is_sure = self._denies_a_noun(negation, between, plain)
        return "certain" if is_sure else "perhaps"

    @property
    def _is_told(self) -> bool:
        """It says that it came about, and does not only name it."""
        is_of_death = self.category == "death" and _TOLD.search(self._hit[0]) is not None
        is_thing = self._hit[0].lower().startswith(("ashes", "pick"))
        return is_of_death or (self.is_done and not is_thing)

    def _denies_a_noun(self, negation: re.Match[str], between: str, plain: str) -> bool:
        """Not where it is denied itself ("not declined"), may be of what stands between ("no appt
        needed euthanasia", "declined cremation euthanasia") or may say for what it is made
        ("cancelled for euthanasia")."""
        if _NEGATED.search(self._clause.text[self._from : negation.start()]):
            return False
        said = _WORD.findall(plain.lower())
        may_tell_why = _CANCELS.match(negation[0]) is not None and "for" in said
        if may_tell_why or said[-1:] == ["needed"]:
            return False
        return plain == between or _CONNECTIVE.search(between) is not None

    def _treats_on(self) -> bool:
        start, end = self.place[1], self.place[1] + len(self._rest)
        going_on = self._sentence.first(_TREATS_ON, start, end)
        return going_on is not None and not self._sentence.first(_NEGATION, start, going_on.start())

    def is_doubtful(self, *, after_denial: bool) -> bool:
        """`after_denial`: of something else in the sentence; what is only named may share it."""
        if self._kind == "doubtful" or self._says(_DOUBT) or _NEXT_LABEL.match(self._rest):
            return True
        remark = _REMARK.match(self._rest)
        if remark and _DOUBT.search(remark[0]):
            return True
        if self.is_done or self._says(_DONE):
            return False
        return after_denial or self._says(_DOUBT_OF_A_NOUN)

    def _says(self, pattern: re.Pattern[str]) -> bool:
        return self._clause.first(pattern, self._from, self._to) is not None


_A_NAME: Final = 2
_NAME: Final = re.compile(r"^(?:'s)? [A-Z][a-z]+\b")
_ANIMAL: Final = compiled(words.ANIMALS)
_APART: Final = re.compile(r"\s*/")
_ANSWERED_NO: Final = re.compile(
    r"(?:\s?(?:/|&|and|or)\s?[\w']+)?\s*(?:[:=][\s/]*|-\s*(?=n))"
    r"(?:no|n|none|nil|n/?a|not applicable|false|0|-+)\s*$",
    re.IGNORECASE,
)
_AFTER_OTHER: Final = frozenset(words.BETWEEN_OTHER_AND_WORD.split())
_BEFORE_OTHER: Final = frozenset(words.BETWEEN_WORD_AND_OTHER.split())
_PATIENT_AFTER: Final = frozenset(words.PATIENT_AFTER.split())
_TIED: Final = frozenset(words.BETWEEN_NO_AND_WORD.split())
_NOT: Final = compiled(words.NOT)
_NEGATED: Final = re.compile(rf"\b{any_of(words.NOT)}\s+$", re.IGNORECASE)
_CANCELS: Final = re.compile("cancel", re.IGNORECASE)
_CONNECTIVE: Final = re.compile(rf"\b{any_of(words.CONNECTIVES)}|[/&]", re.IGNORECASE)
_TOLD: Final = compiled(words.TOLD)
_BEFORE_DONE: Final = frozenset(words.BETWEEN_NOT_AND_DONE.split())
_WISHES: Final = frozenset(words.WISHES.split())
_OF_A_WISH: Final = _WISHES | {"a", "to", "that", "have", "having", "about"}


def _denies_what_is_told(negation: str, between: str) -> bool:
    """As in "not yet deceased"; "cancelled pet died" may only lack its comma."""
    said = _WORD.findall(between.lower())
    if not _NOT.fullmatch(negation) or not _BEFORE_DONE.issuperset(said):
        return False
    followed = zip(said, [*said[1:], ""], strict=False)
    return all(then in _OF_A_WISH for one, then in followed if one in _WISHES)


def _are_among(text: str, allowed: frozenset[str]) -> bool:
    return allowed.issuperset(_WORD.findall(text.lower()))


def _length_of_animal(hit: str) -> int:
    """How long the animal is that a word of life status begins with, as in "cat passed"."""
    animal = _ANIMAL.match(hit)
    return animal.end() if animal else 0


def _first_word(text: str) -> str | None:
    first = _WORD.search(text)
    return first[0].lower() if first else None
