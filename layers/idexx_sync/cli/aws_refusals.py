"""What AWS refused, as an error of a command: what it was about, and what to do next."""

from typing import Final

from idexx_sync.cli.errors import CommandError
from idexx_sync.cli.exits import Exit
from idexx_sync.core.account import GOING, AwsRefused

DENIED: Final = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation"})
UNKNOWN_TO_AWS: Final = frozenset(
    {
        *("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"),
        *("ProfileNotFound", "UnrecognizedClientException", "InvalidClientTokenId"),
        *("InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature"),
        *("ExpiredTokenException", "ExpiredToken", "RequestExpired", "TokenRetrievalError"),
        *("SSOTokenLoadError", "UnauthorizedSSOTokenError", "LoginRefreshRequired"),
        *("MissingAuthenticationToken", "AuthFailure", "OptInRequired"),
    }
)
NO_REGION: Final = frozenset({"NoRegionError", "InvalidRegionError", "ValueError"})
THROTTLED: Final = frozenset(
    {
        *("ThrottlingException", "Throttling", "TooManyRequestsException"),
        *("RequestLimitExceeded", "ThrottledException"),
    }
)
ENCRYPTION: Final = frozenset(
    {"DecryptionFailure", "EncryptionFailure", "KMSAccessDeniedException"}
)
NOT_REACHED: Final = frozenset(
    {
        *("EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "TimeoutError"),
        *("ConnectionClosedError", "ProxyConnectionError", "SSLError", "HTTPClientError"),
        *("InternalServiceError", "InternalFailure", "ServiceUnavailable", "ServiceException"),
        *("ServiceUnavailableException", "InternalServerError"),
    }
)


AGAIN: Final = "what was made stays, and the same command goes on from there"
CASES: Final[tuple[tuple[frozenset[str], str, Exit, str], ...]] = (
    (
        DENIED,
        "aws_denied",
        Exit.NOT_AUTHORISED,
        "let this environment's AWS credentials do that, or use others (AWS_PROFILE)",
    ),
    (
        UNKNOWN_TO_AWS,
        "aws_credentials",
        Exit.NOT_AUTHORISED,
        "log in to AWS (aws sso login, or AWS_PROFILE), and see that the account uses this region",
    ),
    (
        ENCRYPTION,
        "aws_encryption",
        Exit.NOT_AUTHORISED,
        "let this environment's AWS credentials use the key that encrypts the secret",
    ),
    (
        NO_REGION,
        "aws_region",
        Exit.FAILED,
        "set AWS_DEFAULT_REGION to where the stage is deployed, as cdk deploy has it",
    ),
    (THROTTLED, "aws_throttled", Exit.NOT_REACHABLE, "there were too many calls; wait a minute"),
    (
        NOT_REACHED,
        "aws_unreachable",
        Exit.NOT_REACHABLE,
        "it did not answer; see that network and region are right here, or wait a minute",
    ),
    (
        frozenset({GOING}),
        "aws_secret_going",
        Exit.FAILED,
        "it is scheduled for deletion; take it back with aws secretsmanager restore-secret",
    ),
)
"""AWS's codes, or the types of errors; the error's kind, its exit code, and what to do next."""


def error_of_aws(refused: AwsRefused, region: str | None) -> CommandError:
    """By AWS's code alone: its words may quote what was sent."""
    about = f" for {refused.about}" if refused.about else ""
    where = f" in {region}" if region else ""
    kind, exit_code, what = next(
        (case[1:] for case in CASES if refused.word in case[0]),
        ("aws_refused", Exit.FAILED, "look that code up in what AWS says of the action"),
    )
    return CommandError(
        f"AWS refused {refused.action}{about}{where} ({refused.word}): {what}; {AGAIN}",
        kind=kind,
        exit_code=exit_code,
        more={"action": refused.action, "code": refused.word, "about": refused.about},
    )
