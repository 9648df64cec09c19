"""What is left of a text when its forms are read: what they only offer says nothing. Pure.

A form offers words and says which of them hold: by boxes, by a choice of yes and no, by the column
of a mark, by striking out. What is ticked stays as a statement, what is not is taken out, and what
cannot be told is kept apart, for a person to look at.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from idexx_sync.core.personal import Discreet, Personal


@dataclass(slots=True, repr=False)
class Filled(Discreet):
    """A line of a text, its forms read."""

    said: Personal[str]
    """What it says. Empty where everything is only offered."""
    unclear: Personal[list[str]] = field(default_factory=list)
    """What may be meant or not."""


_TICKED: Final = (
    r"\[ ?(?:x|v|\u2713|\u2714|\u2611|\u2612) ?\]|\( ?(?:x|\u2713|\u2714) ?\)|(?<!_)_++x_++(?=\W|$)"
    "|[\u2611\u2612\u2705\u2713\u2714\u25c9\u25c6\u25a0\U0001f5f9\U0001f5f8]"
)
_UNTICKED: Final = (
    r"\[ {0,3}\]|\[-\]|\[_++\]|\( {1,3}\)|^[-* ]*+_{2,}+(?= ?[a-z])"
    "|[\u2610\u25a1\u25a2\u274f\u2751\u25cb\u25ef\u25fb\u25fd\u2b1c\u2b1a]"
)
_BOX: Final = re.compile(
    rf"(?P<ticked>{_TICKED})|(?P<unknown>\(\?\))|(?P<open>{_UNTICKED})", re.IGNORECASE
)
_SIGNS: Final = re.compile(r"[\[(_~?/\\|\u2500-\U0001faff]|\.{5}")
"""Without any of these a line is no part of a form."""
_LEAD: Final = re.compile(r"^[\s\-*|:;,.\u2022]*+$")
_STRUCK: Final = re.compile(
    r"\[struck out: ((?:[^\]\[\n]++|\[(?!struck out: ))*+)\]|~~([^~\n]++)~~"
)
_YES: Final = r"(?:yes|y|accept(?:ed|s)?|agree[ds]?|approved?|consent(?:ed|s)?|done|performed)"
_NO: Final = r"(?:no|n|declined?s?|refused?s?|disagree|not (?:done|performed|elected)|n/a|na|none)"
_IS_YES: Final = re.compile(rf"\W*{_YES}\b", re.IGNORECASE)
_IS_NO: Final = re.compile(rf"\W*{_NO}\b", re.IGNORECASE)
_ONLY_ANSWER: Final = re.compile(rf"\W*(?:{_YES}|{_NO})\W*", re.IGNORECASE)
_CHOICE: Final = re.compile(
    rf"(?<![\s:?(-])[\s:?(-]*+\b(?:{_YES}\s?[/|\\]\s?{_NO}|{_NO}\s?[/|\\]\s?{_YES})\b(?:\s?[/|\\]\s?{_NO}\b)?\)?"
    rf"(?P<chosen>\s?[:=]?\s?(?:{_YES}|{_NO})\b)?",
    re.IGNORECASE,
)
_ASKED_AND_ANSWERED: Final = re.compile(
    rf"\?\s?[-:]?\s?(?={_YES}\s?(?:$|[.,;!])|{_NO}\s?(?:$|[.,;!])|not (?:today|yet|now)\b)",
    re.IGNORECASE,
)
_MORE_THAN_A_LABEL: Final = re.compile(r"[,(]|\s-\s|(?<!\S)(?:\S++\s++){7}")
_ENDED: Final = re.compile(r"[.;!]\s*+$")
_BLANK_TO_FILL: Final = re.compile(r"(?:_{3,}|\.{5,})")
_SENTENCE_END: Final = re.compile(r"[.;!?](?=\s|$)")
_LABELLED: Final = re.compile(r"^[\s\-*]*[^\s:|][^:|]{0,40}:(?:\s|$)")


def filled(lines: list[str]) -> Iterator[Filled]:
    """Each line as what it says; tables are read with the heading of their columns."""
    columns: list[str] = []
    for line in lines:
        if not columns and not _HEADS.search(line):
            yield _line(line)
            continue
        cells = _cells(line)
        if _is_heading_of_columns(cells):
            columns = cells
            yield Filled("")
            continue
        if columns and len(cells) == len(columns):
            line = _row(cells, columns)
        elif columns and not line.strip():
            columns = []
        yield _line(line)


def is_label(line: str) -> bool:
    """Whether a line begins with the label of something: what stands above is not about it."""
    return _LABELLED.match(line) is not None


# -- tables ----------------------------------------------------------------------------------

_COLUMN: Final = re.compile(
    r"^(?:accept|approv|agree|yes$|no$|declin|refus|n/?a$|done$|perform|order|offer|recommend|elect"
    r"|select|chosen|given$|consent)",
    re.IGNORECASE,
)
_HEADS: Final = re.compile(
    r"[|:] ?(?:accept|approv|agree|yes|no\b|declin|refus|n/|done|perform|order|offer|recommend"
    r"|elect|select|chosen|given|consent|$)",
    re.IGNORECASE,
)
_OPEN_MARKS: Final = frozenset({"", "-", "no", "n", "0", "[ ]", "[]", "( )", "\u2610", "\u25a1"})


def _cells(line: str) -> list[str]:
    if "|" in line:
        return [cell.strip() for cell in line.split("|")]
    label, colon, value = line.partition(": ")
    return [label.strip(), value.strip()] if colon else [line.strip()]


def _is_heading_of_columns(cells: list[str]) -> bool:
    """At least one column that a mark can stand in, and one for what is marked."""
    if len(cells) < 2 or _COLUMN.match(cells[0]):
        return False
    marked = [cell for cell in cells[1:] if _COLUMN.match(cell)]
    is_list = re.match(
        r"(?i)^(?:services?|items?|products?|treatments?|procedures?|options?)?$", cells[0]
    )
    return bool(marked) and (len(marked) >= 2 or is_list is not None) and len(cells[1]) < 30


def _row(cells: list[str], columns: list[str]) -> str:
    """What the marks of a row say of what stands in it."""
    pairs = list(zip(cells, columns, strict=True))
    label = " ".join(cell for cell, column in pairs if cell and not _COLUMN.match(column))
    marks = [
        column
        for cell, column in pairs
        if _COLUMN.match(column) and cell.lower() not in _OPEN_MARKS
    ]
    if not marks:
        return ""
    if len(marks) > 1:
        return f"{label}?"
    return f"{label}: {marks[0].lower()}"


# -- one line --------------------------------------------------------------------------------


def _line(line: str) -> Filled:
    if not _SIGNS.search(line):
        return Filled(line)
    unclear: list[str] = []
    struck = [part[1] or part[2] for part in _STRUCK.finditer(line)]
    if struck:
        if not all(_ONLY_ANSWER.fullmatch(part) for part in struck):
            unclear.append(_STRUCK.sub(lambda part: part[1] or part[2], line))
        line = _STRUCK.sub(" ", line)
    if _BOX.search(line):
        line = _of_boxes(line, unclear)
    line = _ASKED_AND_ANSWERED.sub(": ", line)
    line = _without_open_choices(line, unclear)
    line = _without_blanks(line, unclear)
    return Filled(line.strip(), unclear)


def _of_boxes(line: str, unclear: list[str]) -> str:
    boxes = list(_BOX.finditer(line))
    lead = line[: boxes[0].start()]
    ends = [box.start() for box in boxes[1:]] + [len(line)]
    tails = [line[box.end() : end] for box, end in zip(boxes, ends, strict=True)]
    parts = [_SENTENCE_END.split(tail, maxsplit=1) for tail in tails]
    labels = [label.strip(" :|,;-/") for label, *_ in parts]
    rest = ". ".join(text for _, *texts in parts for text in texts)
    ticks = [box["ticked"] is not None for box in boxes]
    unclear.extend(
        label
        for label, box in zip(labels, boxes, strict=True)
        if box["unknown"] or (box["open"] and "," in label)
    )
    chosen = [label for label, tick in zip(labels, ticks, strict=True) if tick]
    if _LEAD.match(lead) or _ENDED.search(lead):
        return f"{lead} {'. '.join(chosen)}. {rest}"
    before, lead = _last_sentence(lead)
    lead = lead.strip(" :|,;-")
    if all(_IS_YES.match(label) or _IS_NO.match(label) for label in labels):
        said = _answered(lead, labels, chosen, unclear)
    elif not labels[-1]:
        named = [lead, *labels[:-1]]
        said = ". ".join(label for label, tick in zip(named, ticks, strict=True) if tick)
        if not ticks[0]:
            _leave_out(lead, unclear)
    elif chosen:
        said = ". ".join(f"{lead}: {label}" for label in chosen)
    else:
        unclear.append(lead)
        said = ""
    return f"{before} {said}. {rest}"


def _leave_out(label: str, unclear: list[str]) -> None:
    """A label says nothing; what is more than a label may say something."""
    if _MORE_THAN_A_LABEL.search(label.strip(" :|;-?(")):
        unclear.append(label)


def _answered(lead: str, labels: list[str], chosen: list[str], unclear: list[str]) -> str:
    """A question whose boxes are answers; what follows an answer stays with it."""
    rest = [tail for label in labels if (tail := _after_answer(label))]
    unclear.extend(rest)
    if len(chosen) > 1:
        unclear.append(lead)
        return ""
    if not chosen:
        _leave_out(lead, unclear)
        return ""
    return f"{lead}: {chosen[0]}"


def _after_answer(label: str) -> str:
    answer = _IS_YES.match(label) or _IS_NO.match(label)
    return label[answer.end() :].strip(" :|,;-/.") if answer else label


def _last_sentence(text: str) -> tuple[str, str]:
    """What stands before the last sentence of the text, and that sentence."""
    start, said_until = 0, len(text.rstrip(" :|,;-"))
    for end in _SENTENCE_END.finditer(text):
        if end.end() < said_until:
            start = end.end()
    return text[:start], text[start:]


def _without_open_choices(line: str, unclear: list[str]) -> str:
    """Choices that were made become answers; what nobody chose goes with its question."""
    said, start = "", 0
    for choice in _CHOICE.finditer(line):
        before, asked = _last_sentence(line[start : choice.start()])
        said += before
        if choice["chosen"]:
            said += f"{asked.rstrip(' ?:')}: {choice['chosen'].strip(' :=')}; "
        elif not asked.strip():
            unclear.append(line[choice.end() :])
            return said
        else:
            _leave_out(asked, unclear)
        start = choice.end()
    return said + line[start:]


def _without_blanks(line: str, unclear: list[str]) -> str:
    """A blank that nobody filled in says nothing of its label."""
    if not _BLANK_TO_FILL.search(line):
        return line
    *labels, rest = _BLANK_TO_FILL.split(line)
    said = []
    for label in labels:
        before, last = _last_sentence(label)
        said.append(before)
        if last.rstrip().endswith(":"):
            _leave_out(last, unclear)
        else:
            unclear.append(last)
    return " ".join([*said, rest])
