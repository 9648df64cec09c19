"""Lambda: copy one clinic's calendar from its PIMS."""

from idexx_sync.api.handler import api_handler
from idexx_sync.api.syncs import starting
from idexx_sync.jobs.worker import sync_worker
from idexx_sync.syncs.inbound.sync import InboundSync

api = api_handler("inbound_sync", starting("inbound"))
worker = sync_worker(InboundSync())
