"""EventBridge Scheduler over boto3, each call bounded in time and never repeated by itself."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from idexx_sync.core.aws import bounded_client, refusal_word
from idexx_sync.core.in_time import in_time
from idexx_sync.schedules.mirror.plan import Listed
from idexx_sync.schedules.mirror.port import (
    AlreadyThere,
    ListedPage,
    NotThere,
    Refused,
    SchedulerError,
    SlowDown,
    Unanswered,
)
from idexx_sync.schedules.mirror.wanted import Schedule

CONNECT_TIMEOUT_S: Final = 2
READ_TIMEOUT_S: Final = 5
LONGEST_S: Final = 10
"""A whole call, whatever arrives: the time-outs are for single waits."""
PAGE: Final = 100
"""Schedules that AWS lists at once at most."""
SERVERS_FAULT: Final = 500
_TOO_MANY: Final = frozenset(
    {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"}
)
_MEANS: Final[dict[str, type[SchedulerError]]] = {
    "ConflictException": AlreadyThere,
    "ResourceNotFoundException": NotThere,
    **dict.fromkeys(_TOO_MANY, SlowDown),
}


class AwsScheduler:
    """The schedules of one group; the client is made at first use."""

    def __init__(self, group: str, at_once: int = 1, client: Any = None) -> None:
        """`at_once`: so many threads call at the same time."""
        self._group = group
        self._at_once = at_once
        self._client = client

    def page(self, prefix: str | None, token: str | None) -> ListedPage:
        """As the port says; in the order of AWS's choice."""
        asked: dict[str, Any] = {"GroupName": self._group, "MaxResults": PAGE}
        if prefix is not None:
            asked["NamePrefix"] = prefix
        if token is not None:
            asked["NextToken"] = token
        answer = self._call(lambda client: client.list_schedules(**asked))
        return ListedPage(
            [
                Listed(one["Name"], one["LastModificationDate"].astimezone(UTC))
                for one in answer["Schedules"]
            ],
            answer.get("NextToken"),
        )

    def create(self, schedule: Schedule) -> datetime | None:
        return _answered_at(self._call(lambda client: client.create_schedule(**schedule.request)))

    def update(self, schedule: Schedule) -> datetime | None:
        return _answered_at(self._call(lambda client: client.update_schedule(**schedule.request)))

    def delete(self, name: str) -> None:
        self._call(lambda client: client.delete_schedule(GroupName=self._group, Name=name))

    def _made(self) -> Any:
        return bounded_client(
            "scheduler",
            connect_s=CONNECT_TIMEOUT_S,
            read_s=READ_TIMEOUT_S,
            tries=1,  # whoever asks again counts it
            at_once=self._at_once,
        )

    def _call(self, do: Callable[[Any], Any]) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        self._client = client = self._client or self._made()
        failure: SchedulerError
        try:
            return in_time(LONGEST_S, lambda: do(client))
        except ClientError as error:
            failure = _meaning(error)
        except TimeoutError:
            failure = Unanswered("TimeoutError")
        except BotoCoreError as error:
            failure = _kind_of(error)(type(error).__name__)
        raise failure  # out here: AWS's own words stay behind


def _meaning(error: Any) -> SchedulerError:
    """What an answer that is an error means."""
    code = refusal_word(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", SERVERS_FAULT)
    kind = _MEANS.get(code, Unanswered if status >= SERVERS_FAULT else Refused)
    return kind(code)


def _kind_of(error: Any) -> type[SchedulerError]:
    """Of what never became an answer: whether it is the network's fault or ours."""
    from botocore.exceptions import ConnectionError as NoConnection
    from botocore.exceptions import HTTPClientError

    return Unanswered if isinstance(error, (NoConnection, HTTPClientError)) else Refused


def _answered_at(answer: Any) -> datetime | None:
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        return parsedate_to_datetime(headers["date"]).astimezone(UTC)
    except (KeyError, TypeError, ValueError):
        return None
