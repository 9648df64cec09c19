"""The parts of a clinical record, read one by one: what is odd about one hides no other. Pure.

What could not be read is noted by name, and so is what is too long to be kept. The texts in it
are kept apart: they may be what the record says of a death.
"""

from collections.abc import Callable, Iterable
from typing import Final

from idexx_sync.pims.neo.payloads.fields import (
    name_of,
    number_of,
    plain,
    says_something,
    storable,
    texts_in,
)
from idexx_sync.pims.neo.payloads.pictures import without_pictures

LONGEST_TEXT: Final = 500_000
"""Characters of one text that are kept. The notes of a long day have a tenth of them."""
LONGEST_RECORD: Final = 1_000_000
"""Characters of all texts of a record together."""
MOST_BESIDE: Final = 500_000
"""So many characters are screened of what is not kept."""
_OVERLAP: Final = 200
"""What lies about a cut is screened with both of its sides."""
_LONGEST_TAG: Final = 5_000
_LONGEST_WORD: Final = 200
_NAMED: Final = frozenset({"id", "name"})
"""What an object has that stands for a word."""
_NO_PROSE: Final = 1_000
"""A text of so many characters without a blank is none that a person wrote."""


class Parts:
    """What of one record was read, and what was not."""

    def __init__(self) -> None:
        self._names: dict[str, bool] = {}
        """What could not be read -> whether it may say something in words."""
        self._left = LONGEST_RECORD
        self._beside_left = MOST_BESIDE
        self._unread: list[str] = []
        self._unknown: list[str] = []

    @property
    def unread(self) -> tuple[str, ...]:
        return tuple(self._names)

    @property
    def hidden(self) -> tuple[str, ...]:
        return tuple(name for name, may_say in self._names.items() if may_say)

    @property
    def unread_texts(self) -> tuple[str, ...]:
        return tuple(self._unread)

    @property
    def unknown_texts(self) -> tuple[str, ...]:
        return tuple(self._unknown)

    def text(self, name: str, value: object) -> str | None:
        """What somebody wrote about the patient; hidden where it is of another type."""
        return self._kept(name, self._said(name, value, plain, hides=True))

    def html(self, name: str, value: object) -> str | None:
        """The same with its mark-up, and without the pictures that were pasted into it."""
        said = self._said(name, value, storable, hides=True)
        return self._kept(name, None if said is None else without_pictures(said).strip() or None)

    def word(self, name: str, value: object) -> str | None:
        """A word that says nothing of a death by its meaning, as text or as an object's name."""
        named = value if isinstance(value, dict) and not value.keys() & _NAMED else name_of(value)
        return self._kept(name, self._said(name, named, plain, hides=False))

    def odd(self, name: str, value: object = None, *, hides: bool = False) -> None:
        """Note what could not be read, and the texts in it."""
        self._names[name] = self._names.get(name, False) or hides
        self._note(self._unread, texts_in(value))

    def unclear(self, value: object) -> None:
        """Note texts of which nobody knows what they are about."""
        texts = (text for text in texts_in(value) if not _is_no_prose(text))
        self._note(self._unknown, texts)

    def _said(
        self, name: str, value: object, clean: Callable[[object], object], *, hides: bool
    ) -> str | None:
        if isinstance(value, str):
            return str(clean(value)).strip() or None
        if number_of(value) is not None:
            return str(value)
        if value is not None and value is not False:
            self.odd(name, value, hides=hides and says_something(value))
        return None

    def _kept(self, name: str, text: str | None) -> str | None:
        """As much of the text as may be kept; what is beyond is screened, and told."""
        if text is None:
            return None
        most = min(LONGEST_TEXT, self._left)
        kept = text if len(text) <= most else _head(text, most)
        self._left -= len(kept)
        if len(kept) < len(text):
            self._names[f"{name}_cut"] = True
            self._note(self._unread, [text[max(0, len(kept) - _OVERLAP) :]])
        return kept or None

    def _note(self, beside: list[str], texts: Iterable[str]) -> None:
        """Keep texts to be screened, up to a bound; what is beyond may say anything."""
        for text in texts:
            shown = without_pictures(text)
            if len(shown) > self._beside_left:
                self._names["texts_beside_cut"] = True
            if self._beside_left <= 0:
                return
            beside.append(shown[: self._beside_left])
            self._beside_left -= len(beside[-1])


def _head(text: str, most: int) -> str:
    """The beginning of a text, not cut within a tag or a word."""
    head = text[:most]
    opened = head.rfind("<", most - _LONGEST_TAG if most > _LONGEST_TAG else 0)
    if opened > head.rfind(">"):
        return head[:opened]
    for end in range(len(head), max(0, len(head) - _LONGEST_WORD), -1):
        if head[end - 1].isspace() or head[end - 1] == ">":
            return head[:end].rstrip()
    return head


def _is_no_prose(text: str) -> bool:
    return len(text) > _NO_PROSE and not any(map(str.isspace, text[:_NO_PROSE]))
