"""Lambda: jobs, holds, clinics, metrics and the service's own state."""

from idexx_sync.api.entry import sync_api
from idexx_sync.api.status import status_operations

api = sync_api("status", status_operations())
