"""Words of euthanasia, death and cremation (rule R19)."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idexx_sync.syncs.cases.html_text import text_of
from idexx_sync.syncs.cases.life_status import Screening, screen
from neo_simulator.generator import notes
from tests.unit.syncs.cases.life_layouts import LAYOUTS
from tests.unit.syncs.cases.life_sentences import NOTHING, SENTENCES, lines

EUTHANASIA = Screening("euthanasia", in_doubt=False)
SAYING_NOTHING = [line for line in lines(NOTHING) if not re.search(r"[\[\]☐_|/:\n(]", line)]
"""Without the forms: what stands beside one on its line may be part of it."""
CERTAIN = [(line, verdict) for line, verdict in SENTENCES if verdict and not verdict.in_doubt]


@pytest.mark.parametrize(("sentence", "verdict"), SENTENCES)
def test_a_sentence_is_judged(sentence: str, verdict: Screening | None) -> None:
    assert screen([sentence]) == verdict


@pytest.mark.parametrize(("note", "verdict"), LAYOUTS.items())
def test_a_layout_is_judged(note: str, verdict: Screening | None) -> None:
    assert screen([text_of(note)]) == verdict


def test_no_sentence_is_there_twice() -> None:
    sentences = [sentence for sentence, _ in SENTENCES]

    assert len(sentences) == len(set(sentences)) >= 500


def test_nothing_says_nothing() -> None:
    assert screen([]) is None
    assert screen(["", "\n", " . "]) is None


def test_certain_beats_doubtful_then_euthanasia_death_cremation() -> None:
    assert screen(["Euthanasia?", "Private cremation"]) == Screening("cremation", in_doubt=False)
    assert screen(["Private cremation", "Died at home"]) == Screening("death", in_doubt=False)
    assert screen(["Died at home", "Euthasol"]) == EUTHANASIA
    assert screen(["Urn", "QOL", "Dying"]) == Screening("euthanasia", in_doubt=True)


def test_a_denial_reaches_no_further_than_its_text() -> None:
    assert screen(["Declined", "Euthanasia"]) == EUTHANASIA
    assert screen(["No.\nEuthanasia"]) == EUTHANASIA


@pytest.mark.parametrize(
    "text", ["No\nEuthanized at 3 pm", "Euthanasia:\ndeclined", "Owner declined\neuthanasia"]
)
def test_where_a_denial_may_reach_over_a_line_it_is_in_doubt(text: str) -> None:
    assert screen([text]) == Screening("euthanasia", in_doubt=True)


@pytest.mark.parametrize("hidden", ["di\x00ed", "die\x7fd", "d\x08ied", "di\u200bed", "di\u202eed"])
def test_what_nobody_sees_within_a_word_hides_nothing(hidden: str) -> None:
    assert screen([hidden]) == Screening("death", in_doubt=False)


def test_notes_of_the_simulator() -> None:
    assert screen([notes.EUTHANASIA]) == EUTHANASIA
    assert screen([notes.PLAIN, notes.SOAP_TABLE, notes.PASTED]) is None


@given(
    st.sampled_from(CERTAIN),
    st.lists(st.sampled_from(SAYING_NOTHING), max_size=5),
    st.lists(st.sampled_from(SAYING_NOTHING), max_size=5),
    st.sampled_from([". ", ".\n", "; ", ".\n\n", " | ", "\n"]),
)
def test_a_certain_sentence_is_found_whatever_surrounds_it(
    certain: tuple[str, Screening], before: list[str], after: list[str], between: str
) -> None:
    sentence, verdict = certain

    found = screen([between.join([*before, sentence, *after])])

    in_doubt = replace(verdict, in_doubt=True)  # a denial may reach over a line or a cell
    assert found == verdict or (between in ("\n", " | ") and found == in_doubt)
    assert screen([*before, sentence, *after]) == verdict
    assert screen([sentence.upper()]) is not None


JUDGED = SENTENCES + [(text_of(note), verdict) for note, verdict in LAYOUTS.items()]


@pytest.mark.parametrize(
    ("what", "counts"),
    [
        ("marked at all", lambda verdict: verdict is not None),
        ("marked for certain", lambda verdict: verdict is not None and not verdict.in_doubt),
    ],
)
def test_precision_and_recall(
    what: str,
    counts: Callable[[Screening | None], bool],
    record_property: Callable[[str, object], None],
) -> None:
    wanted = {text for text, verdict in JUDGED if counts(verdict)}
    found = {text for text, _ in JUDGED if counts(screen([text]))}

    precision, recall = len(found & wanted) / len(found), len(found & wanted) / len(wanted)

    record_property(
        "figure",
        f"life words, {what}: precision {precision:.1%}, recall {recall:.1%} "
        f"({len(JUDGED)} texts, {len(wanted)} of them)",
    )
    assert (precision, recall) == (1, 1)


@given(st.lists(st.text()))
def test_never_raises(texts: list[str]) -> None:
    screen(texts)
