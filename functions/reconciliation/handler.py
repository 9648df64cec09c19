"""Lambda: compare one clinic's rows with its PIMS. Not built yet: only asked for."""

from idexx_sync.api.handler import api_handler
from idexx_sync.api.syncs import starting

api = api_handler("reconciliation", starting("reconciliation"))
