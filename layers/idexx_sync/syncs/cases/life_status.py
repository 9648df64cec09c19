"""Whether texts say that the patient has died or is about to (rule R19). Pure.

What is meant, denied or said of somebody else is judged clause by clause. Only what is clearly
denied or clearly another's is set aside; everything else is marked, and in doubt a person looks.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from idexx_sync.syncs.cases import life_words as words

LifeCategory = Literal["euthanasia", "death", "cremation"]


@dataclass(frozen=True, slots=True)
class Screening:
    category: LifeCategory
    in_doubt: bool
    """A person has to look at it."""


def screen(texts: Iterable[str]) -> Screening | None:
    """The strongest thing that the texts say: certain before doubtful, then by category.

    >>> screen(["Annual exam", "No vomiting. Euthanized at owner's request."])
    Screening(category='euthanasia', in_doubt=False)
    >>> screen(["Owner declined euthanasia."]) is None
    True
    """
    found = {verdict for text in texts for verdict in _verdicts(text)}
    return min(found, key=lambda v: (v.in_doubt, GRAVEST_FIRST.index(v.category)), default=None)


GRAVEST_FIRST: Final[tuple[LifeCategory, ...]] = ("euthanasia", "death", "cremation")


# -- patterns from the words -----------------------------------------------------------------


def _entry(entry: str) -> str:
    """An entry as a pattern; how entries are written stands in `life_words`."""
    pattern = re.escape(entry).replace(r"\ ", r"[\s-]+").replace(r"\*", r"\w*")
    pattern = pattern.replace(r"\#", r"\d+").replace("_", r"[\w']+")
    return f"(?-i:{pattern})" if entry.isupper() else pattern


def _entries(listed: str) -> set[str]:
    return {entry.strip() for line in listed.splitlines() for entry in line.split("|")} - {""}


def _any_of(listed: str) -> str:
    """Longer entries first, so that the one that says most is found."""
    longest = sorted(_entries(listed), key=lambda entry: (-len(entry), entry))
    return rf"(?:{'|'.join(map(_entry, longest))})\b"


def _compiled(*listed: str) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(map(_any_of, listed)) + ")", re.IGNORECASE)


def _hits(euthanasia: str, death: str, cremation: str) -> re.Pattern[str]:
    categories = {"euthanasia": euthanasia, "death": death, "cremation": cremation}
    groups = "|".join(f"(?P<{name}>{_any_of(listed)})" for name, listed in categories.items())
    return re.compile(rf"\b(?:{groups})", re.IGNORECASE)


_HITS: Final = {
    "done": _hits(words.EUTHANASIA_DONE, words.DEATH_DONE, words.CREMATION_DONE),
    "named": _hits(words.EUTHANASIA, words.DEATH, words.CREMATION),
    "doubtful": _hits(words.EUTHANASIA_DOUBTFUL, words.DEATH_DOUBTFUL, words.CREMATION_DOUBTFUL),
}
_ANY_HIT: Final = re.compile(
    "|".join(re.sub(r"\?P<\w+>", "?:", hits.pattern) for hits in _HITS.values()), re.IGNORECASE
)
_NOT_MEANT: Final = _compiled(words.NOT_MEANT)
_FAMILY_HISTORY: Final = _compiled(words.FAMILY_HISTORY)
_OTHER_ANIMAL: Final = (
    rf"(?:{_any_of(words.WHOSE_OTHER)}\s+(?:[\w']+\s+){{0,2}}?{_any_of(words.ANIMALS)}"
    rf"|{_any_of(words.RELATED_ANIMALS)})"
)
_PERSON: Final = rf"{_any_of(words.PEOPLE)}"
_OTHER: Final = re.compile(rf"\b{_OTHER_ANIMAL}", re.IGNORECASE)
_SOMEBODY: Final = re.compile(rf"\b(?:{_PERSON}|{_OTHER_ANIMAL}|family\b)", re.IGNORECASE)
_NEGATION: Final = _compiled(words.NEGATIONS)
_DENIED_AFTER: Final = re.compile(
    r"\s*[-:,(/–—]*\s*(?:" + words.DENIED_AFTER.strip().replace("\n", "") + ")", re.IGNORECASE
)
_TREATS_ON: Final = _compiled(words.TREATS_ON)
_DOUBT: Final = _compiled(words.DOUBT)
_DOUBT_OF_A_NOUN: Final = _compiled(words.DOUBT_OF_A_NOUN)
_DONE: Final = _compiled(words.DONE)

_SENTENCE: Final = re.compile(r"[^.!?;|\n]+(?:\.(?!\s|$)[^.!?;|\n]+)*\??")
_CLAUSE: Final = re.compile(
    rf"[,:()]|\s[-–—]+\s|\b{_any_of(words.CLAUSE_WORDS)}|\band\s+(?={_any_of(words.CHOICES)})",
    re.IGNORECASE,
)
_LISTED: Final = (
    *(words.EUTHANASIA_DONE, words.EUTHANASIA, words.EUTHANASIA_DOUBTFUL),
    *(words.DEATH_DONE, words.DEATH, words.DEATH_DOUBTFUL),
    *(words.CREMATION_DONE, words.CREMATION, words.CREMATION_DOUBTFUL),
)


def _key(entry: str) -> str:
    entry_words: list[str] = re.findall(r"[a-z0-9]+\*?", entry.lower())
    return max(entry_words, key=lambda word: (word not in _EVERYDAY, len(word)))


_EVERYDAY: Final = frozenset(words.EVERYDAY.split())
_KEYS: Final = frozenset(_key(entry) for listed in _LISTED for entry in _entries(listed))
"""The most telling word of each entry: a sentence without any of them says nothing."""
_WHOLE_KEYS: Final = frozenset(key for key in _KEYS if not key.endswith("*"))
_BEGINNINGS: Final = tuple(key[:-1] for key in _KEYS if key.endswith("*"))
_CONDITION: Final = _compiled(words.CONDITIONS)
_BELATED: Final = re.compile(r";\s*(?=not (?:today|yet|now|ready|at this))", re.IGNORECASE)
_REACH: Final = 120
"""So many characters around a word are looked at; no clause that a person writes is longer."""
_WORD: Final = re.compile(r"[\w'-]+")
_DOTTED: Final = re.compile(r"\b([A-Za-z])\.([A-Za-z])\.([A-Za-z])\b\.?")


# -- judging ---------------------------------------------------------------------------------


def _verdicts(text: str) -> Iterator[Screening]:
    text = _DOTTED.sub(r"\1\2\3", text.replace("’", "'").replace("\xa0", " "))
    keys = {word for word in set(re.findall(r"\w+", text.lower())) if _is_key(word)}
    if not keys:
        return
    for sentence in dict.fromkeys(_SENTENCE.findall(_BELATED.sub(", ", text))):
        lower = sentence.lower()
        if any(key in lower for key in keys):
            yield from _judged(sentence)


def _is_key(word: str) -> bool:
    return word in _WHOLE_KEYS or word.startswith(_BEGINNINGS)


def _judged(sentence: str) -> Iterator[Screening]:
    sentence = _NOT_MEANT.sub(" ~ ", sentence)
    if not _ANY_HIT.search(sentence) or _FAMILY_HISTORY.search(sentence):
        return
    in_question = sentence.endswith("?") or _CONDITION.search(sentence) is not None
    sentence = sentence.removesuffix("?")
    set_aside = False
    start = 0
    for clause, end in _clauses(sentence):
        for kind, hits in _HITS.items():
            for hit in hits.finditer(clause):
                rest = sentence[start + hit.end() : start + hit.end() + _REACH]
                said = _Said(clause, kind, hit, rest)
                if said.is_of_another() or said.is_denied():
                    set_aside = True
                else:
                    in_doubt = in_question or said.is_doubtful(after_denial=set_aside)
                    yield Screening(said.category, in_doubt)
        start = end


def _clauses(sentence: str) -> Iterator[tuple[str, int]]:
    """Each clause, and where the next one begins."""
    start = 0
    for divider in _CLAUSE.finditer(sentence):
        yield sentence[start : divider.start()], divider.end()
        start = divider.end()
    yield sentence[start:], len(sentence)


_CATEGORIES: Final[dict[str, LifeCategory]] = {category: category for category in GRAVEST_FIRST}


class _Said:
    """One word of life status, in what is said around it."""

    def __init__(self, clause: str, kind: str, hit: re.Match[str], rest: str) -> None:
        self.category = _CATEGORIES[hit.lastgroup or ""]
        self.kind = kind
        self.word = hit[0].lower()
        self.before = clause[max(0, hit.start() - _REACH) : hit.start()]
        self.after = clause[hit.end() : hit.end() + _REACH]
        self.clause = f"{self.before}{hit[0]}{self.after}"
        self.rest = rest
        """What follows in the sentence."""

    @property
    def is_done(self) -> bool:
        return self.kind == "done"

    def is_of_another(self) -> bool:
        """Said of an animal that is not the patient, or of the death of a person."""
        if _first_word(self.after) in _PATIENT_AFTER:
            return False
        may_be_person = self.category == "death" and not self.word.startswith("found")
        who = _SOMEBODY if may_be_person else _OTHER
        if any(_are_among(self.before[m.end() :], _AFTER_OTHER) for m in who.finditer(self.before)):
            return True
        other = who.search(self.after)
        return (
            other is not None
            and _are_among(_ANY_HIT.sub(" ", self.after[: other.start()]), _BEFORE_OTHER)
            and "present" not in self.after
        )

    def is_denied(self) -> bool:
        """Only a negation that is tied to the word itself counts."""
        negations = list(_NEGATION.finditer(self.before))
        if negations:
            between = _ANY_HIT.sub(" ", self.before[negations[-1].end() :])
            if _are_among(between, _TIED):
                return True
        if self.is_done:
            return False
        if _DENIED_AFTER.match(self.rest):
            return True
        treats_on = _TREATS_ON.search(self.rest)
        return treats_on is not None and not _NEGATION.search(self.rest[: treats_on.start()])

    def is_doubtful(self, *, after_denial: bool) -> bool:
        """`after_denial`: of something else in the sentence; what is only named may share it."""
        if self.kind == "doubtful" or _DOUBT.search(self.clause):
            return True
        if self.is_done or _DONE.search(self.clause):
            return False
        return after_denial or _DOUBT_OF_A_NOUN.search(self.clause) is not None


_AFTER_OTHER: Final = frozenset(words.BETWEEN_OTHER_AND_WORD.split())
_BEFORE_OTHER: Final = frozenset(words.BETWEEN_WORD_AND_OTHER.split())
_PATIENT_AFTER: Final = frozenset(words.PATIENT_AFTER.split())
_TIED: Final = frozenset(words.BETWEEN_NO_AND_WORD.split())


def _are_among(text: str, allowed: frozenset[str]) -> bool:
    return allowed.issuperset(_WORD.findall(text.lower()))


def _first_word(text: str) -> str | None:
    first = _WORD.search(text)
    return first[0].lower() if first else None
