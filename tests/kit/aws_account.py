"""An AWS account as moto has it, whose calls can be made to fail."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import boto3
from botocore.exceptions import ClientError


def refusal(code: str) -> ClientError:
    """As AWS words it: with what was sent in it."""
    said = "it was sent postgresql://quoted:secret@db"
    return ClientError({"Error": {"Code": code, "Message": said}}, "AnyOperation")


@dataclass
class AwsAccount:
    """Clients of it, and what they were asked."""

    quota: int = 1000
    unreserved: int = 1000
    fails_at: int | None = None
    """Number of the call that fails, from 1 on."""
    fault: BaseException = field(default_factory=lambda: refusal("InternalServiceError"))
    lost: Literal["question", "answer"] = "question"
    """Whether the call that fails was not carried out, or was and nobody hears of it."""
    refuses: dict[str, BaseException] = field(default_factory=dict)
    """Method -> with what it always fails."""
    calls: list[str] = field(default_factory=list)
    before: Callable[[str], object] = lambda _method: None
    """Called before each call."""

    clients: dict[str, Any] = field(default_factory=dict)

    def __call__(self, service: str) -> Any:
        return _Client(self, self.client(service))

    def client(self, service: str = "secretsmanager") -> Any:
        """Whose calls are not counted and never fail."""
        if service not in self.clients:
            self.clients[service] = boto3.client(service)
        return self.clients[service]

    def secrets(self) -> dict[str, str | None]:
        """Name -> value; None: it has none."""
        client, found = self.client(), {}
        for one in client.list_secrets(MaxResults=100)["SecretList"]:
            try:
                found[one["Name"]] = client.get_secret_value(SecretId=one["Name"]).get(
                    "SecretString"
                )
            except ClientError:
                found[one["Name"]] = None
        return found

    def put(self, name: str, value: str | None) -> None:
        more = {} if value is None else {"SecretString": value}
        self.client().create_secret(Name=name, **more)


class _Client:
    def __init__(self, account: AwsAccount, behind: Any) -> None:
        self._account = account
        self._behind = behind
        self.meta = behind.meta

    def __getattr__(self, method: str) -> Any:
        def call(**request: Any) -> Any:
            account = self._account
            account.before(method)
            account.calls.append(method)
            if method in account.refuses:
                raise account.refuses[method]
            fails = len(account.calls) == account.fails_at
            if fails and account.lost == "question":
                raise account.fault
            try:
                return self._answer(method, request)
            finally:
                if fails:
                    raise account.fault  # whatever the answer was

        return call

    def _answer(self, method: str, request: dict[str, Any]) -> Any:
        if method != "get_account_settings":
            return getattr(self._behind, method)(**request)
        limit = {
            "ConcurrentExecutions": self._account.quota,
            "UnreservedConcurrentExecutions": self._account.unreserved,
        }
        return {"AccountLimit": limit}  # moto has none
