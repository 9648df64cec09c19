"""Whether a value is to be written over the one that is stored (rule R16). Pure."""

from typing import Any

from idexx_sync.syncs.cases.context import same
from idexx_sync.syncs.cases.fields import CLEARABLE
from idexx_sync.syncs.cases.stored import StoredCase


def is_news(case: StoredCase, name: str, value: Any) -> bool:
    """Whether it differs, and is no emptiness that says nothing."""
    if value in (None, "") and name not in CLEARABLE:
        return False
    return not same(case.value(name), value)
