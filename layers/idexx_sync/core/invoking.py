"""Functions of ours, invoked through AWS Lambda."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from idexx_sync.core.aws import bounded_client, refusal_word
from idexx_sync.core.in_time import in_time

CONNECT_TIMEOUT_S: Final = 2
READ_TIMEOUT_S: Final = 5
TRIES: Final = 2
LONGEST_S: Final = 15
"""All tries together, whatever arrives: the time-outs are for single waits."""
LONGEST_CALL_S: Final = 310.0
"""Of a call that is waited for; no function of ours works longer than 300 s."""
ACCEPTED: Final = 202
DONE: Final = 200
NEVER_BEGUN: Final = frozenset(
    {
        *("AccessDeniedException", "ExpiredTokenException", "InvalidParameterValueException"),
        *("InvalidRequestContentException", "InvalidSignatureException"),
        *("RequestTooLargeException", "ResourceConflictException", "ResourceNotFoundException"),
        *("ResourceNotReadyException", "TooManyRequestsException", "UnrecognizedClientException"),
        *("ConnectTimeoutError", "EndpointConnectionError", "NoCredentialsError"),
    }
)
"""Words of what keeps a function from beginning: AWS has refused, or was not reached. Of any other
word nobody knows whether the function works."""


class NotInvoked(Exception):
    """The function has not begun, or nobody knows; `word` is AWS's code, or the error's type."""

    def __init__(self, word: str, *, never_begun: bool = False) -> None:
        super().__init__(word)
        self.word = word
        self.never_begun = never_begun or word in NEVER_BEGUN
        """Whether it is certain that the function has not begun."""


class FunctionFailed(Exception):
    """The function has begun, and ended in an error; its message is one of ours."""


class LambdaFunctions:
    """Invokes functions by name or ARN; the client is made at first use."""

    def __init__(self, client: Any = None) -> None:
        self._client = client

    def start(self, function: str, event: Mapping[str, Any]) -> None:
        """Let it begin, and wait for nothing. Raises NotInvoked."""
        made = self._client = self._client or _client(READ_TIMEOUT_S, TRIES)
        _invoked(made, function, "Event", event, LONGEST_S, ACCEPTED)

    def call(
        self, function: str, event: Mapping[str, Any], longest_s: float = LONGEST_CALL_S
    ) -> Any:
        """What it answers, as JSON; it is begun once at most, and waited for so long.

        Over a connection of its own: of one that was kept nobody knows, when it breaks, whether
        the function has begun. Raises NotInvoked and FunctionFailed.
        """
        made = self._client or _client(longest_s, tries=1)
        answer = _invoked(made, function, "RequestResponse", event, longest_s, DONE)
        payload = in_time(LONGEST_S, answer["Payload"].read)
        told = json.loads(payload)
        if "FunctionError" in answer:
            raise FunctionFailed(str(told.get("errorMessage", "it did not say why")))
        return told


def _invoked(
    client: Any,
    function: str,
    how: Literal["Event", "RequestResponse"],
    event: Mapping[str, Any],
    longest_s: float,
    status: int,
) -> Any:
    from botocore.exceptions import BotoCoreError, ClientError

    sent = json.dumps(event).encode()
    invoke: Callable[[], Any] = lambda: client.invoke(  # noqa: E731
        FunctionName=function, InvocationType=how, Payload=sent
    )
    try:
        answer = in_time(longest_s, invoke)
    except (BotoCoreError, ClientError, TimeoutError) as error:
        word = refusal_word(error)
    else:
        if answer["StatusCode"] == status:
            return answer
        word = f"status_{answer['StatusCode']}"
    raise NotInvoked(word)  # out here: AWS's own words stay behind


def _client(read_s: float, tries: int) -> Any:
    """Raises NotInvoked where this machine's AWS settings name no region, or no such profile."""
    from botocore.exceptions import BotoCoreError

    try:
        return bounded_client("lambda", connect_s=CONNECT_TIMEOUT_S, read_s=read_s, tries=tries)
    except (BotoCoreError, ValueError) as error:
        word = refusal_word(error)
    raise NotInvoked(word, never_begun=True)
