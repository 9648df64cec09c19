"""What staff wrote into a patient's name to say that it has died. Pure.

A name may be any word. So a remark counts that is set apart from the name, and of words inside
the name only those that nobody is called.
"""

import re
from collections.abc import Iterator
from typing import Final

from idexx_sync.syncs.cases import life_words as words
from idexx_sync.syncs.cases.life_letters import plain_letters
from idexx_sync.syncs.cases.life_patterns import compiled, in_groups
from idexx_sync.syncs.cases.life_sentence import GRAVEST_FIRST, LifeCategory

LONGEST_NAME: Final = 1_000
_INSIDE: Final = in_groups(words.IN_A_NAME)
_BESIDE: Final = in_groups(words.BESIDE_A_NAME)
_PERHAPS_BESIDE: Final = in_groups(words.PERHAPS_BESIDE_A_NAME)
_LAST: Final = in_groups(words.LAST_OF_A_NAME)
_PERHAPS_LAST: Final = in_groups(words.PERHAPS_LAST_OF_A_NAME)
_TRUE_NAMES: Final = compiled(words.NAMES_WITH_SUCH_WORDS)
_ANOTHERS: Final = compiled(words.NOT_ITS_OWN_DEATH)
_CROSSES: Final = re.compile("[\u2020\u2021\u271d-\u271f\u2628\u26b0\u26b1\U0001faa6\U0001f547]")
_PERHAPS_CROSSES: Final = re.compile(
    "[\U0001f308\U0001f607\U0001f54a\U0001f47c\u2620\U0001f480\u2670\u2671]|\\(\\+\\)|\\s\\+\\s*$"
)
_LIFETIME: Final = re.compile(r"\b(?:19|20)\d\d ?- ?(?:19|20)?\d\d\b")
_REMARK: Final = re.compile(
    r"[(\[{*~\"]+([^()\[\]{}*~\"]+)[)\]}*~\"]*|(?:\s-+|-{2,}|[,:;/|_]|-(?=\s))\s*([^-,:;/|()\[\]{}*]+)"
)


def name_says(name: str) -> tuple[LifeCategory, bool] | None:
    """What a patient's name says of its life, and whether that is in doubt.

    >>> name_says("BELLA (DECEASED)")
    ('death', False)
    >>> name_says("Ripley") is None
    True
    """
    text = _TRUE_NAMES.sub("~", plain_letters(name[:LONGEST_NAME])).strip()
    is_anothers = _ANOTHERS.search(text) is not None
    found = [(in_doubt or is_anothers, category) for category, in_doubt in _told(text)]
    if not found:
        return None
    in_doubt, category = min(found, key=lambda one: (one[0], GRAVEST_FIRST.index(one[1])))
    return category, in_doubt


def _told(text: str) -> Iterator[tuple[LifeCategory, bool]]:
    yield from _matches(_INSIDE, text, in_doubt=False)
    if _CROSSES.search(text):
        yield "death", False
    if _PERHAPS_CROSSES.search(text) or _LIFETIME.search(text):
        yield "death", True
    if len(re.findall(r"\w+", text)) < 2:
        return
    for remark in _REMARK.finditer(text):
        said = remark[1] or remark[2]
        yield from _matches(_BESIDE, said, in_doubt=False)
        yield from _matches(_PERHAPS_BESIDE, said, in_doubt=True)
    first, _, others = text.partition(" ")
    for part in (first, others):
        yield from _matches(_LAST, part, in_doubt=text.isupper())
    yield from _matches(_PERHAPS_LAST, others, in_doubt=True)


def _matches(
    pattern: re.Pattern[str], text: str, *, in_doubt: bool
) -> Iterator[tuple[LifeCategory, bool]]:
    for found in pattern.finditer(text):
        yield _CATEGORIES[found.lastgroup or ""], in_doubt


_CATEGORIES: Final[dict[str, LifeCategory]] = {category: category for category in GRAVEST_FIRST}
