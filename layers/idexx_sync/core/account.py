"""An AWS account as it is prepared for a stage: its secrets, and how much may run there at once.

No value of a secret leaves here but as a SecretStr, and of what AWS says only the code.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import SecretStr

from idexx_sync.core.aws import bounded_client, refusal_word
from idexx_sync.core.in_time import in_time

CONNECT_TIMEOUT_S: Final = 5
READ_TIMEOUT_S: Final = 10
TRIES: Final = 3
LONGEST_S: Final = 40
"""All tries of one call together, whatever arrives."""
NOT_FOUND: Final = "ResourceNotFoundException"
EXISTS: Final = "ResourceExistsException"
GOING: Final = "InvalidRequestException"
"""Said of a secret that is scheduled for deletion."""

Actions = Literal[
    "sts:GetCallerIdentity",
    "lambda:GetAccountSettings",
    "lambda:GetFunctionConcurrency",
    "secretsmanager:GetSecretValue",
    "secretsmanager:DescribeSecret",
    "secretsmanager:CreateSecret",
    "secretsmanager:PutSecretValue",
]
"""By the names under which IAM permits them."""
State = Literal["absent", "empty", "text", "binary", "going"]
"""Of a secret; one that is `going` is scheduled for deletion."""

Made = Literal["made", "empty", "there"]
"""What became of a secret; of one that somebody else has made nothing was written, and it is
`empty` if it has no value."""


class AwsRefused(Exception):
    """AWS did not do what was asked for; `word` is its code, or the error's type."""

    def __init__(self, action: Actions, word: str, about: str | None = None) -> None:
        super().__init__(f"{action}: {word}")
        self.action = action
        self.word = word
        self.about = about
        """The secret's name, if it was about one."""


@dataclass(frozen=True, slots=True)
class Identity:
    account: str
    arn: str


@dataclass(frozen=True, slots=True)
class Concurrency:
    """Runs at once."""

    quota: int
    unreserved: int


@dataclass(frozen=True, slots=True)
class Secret:
    """What stands in a secret by now; `value` is None unless it is a text."""

    state: State
    value: SecretStr | None = None


def client_of(service: str) -> Any:
    """A client for the region and the credentials of this environment."""
    return bounded_client(service, connect_s=CONNECT_TIMEOUT_S, read_s=READ_TIMEOUT_S, tries=TRIES)


class Account:
    """Asks AWS one thing at a time, by clients made at first use; each method raises AwsRefused."""

    def __init__(self, client: Callable[[str], Any] = client_of) -> None:
        self._make = client
        self._clients: dict[str, Any] = {}

    def identity(self) -> Identity:
        """Who we are there, and where."""
        answer = self._call("sts:GetCallerIdentity", lambda sts: sts.get_caller_identity())
        return Identity(answer["Account"], answer["Arn"])

    @property
    def region(self) -> str:
        """Where the secrets are made; what tells who we are would answer without any region."""
        return str(self._client("secretsmanager:GetSecretValue").meta.region_name)

    def concurrency(self) -> Concurrency:
        answer = self._call("lambda:GetAccountSettings", lambda aws: aws.get_account_settings())
        limit = answer["AccountLimit"]
        return Concurrency(limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"])

    def has_function(self, name: str) -> bool:
        try:
            self._call(
                "lambda:GetFunctionConcurrency",
                lambda aws: aws.get_function_concurrency(FunctionName=name),
            )
        except AwsRefused as refused:
            if refused.word == NOT_FOUND:
                return False
            raise
        return True

    def secret(self, name: str) -> Secret:
        try:
            answer = self._secrets(
                "secretsmanager:GetSecretValue", name, lambda aws: aws.get_secret_value
            )
        except AwsRefused as refused:
            if refused.word == NOT_FOUND:
                return Secret("absent")  # or there, and without any value
            if refused.word == GOING:
                return Secret("going")
            raise
        if "SecretString" not in answer:
            return Secret("binary")
        value = str(answer["SecretString"]).strip()
        return Secret("empty") if is_placeholder(value) else Secret("text", SecretStr(value))

    def make(self, name: str, value: SecretStr, description: str) -> Made:
        """Make the secret with its first value, unless there is one of that name."""
        told = {"SecretString": value.get_secret_value(), "Description": description}
        try:
            self._secrets(
                "secretsmanager:CreateSecret", name, lambda aws: aws.create_secret, "Name", **told
            )
        except AwsRefused as refused:
            if refused.word != EXISTS:
                raise
            found = self._secrets(
                "secretsmanager:DescribeSecret", name, lambda aws: aws.describe_secret
            )
            return "there" if found.get("VersionIdsToStages") else "empty"
        return "made"

    def fill(self, name: str, value: SecretStr) -> None:
        """Put a value into a secret that has none, or a placeholder."""
        text = value.get_secret_value()
        self._secrets(
            "secretsmanager:PutSecretValue",
            name,
            lambda aws: aws.put_secret_value,
            SecretString=text,
        )

    def _secrets(
        self,
        action: Actions,
        name: str,
        method: Callable[[Any], Callable[..., Any]],
        named: str = "SecretId",
        **more: str,
    ) -> Any:
        return self._call(
            action,
            lambda aws: method(aws)(**{named: name}, **more),
            about=name,
        )

    def _call(self, action: Actions, ask: Callable[[Any], Any], about: str | None = None) -> Any:
        client = self._client(action)
        return _answered(action, lambda: in_time(LONGEST_S, lambda: ask(client)), about)

    def _client(self, action: Actions) -> Any:
        service = action.partition(":")[0]
        if service not in self._clients:
            self._clients[service] = _answered(action, lambda: self._make(service))
        return self._clients[service]


def _answered[T](action: Actions, ask: Callable[[], T], about: str | None = None) -> T:
    """What AWS answers, or AwsRefused; its own words stay behind."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return ask()
    except (BotoCoreError, ClientError, TimeoutError, ValueError) as error:
        word = refusal_word(error)
    raise AwsRefused(action, word, about)


PLACEHOLDERS: Final = frozenset(
    {"", "{}", '""', "-", "null", "none", "placeholder", "changeme", "change-me", "todo", "tbd"}
)


def is_placeholder(value: str) -> bool:
    """Whether the text says no more than that a value is to come."""
    return value.strip().strip("<>").replace("_", "-").lower() in PLACEHOLDERS
