"""Lambda: compare one clinic's rows with its PIMS. Not built yet: only asked for."""

from idexx_sync.api.handler import api_handler
from idexx_sync.api.syncs import not_built

api = api_handler("reconciliation", {"start_reconciliation": not_built("Reconciliation")})
