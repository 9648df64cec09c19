"""Whether a derived field may be changed, or is a person's edit that stays (rule R15). Pure."""

from collections.abc import Callable, Collection
from typing import Any, Final

from idexx_sync.syncs.cases.fields import FIELDS
from idexx_sync.syncs.cases.mapping import UNKNOWN_NAME
from idexx_sync.syncs.cases.model import StoredCase

EMPTY: Final[tuple[Any, ...]] = (None, "", [], {}, "unknown", UNKNOWN_NAME)
"""Values that say nothing, so that any other may take their place."""


def may_change(
    case: StoredCase,
    name: str,
    current: Any,
    remembered: Collection[str],
    fingerprint_of: Callable[[Any], str],
) -> bool:
    """Whether the field is empty or still says what was derived from the source before.

    `remembered` are fingerprints of what we derived last. Without any the case was somebody
    else's, and what an earlier service stored of the source is taken for the source.
    """
    if current in EMPTY:
        return True
    if remembered:
        return fingerprint_of(current) in remembered
    return current in _derived_before(case, name)


def _derived_before(case: StoredCase, name: str) -> tuple[Any, ...]:
    """What the stored source derives to, under our maps or an earlier service's."""
    field = FIELDS[name]
    found = (value for stored in field.before for value in stored.of(case.value(stored.name)))
    return (*found, *field.default_before)
