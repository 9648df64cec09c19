"""How much of a value is told: an answer stays short, whatever is stored or was sent. Pure."""

from itertools import islice
from typing import Any, Final

LONGEST_TEXT: Final = 1000
"""Characters."""
MOST_ENTRIES: Final = 200
"""Of a list or an object within a document."""


def shortened(text: str, longest: int = LONGEST_TEXT) -> str:
    """The text, or its beginning with `…` behind it; never more characters than `longest`."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def bounded(value: Any, longest: int = LONGEST_TEXT, most: int = MOST_ENTRIES) -> Any:
    """A JSON document of which every text is shortened, and every list and object cut off."""
    match value:
        case str():
            return shortened(value, longest)
        case dict():
            return {
                shortened(str(name), longest): bounded(one, longest, most)
                for name, one in islice(value.items(), most)
            }
        case list() | tuple():
            return [bounded(one, longest, most) for one in islice(value, most)]
    return value
