"""The one map of statuses (rule R5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idexx_sync.core.vocabulary import (
    FINAL_STATUSES,
    FREES_TIME,
    UNFINISHED,
    AppointmentStatus,
    appointment_status,
    fold,
)

SPELLINGS: list[tuple[AppointmentStatus, list[str]]] = [
    ("scheduled", ["scheduled", "confirmed", "not arrived", "late"]),
    ("in_progress", ["arrived", "checked in", "in progress", "ready to pay"]),
    ("finalized", ["finalized", "finalised", "complete", "completed", "discharged"]),
    ("cancelled", ["cancelled", "canceled"]),
    ("no_show", ["no show", "no-show", "noshow"]),
]
KNOWN = [(word, status) for status, words in SPELLINGS for word in words]


@pytest.mark.parametrize(("word", "status"), KNOWN)
def test_r05_every_known_word_in_every_spelling(word: str, status: AppointmentStatus) -> None:
    spellings = {
        change(word.replace(" ", between))
        for between in (" ", "-", "_", "  ", "")
        for change in (str.lower, str.upper, str.title, str.capitalize)
    }
    spellings.add(f" {word} ")

    assert {appointment_status(spelling) for spelling in spellings} == {status}


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("noShow", "no_show"),
        ("waitingToPay", "in_progress"),
        ("upcoming", "scheduled"),
        ("Not Arrived", "scheduled"),
    ],
)
def test_r05_the_dashboards_and_machine_words_are_known(word: str, status: str) -> None:
    assert appointment_status(word) == status


@pytest.mark.parametrize("word", ["", " ", "-", None, "cancel", "draft", "in", "no", "none", "0"])
def test_r05_nothing_and_other_words_mean_nothing(word: str | None) -> None:
    assert appointment_status(word) is None


@given(st.sampled_from([word for word, _ in KNOWN]), st.text(min_size=1))
def test_r05_a_word_that_merely_contains_a_known_one_is_unknown(word: str, more: str) -> None:
    folded = {fold(known) for known, _ in KNOWN} | {"upcoming", "waitingtopay"}
    for text in (word + more, more + word):
        if fold(text) not in folded:
            assert appointment_status(text) is None


@pytest.mark.parametrize(
    "word", ["Cancelled by owner", "Not cancelled", "No show?", "Almost finalized", "unfinalized"]
)
def test_r05_no_word_is_found_inside_another(word: str) -> None:
    assert appointment_status(word) is None


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_only_cancelled_and_missed_visits_free_their_time() -> None:
    assert {"cancelled", "no_show"} == FREES_TIME


def test_a_job_is_unfinished_or_final() -> None:
    assert not set(UNFINISHED) & set(FINAL_STATUSES)
    assert len(UNFINISHED) + len(FINAL_STATUSES) == 12
