"""Clinical notes as plain text (Neo protocol, notes content). Pure.

Mark-up that carries meaning becomes signs: powers and fractions, what is struck out, the numbers of
a list, boxes with their state, what was chosen. What a reader tells apart by where it stands stays
apart: paragraphs, rows, items. The screening for life status counts on it, since a denial reaches
no further than its own line.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from idexx_sync.core.invisible import REFUSED
from idexx_sync.syncs.cases.entities import unescaped
from idexx_sync.syncs.cases.html_marks import OURS
from idexx_sync.syncs.cases.html_nodes import mark_of, numbering, shown, value_of
from idexx_sync.syncs.cases.html_sheet import Sheet, row, tidy


def _tags(names: str) -> frozenset[str]:
    return frozenset(names.split())


_UNSEEN: Final = _tags(
    "annotation annotation-xml datalist head iframe noembed noframes object script style svg "
    "template title"
)
_WHOLE: Final = _tags("mfrac msup select")
"""What is not told part by part."""
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
    r"|script|style|su[bp]|del|ins|strike|wbr|input|select|option|label|textarea|center|small|big"
    r"|blockquote|d[dlt]|math|form|body|html)\b[^<>]*>|<s>",
    re.IGNORECASE,
)
_TAG: Final = re.compile(r"<(/?)([a-z][a-z0-9]*)", re.IGNORECASE)
_ANY_TAG: Final = re.compile(r"<[^<>]*>")
_NO_TEXT: Final = re.compile(f"[{REFUSED}{OURS}]")
_STYLED: Final = re.compile(r"line-through|vertical-align|list-style", re.IGNORECASE)

_DEEPEST: Final = 500
"""So deep may markup be nested; browsers stop there too. No person writes such a note."""
_FORMATS: Final = _tags("a b big code em font i nobr s small strike strong tt u")
"""What a parser opens anew in each element that follows, for as long as it is not closed."""
_OPENED: Final = re.compile(
    r"<[a-z](?:[^>\"']++|\"[^\"]*+(?:\"|$)|'[^']*+(?:'|$))*+", re.IGNORECASE
)
_BETWEEN_ATTRIBUTES: Final = re.compile(r"[\s/]++")
_MOST_ATTRIBUTES: Final = 300
"""A parser compares each attribute of a tag with all others of it."""
_MOST_OPTIONS: Final = 2_000
"""Choices that a parser takes in; of many it compares each with all others."""
_VOID: Final = _tags("area base br col embed hr img input link meta wbr")
_MOST_MISPLACED: Final = 500
"""Ends of tags that were not opened last: with each a parser may nest all that follows deeper."""
_MOST_ELEMENTS: Final = 30_000
"""So many elements may be made of a note; of what makes more only the words are taken."""


def text_of(html: str) -> str:
    """The text of a note, one line for each paragraph, row and item.

    Text without any markup is taken as it is, with its line breaks. Never raises.

    >>> text_of("<p>Temp 38&deg;C</p><p><br></p><ul><li>rest</li></ul>")
    'Temp 38°C\\n\\n- rest'
    """
    html = _NO_TEXT.sub("", html)
    if not _MARKUP.search(html):
        return _joined(tidy(line) for line in unescaped(html).splitlines())
    if not _is_tractable(html):
        words = unescaped(_ANY_TAG.sub("\n", html))
        return _joined(line for line in map(tidy, words.splitlines()) if line)
    sheet = Sheet()
    sheets = [sheet]
    with_styles = _STYLED.search(html) is not None
    for node, tag, opens in _walk(LexborHTMLParser(html).root):
        mark = mark_of(node, tag, with_styles=with_styles) if tag != "-text" else None
        if mark and not opens:
            sheets[-1].unmark(mark)
        _write(node, tag, opens, sheets)
        if mark and opens:
            sheets[-1].mark(mark)
    return _joined(sheet.finished())


def _joined(lines: Iterable[str]) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _is_tractable(html: str) -> bool:
    """Whether a parser makes a tree of it that is neither too deep nor far larger than the text,
    without comparing too much.

    Counts only tags that need an end as depth.
    """
    tags = (_BETWEEN_ATTRIBUTES.findall(tag[0]) for tag in _OPENED.finditer(html))
    many_options = html.lower().count("<option") > _MOST_OPTIONS
    if many_options or any(len(found) > _MOST_ATTRIBUTES for found in tags):
        return False
    open_tags: list[str] = []
    depth = formats = elements = misplaced = 0
    for closes, tag in _TAG.findall(html):
        name = tag.lower()
        if not closes:
            open_tags += [name] if name not in _VOID else []
            depth += name not in _ENDED_BY_OTHERS
            formats += name in _FORMATS
        elif _closed(open_tags, name):
            depth -= name not in _ENDED_BY_OTHERS
            formats -= name in _FORMATS
        else:
            misplaced += 1
        elements += 1 + formats
        if depth > _DEEPEST or elements > _MOST_ELEMENTS or misplaced > _MOST_MISPLACED:
            return False
    return True


def _closed(open_tags: list[str], name: str) -> bool:
    """Whether the end of such a tag closes the one that was opened last, and takes it out."""
    while open_tags and open_tags[-1] != name and open_tags[-1] in _ENDED_BY_OTHERS:
        open_tags.pop()
    if not open_tags or open_tags[-1] != name:
        return False
    open_tags.pop()
    return True


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
        node = None if tag in _WHOLE else node.first_child


def _write(node: LexborNode, tag: str, opens: bool, sheets: list[Sheet]) -> None:
    sheet = sheets[-1]
    match tag, opens:
        case "-text", True:
            sheet.say(node.text_content or "")
        case "br", True:
            sheet.end_line(wanted=True)
        case "li", True:
            sheet.begin_item(value_of(node))
        case "li", False:
            sheet.end_item()
        case "ul" | "ol" | "menu", True:
            sheet.end_line()
            sheet.lists.append(numbering(node) if tag == "ol" else None)
        case "ul" | "ol" | "menu", False:
            sheet.end_line()
            sheet.lists.pop()
        case "tr", True:
            sheet.end_line()
            sheet.rows.append([])
        case "tr", False:
            sheet.lines.extend(row(sheet.rows.pop()))
        case "td" | "th", True:
            sheets.append(sheet.cell())
        case "td" | "th", False:
            sheets.pop()
            sheets[-1].rows[-1].append(sheet.finished())
        case "input" | "select" | "img" | "mfrac" | "msup", True:
            sheet.say(shown(node, tag))
        case "pre" | "textarea", _:
            sheet.end_line()
            sheet.as_typed += 1 if opens else -1
        case _ if tag in _BLOCKS:
            sheet.end_line()
