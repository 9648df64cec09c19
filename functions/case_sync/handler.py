"""Lambda: copy one clinic's visits and their clinical record. Not built yet: only asked for."""

from idexx_sync.api.entry import sync_api
from idexx_sync.api.starting import not_built

api = sync_api("case_sync", {"start_cases": not_built("The case sync")})
