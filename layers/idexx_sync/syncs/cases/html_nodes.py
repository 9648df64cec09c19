"""What single elements of a note show: boxes, choices, numbers, powers, struck-out text. Pure."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from selectolax.lexbor import LexborNode

from idexx_sync.syncs.cases.html_marks import LOWERED, RAISED, STRUCK
from idexx_sync.syncs.cases.html_sheet import Numbering

type Mark = tuple[str, str]

_MARKS: Final[dict[str, Mark]] = {
    "sup": RAISED,
    "sub": LOWERED,
    "s": STRUCK,
    "del": STRUCK,
    "strike": STRUCK,
}
_STYLES: Final[tuple[tuple[str, re.Pattern[str], Mark], ...]] = (
    ("text-decoration", re.compile("line-through"), STRUCK),
    ("vertical-align", re.compile(r"^super"), RAISED),
    ("vertical-align", re.compile(r"^sub\b"), LOWERED),
)
"""How a property's name begins, and what its value says."""
_LIST_STYLE: Final = re.compile(r"\b(lower|upper)-(alpha|latin|roman)")
_LIST_STYLES: Final = {
    ("lower", "alpha"): "a",
    ("lower", "latin"): "a",
    ("upper", "alpha"): "A",
    ("upper", "latin"): "A",
    ("lower", "roman"): "i",
    ("upper", "roman"): "I",
}
_NUMBER: Final = re.compile(r"\s*(-?\d{1,6})\s*")
_WITHOUT_TEXT: Final = frozenset(
    ("button", "color", "file", "hidden", "image", "password", "range", "reset", "submit")
)


def mark_of(node: LexborNode, tag: str, *, with_styles: bool) -> Mark | None:
    """How the text of an element is marked, by its tag or, if styles count, by its style."""
    mark = _MARKS.get(tag)
    if mark is None and with_styles:
        said = list(_declarations(node))
        return next((mark for style in _STYLES if (mark := _styled(style, said))), None)
    return mark


def _declarations(node: LexborNode) -> Iterator[tuple[str, str]]:
    """Name and value of each property of an element's style."""
    for declaration in (node.attributes.get("style") or "").lower().split(";"):
        name, _, value = declaration.partition(":")
        yield name.strip(), value.strip()


def _styled(
    style: tuple[str, re.Pattern[str], Mark], said: Sequence[tuple[str, str]]
) -> Mark | None:
    begin, pattern, mark = style
    found = any(name.startswith(begin) and pattern.search(value) for name, value in said)
    return mark if found else None


def shown(node: LexborNode, tag: str) -> str:
    """What a reader sees of an element that has no text of its own."""
    match tag:
        case "input":
            return _input(node)
        case "select":
            return _choice(node)
        case "img":
            alt = _words(node.attributes.get("alt"))
            return f" [picture: {alt}] " if alt else ""
        case _:
            first, second = (*(_words(part.text()) for part in _elements(node)), "", "")[:2]
            return f" {first}/{second} " if tag == "mfrac" else f"{first}{second.join(RAISED)}"


def _input(node: LexborNode) -> str:
    attributes = node.attributes
    kind = (attributes.get("type") or "text").lower()
    if kind in _WITHOUT_TEXT:
        return ""
    if kind not in ("checkbox", "radio"):
        return f" {_words(attributes.get('value'))} "
    state = "x" if "checked" in attributes else " "
    return f" [{state}] " if kind == "checkbox" else f" ({state}) "


def _choice(node: LexborNode) -> str:
    """The chosen options. Without any nobody knows: what staff choose while the page is open may
    not be kept, and the first one is what the page shows."""
    # What looks for them by a selector compares each with all others.
    options = [part for part in node.traverse(include_text=False) if part.tag == "option"]
    chosen = [_words(option.text()) for option in options if "selected" in option.attributes]
    if "multiple" not in node.attributes:
        chosen = chosen[-1:]
        if not chosen and options:
            return f" (?) {_words(options[0].text())} "
    return f" {', '.join(chosen)} "


def _words(text: str | None) -> str:
    return " ".join((text or "").split())


def _elements(node: LexborNode) -> list[LexborNode]:
    return list(node.iter(include_text=False))


# -- numbered lists --------------------------------------------------------------------------


def numbering(node: LexborNode) -> Numbering:
    """How an ordered list is numbered: from where, in which direction, and in which signs."""
    attributes = node.attributes
    start = _number(attributes.get("start"))
    step = -1 if "reversed" in attributes else 1
    if start is None:
        start = 1 if step > 0 else sum(part.tag == "li" for part in _elements(node))
    kind = attributes.get("type") or "1"
    said = (value for name, value in _declarations(node) if name.startswith("list-style"))
    style = next(filter(None, map(_LIST_STYLE.search, said)), None)
    if style:
        kind = _LIST_STYLES[style[1], style[2]]
    return Numbering(start, step, kind)


def value_of(node: LexborNode) -> int | None:
    """The number that an item of a list gives itself."""
    return _number(node.attributes.get("value"))


def _number(text: str | None) -> int | None:
    found = _NUMBER.fullmatch(text or "")
    return int(found[1]) if found else None
