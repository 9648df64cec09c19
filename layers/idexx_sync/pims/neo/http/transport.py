"""How a request reaches Neo: the seam, and plain HTTP behind it.

httpx is imported where it is used: loading it takes longer than a request, and a first run has time
for it while its browser starts.
"""

import logging
import ssl
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from http.cookiejar import Cookie, CookieJar
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote, urlencode, urlsplit

from idexx_sync.core.errors import DeadlineExceeded, PimsSlow, PimsUnavailable, ShapeChanged
from idexx_sync.pims.access import StoredSession
from idexx_sync.pims.neo.http.answers import RawAnswer
from idexx_sync.pims.neo.http.pasted import WithoutPictures

if TYPE_CHECKING:
    import httpx

LARGEST_BODY: Final = 32 * 1024 * 1024
"""Bytes of an answer that are kept, the pictures in it apart. Ten thousand visits take 12 MB."""
MOST_RECEIVED: Final = 8
"""So many times as many bytes may come, mostly of pictures; packed or unpacked."""
MOST_MEMORY: Final = 8
"""So many times as many bytes of memory may the values of an answer take. Those of ten thousand
visits take 5 times the bytes they come in, but empty lists and objects would take 30 times."""
TOO_LARGE: Final = "answer_too_large"
_OBJECT, _LIST, _VALUE = 200, 80, 100
"""Bytes that Python takes for an object with one entry, for a list, and for each further value."""
JSON_HEADERS: Final = {"Accept": "application/json", "X-Requested-With": "XMLHttpRequest"}
"""What Neo's own pages send with their requests for JSON."""

TimeLeft = Callable[[], float]
"""Seconds until the run has to be over."""


class Transport(Protocol):
    """Asks Neo as one logged-in user."""

    def get(self, path: str, params: Mapping[str, str]) -> RawAnswer:
        """One answer, redirects not followed.

        PimsUnavailable when Neo can't be reached or cuts the connection, PimsSlow when it does
        not answer in time, DeadlineExceeded when the run has no time left to ask.
        """
        ...

    def close(self) -> None: ...


class HttpTransport:
    """Plain HTTP with the session's cookies and the user agent they were given to.

    Connections are kept alive; threads may share one transport.
    """

    def __init__(
        self,
        base_url: str,
        session: StoredSession,
        *,
        connections: int,
        timeout_s: float,
        time_left: TimeLeft,
        largest_body: int = LARGEST_BODY,
    ) -> None:
        self._base_url = base_url
        self._timeout_s = timeout_s
        self._time_left = time_left
        self._largest_body = largest_body
        import httpx

        from idexx_sync.pims.neo.http.bounded_network import BoundedTransport

        _keep_quiet()
        tls = _tls(base_url.startswith("https:"))
        self._bounded = BoundedTransport(tls, connections=connections)
        self._client = httpx.Client(
            transport=self._bounded,
            cookies=cookies_for(base_url, session.cookies),
            headers={**JSON_HEADERS, "User-Agent": session.user_agent},
            follow_redirects=False,
            trust_env=False,
        )

    def get(self, path: str, params: Mapping[str, str]) -> RawAnswer:
        import httpx

        wait = allowed_wait(self._timeout_s, self._time_left)
        fault = ""
        try:
            return self._get(address(self._base_url, path, params), wait)
        except httpx.TimeoutException:
            slow = True
        except (httpx.TransportError, httpx.DecodingError) as error:
            slow, fault = False, type(error).__name__
        # Outside the handlers: httpx's errors hold the request, and that holds the cookies.
        raise too_slow(wait) if slow else unreachable(fault)

    def close(self) -> None:
        self._client.close()

    def _get(self, url: str, wait: float) -> RawAnswer:
        with (
            self._bounded.within(wait),
            self._client.stream("GET", url, timeout=wait) as response,
        ):
            headers = {name.lower(): value for name, value in response.headers.items()}
            body = self._body(response, headers.get("content-encoding", ""))
            return RawAnswer(response.status_code, str(response.url), headers, body)

    def _body(self, response: "httpx.Response", encoding: str) -> bytes:
        """The whole of it, unpacked; only as much of it is held as may be kept."""
        from idexx_sync.pims.neo.http.unpacking import unpacked

        body = WithoutPictures()
        for piece in unpacked(encoding, self._packed(response)):
            self._bounded.require_time()
            body.add(piece)
            refuse_too_large(body, self._largest_body)
        return whole(body, self._largest_body)

    def _packed(self, response: "httpx.Response") -> Iterator[bytes]:
        """The body as it comes: it may be large and become nothing."""
        for piece in response.iter_raw():
            if response.num_bytes_downloaded > MOST_RECEIVED * self._largest_body:
                raise too_large(self._largest_body)
            yield piece


def prepare_http(base_url: str) -> None:
    """Load what the first client of a process would: it takes longer than a request may."""
    import httpx

    httpx.Client(verify=_tls(base_url.startswith("https:")), trust_env=False).close()


def address(base_url: str, path: str, params: Mapping[str, str]) -> str:
    """Blanks go out as `%20`, as Neo's own pages send them."""
    return f"{base_url}{path}" + (f"?{urlencode(params, quote_via=quote)}" if params else "")


def allowed_wait(timeout_s: float, time_left: TimeLeft) -> float:
    """The shorter of the time-out and what is left of the run."""
    wait = min(timeout_s, time_left())
    if wait <= 0:
        raise DeadlineExceeded("no time was left to ask Neo", code="before_request")
    return wait


def too_slow(waited_s: float) -> PimsSlow:
    return PimsSlow(f"Neo did not answer within {waited_s:.0f} s", code="timeout")


def unreachable(fault: str) -> PimsUnavailable:
    return PimsUnavailable(f"Neo could not be reached or cut the connection ({fault})", code=fault)


def too_large(most: int) -> ShapeChanged:
    return ShapeChanged(f"Neo's answer is larger than {most} bytes", code=TOO_LARGE)


def refuse_too_large(body: WithoutPictures, most: int) -> None:
    """Raises ShapeChanged for an answer of which more is kept, or comes, than we can hold."""
    if body.size > most or body.received > MOST_RECEIVED * most:
        raise too_large(most)


def whole(body: WithoutPictures, most: int) -> bytes:
    """The body once all of it has come; ShapeChanged if its values would take too much memory."""
    content = body.finished()
    if memory_of_values(content) > MOST_MEMORY * most:
        raise too_large(most)
    return content


def memory_of_values(body: bytes) -> int:
    """About how many bytes the values of a JSON document take at most, from above.

    A text takes four bytes for each letter if one of its letters does; commas and braces within
    texts are taken for the document's own.
    """
    return (
        4 * len(body)
        + _OBJECT * body.count(b"{")
        + _LIST * body.count(b"[")
        + _VALUE * body.count(b",")
    )


def belongs_to(host: str, cookie: Mapping[str, Any]) -> bool:
    """Whether a browser would send the cookie to the host."""
    domain = str(cookie.get("domain", "")).casefold()
    bare = domain.removeprefix(".")
    return host == bare or (domain.startswith(".") and host.endswith(domain))


def cookies_for(base_url: str, cookies: list[dict[str, Any]]) -> CookieJar:
    """The browser's cookies that belong to the clinic's host, as a jar.

    One that no header can hold stays behind: httpx's error would quote all of them.
    """
    host = (urlsplit(base_url).hostname or "").casefold()
    jar = CookieJar()
    for cookie in cookies:
        if belongs_to(host, cookie) and _fits_into_a_header(cookie):
            jar.set_cookie(_cookie(host, cookie))
    return jar


def _fits_into_a_header(cookie: Mapping[str, Any]) -> bool:
    text = f"{cookie['name']}{cookie['value']}"
    return text.isascii() and text.isprintable()


def _cookie(host: str, cookie: Mapping[str, Any]) -> Cookie:
    dotted = str(cookie["domain"]).startswith(".")
    # The standard library's jar knows a host without a dot only under this name.
    local = host if "." in host or ":" in host else f"{host}.local"
    expires = float(cookie.get("expires") or -1)
    return Cookie(
        version=0,
        name=str(cookie["name"]),
        value=str(cookie["value"]),
        port=None,
        port_specified=False,
        domain=str(cookie["domain"]) if dotted else local,
        domain_specified=dotted,
        domain_initial_dot=dotted,
        path=str(cookie.get("path") or "/"),
        path_specified=True,
        secure=bool(cookie.get("secure")),
        expires=int(expires) if expires > 0 else None,
        discard=expires <= 0,
        comment=None,
        comment_url=None,
        rest={},
    )


def _keep_quiet() -> None:
    """httpx logs every address, and httpcore every header: cookies among them."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


@cache
def _tls(needed: bool) -> ssl.SSLContext:
    """Reading the certificates costs some 20 ms: once a process, and only for https."""
    import httpx

    return httpx.create_ssl_context() if needed else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
