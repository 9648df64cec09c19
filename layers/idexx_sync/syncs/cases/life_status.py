"""Whether texts say that the patient has died or is about to (rule R19). Pure.

What is meant, denied or said of somebody else is judged sentence by sentence (`life_sentence`), in
each of the ways in which a text can be read where its lines end (`life_lines`). In doubt a person
looks.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from idexx_sync.syncs.cases.life_lines import STRONGEST, Told, stronger, told_by
from idexx_sync.syncs.cases.life_names import name_says
from idexx_sync.syncs.cases.life_sentence import Judge, LifeCategory

SCREENED_AT_MOST: Final = 200_000
"""So many characters of a text are screened; sixty close pages of notes."""


@dataclass(frozen=True, slots=True)
class Screening:
    category: LifeCategory
    in_doubt: bool
    """A person has to look at it."""


def screen(texts: Iterable[str]) -> Screening | None:
    """The strongest thing that one record's texts say: certain before doubtful, then by category.

    Of a text only the beginning is screened where `is_screened_whole` says no.

    >>> screen(["Annual exam", "No vomiting. Euthanized at owner's request."])
    Screening(category='euthanasia', in_doubt=False)
    >>> screen(["Owner declined euthanasia."]) is None
    True
    """
    strongest: Told | None = None
    judge = Judge()
    for text in texts:
        for told in told_by(text[:SCREENED_AT_MOST], judge):
            strongest = stronger(strongest, told)
            if strongest == STRONGEST:
                return Screening(*strongest)
    return Screening(*strongest) if strongest else None


def is_screened_whole(texts: Iterable[str]) -> bool:
    """Whether `screen` looks at all of the texts: what it does not look at may say anything."""
    return all(len(text) <= SCREENED_AT_MOST for text in texts)


def screen_name(name: str) -> Screening | None:
    """What staff wrote into a patient's name to say that it has died; None for a mere name.

    >>> screen_name("MAX - RIP")
    Screening(category='death', in_doubt=False)
    >>> screen_name("Angel") is None
    True
    """
    told = name_says(name)
    return Screening(*told) if told else None
