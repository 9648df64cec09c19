"""Secrets that the environment only names: settings read them from AWS Secrets Manager.

A value in the environment comes first, so that nothing is asked, and boto3 is not loaded, where
the plain variables are set.
"""

import os
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from idexx_sync.core.aws import bounded_client
from idexx_sync.core.errors import SecretUnreadable
from idexx_sync.core.in_time import in_time

CONNECT_TIMEOUT_S: Final = 2
READ_TIMEOUT_S: Final = 5
TRIES: Final = 3
LONGEST_S: Final = 12
"""All tries for all secrets of one reading, whatever arrives: the time-outs are for single waits.
The shortest of our functions, the authorizer, has 15 s."""
_ABSENT: Final = frozenset({"ResourceNotFoundException", "InvalidRequestException"})
"""No such secret, or one that is about to be deleted."""
_DENIED: Final = "AccessDeniedException"
"""Also of a name that does not exist, where the role may read some names only."""

_MAKE: Final = "make it and let our role read it, or correct the name that the variable holds"


@dataclass(frozen=True, slots=True)
class NamedBy:
    """Marks a setting whose value may be a secret; `variable` holds the secret's name."""

    variable: str


def naming_variable(field: FieldInfo) -> str | None:
    """The variable that may hold the name of the setting's secret, if its value may be one."""
    return next((mark.variable for mark in field.metadata if isinstance(mark, NamedBy)), None)


class NamedSecrets(PydanticBaseSettingsSource):
    """Reads each marked setting that no earlier source has given; SecretUnreadable names the
    variable of one that can't be read."""

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls)
        self._client: Any = None
        self._ends = 0.0

    def __call__(self) -> dict[str, Any]:
        self._ends = monotonic() + LONGEST_S
        values = {}
        for name, field in self.settings_cls.model_fields.items():
            value, key, _ = self.get_field_value(field, name)
            if value is not None:
                values[key] = value
        return values

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        key = field.validation_alias if isinstance(field.validation_alias, str) else field_name
        variable = naming_variable(field)
        if variable is None or self.current_state.keys() & {key, field_name}:
            return None, key, False
        secret_id = os.environ.get(variable)
        return (self._read(secret_id, variable) if secret_id else None), key, False

    def _read(self, secret_id: str, variable: str) -> str:
        from botocore.exceptions import BotoCoreError, ClientError

        refusal: SecretUnreadable | None
        try:
            self._client = client = self._client or _client()
            answer = in_time(
                self._ends - monotonic(), lambda: client.get_secret_value(SecretId=secret_id)
            )
            value, refusal = _text(answer), None
        except ClientError as error:
            value, refusal = "", _refused(variable, _code(error.response))
        except (BotoCoreError, TimeoutError) as error:
            value, refusal = "", _unreachable(variable, type(error).__name__)
        # Outside the handlers: botocore's errors hold what was answered.
        if refusal is not None:
            raise refusal
        if not value:
            raise _unusable(
                variable, "the secret that it names holds no text; put its value into it"
            )
        return value


def _text(answer: dict[str, Any]) -> str:
    return str(answer.get("SecretString", "")).strip()


def _code(answer: Any) -> str:
    return str(answer.get("Error", {}).get("Code", "unknown"))


def _refused(variable: str, code: str) -> SecretUnreadable:
    if code in _ABSENT:
        return _unusable(variable, f"there is no such secret in Secrets Manager; {_MAKE}")
    if code == _DENIED:
        what = f"no secret of that name, or the role may not read it; {_MAKE}"
        return _unusable(variable, what)
    return _unreachable(variable, code)


def _unusable(variable: str, what: str) -> SecretUnreadable:
    return SecretUnreadable(f"{variable}: {what}", code="secret")


def _unreachable(variable: str, code: str) -> SecretUnreadable:
    return SecretUnreadable(
        f"{variable}: Secrets Manager did not give the secret that it names ({code}); "
        "see that AWS's region, credentials and network are right here, or try again",
        code="secret_unreachable",
    )


def _client() -> Any:
    return bounded_client(
        "secretsmanager", connect_s=CONNECT_TIMEOUT_S, read_s=READ_TIMEOUT_S, tries=TRIES
    )
