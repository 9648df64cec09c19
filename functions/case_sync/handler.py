"""Lambda: copy one clinic's visits and their clinical record."""

from idexx_sync.api.entry import sync_api
from idexx_sync.api.starting import start
from idexx_sync.cases.sync import CaseSync
from idexx_sync.entry import sync_worker

api = sync_api("case_sync", {"start_cases": start("cases")})
worker = sync_worker(CaseSync())
