"""Deletes what is older than retention says (rule R25), in small parts, on and on.

A round goes through what is old of one rule, however many passes that takes; then the rule rests.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

from idexx_sync.core.logs import logger
from idexx_sync.database.connection import Conn, DriverError, is_gone
from idexx_sync.database.refusal import refusal
from idexx_sync.upkeep.place_store import keep_place, place_of, resting
from idexx_sync.upkeep.retention_store import MOST_AT_ONCE, RULES, Rule, delete_old

MOST_IN_A_PASS: Final = 5_000
"""Rows that one pass looks at, of all rules together."""
RESTS: Final = timedelta(hours=1)
"""Between two rounds of a rule: what has to stay is not looked at each minute."""
WORK: Final = "retention"


def delete_what_is_old(
    conn: Conn,
    time_left: Callable[[], float],
    most: int = MOST_IN_A_PASS,
    at_once: int = MOST_AT_ONCE,
) -> tuple[dict[str, int], bool]:
    """Rule -> how many rows went, and whether nothing was left for the next pass.

    Where a pass ends the next one goes on. A rule that Postgres refuses is told, counted as
    `refused`, and stops no other one.
    """
    gone: dict[str, int] = {}
    looked = 0
    for rule in _due(conn):
        try:
            for seen, deleted in _round(conn, rule, at_once):
                looked += seen
                gone[rule.name] = gone.get(rule.name, 0) + deleted
                if looked >= most or time_left() <= 0:
                    keep_place(conn, WORK, {"rule": rule.name})
                    return _some(gone), False
        except DriverError as error:
            if is_gone(conn, error):
                raise
            gone["refused"] = gone.get("refused", 0) + 1
            logger().error("retention refused", rule=rule.name, error_message=refusal(error))
            keep_place(conn, _work(rule), None)  # perhaps its place is what can't be read
    keep_place(conn, WORK, None)
    return _some(gone), True


def _some(counts: dict[str, int]) -> dict[str, int]:
    return {name: number for name, number in counts.items() if number}


def _due(conn: Conn) -> list[Rule]:
    """The rules that do not rest, beginning with the one at which the last pass ended."""
    place = place_of(conn, WORK)
    stopped = place.get("rule") if isinstance(place, dict) else None
    deleting = [rule for rule in RULES if rule.goes is not None]
    names = [rule.name for rule in deleting]
    first = names.index(stopped) if stopped in names else 0
    rests = resting(conn, [_work(rule) for rule in deleting], RESTS)
    ordered = deleting[first:] + deleting[:first]
    return [rule for rule in ordered if _work(rule) not in rests]


def _work(rule: Rule) -> str:
    return f"{WORK}:{rule.name}"


def _round(conn: Conn, rule: Rule, at_once: int) -> Iterator[tuple[int, int]]:
    """Goes on with the rule's round until it is over; after each part, what was seen and went."""
    assert rule.goes is not None
    behind = _behind(place_of(conn, _work(rule)), rule)
    while True:
        batch = delete_old(conn, rule, behind, at_once)
        behind = batch.behind or behind
        is_over = batch.seen < at_once
        keeps = behind if not is_over or rule.goes.looks_once else None
        keep_place(conn, _work(rule), {"round": "over" if is_over else "goes on", "behind": keeps})
        yield batch.seen, batch.gone
        if is_over:
            return


def _behind(place: object, rule: Rule) -> list[str] | None:
    """Age and key of the row that was looked at last; a place that can't be read is none."""
    behind = place.get("behind") if isinstance(place, dict) else None
    if rule.goes is None or not isinstance(behind, list):
        return None
    whole = len(behind) == 1 + len(rule.goes.key) and all(isinstance(one, str) for one in behind)
    return behind if whole else None
