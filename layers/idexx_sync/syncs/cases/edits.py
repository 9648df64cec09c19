"""Whether a derived field may be changed, or is a person's edit that stays (rule R15). Pure."""

from collections.abc import Collection
from typing import Any, Final

from idexx_sync.core.fingerprints import Fingerprints
from idexx_sync.syncs.cases.fields import FIELDS
from idexx_sync.syncs.cases.mapping import UNKNOWN_NAME
from idexx_sync.syncs.cases.stored import StoredCase

EMPTY: Final[tuple[Any, ...]] = (None, "", [], {}, "unknown", UNKNOWN_NAME)
"""Values that say nothing, so that any other may take their place."""


def may_change(
    case: StoredCase,
    name: str,
    current: Any,
    remembered: Collection[str],
    fingerprints: Fingerprints,
    *,
    was_edited: bool,
) -> bool:
    """Whether the field is empty or still says what was derived from the source before.

    `remembered` are fingerprints of what we derived last. Without any the case was somebody
    else's, and what an earlier service stored of the source is taken for the source. One of
    another key tells nothing: then the stored source decides as well, but never against what was
    known to be a person's, `was_edited`.
    """
    if current in EMPTY:
        return True
    if not remembered:
        return current in (*_derived_before(case, name), *FIELDS[name].default_before)
    told = [fingerprints.is_of(mark, current) for mark in remembered]
    if True in told or None not in told:
        return True in told
    return not was_edited and current in _derived_before(case, name)


def _derived_before(case: StoredCase, name: str) -> tuple[Any, ...]:
    """What the stored source derives to, under our maps or an earlier service's."""
    before = FIELDS[name].before
    return tuple(value for stored in before for value in stored.of(case.value(stored.name)))
