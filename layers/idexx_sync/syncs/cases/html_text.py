"""Clinical notes as plain text (Neo protocol, notes content). Pure.

What a reader tells apart by where it stands stays apart: paragraphs, rows, items. The screening
for life status counts on it, since a negation reaches no further than its own line.
"""

import html as entities
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode


def _tags(names: str) -> frozenset[str]:
    return frozenset(names.split())


_UNSEEN: Final = _tags("head iframe math noembed noframes object script style svg template title")
_BLOCKS: Final = _tags(
    "address article aside blockquote body caption center dd details div dl dt fieldset figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 header hr legend main nav p section summary table tbody "
    "tfoot thead"
)
_ENDED_BY_OTHERS: Final = _tags(
    "area base br col dd dt embed hr img input li link meta option p tbody td th tr wbr"
)

_MARKUP: Final = re.compile(
    r"</[a-z]|<!|<(?:br|hr|p|div|span|b|i|u|em|strong|li|ul|ol|table|tr|td|th|h[1-6]|a|font|img|pre"
    r"|script|style)\b[^<>]*>",
    re.IGNORECASE,
)
_TAG: Final = re.compile(r"<(/?)([a-z][a-z0-9]*)", re.IGNORECASE)
_ANY_TAG: Final = re.compile(r"<[^<>]*>")
_NO_TEXT: Final = re.compile("[\x00\ud800-\udfff]")
_INVISIBLE: Final = re.compile("[\x00\xad\u200b\u2060\ufeff\ud800-\udfff]")
"""What no eye sees but what would break a word, or what Postgres does not store."""

_DEEPEST: Final = 500
"""So deep may markup be nested; browsers stop there too. No person writes such a note."""
_DEEPEST_INDENT: Final = 10


def text_of(html: str) -> str:
    """The text of a note, one line for each paragraph, row and item.

    Text without any markup is taken as it is, with its line breaks. Never raises.

    >>> text_of("<p>Temp 38&deg;C</p><p><br></p><ul><li>rest</li></ul>")
    'Temp 38°C\\n\\n- rest'
    """
    html = _NO_TEXT.sub("", html)
    if not _MARKUP.search(html):
        return _joined(_tidy(line) for line in entities.unescape(html).splitlines())
    if _depth(html) > _DEEPEST:
        words = entities.unescape(_ANY_TAG.sub("\n", html))
        return _joined(line for line in map(_tidy, words.splitlines()) if line)
    sheet = _Sheet()
    sheets = [sheet]
    for node, tag, opens in _walk(LexborHTMLParser(html).root):
        _write(node, tag, opens, sheets)
    return _joined(sheet.finished())


def _joined(lines: Iterable[str]) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _tidy(text: str) -> str:
    """Without what is invisible, each run of blanks as one."""
    return " ".join(_INVISIBLE.sub("", text).split())


def _depth(html: str) -> int:
    """How deep the tags are nested at most, counting only those that need an end."""
    depth = deepest = 0
    for closes, name in _TAG.findall(html):
        if name.lower() not in _ENDED_BY_OTHERS:
            depth += -1 if closes else 1
            deepest = max(deepest, depth)
    return deepest


# -- the tree --------------------------------------------------------------------------------


def _walk(root: LexborNode | None) -> Iterator[tuple[LexborNode, str, bool]]:
    """Each node that can be seen with its tag, when it begins and when it ends.

    Without recursion: how deep the tree is, only the parser knows.
    """
    path: list[tuple[LexborNode, str]] = []
    node = root
    while node is not None or path:
        if node is None:
            ended, tag = path.pop()
            yield ended, tag, False
            node = ended.next if path else None
            continue
        tag = node.tag or ""
        if tag in _UNSEEN:
            node = node.next
            continue
        yield node, tag, True
        path.append((node, tag))
        node = node.first_child


@dataclass(slots=True)
class _Sheet:
    """The lines of a note, or of one cell of it, as they are written."""

    lines: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    lists: list[int | None] = field(default_factory=list)
    """The open lists: the last number of a numbered one, None for bullets."""
    bullet: str = ""
    rows: list[list[list[str]]] = field(default_factory=list)
    """The cells of the open rows, each with its lines."""
    as_typed: int = 0
    """How many `pre` are open."""

    def say(self, text: str) -> None:
        first, *others = text.split("\n") if self.as_typed else [text]
        self.words.append(first)
        for line in others:
            self.end_line(wanted=True)
            self.words.append(line)

    def end_line(self, *, wanted: bool = False) -> None:
        """`wanted`: even if there is nothing on it. A lone hard blank is a wanted empty line."""
        said = "".join(self.words)
        self.words.clear()
        text = _tidy(said)
        if text:
            indent = "  " * min(len(self.lists) - bool(self.bullet), _DEEPEST_INDENT)
            self.lines.append(indent + self.bullet + text)
            self.bullet = ""
        elif (wanted or "\xa0" in said) and not self.bullet:
            self.lines.append("")

    def begin_item(self) -> None:
        self.end_line()
        last = self.lists[-1] if self.lists else None
        self.bullet = "- "
        if last is not None:
            self.lists[-1] = last + 1
            self.bullet = f"{last + 1}. "

    def end_item(self) -> None:
        self.end_line()
        self.bullet = ""

    def finished(self) -> list[str]:
        self.end_line()
        return self.lines


def _row(cells: list[list[str]]) -> list[str]:
    """A row as one line; a cell that has the row to itself keeps its own lines."""
    if len(cells) == 1:
        return cells[0]
    texts = ["; ".join(line.strip() for line in cell if line) for cell in cells]
    if len(texts) == 2 and texts[0]:
        return [f"{texts[0].removesuffix(':').rstrip()}: {texts[1]}".rstrip()]
    line = " | ".join(text for text in texts if text)
    return [line] if line else []


def _write(node: LexborNode, tag: str, opens: bool, sheets: list[_Sheet]) -> None:
    sheet = sheets[-1]
    match tag, opens:
        case "-text", True:
            sheet.say(node.text_content or "")
        case "br", True:
            sheet.end_line(wanted=True)
        case "li", True:
            sheet.begin_item()
        case "li", False:
            sheet.end_item()
        case "ul" | "ol" | "menu", True:
            sheet.end_line()
            sheet.lists.append(0 if tag == "ol" else None)
        case "ul" | "ol" | "menu", False:
            sheet.end_line()
            sheet.lists.pop()
        case "tr", True:
            sheet.end_line()
            sheet.rows.append([])
        case "tr", False:
            sheet.lines.extend(_row(sheet.rows.pop()))
        case "td" | "th", True:
            sheets.append(_Sheet())
        case "td" | "th", False:
            sheets.pop()
            sheets[-1].rows[-1].append(sheet.finished())
        case "pre", _:
            sheet.end_line()
            sheet.as_typed += 1 if opens else -1
        case _ if tag in _BLOCKS:
            sheet.end_line()
