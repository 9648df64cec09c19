"""Ids by their beginning, as people type them. Pure."""

import re
from typing import Final
from uuid import UUID

IdRange = tuple[UUID, UUID]
"""First and last of the ids with one beginning."""
WHOLE_ID: Final = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
"""A pattern of ids as they are written."""
SHORTEST_PREFIX: Final = 4
"""Characters: of fewer a slip of the finger might name something else."""
_PREFIX: Final = re.compile(r"[0-9a-f]{4,32}")


def ids_beginning_with(text: str) -> IdRange | None:
    """The ids that begin so, whatever their hyphens and case; None for what begins no id.

    >>> ids_beginning_with("3F2B8c1e-5")[0]
    UUID('3f2b8c1e-5000-0000-0000-000000000000')
    """
    digits = text.strip().replace("-", "").lower()
    if _PREFIX.fullmatch(digits) is None:
        return None
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
