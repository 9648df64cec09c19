"""Whether the name of a patient or an owner says that they have died (rule R19). Pure.

A stand-in: the words themselves are the business of `life_status`, and once that offers
`screen_name` and `is_screened_whole` this module goes and its one reader takes those.
"""

import re
from collections.abc import Iterable
from typing import Final

from idexx_sync.syncs.cases.life_status import LifeCategory, Screening

_WORDS: Final[dict[LifeCategory, str]] = {
    "euthanasia": r"euth\w*|e[u]?thanasia|pts|p\.t\.s\.?|put to sleep",
    "death": r"deceased|dec\'?d|dead|died|passed(?: away)?|doa|r\.?\s?i\.?\s?p\.?|✝|†"
    r"|rainbow bridge|in memory",
    "cremation": r"cremat\w+",
}
_BESIDE: Final = {
    category: re.compile(
        rf"(?:[-–—,;:/*(\[{{]\s*|\s)(?:{words})(?![\w\'])|^\W*(?:{words})\s*[-–—,;:/*)\]}}]",
        re.IGNORECASE,
    )
    for category, words in _WORDS.items()
}
"""A word that stands beside a name, not one that is it."""
_LETTER: Final = re.compile(r"[(\[{]\s*d\s*[)\]}]", re.IGNORECASE)
"""`(D)` may be deceased, or a doctor's mark."""


SCREENED_AT_MOST: Final = 200_000
"""Characters of a text beyond which it need not be screened."""


def is_screened_whole(texts: Iterable[str]) -> bool:
    """Whether `screen` looks at all of the texts."""
    return all(len(text) <= SCREENED_AT_MOST for text in texts)


def screen_name(name: str) -> Screening | None:
    """What the name says beside itself; None: nothing.

    >>> screen_name("TANGO (DECEASED)")
    Screening(category='death', in_doubt=False)
    >>> screen_name("RIP") is None
    True
    """
    for category, pattern in _BESIDE.items():
        if pattern.search(name):
            return Screening(category, in_doubt=False)
    return Screening("death", in_doubt=True) if _LETTER.search(name) else None
