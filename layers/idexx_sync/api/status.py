"""The operations of the function `status`: everything of the API that starts no sync."""

from idexx_sync.api import clinics, holds, jobs, keys, pauses, service
from idexx_sync.api.handler import Operation, Page
from idexx_sync.api.routes import OperationId
from idexx_sync.api.syncs import not_built


def status_operations() -> dict[OperationId, Operation | Page]:
    """Each operation; `/ready` remembers its newest answer for a while."""
    return {
        "list_jobs": jobs.list_jobs,
        "get_job": jobs.get_job,
        "list_changes": jobs.list_changes,
        "list_discrepancies": jobs.list_discrepancies,
        "retry_job": jobs.retry_job,
        "cancel_job": jobs.cancel_job,
        "list_holds": holds.list_holds,
        "get_hold": holds.get_hold,
        "approve_hold": holds.approve_hold,
        "reject_hold": holds.reject_hold,
        "reopen_hold": holds.reopen_hold,
        "revive_hold": holds.revive_hold,
        "list_clinics": clinics.list_clinics,
        "get_clinic_status": clinics.get_clinic_status,
        "pause_clinic": pauses.pause_clinic,
        "resume_clinic": pauses.resume_clinic,
        "pause_all": pauses.pause_all,
        "resume_all": pauses.resume_all,
        "get_key": keys.get_key,
        "refresh_schedules": not_built("Refreshing schedules"),
        "get_metrics": service.get_metrics,
        "get_readiness_details": service.get_readiness_details,
        "get_health": Page(service.get_health),
        "get_readiness": Page(service.KeptReadiness()),
        "get_openapi": Page(service.get_openapi),
        "get_docs": Page(service.get_docs),
    }
