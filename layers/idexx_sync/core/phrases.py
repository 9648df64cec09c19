"""The service's code words as a person reads them in a sentence. Pure.

A code stays a code in JSON, in columns and in logs; in a sentence it is said by `phrase`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

HELD_BECAUSE: Final[Mapping[str, str]] = {
    "foreign_calendar": "perhaps another clinic's calendar",
    "empty_calendar": "the calendar came back empty",
    "too_many_unreadable": "too many records could not be read",
    "unproven_visit_losses": "more visits vanished than is plausible",
    "unproven_block_losses": "more blocks vanished than is plausible",
    "times_shifted": "nearly all visits moved by the same amount of time",
    "finalised_visit_removed": "a finalised visit was removed",
    "never_shown": "a record that the calendar never shows",
    "older_version": "a record in an older version than before",
    "unreadable_record": "a record that can't be read",
    "revived": "visits that a person revived and the calendar does not show",
    "by_policy": "differences that the clinic's policy leaves to a person",
}
"""Cause of a hold -> why it waits, within a sentence."""


def phrase(words: Mapping[str, str], word: str) -> str:
    """The phrase of a word; a word without one reads well enough without its underscores.

    >>> phrase({}, "no_show")
    'no show'
    """
    return words.get(word) or word.replace("_", " ")


def local_moment(instant: datetime, zone: ZoneInfo) -> str:
    """The instant by the clocks of its clinic: `2026-05-04 07:00 PDT`."""
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def counted(number: int, noun: str) -> str:
    """The number with its noun, in the singular for one.

    >>> counted(1, "record"), counted(0, "record")
    ('1 record', '0 records')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
