"""The API as an OpenAPI 3.1 document, made from the table of routes and the models."""

from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from idexx_sync.api.field_texts import BODIES, complete, told
from idexx_sync.api.models import NoQuery
from idexx_sync.api.problems import MEDIA_TYPE, PROBLEMS, ProblemCode, ProblemView
from idexx_sync.api.routes import JSON, ROUTES, Route
from idexx_sync.core.catalog import CATALOG
from idexx_sync.core.version import VERSION
from idexx_sync.keys.budgets import LONGEST_WAIT_S, OF_A_CLINIC, OF_AN_OPERATOR

Document = dict[str, Any]

SUMMARY: Final = "Keeps ODIS's database true to its clinics' calendars and cases in IDEXX Neo."
KEY_SCHEME: Final = "key"
OURS: Final = ("idexx_sync.api.", "idexx_sync.operations.", "idexx_sync.jobs.params")
HEADERS: Final[dict[str, Document]] = {
    "Idempotency-Key": {
        "description": "The same key and body within 24 hours are one order.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
        "example": "order-2026-05-04-0710",
    },
    "Prefer": {
        "description": f"`wait={LONGEST_WAIT_S}`: answer 200 with the result if the run ends "
        f"within so many seconds, at most {LONGEST_WAIT_S}. So many requests of one key may wait "
        f"at once: {OF_A_CLINIC.waits_at_once}, of an operator's {OF_AN_OPERATOR.waits_at_once}.",
        "schema": {"type": "string"},
        "example": "wait=20",
    },
}
ANSWER_HEADERS: Final[dict[int, dict[str, str]]] = {
    202: {"Location": "The job.", "Retry-After": "When to look again, in seconds."},
    405: {"Allow": "The methods that the path has."},
    429: {"Retry-After": "When to ask again, in seconds."},
}


ANSWER_EXAMPLES: Final = {
    "Location": "/api/sync/jobs/9c2e6f0a-1b7d-4a55-8f11-2f6f0c1f7a10",
    "Retry-After": "5",
    "Allow": "GET, POST",
}


@cache
def document() -> Document:
    """The whole document but for `servers`."""
    models = _Models(ROUTES)
    paths: dict[str, Document] = defaultdict(dict)
    for route in ROUTES:
        paths[route.path][route.method.lower()] = _operation(route, models)
    return {
        "openapi": "3.1.0",
        "info": {"title": "idexx-sync", "version": VERSION, "summary": SUMMARY},
        "paths": dict(paths),
        "components": {
            "schemas": models.definitions,
            "securitySchemes": {
                KEY_SCHEME: {"type": "apiKey", "in": "header", "name": "X-API-Key"}
            },
        },
    }


class _Models:
    """The JSON schemas of all models, each under its name."""

    def __init__(self, routes: Iterable[Route]) -> None:
        wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {
            (ProblemView, "serialization"): None
        }
        for route in routes:
            wanted[route.query, "validation"] = None
            wanted[route.body, "validation"] = None
            for answer in route.responses.values():
                if not isinstance(answer, str):
                    wanted[answer, "serialization"] = None
        schemas, whole = models_json_schema(
            list(wanted), ref_template="#/components/schemas/{model}"
        )
        self.definitions: Document = whole["$defs"]
        complete(self.definitions, _by_name(BaseModel))
        self._schemas = schemas

    def of(self, model: type[BaseModel], mode: JsonSchemaMode = "serialization") -> Document:
        return self._schemas[model, mode]

    def properties_of(self, model: type[BaseModel]) -> Document:
        name = self.of(model, "validation")["$ref"].rpartition("/")[2]
        found: Document = self.definitions[name].get("properties", {})
        return found


def _by_name(base: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Our models below it, by the names that they have in the document."""
    found: dict[str, type[BaseModel]] = {}
    for model in base.__subclasses__():
        found |= _by_name(model)
        if model.__module__.startswith(OURS):
            found[model.__name__] = model
    return found


def _operation(route: Route, models: _Models) -> Document:
    operation: Document = {
        "operationId": route.operation,
        "summary": route.summary,
        "tags": [route.path.strip("/").split("/")[0]],
        "parameters": _parameters(route, models),
        "responses": _responses(route, models),
        "security": [],
    }
    if route.needs_key:
        operation["description"] = _needed(route)
        operation["security"] = [{KEY_SCHEME: []}]
    if route.method == "POST":
        schema = models.of(route.body, "validation")
        operation["requestBody"] = {
            "required": _has_required(route.body),
            "content": {JSON: {"schema": schema}},
        }
    return operation


def _needed(route: Route) -> str:
    """What a key needs for the operation, and how often it may ask for it."""
    words = f"Needs the scope `{route.scope}`" if route.scope else "Needs a key, of any scope"
    if route.acts_on_a_sync:
        scopes = ", ".join(f"`{row.scope}` of {row.name}" for row in CATALOG.values())
        words += f" and that of the sync in question: {scopes}"
    if "too_many_orders" in route.problems:
        words += (
            f". Orders a run, of which a key may order {OF_A_CLINIC.orders_a_minute} a minute, "
            f"an operator's {OF_AN_OPERATOR.orders_a_minute}"
        )
    return f"{words}."


def _has_required(model: type[BaseModel]) -> bool:
    return any(info.is_required() for info in model.model_fields.values())


def _parameters(route: Route, models: _Models) -> list[Document]:
    """Variable parts of the path, the query, and the headers that mean something."""
    found: list[Document] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "format": "uuid"},
            **told(name),
        }
        for name in route.parameters
    ]
    if route.query is not NoQuery:
        found += [
            {
                "name": name,
                "in": "query",
                "description": schema.get("description"),
                "example": schema.get("examples", [None])[0],
                "schema": _given(schema),
            }
            for name, schema in models.properties_of(route.query).items()
        ]
    found += [{"name": name, "in": "header", **HEADERS[name]} for name in route.takes_headers]
    return found


def _given(schema: Document) -> Document:
    """Of a parameter that is sent: it is left out instead of being null."""
    kinds = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    return {**{k: v for k, v in schema.items() if k not in ("anyOf", "default")}, **kinds[0]}


def _responses(route: Route, models: _Models) -> Document:
    responses: Document = {}
    for status, answer in route.responses.items():
        if isinstance(answer, str):
            schema: Document = {"type": "object" if answer == JSON else "string"}
            media = answer.partition(";")[0]
            content = {media: {"schema": schema, "example": BODIES[media]}}
        else:
            content = {JSON: {"schema": models.of(answer)}}
        responses[str(status)] = _response(status, "Done" if status == 200 else "Accepted", content)
    by_status: dict[int, list[ProblemCode]] = defaultdict(list)
    for code in route.all_problems:
        by_status[PROBLEMS[code][0]].append(code)
    for status, codes in sorted(by_status.items()):
        means = "; ".join(f"`{code}`: {PROBLEMS[code][1]}" for code in codes)
        content = {MEDIA_TYPE: {"schema": models.of(ProblemView)}}
        known = responses.get(str(status))
        if known is None:
            responses[str(status)] = _response(status, means, content)
        else:
            known["content"].update(content)
            known["description"] = means
    return responses


def _response(status: int, description: str, content: Document) -> Document:
    response: Document = {"description": description, "content": content}
    if status in ANSWER_HEADERS:
        response["headers"] = {
            name: {
                "description": means,
                "schema": {"type": "string"},
                "example": ANSWER_EXAMPLES[name],
            }
            for name, means in ANSWER_HEADERS[status].items()
        }
    return response
