"""Lambda: compare one clinic's rows with its PIMS. Not built yet: only asked for."""

from idexx_sync.api.entry import sync_api
from idexx_sync.api.syncs import starting

api = sync_api("reconciliation", starting("reconciliation"))
