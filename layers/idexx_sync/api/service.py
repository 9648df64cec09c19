"""Operations about the service itself: health, readiness, metrics, the API's own description."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Final

from idexx_sync.api.handler import ApiDependencies, Response
from idexx_sync.api.models import Check, ClinicQuery, Health, Readiness, ReadinessDetails
from idexx_sync.api.openapi import document
from idexx_sync.api.problems import Problem
from idexx_sync.api.request import Request
from idexx_sync.api.routes import HTML, PROMETHEUS_TEXT
from idexx_sync.core.errors import ConfigurationInvalid, DatabaseUnusable, SyncError
from idexx_sync.core.logs import logger
from idexx_sync.core.settings import ReleaseSettings, load
from idexx_sync.core.version import VERSION
from idexx_sync.database import migrations
from idexx_sync.database.connection import LOST
from idexx_sync.metrics import exposition

READINESS_LIVES_S: Final = 5.0
"""How long an answer of `/ready` is kept: it is public, and must not be a way to load Postgres."""


Dependencies = Callable[[], ApiDependencies]


def get_health(_request: Request, _dependencies: Dependencies) -> Response:
    return Response(200, Health(version=VERSION, commit=load(ReleaseSettings).commit))


@dataclass
class KeptReadiness:
    """The newest answer, for a while; one per process."""

    monotonic: Callable[[], float] = time.monotonic
    _known_until: float = float("-inf")
    _ready: bool = False

    def __call__(self, _request: Request, dependencies: Dependencies) -> Response:
        if self.monotonic() >= self._known_until:
            self._ready = self._can_work(dependencies)
            self._known_until = self.monotonic() + READINESS_LIVES_S
        if not self._ready:
            raise Problem("not_ready", "not ready")
        return Response(200, Readiness(status="ready"))

    @staticmethod
    def _can_work(dependencies: Dependencies) -> bool:
        """Why not is nothing for the public: the log says it."""
        try:
            failing = [check for check in checks(dependencies()) if not check.ok]
        except ConfigurationInvalid as error:
            logger().error("not ready", error_kind=error.kind, error_message=error.message)
            return False
        for check in failing:
            logger().error("not ready", error_message=f"{check.name}: {check.detail}")
        return not failing


def get_readiness_details(_request: Request, dependencies: ApiDependencies) -> Response:
    found = tuple(checks(dependencies))
    ready = all(check.ok for check in found)
    details = ReadinessDetails(status="ready" if ready else "not ready", checks=found)
    return Response(200 if ready else 503, details)


def checks(dependencies: ApiDependencies) -> list[Check]:
    """What the service needs before it can do anything, one by one."""
    try:
        missing = migrations.pending(dependencies.conn)
    except DatabaseUnusable as error:
        return [
            Check(name="database", ok=True, detail="answers"),
            Check(name="migrations", ok=False, detail=error.message),
        ]
    except (*LOST, SyncError) as error:
        word = error.kind if isinstance(error, SyncError) else "database_unavailable"
        return [Check(name="database", ok=False, detail=word)]
    return [
        Check(name="database", ok=True, detail="answers"),
        Check(
            name="migrations",
            ok=not missing,
            detail=f"missing: {', '.join(missing)}" if missing else "all applied",
        ),
    ]


def get_metrics(request: Request, dependencies: ApiDependencies) -> Response:
    query = request.query
    assert isinstance(query, ClinicQuery)
    clinic_id = request.caller.only_own(query.clinic_id)
    text = exposition.exposition(dependencies.conn, clinic_id).decode()
    return Response(200, text, media_type=PROMETHEUS_TEXT)


def get_openapi(request: Request, _dependencies: Dependencies) -> Response:
    return Response(200, _document(request.prefix))


def get_docs(request: Request, _dependencies: Dependencies) -> Response:
    return Response(200, _page(request.prefix), media_type=HTML)


def _document(prefix: str) -> str:
    return json.dumps({**document(), "servers": [{"url": prefix or "/"}]})


@lru_cache(maxsize=4)
def _page(prefix: str) -> str:
    """Swagger UI with everything in the page: nothing is fetched from elsewhere."""
    from aws_lambda_powertools.event_handler.openapi.swagger_ui import (
        generate_swagger_html,
    )

    assets = resources.files("aws_lambda_powertools.event_handler.openapi.swagger_ui")
    page: str = generate_swagger_html(
        spec=_within_script(_document(prefix)),
        swagger_js=(assets / "swagger-ui-bundle.min.js").read_text(),
        swagger_css=(assets / "swagger-ui.min.css").read_text(),
        swagger_base_url="",
        oauth2_config=None,
    )
    return page.replace("<title>Swagger UI</title>", "<title>idexx-sync</title>").replace(
        'currentUrl.pathname + "?format=json"', _within_script(json.dumps(f"{prefix}/openapi.json"))
    )


def _within_script(text: str) -> str:
    """JSON that ends no script of a page, whatever stands in it."""
    return text.replace("<", "\\u003c")
