"""Phone numbers in E.164 where that is sure (Neo protocol, phones)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idexx_sync.syncs.cases.phones import normal_phone

SURE = {
    "555-555-0100": "+15555550100",
    "5555550100": "+15555550100",
    "15555550100": "+15555550100",
    "1-555-555-0100": "+15555550100",
    "(555) 555-0100": "+15555550100",
    "(555)555-0100": "+15555550100",
    "555.555.0100": "+15555550100",
    "  555 555 0100\n": "+15555550100",
    "555\u00a0555\u20110100": "+15555550100",
    "+1 555 555 0100": "+15555550100",
    "+1 (555) 555-0100": "+15555550100",
    "(+1) 555-555-0100": "+15555550100",
    "+15555550100": "+15555550100",
    "cell: 555-555-0100": "+15555550100",
    "H 555-555-0100": "+15555550100",
    "555-555-0100 (mobile)": "+15555550100",
    "555-555-0100 work": "+15555550100",
    "+44 20 7946 0018": "+442079460018",
    "+61 412 345 678": "+61412345678",
}
AS_GIVEN = [
    "",
    "555-0100",
    "0100",
    "911",
    "555-555-01",
    "25555550100",
    "155555501000",
    "055-555-0100",
    "0412 345 678",
    "155-555-0100",
    "0000000000",
    "+5555550100",
    "+1 555",
    "+1 055 555 0100",
    "+44 20",
    "+44 20 7946 00181234",
    "+999 123 456 789",
    "++15555550100",
    "+0",
    "011 44 20 7946 0018",
    "555-555-0100 x12",
    "555-555-0100 ext. 4",
    "555-555-0100, ask for Robin",
    "555-555-0100 / 555-555-0101",
    "555-555-0100 after 5",
    "555-GET-VETS",
    "none",
    "wrong number",
    "robin@example.com",
    "٥٥٥٥٥٥٠١٠٠",
]


@pytest.mark.parametrize(("typed", "normal"), SURE.items())
def test_a_sure_number_is_e164(typed: str, normal: str) -> None:
    assert normal_phone(typed) == normal


@pytest.mark.parametrize("typed", AS_GIVEN)
def test_anything_else_stays_as_it_is_given(typed: str) -> None:
    assert normal_phone(typed) == typed


def test_what_stays_is_stripped() -> None:
    assert normal_phone("  555-0100 \n") == "555-0100"


def test_no_short_number_gets_a_country() -> None:
    for length in range(10):
        digits = "5555550100"[:length]
        assert normal_phone(digits) == digits


@given(st.text() | st.text("+0123456789 ()-.x"))
def test_twice_is_once(text: str) -> None:
    once = normal_phone(text)

    assert normal_phone(once) == once
    assert once == text.strip() or once.startswith("+")


@given(st.from_regex(r"[2-9][0-9]{9}", fullmatch=True))
def test_ten_digits_are_north_american(digits: str) -> None:
    assert normal_phone(digits) == "+1" + digits
    assert normal_phone(f"({digits[:3]}) {digits[3:6]}-{digits[6:]}") == "+1" + digits
