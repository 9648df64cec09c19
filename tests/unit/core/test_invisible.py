"""What a terminal may be shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idexx_sync.core.invisible import INVISIBLE, escaped


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, 7 %", "plain text, 7 %"),
        ("Zoë Núñez, 東京, naïve", "Zoë Núñez, 東京, naïve"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\x1b[2J\x07\x00", "\\x1b[2J\\x07\\x00"),
        ("\x9b2J\x85\xad\xa0", "\\x9b2J\\x85\\xad\\xa0"),
        ("\u202ex\u2066\u200b\u2028\ufeff\ufe0f", "\\u202ex\\u2066\\u200b\\u2028\\ufeff\\ufe0f"),
        ("\udc80\U000e0041", "\\udc80\\U000e0041"),
        (r"C:\new", r"C:\new"),
    ],
)
def test_what_acts_is_written_out(text: str, shown: str) -> None:
    assert escaped(text) == shown


@given(st.text(st.characters() | st.sampled_from(sorted({*INVISIBLE, "\n", "\x1b", "\u202e"}))))
def test_whatever_it_was_it_is_one_printable_line_that_stays_as_it_is(text: str) -> None:
    shown = escaped(text)

    assert shown.isprintable()
    assert escaped(shown) == shown
