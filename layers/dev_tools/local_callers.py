"""Who may speak to a server of ours on this machine. Pure, with the standard library only.

Any web page that somebody looks at can send requests to any port of the machine. Its browser says
so, in Origin or Sec-Fetch-Site; a page whose name was made to lead here has that name in Host.
"""

import hmac
import secrets
from collections.abc import Mapping
from typing import Final

AT_HOME: Final = ("none", "same-origin")
"""What a browser says of a request that a person made, or a page of the same server."""


def new_secret() -> str:
    """What a server is told at its start, and whoever may speak to it: 160 random bits."""
    return secrets.token_hex(20)


def is_secret(given: object, secret: str) -> bool:
    """Whether it is the secret; how long that takes does not tell how much of it is right."""
    return hmac.compare_digest(str(given).encode(errors="replace"), secret.encode())


def why_strange(headers: Mapping[str, str], port: int) -> str | None:
    """What says that a request comes from elsewhere; None: a program or a page of this machine.

    The headers' names are in lower case.
    """
    host = headers.get("host", "").casefold()
    if host not in (f"127.0.0.1:{port}", f"localhost:{port}"):
        return "Host names another machine"
    if headers.get("origin", f"http://{host}") != f"http://{host}":
        return "Origin names another page"
    if headers.get("sec-fetch-site", AT_HOME[0]) not in AT_HOME:
        return "Sec-Fetch-Site names another page"
    return None
