"""Phone numbers as people typed them, in E.164 where that is sure (Neo protocol, phones). Pure."""

import re
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

LONGEST_PHONE: Final = 200
"""Characters of a number with what people put between and beside; a longer text stays as it is."""
_LABEL: Final = r"(?:cell|mobile|mob|home|work|office|phone|tel|ph|[chmw])"
_TYPED: Final = re.compile(
    rf"(?:{_LABEL}\b[\s.:#-]*+)?+"
    r"(?P<number>\(?+\+?+[\s(]*+[0-9](?:[\s().\u00a0\u2010-\u2015-]*+[0-9])*+)"
    rf"(?:[\s(,-]++{_LABEL}\b[).]?+)?+",
    re.IGNORECASE,
)
"""Digits with what people put between them, and at most one word that tells whose line it is."""
_NORTH_AMERICAN: Final = re.compile(r"1[2-9][0-9]{9}")
"""No area code begins with 0 or 1; ten digits that do are a number of another country."""


def normal_phone(text: str) -> str:
    """The number in E.164 where it is sure, else the text as it is given, stripped.

    A North American number need only be possible, not assigned. Text with an extension or other
    words stays as it is: E.164 has no place for them.

    >>> normal_phone("(555) 555-0100")
    '+15555550100'
    >>> normal_phone("555-0100 after six")
    '555-0100 after six'
    """
    text = text.strip()
    typed = _TYPED.fullmatch(text) if len(text) <= LONGEST_PHONE else None
    return (typed and _e164(typed["number"])) or text


def _e164(typed: str) -> str | None:
    digits = re.sub(r"[^0-9]", "", typed)
    if "+" not in typed:
        digits = digits if len(digits) == 11 else "1" + digits
    if (digits.startswith("1") or "+" not in typed) and not _NORTH_AMERICAN.fullmatch(digits):
        return None
    try:
        number = phonenumbers.parse("+" + digits)
    except NumberParseException:
        return None
    american = number.country_code == 1
    is_sure = phonenumbers.is_possible_number if american else phonenumbers.is_valid_number
    return phonenumbers.format_number(number, PhoneNumberFormat.E164) if is_sure(number) else None
