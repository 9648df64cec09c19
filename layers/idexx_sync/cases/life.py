"""Whether texts say that the patient has died or is about to (rule R19). Pure.

What is meant, denied or said of somebody else is judged clause by clause. Only what is clearly
denied or clearly another's is set aside; everything else is marked, and in doubt a person looks.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from idexx_sync.cases import life_words as words

LifeCategory = Literal["euthanasia", "death", "cremation"]


@dataclass(frozen=True, slots=True)
class Verdict:
    category: LifeCategory
    in_doubt: bool
    """A person has to look at it."""


def screen(texts: Iterable[str]) -> Verdict | None:
    """The strongest thing that the texts say: certain before doubtful, then by category.

    >>> screen(["Annual exam", "No vomiting. Euthanized at owner's request."])
    Verdict(category='euthanasia', in_doubt=False)
    >>> screen(["Owner declined euthanasia."]) is None
    True
    """
    found = {verdict for text in texts for verdict in _verdicts(text)}
    return min(found, key=lambda v: (v.in_doubt, _ORDER.index(v.category)), default=None)


_ORDER: Final[tuple[LifeCategory, ...]] = ("euthanasia", "death", "cremation")


# -- patterns from the words -----------------------------------------------------------------


def _entry(entry: str) -> str:
    """An entry as a pattern; how entries are written stands in `life_words`."""
    pattern = re.escape(entry).replace(r"\ ", r"[\s-]+").replace(r"\*", r"\w*")
    pattern = pattern.replace(r"\#", r"\d+").replace("_", r"[\w']+")
    return f"(?-i:{pattern})" if entry.isupper() else pattern


def _any_of(listed: str) -> str:
    """Longer entries first, so that the one that says most is found."""
    entries = {entry.strip() for line in listed.splitlines() for entry in line.split("|")}
    longest = sorted(entries - {""}, key=lambda entry: (-len(entry), entry))
    return rf"(?:{'|'.join(map(_entry, longest))})\b"


def _compiled(*listed: str) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(map(_any_of, listed)) + ")", re.IGNORECASE)


_HIT: Final = re.compile(
    rf"""(?<!\w)(?:(?P<euthanasia_done>{_any_of(words.EUTHANASIA_DONE)})
    |(?P<death_done>{_any_of(words.DEATH_DONE)})
    |(?P<cremation_done>{_any_of(words.CREMATION_DONE)})
    |(?P<euthanasia_named>{_any_of(words.EUTHANASIA)})
    |(?P<death_named>{_any_of(words.DEATH)})
    |(?P<cremation_named>{_any_of(words.CREMATION)})
    |(?P<euthanasia_doubtful>{_any_of(words.EUTHANASIA_DOUBTFUL)})
    |(?P<death_doubtful>{_any_of(words.DEATH_DOUBTFUL)})
    |(?P<cremation_doubtful>{_any_of(words.CREMATION_DOUBTFUL)}))""",
    re.IGNORECASE | re.VERBOSE,
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
_WORD: Final = re.compile(r"[\w'-]+")
_DOTTED: Final = re.compile(r"\b([A-Za-z])\.([A-Za-z])\.([A-Za-z])\b\.?")


# -- judging ---------------------------------------------------------------------------------


def _verdicts(text: str) -> Iterator[Verdict]:
    text = _DOTTED.sub(r"\1\2\3", text.replace("’", "'").replace("\xa0", " "))
    if not _HIT.search(text):
        return
    for sentence in _SENTENCE.findall(text):
        if _HIT.search(sentence):
            yield from _judged(sentence)


def _judged(sentence: str) -> Iterator[Verdict]:
    sentence = _NOT_MEANT.sub(" ~ ", sentence)
    if _FAMILY_HISTORY.search(sentence):
        return
    asks = sentence.endswith("?")
    set_aside = False
    start = 0
    for clause, end in _clauses(sentence.removesuffix("?")):
        for hit in _HIT.finditer(clause):
            said = _Said(clause, hit, rest=sentence[start + hit.end() :].removesuffix("?"))
            if said.is_of_another() or said.is_denied():
                set_aside = True
            else:
                loose = set_aside and not said.is_done
                yield Verdict(said.category, asks or loose or said.is_doubtful())
        start = end


def _clauses(sentence: str) -> Iterator[tuple[str, int]]:
    """Each clause, and where the next one begins."""
    start = 0
    for divider in _CLAUSE.finditer(sentence):
        yield sentence[start : divider.start()], divider.end()
        start = divider.end()
    yield sentence[start:], len(sentence)


_CATEGORIES: Final[dict[str, LifeCategory]] = {category: category for category in _ORDER}


class _Said:
    """One word of life status, in what is said around it."""

    def __init__(self, clause: str, hit: re.Match[str], rest: str) -> None:
        category, self.kind = (hit.lastgroup or "").split("_")
        self.category = _CATEGORIES[category]
        self.clause = clause
        self.before, self.after = clause[: hit.start()], clause[hit.end() :]
        self.rest = rest
        """All that follows in the sentence."""

    @property
    def is_done(self) -> bool:
        return self.kind == "done"

    def is_of_another(self) -> bool:
        """Said of an animal that is not the patient, or of the death of a person."""
        if _first_word(self.after) in _PATIENT_AFTER:
            return False
        who = _OTHER if self.category == "euthanasia" else _SOMEBODY
        if any(_are_among(self.before[m.end() :], _AFTER_OTHER) for m in who.finditer(self.before)):
            return True
        other = who.search(self.after)
        return (
            other is not None
            and _are_among(self.after[: other.start()], _BEFORE_OTHER)
            and "present" not in self.after
        )

    def is_denied(self) -> bool:
        """Only a negation that is tied to the word itself counts."""
        for negation in _NEGATION.finditer(self.before):
            if _are_among(_HIT.sub(" ", self.before[negation.end() :]), _TIED):
                return True
        if self.is_done:
            return False
        if _DENIED_AFTER.match(self.rest):
            return True
        treats_on = _TREATS_ON.search(self.rest)
        return treats_on is not None and not _NEGATION.search(self.rest[: treats_on.start()])

    def is_doubtful(self) -> bool:
        if self.kind == "doubtful" or _DOUBT.search(self.clause):
            return True
        if self.is_done or _DONE.search(self.clause):
            return False
        return _DOUBT_OF_A_NOUN.search(self.clause) is not None


_AFTER_OTHER: Final = frozenset(words.BETWEEN_OTHER_AND_WORD.split())
_BEFORE_OTHER: Final = frozenset(words.BETWEEN_WORD_AND_OTHER.split())
_PATIENT_AFTER: Final = frozenset(words.PATIENT_AFTER.split())
_TIED: Final = frozenset(words.BETWEEN_NO_AND_WORD.split())


def _are_among(text: str, allowed: frozenset[str]) -> bool:
    return allowed.issuperset(_WORD.findall(text.lower()))


def _first_word(text: str) -> str | None:
    first = _WORD.search(text)
    return first[0].lower() if first else None
