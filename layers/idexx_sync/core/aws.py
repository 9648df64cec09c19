"""Clients of AWS whose single waits end, and what AWS refuses, as one word."""

import re
from typing import Any, Final

_CODE: Final = re.compile(r"[A-Za-z0-9.]{1,64}", re.ASCII)


def bounded_client(
    service: str, *, connect_s: float, read_s: float, tries: int, at_once: int = 10
) -> Any:
    """A client of boto3 for so many threads; what all tries together may take is for its caller to
    bound.

    Imported here: boto3 takes longer to load than everything else together.
    """
    import boto3
    from botocore.config import Config

    return boto3.client(
        service,
        config=Config(
            connect_timeout=connect_s,
            read_timeout=read_s,
            retries={"total_max_attempts": tries, "mode": "standard"},
            max_pool_connections=at_once,
        ),
    )


def refusal_word(error: BaseException) -> str:
    """AWS's code for what it refused, else the error's type; never what it said.

    A code that is no word is not one of AWS's: it may be what somebody has sent.
    """
    response = getattr(error, "response", None) or {}
    code = str(response.get("Error", {}).get("Code") or "")
    return code if _CODE.fullmatch(code) else type(error).__name__
