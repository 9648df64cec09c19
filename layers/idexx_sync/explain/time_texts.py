"""What is to be said of a time of a clinic's calendar: tables from code to text. Pure."""

from collections.abc import Mapping
from typing import Final

from idexx_sync.explain.texts import Text

RULES_OF_TIME: Final[Mapping[str, str]] = {
    **dict.fromkeys(("skipped", "repeated"), "R3"),
    **dict.fromkeys(("closed_day", "outside_hours", "lunch", "blocked_period"), "R11"),
    **dict.fromkeys(("no_whole_slot", "past_day", "behind_horizon", "hours_unreadable"), "R11"),
    **dict.fromkeys(("not_made", "begun", "off_grid"), "R11"),
    **dict.fromkeys(("taken", "taken_by_row", "called_off", "booking", "booking_over"), "R12"),
    **dict.fromkeys(("untold", "capacity", "free", "free_here"), "R12"),
    **dict.fromkeys(("was_here_removed", "was_here_moved", "was_here_changed"), "R7"),
}
"""Code -> the rule that makes it so."""

TIME: Final[Mapping[str, Text]] = {
    "closed_day": "the clinic is closed on {weekday}s: there is no slot",
    "outside_hours": "the clinic's hours on {weekday}s are {since} to {until}: there is no slot",
    "lunch": "lunch on {weekday}s is {since} to {until}: there is no slot",
    "blocked_period": "{since} to {until} is a blocked period on {weekday}s: there is no slot",
    "no_whole_slot": "no whole slot of {minutes} minutes fits between {since} and {until}",
    "past_day": "the day is over: no slot is made for it any more",
    "behind_horizon": "the day lies behind the clinic's horizon of {days} days, which ends on "
    "{last} ({zone}): no slot is offered there",
    "hours_unreadable": "no slot is made or changed: {message}",
    "not_made": "the clinic's hours give a slot here, and no run has made it yet",
    "begun": "the slot has begun: it stays as it is",
    "off_grid": "the slot is off the grid of the clinic's hours: it is kept full while somebody is "
    "in it",
    "taken": "takes it, as Neo shows it",
    "taken_by_row": "takes it, by its row as it was read last",
    "called_off": "{status}: it takes no time",
    "booking": "a booking of the voice agent takes {since} to {until} ({status})",
    "booking_over": "a booking of the voice agent for {since} to {until} takes nothing by itself "
    "({status}{became})",
    "untold": "{booked} are booked, and only {named} can be named here: the next run counts anew",
    "capacity": "the clinic's capacity is {capacity} at once, whatever the room, and {booked} "
    "booked: {left} more offered",
    "free": "Neo shows nothing at this time{room}, and nothing is stored of it: it is free",
    "free_here": "nothing is stored of this time{room}",
    "was_here_removed": "was here until {until}, when a run removed it: {why} (job {job})",
    "was_here_moved": "was here until {until}, when a run moved it to {to}: {why} (job {job})",
    "was_here_changed": "took this time until {until}, when a run changed it: {why} (job {job})",
}
"""Of a time, or behind the name of the record that is at it."""

WHY_CHANGED: Final[Mapping[str, str]] = {
    "source": "changed in Neo",
    "moved_away": "moved in Neo",
    "came_back": "came back in Neo",
    "rederived": "it said otherwise than Neo",
    "keyed_anew": "rows of its occurrences took its place",
    "approved": "a person let it through",
}
"""Why a run changed a row that it did not remove for want of a record."""
