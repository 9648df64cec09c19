"""Lambda: jobs, holds, clinics, metrics and the service's own state."""

from idexx_sync.api.handler import api_handler
from idexx_sync.api.status import status_operations

api = api_handler("status", status_operations())
