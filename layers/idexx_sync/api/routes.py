"""The one table of HTTP routes: read by handlers, infrastructure and the OpenAPI document."""

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

from pydantic import BaseModel

from idexx_sync.api.models import (
    START_REQUESTS,
    AlertsQuery,
    ClinicQuery,
    ClinicsQuery,
    DeadLettersQuery,
    DecisionBody,
    DiscardBody,
    DiscrepanciesQuery,
    EmptyBody,
    Health,
    HoldsQuery,
    JobsQuery,
    MuteBody,
    NoQuery,
    PageQuery,
    PauseBody,
    Readiness,
    ReadinessDetails,
    ReasonBody,
    RefreshBody,
    ResumeBody,
    TicksQuery,
)
from idexx_sync.api.problems import ProblemCode
from idexx_sync.core.catalog import CATALOG, CatalogEntry, StartOperation, SyncFolder
from idexx_sync.core.vocabulary import Scope
from idexx_sync.operations.alert_models import AlertList, AlertView
from idexx_sync.operations.change_models import ChangeList
from idexx_sync.operations.clinic_models import ClinicList, ClinicStatusView
from idexx_sync.operations.discrepancy_models import DiscrepancyList
from idexx_sync.operations.key_models import KeyView
from idexx_sync.operations.letter_models import DeadLetterList, DeadLetterView
from idexx_sync.operations.models import HoldList, HoldView, JobList, JobView
from idexx_sync.operations.pause_models import PauseAnswer
from idexx_sync.operations.tick_models import TicksView

FunctionName = Literal[SyncFolder, "status"]
OperationId = Literal[
    StartOperation,
    "list_jobs",
    "get_job",
    "list_changes",
    "list_discrepancies",
    "retry_job",
    "cancel_job",
    "list_holds",
    "get_hold",
    "approve_hold",
    "reject_hold",
    "reopen_hold",
    "revive_hold",
    "list_dead_letters",
    "get_dead_letter",
    "retry_dead_letter",
    "discard_dead_letter",
    "list_alerts",
    "get_alert",
    "acknowledge_alert",
    "mute_alert",
    "unmute_alert",
    "list_clinics",
    "get_clinic_status",
    "list_clinic_discrepancies",
    "get_ticks",
    "pause_clinic",
    "resume_clinic",
    "pause_all",
    "resume_all",
    "get_key",
    "refresh_schedules",
    "get_metrics",
    "get_readiness_details",
    "get_health",
    "get_readiness",
    "get_openapi",
    "get_docs",
]

PROMETHEUS_TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
HTML: Final = "text/html; charset=utf-8"
JSON: Final = "application/json"

EVERYWHERE: Final[tuple[ProblemCode, ...]] = (
    "bad_request",
    "forbidden",
    "header_repeated",
    "invalid_json",
    "invalid_request",
    "not_found",
    "method_not_allowed",
    "body_too_large",
    "media_type",
    "throttled",
    "internal",
    "database_unavailable",
    "secret_unreadable",
    "unavailable",
    "gateway_timeout",
)
"""Problems that any route may answer, the gateway's own included."""
WITH_A_KEY: Final[tuple[ProblemCode, ...]] = (
    "unauthorized",
    "scope_missing",
    "authorizer_unavailable",
)
STARTS_A_JOB: Final[tuple[ProblemCode, ...]] = (
    "sync_running",
    "clinic_paused",
    "too_many_orders",
    "worker_unavailable",
)


@dataclass(frozen=True)
class Route:
    """One operation of the API."""

    operation: OperationId
    method: Literal["GET", "POST"]
    path: str
    function: FunctionName
    scope: Scope | None
    """None: public, no authorizer stands before it, unless `any_key` says otherwise."""
    summary: str
    responses: dict[int, type[BaseModel] | str]
    """Status -> body; a text names the media type of one that is not JSON of a model."""
    query: type[BaseModel] = NoQuery
    body: type[BaseModel] = EmptyBody
    problems: tuple[ProblemCode, ...] = ()
    """Those of its own, beside EVERYWHERE and WITH_A_KEY."""
    takes_headers: tuple[str, ...] = field(default=())
    any_key: bool = False
    """Whether every key may ask for it, whatever its scopes."""

    @property
    def needs_key(self) -> bool:
        """Whether an authorizer stands before it."""
        return self.scope is not None or self.any_key

    @property
    def all_problems(self) -> tuple[ProblemCode, ...]:
        keyed = WITH_A_KEY if self.needs_key else ()
        return EVERYWHERE + keyed + self.problems

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Of all paths that are the route's."""
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path))

    @property
    def acts_on_a_sync(self) -> bool:
        """Whether it starts, ends or decides something of the sync of what its path names, a job,
        a hold or a dead letter: the key then needs the scope of that sync too."""
        return self.method == "POST" and not {"job_id", "hold_id", "letter_id"}.isdisjoint(
            self.parameters
        )

    @property
    def parameters(self) -> list[str]:
        """Names of the path's variable parts."""
        return re.findall(r"\{(\w+)\}", self.path)


def _start(row: CatalogEntry) -> Route:
    """The route by which a run of the sync is ordered."""
    return Route(
        operation=row.operation,
        method="POST",
        path=f"/api/sync/{row.name}",
        function=row.folder,
        scope=row.scope,
        summary=row.title,
        body=START_REQUESTS[row.params],
        responses={200: JobView, 202: JobView},
        problems=(*STARTS_A_JOB, "idempotency_key_reused", "too_many_waits"),
        takes_headers=("Idempotency-Key", "Prefer"),
    )


ROUTES: Final[tuple[Route, ...]] = (
    *(_start(row) for row in CATALOG.values()),
    Route(
        operation="list_jobs",
        method="GET",
        path="/api/sync/jobs",
        function="status",
        scope="jobs:read",
        summary="Jobs, newest first",
        query=JobsQuery,
        responses={200: JobList},
    ),
    Route(
        operation="get_job",
        method="GET",
        path="/api/sync/jobs/{job_id}",
        function="status",
        scope="jobs:read",
        summary="One job",
        responses={200: JobView},
    ),
    Route(
        operation="list_changes",
        method="GET",
        path="/api/sync/jobs/{job_id}/changes",
        function="status",
        scope="jobs:read",
        summary="What a job wrote, by record, before and after",
        query=PageQuery,
        responses={200: ChangeList},
    ),
    Route(
        operation="list_discrepancies",
        method="GET",
        path="/api/sync/jobs/{job_id}/discrepancies",
        function="status",
        scope="jobs:read",
        summary="What a reconciliation found, and what became of it",
        query=DiscrepanciesQuery,
        responses={200: DiscrepancyList},
    ),
    Route(
        operation="retry_job",
        method="POST",
        path="/api/sync/jobs/{job_id}/retry",
        function="status",
        scope="jobs:write",
        summary="Order again what an ended job was to do",
        responses={202: JobView},
        problems=(*STARTS_A_JOB, "job_not_final"),
    ),
    Route(
        operation="cancel_job",
        method="POST",
        path="/api/sync/jobs/{job_id}/cancel",
        function="status",
        scope="jobs:write",
        summary="End a job; what it has committed stays",
        responses={200: JobView},
        problems=("job_final",),
    ),
    Route(
        operation="list_holds",
        method="GET",
        path="/api/sync/holds",
        function="status",
        scope="holds:read",
        summary="Holds, newest first",
        query=HoldsQuery,
        responses={200: HoldList},
    ),
    Route(
        operation="get_hold",
        method="GET",
        path="/api/sync/holds/{hold_id}",
        function="status",
        scope="holds:read",
        summary="One hold",
        responses={200: HoldView},
    ),
    Route(
        operation="approve_hold",
        method="POST",
        path="/api/sync/holds/{hold_id}/approve",
        function="status",
        scope="holds:write",
        summary="Let through what the hold says, for 24 hours, and run the sync anew",
        body=DecisionBody,
        responses={202: JobView},
        problems=(
            *("clinic_paused", "hold_changed", "hold_decided"),
            *("too_many_orders", "worker_unavailable"),
        ),
    ),
    Route(
        operation="reject_hold",
        method="POST",
        path="/api/sync/holds/{hold_id}/reject",
        function="status",
        scope="holds:write",
        summary="Keep out what the hold names until something else is found",
        body=DecisionBody,
        responses={200: HoldView},
        problems=("hold_changed", "hold_decided"),
    ),
    Route(
        operation="reopen_hold",
        method="POST",
        path="/api/sync/holds/{hold_id}/reopen",
        function="status",
        scope="holds:write",
        summary="Let a rejected hold ask again",
        body=ReasonBody,
        responses={200: HoldView},
        problems=("hold_not_rejected",),
    ),
    Route(
        operation="revive_hold",
        method="POST",
        path="/api/sync/holds/{hold_id}/revive",
        function="status",
        scope="holds:write",
        summary="Bring back what the hold's approval removed within 7 days, and keep it",
        body=ReasonBody,
        responses={202: JobView},
        problems=("clinic_paused", "nothing_to_revive", "too_many_orders", "worker_unavailable"),
    ),
    Route(
        operation="list_dead_letters",
        method="GET",
        path="/api/dead-letters",
        function="status",
        scope="jobs:read",
        summary="Messages that nobody could handle, newest first",
        query=DeadLettersQuery,
        responses={200: DeadLetterList},
    ),
    Route(
        operation="get_dead_letter",
        method="GET",
        path="/api/dead-letters/{letter_id}",
        function="status",
        scope="jobs:read",
        summary="One dead letter",
        responses={200: DeadLetterView},
    ),
    Route(
        operation="retry_dead_letter",
        method="POST",
        path="/api/dead-letters/{letter_id}/retry",
        function="status",
        scope="jobs:write",
        summary="Order again, as a new job, what the message was to do",
        responses={202: JobView},
        problems=(*STARTS_A_JOB, "job_not_final", "letter_ended", "letter_not_retryable"),
    ),
    Route(
        operation="discard_dead_letter",
        method="POST",
        path="/api/dead-letters/{letter_id}/discard",
        function="status",
        scope="jobs:write",
        summary="Let nothing come of a message that is parked",
        body=DiscardBody,
        responses={200: DeadLetterView},
        problems=("letter_ended",),
    ),
    Route(
        operation="list_alerts",
        method="GET",
        path="/api/alerts",
        function="status",
        scope="jobs:read",
        summary="Alerts: open ones first, each the newest first",
        query=AlertsQuery,
        responses={200: AlertList},
    ),
    Route(
        operation="get_alert",
        method="GET",
        path="/api/alerts/{alert_id}",
        function="status",
        scope="jobs:read",
        summary="One alert",
        responses={200: AlertView},
    ),
    Route(
        operation="acknowledge_alert",
        method="POST",
        path="/api/alerts/{alert_id}/ack",
        function="status",
        scope="clinics:write",
        summary="Note who has seen the alert; the first one stays",
        responses={200: AlertView},
    ),
    Route(
        operation="mute_alert",
        method="POST",
        path="/api/alerts/{alert_id}/mute",
        function="status",
        scope="clinics:write",
        summary="Tell nobody of the alert's kind at its clinic for a while",
        body=MuteBody,
        responses={200: AlertView},
    ),
    Route(
        operation="unmute_alert",
        method="POST",
        path="/api/alerts/{alert_id}/unmute",
        function="status",
        scope="clinics:write",
        summary="Mute the alert's kind at its clinic no longer",
        responses={200: AlertView},
    ),
    Route(
        operation="list_clinics",
        method="GET",
        path="/api/clinics",
        function="status",
        scope="jobs:read",
        summary="How each clinic stands, by name: all clinics, or the key's own",
        query=ClinicsQuery,
        responses={200: ClinicList},
    ),
    Route(
        operation="get_clinic_status",
        method="GET",
        path="/api/clinics/{clinic_id}/status",
        function="status",
        scope="jobs:read",
        summary="How current the clinic's data are, and what is needed from whom",
        responses={200: ClinicStatusView},
    ),
    Route(
        operation="list_clinic_discrepancies",
        method="GET",
        path="/api/clinics/{clinic_id}/discrepancies",
        function="status",
        scope="jobs:read",
        summary="What differs between ODIS and the PIMS and has not ended, the newest day first",
        query=DiscrepanciesQuery,
        responses={200: DiscrepancyList},
    ),
    Route(
        operation="get_ticks",
        method="GET",
        path="/api/ticks",
        function="status",
        scope="jobs:read",
        summary="What became of the scheduled times of the last 24 hours: all clinics', or one's",
        query=TicksQuery,
        responses={200: TicksView},
    ),
    Route(
        operation="pause_clinic",
        method="POST",
        path="/api/clinics/{clinic_id}/pause",
        function="status",
        scope="clinics:write",
        summary="Stop a clinic: nothing of it asks its PIMS until it is resumed",
        body=PauseBody,
        responses={200: PauseAnswer},
    ),
    Route(
        operation="resume_clinic",
        method="POST",
        path="/api/clinics/{clinic_id}/resume",
        function="status",
        scope="clinics:write",
        summary="Let a clinic go on that was paused",
        body=ResumeBody,
        responses={200: PauseAnswer},
    ),
    Route(
        operation="pause_all",
        method="POST",
        path="/api/pause",
        function="status",
        scope="fleet:write",
        summary="Stop everything: nothing of any clinic asks its PIMS until all are resumed",
        body=PauseBody,
        responses={200: PauseAnswer},
    ),
    Route(
        operation="resume_all",
        method="POST",
        path="/api/resume",
        function="status",
        scope="fleet:write",
        summary="Let all clinics go on, but those that are paused by themselves",
        body=ResumeBody,
        responses={200: PauseAnswer},
    ),
    Route(
        operation="get_key",
        method="GET",
        path="/api/key",
        function="status",
        scope=None,
        any_key=True,
        summary="The key that asks: whose it is, and what it may do",
        responses={200: KeyView},
    ),
    Route(
        operation="refresh_schedules",
        method="POST",
        path="/api/schedules/refresh",
        function="status",
        scope="schedules:write",
        summary="Bring a clinic's changed schedules into force at once",
        body=RefreshBody,
        responses={202: ClinicStatusView},
        problems=("too_many_orders", "refresh_unavailable"),
    ),
    Route(
        operation="get_metrics",
        method="GET",
        path="/metrics",
        function="status",
        scope="metrics:read",
        summary="Figures for Prometheus: all clinics', or one clinic's",
        query=ClinicQuery,
        responses={200: PROMETHEUS_TEXT},
    ),
    Route(
        operation="get_readiness_details",
        method="GET",
        path="/ready/details",
        function="status",
        scope="metrics:read",
        summary="What readiness depends on, one by one",
        responses={200: ReadinessDetails, 503: ReadinessDetails},
    ),
    Route(
        operation="get_health",
        method="GET",
        path="/health",
        function="status",
        scope=None,
        summary="Whether the process answers",
        responses={200: Health},
    ),
    Route(
        operation="get_readiness",
        method="GET",
        path="/ready",
        function="status",
        scope=None,
        summary="Whether the service can work, in one word",
        responses={200: Readiness},
        problems=("not_ready",),
    ),
    Route(
        operation="get_openapi",
        method="GET",
        path="/openapi.json",
        function="status",
        scope=None,
        summary="This API as an OpenAPI document",
        responses={200: JSON},
    ),
    Route(
        operation="get_docs",
        method="GET",
        path="/docs",
        function="status",
        scope=None,
        summary="This API as a page to read and try",
        responses={200: HTML},
    ),
)


def routes_of(function: FunctionName) -> list[Route]:
    return [route for route in ROUTES if route.function == function]


def route_of(operation: OperationId) -> Route:
    return next(route for route in ROUTES if route.operation == operation)


def methods_of(path: str) -> list[str]:
    """The methods that some route answers at this path; empty: there is no such path."""
    return sorted({route.method for route in ROUTES if route.pattern.fullmatch(path)})


def find_route(method: str, path: str) -> Route | None:
    """The route of a request at this path of ours."""
    for route in ROUTES:
        if route.method == method and route.pattern.fullmatch(path) is not None:
            return route
    return None
