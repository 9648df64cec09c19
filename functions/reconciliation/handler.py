"""Lambda: compare one clinic's rows with its PIMS. Not built yet: only asked for."""

from idexx_sync.api.entry import sync_api
from idexx_sync.api.syncs import not_built

api = sync_api("reconciliation", {"start_reconciliation": not_built("Reconciliation")})
