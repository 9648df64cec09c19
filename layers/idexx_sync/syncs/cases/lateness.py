"""Whether a visit was over for too long when its case was made (rule R18). Pure.

ODIS calls about cases that were made a few days ago at most, whatever day the visit was on: the
case of an old visit would be called about as if the visit had just been.
"""

from datetime import datetime, timedelta
from typing import Final

from idexx_sync.core.clinic_time import day_of, local_day
from idexx_sync.syncs.cases.context import CaseContext
from idexx_sync.syncs.cases.stored import StoredCase

LATEST: Final = timedelta(days=3)
"""A case that is made more days than this after its visit's, by the clinic's days, is late."""


def is_late(case: StoredCase | None, start: str, context: CaseContext) -> bool:
    """Whether the case of a visit that starts then is late; None: it would be made now.

    A case that does not say when it was made is late too: nobody is called about it.
    """
    made_at = context.now if case is None else case.created_at
    if not isinstance(made_at, datetime):
        return True
    return local_day(made_at, context.zone) - day_of(start) > LATEST
