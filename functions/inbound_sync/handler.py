"""Lambda: copy one clinic's calendar from its PIMS."""

from idexx_sync.entry import sync_worker
from idexx_sync.inbound.sync import InboundSync

worker = sync_worker(InboundSync())
