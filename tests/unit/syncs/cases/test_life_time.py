"""Screening and reading of notes take time in proportion to their length, whatever stands in them.

Each text is measured at two sizes, the shortest of several times: a time that grows with the square
of the length would make the larger one sixteen times as slow as the smaller.
"""

import time
from collections.abc import Callable

import pytest

from idexx_sync.syncs.cases import life_words as words
from idexx_sync.syncs.cases.html_text import text_of
from idexx_sync.syncs.cases.life_letters import plain_letters
from idexx_sync.syncs.cases.life_patterns import entries
from idexx_sync.syncs.cases.life_status import SCREENED_AT_MOST, is_screened_whole, screen

TIMES = 4
MOST = 10
"""So many times as long may a text of four times the length take."""
SMALL = 1_500
LISTS = {name: value for name, value in vars(words).items() if isinstance(value, str)}


def spelled(entry: str) -> str:
    """A text that an entry stands for."""
    return entry.replace("*", "ation").replace("#", "61").replace("_", "her")


WORDS_IN_ROWS = {
    f"{name.lower()}, {how}": between.join(spelled(entry) for entry in sorted(entries(listed)))
    + between
    for name, listed in LISTS.items()
    if name.isupper() and name not in ("DENIED_AFTER",)
    for how, between in {"in a row": " ", "in questions": "? "}.items()
}
ONE_BY_ONE = {
    entry: f"{spelled(entry)} "
    for listed in (
        *(words.EUTHANASIA_DOUBTFUL, words.DEATH_DOUBTFUL, words.CREMATION_DOUBTFUL),
        *(words.CREMATION, words.NEGATIONS, words.RELATED_ANIMALS, words.WHOSE_OTHER),
    )
    for entry in sorted(entries(listed))[::20]
}
SIGNS = {
    "a word": "euth",
    "words": "euth ",
    "asked words": "euth? ",
    "different words": "euth{} qol{}? ",
    "lines": "qol\n",
    "blank lines": "qol\n\n",
    "cells": "put | to | ",
    "labels": "qol: ",
    "denials": "no euthanasia and ",
    "denied lines": "no\nqol\n",
    "headings": "Declined:\n- qol\n",
    "columns": "Service | Accepted | Declined\nqol | x |\n",
    "boxes": "[ ] qol [x] ",
    "lone boxes": "[ ] ",
    "leads": "qol. a; [ ] ",
    "choices": "qol yes/no ",
    "choices alone": "y/n ",
    "blanks to fill": "qol ____ ",
    "struck out": "[struck out: qol] ",
    "open strikes": "[struck out: ",
    "tildes": "~~qol",
    "blanks": "put      ",
    "hyphens": "put - to - ",
    "hyphenation": "qo-\nl ",
    "letters": "e u t h ",
    "dots": "p.t.s.",
    "entities": "&amp;",
    "half entities": "&#x",
    "accents": "\u0301",
    "accented": "e\u0301\u0316",
    "wide": "\uff25",
    "colons": ":",
    "slashes": "qol/",
    "commas": "qol,",
    "full stops": ".",
    "brackets": "([{",
    "tails": "put her ",
    "siblings": "her sister ",
    "conditions": "if qol ",
}
MARKUP = {
    "fractions": "<sup>1</sup>/<sub>2</sub>",
    "open powers": "<sup>1",
    "strikes": "<s>a</s> ",
    "open strikes": "<s>a<br>",
    "strikes over paragraphs": "<s><p>a</s>",
    "boxes": "<input type=checkbox>",
    "choices": "<select><option>a<option selected>b</select>",
    "open choices": "<select><option>a",
    "open lists": "<ol><li>a",
    "lists": "<ol reversed type=i><li>a</ol>",
    "tables": "<table><tr><td>a<td>b<td></table>",
    "open tables": "<table><tr><td>",
    "rows": "<tr><td>a<td>",
    "styles": "<p style='text-decoration:line-through'>a",
    "open styles": "<p style='text-decoration:",
    "pictures": "<img alt='a'>",
    "paragraphs": "<p>no pain</p>",
    "formulas": "<math><mfrac><mn>1</mn><mn>2</mn></mfrac></math>",
    "inputs": "<textarea>a\n</textarea>",
    "comments": "<!-- a",
    "fonts": "<p><font><b>",
    "entities": "&frac12;",
    "angles": "<",
}


def repeated(part: str, length: int) -> str:
    if "{}" in part:
        text = "".join(part.format(number, number) for number in range(length // len(part)))
    else:
        text = part * (length // len(part) + 1)
    return text[:length]


def shortest(work: Callable[[str], object], text: str) -> float:
    seconds = []
    for _ in range(2):
        started = time.process_time()
        work(text)
        seconds.append(time.process_time() - started)
        if seconds[-1] > 0.2:
            break
    return min(seconds)


def growth(work: Callable[[str], object], part: str) -> tuple[float, str]:
    """How many times as long a text of four times the length takes. What takes too long is measured
    again: a machine may be slowed for a while, and what grows does so each time."""
    for _ in range(3):
        small = shortest(work, repeated(part, SMALL))
        large = shortest(work, repeated(part, SMALL * TIMES))
        times = large / max(small, 0.001)
        if times < MOST:
            break
    return times, f"{small * 1000:.1f} ms, {large * 1000:.1f} ms"


TEXTS = SIGNS | WORDS_IN_ROWS | ONE_BY_ONE


@pytest.mark.parametrize("part", TEXTS.values(), ids=TEXTS)
def test_screening_takes_time_in_proportion(part: str) -> None:
    times, seconds = growth(lambda text: screen([text]), part)

    assert times < MOST, seconds


@pytest.mark.parametrize("part", MARKUP.values(), ids=MARKUP)
def test_reading_mark_up_takes_time_in_proportion(part: str) -> None:
    times, seconds = growth(text_of, part)

    assert times < MOST, seconds


def test_accents_in_a_long_row_take_no_time() -> None:
    text = "a" + "\u0301" * 50_000 + "\u0316" * 50_000  # what sorts them needs many seconds
    started = time.process_time()

    assert plain_letters(text) == "a"
    assert time.process_time() - started < 1


def test_what_is_longer_than_the_limit_is_screened_in_its_beginning_and_told() -> None:
    text = repeated("euth{}? ", 2 * SCREENED_AT_MOST)
    started = time.process_time()

    found = screen([text])

    assert found is not None
    assert not is_screened_whole([text])
    assert is_screened_whole(["a" * SCREENED_AT_MOST, "b" * SCREENED_AT_MOST])
    assert screen(["a " * SCREENED_AT_MOST + "euthanized"]) is None
    assert time.process_time() - started < 60  # coverage makes it several times slower


def test_a_megabyte_of_notes_is_read_and_screened() -> None:
    note = "<p>S: day 3 doing well at home, euthanasia not discussed, <b>BAR</b>.</p>" * 14_000
    started = time.process_time()

    text = text_of(note)

    assert screen([text]) is None
    assert time.process_time() - started < 30  # coverage makes it several times slower
    assert len(plain_letters(text)) == len(text)
