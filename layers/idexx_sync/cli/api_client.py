"""Asks the HTTP API and judges what comes back; the key goes out in one header and nowhere else."""

import re
from collections.abc import Mapping
from typing import Final, Self
from uuid import UUID

import httpx
from pydantic import BaseModel, SecretStr, ValidationError

from idexx_sync.api.routes import OperationId, Route, route_of
from idexx_sync.cli.errors import CommandError, ReceivedProblem, error_of_problem
from idexx_sync.cli.exits import Exit, exit_of_answer
from idexx_sync.core.in_time import in_time

CONNECTS_WITHIN_S: Final = 10
ANSWERS_WITHIN_S: Final = 35
"""The gateway gives up before."""
LARGEST_ANSWER: Final = 10 * 1024 * 1024
"""Bytes; the gateway passes on no more."""
_HIDDEN: Final = b"[key]"


class ApiClient:
    """One key's way to the API at an address."""

    def __init__(self, url: str, key: SecretStr, *, timeout_s: float = ANSWERS_WITHIN_S) -> None:
        self._url = url
        self._key = key.get_secret_value()
        self._timeout_s = timeout_s
        self._http = httpx.Client(
            headers={
                "X-API-Key": self._key,
                "Accept": "application/json",
                "Accept-Encoding": "identity",
            },
            timeout=httpx.Timeout(timeout_s, connect=min(timeout_s, CONNECTS_WITHIN_S)),
            follow_redirects=False,
            # Reading certificates takes longer than a request, and plain http needs none.
            verify=url.startswith("https:"),
            # A proxy sees nothing of https; over plain http it would see the key.
            trust_env=url.startswith("https:"),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def ask[A: BaseModel](
        self,
        operation: OperationId,
        answer: type[A],
        query: Mapping[str, object] | None = None,
        *,
        body: Mapping[str, object] | None = None,
        **path: UUID,
    ) -> A:
        """What the operation answers; Refused says why there is nothing."""
        route = route_of(operation)
        sent = {name: str(value) for name, value in (query or {}).items() if value is not None}
        response, received = self._sent(route, route.path.format(**path), sent, body)
        content = received.replace(self._key.encode(), _HIDDEN)
        if response.status_code not in route.responses:
            raise self._refusal(response, content)
        if (read := _read(answer, content)) is None:
            raise self._not_ours(response)
        return read

    def _sent(
        self,
        route: Route,
        path: str,
        query: Mapping[str, str],
        sent_body: Mapping[str, object] | None,
    ) -> tuple[httpx.Response, bytes]:
        """The answer and its body; of one that is too large there is none."""
        try:
            return in_time(self._timeout_s, lambda: self._received(route, path, query, sent_body))
        except (httpx.TimeoutException, TimeoutError) as error:
            found = f"did not answer within {self._timeout_s:g} s"
            sent = not isinstance(error, httpx.ConnectTimeout)
        except httpx.ConnectError as error:
            found, sent = f"could not be reached ({error})", False
        except httpx.TransportError as error:
            found, sent = f"broke the connection ({type(error).__name__})", True
        # Outside the handlers: httpx's errors hold the request, and that holds the key.
        raise self._unreachable(found, may_be_done=sent and route.method == "POST")

    def _received(
        self,
        route: Route,
        path: str,
        query: Mapping[str, str],
        sent_body: Mapping[str, object] | None,
    ) -> tuple[httpx.Response, bytes]:
        body = bytearray()
        url = f"{self._url}{path}"
        with self._http.stream(route.method, url, params=query, json=sent_body) as response:
            for piece in response.iter_raw():
                body += piece
                if len(body) > LARGEST_ANSWER:
                    return response, b""
        return response, bytes(body)

    def _unreachable(self, found: str, *, may_be_done: bool) -> CommandError:
        hint = "check IDEXX_SYNC_API_URL and the network"
        if may_be_done:
            hint = "whether it was carried out is not known: look with the list and show commands"
        return CommandError(
            f"the API at {self._url} {found}; {hint}",
            kind="api_unreachable",
            exit_code=Exit.NOT_REACHABLE,
        )

    def _refusal(self, response: httpx.Response, content: bytes) -> CommandError:
        if (problem := _read(ReceivedProblem, content)) is None:
            return self._not_ours(response)
        found = error_of_problem(problem, response.status_code)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            return found.with_hint("check IDEXX_SYNC_API_KEY")
        return found

    def _not_ours(self, response: httpx.Response) -> CommandError:
        """Of what came nothing is shown: it may be anybody's."""
        if response.is_redirect:
            found = "a redirect, which is not followed because the key would go with it"
        else:
            found = f"{_media_type(response)} that is not an answer of this API"
        return CommandError(
            f"{self._url} answered with status {response.status_code} and {found}; check "
            "IDEXX_SYNC_API_URL: it must be the API's whole address, the stage included, and "
            "the API must not be newer than this command line",
            kind="api_answer",
            exit_code=exit_of_answer(response.status_code),
        )


def _read[A: BaseModel](model: type[A], content: bytes) -> A | None:
    """None where it is something else; pydantic's error, which quotes it, goes no further."""
    try:
        return model.model_validate_json(content)
    except ValidationError:
        return None


def _media_type(response: httpx.Response) -> str:
    given = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return given if re.fullmatch(r"[a-z]{1,20}/[a-z0-9.+-]{1,40}", given) else "something"
