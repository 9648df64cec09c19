"""Words of euthanasia, death and cremation (rule R19)."""

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idexx_sync.syncs.cases.life_status import Screening, screen
from neo_simulator.generator import notes
from tests.unit.syncs.cases.life_sentences import NOTHING, SENTENCES, lines

EUTHANASIA = Screening("euthanasia", in_doubt=False)
CERTAIN = [(line, verdict) for line, verdict in SENTENCES if verdict and not verdict.in_doubt]


@pytest.mark.parametrize(("sentence", "verdict"), SENTENCES)
def test_a_sentence_is_judged(sentence: str, verdict: Screening | None) -> None:
    assert screen([sentence]) == verdict


def test_no_sentence_is_there_twice() -> None:
    sentences = [sentence for sentence, _ in SENTENCES]

    assert len(sentences) == len(set(sentences)) >= 180


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


def test_notes_of_the_simulator() -> None:
    assert screen([notes.EUTHANASIA]) == EUTHANASIA
    assert screen([notes.PLAIN, notes.SOAP_TABLE, notes.PASTED]) is None


@given(
    st.sampled_from(CERTAIN),
    st.lists(st.sampled_from(lines(NOTHING)), max_size=5),
    st.lists(st.sampled_from(lines(NOTHING)), max_size=5),
    st.sampled_from([". ", ".\n", "; ", ".\n\n", " | ", "\n"]),
)
def test_a_certain_sentence_is_found_whatever_surrounds_it(
    certain: tuple[str, Screening], before: list[str], after: list[str], between: str
) -> None:
    sentence, verdict = certain

    found = screen([between.join([*before, sentence, *after])])

    assert found == verdict or (between == "\n" and found == replace(verdict, in_doubt=True))
    assert screen([*before, sentence, *after]) == verdict
    assert screen([sentence.upper()]) is not None


@given(st.lists(st.text()))
def test_never_raises(texts: list[str]) -> None:
    screen(texts)


LONG = {
    "harmless": "S: doing well at home, eating and drinking, no vomiting. O: bright and alert.\n"
    * 260,
    "denied": "Discussed euthanasia and prognosis, owner is not ready for euthanasia.\n" * 280,
    "one sentence": "no euthanasia and " * 1_100,
    "blanks": "put " + " " * 20_000,
    "letters": "e" * 20_000,
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_long_notes_take_no_time(text: str) -> None:
    start = time.process_time()

    screen([text])

    assert time.process_time() - start < 0.5  # a hundred times what it should be


def test_an_ordinary_long_note_is_screened_at_once() -> None:
    day = (
        "S: day {} doing well at home, eating and drinking today, owner left with him last night.\n"
    )
    note = "".join(day.format(number) for number in range(230)) + "Euthanasia declined."
    start = time.process_time()

    for _ in range(10):
        assert screen([note]) is None

    assert time.process_time() - start < 0.3  # it takes about a tenth
