"""Many questions to Neo, each about one id, several asked at a time."""

from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, CancelledError, ThreadPoolExecutor, wait
from itertools import islice
from typing import Final

from idexx_sync.core.errors import PimsSlow, PimsUnavailable, ShapeChanged, Throttled
from idexx_sync.core.faults import UNFORESEEN
from idexx_sync.core.words import guarded
from idexx_sync.pims.neo.http.answers import NOT_JSON_BODY, Answered, NotFound
from idexx_sync.pims.neo.http.client import HttpClient
from idexx_sync.pims.neo.http.transport import TOO_LARGE
from idexx_sync.pims.protocol import NOT_ASKED, Gone, Unknown

_OF_ONE_RECORD: Final = (TOO_LARGE, NOT_JSON_BODY)
"""Changed shapes that say nothing of the other answers."""


class FanOut[T]:
    """One round of questions, each about one id."""

    def __init__(
        self,
        client: HttpClient,
        connections: int,
        question: Callable[[str], tuple[str, Mapping[str, str]]],
        read: Callable[[object, str], T],
    ) -> None:
        """`question` gives the path and parameters for an id, `read` understands the JSON."""
        self._client = client
        self._connections = connections
        self._question = question
        self._read = read
        self._down: str | None = None
        self._over = False

    def answers(self, ids: Iterable[str]) -> Generator[tuple[str, T | Gone | Unknown], None, None]:
        """As they come. When this ends, for whatever reason, no thread is left that asks."""
        left = iter(ids)
        with ThreadPoolExecutor(self._connections, thread_name_prefix="neo-each") as pool:
            running = {
                pool.submit(self._answer, asked_id): asked_id
                for asked_id in islice(left, self._connections)
            }
            try:
                while running:
                    done = next(iter(wait(running, return_when=FIRST_COMPLETED).done))
                    asked_id, answer = running.pop(done), done.result()
                    for another in islice(left, 1):
                        running[pool.submit(self._answer, another)] = another
                    yield asked_id, answer
            finally:
                self._over = True

    def _answer(self, asked_id: str) -> T | Gone | Unknown:
        if self._down is not None:
            return Unknown(NOT_ASKED)
        if not asked_id.strip("."):
            return Unknown("id_unusable")
        path, params = self._question(asked_id)
        try:
            verdict = self._client.ask(path, params, still_wanted=self._still_wanted)
        except (PimsUnavailable, PimsSlow, Throttled) as error:
            self._down = error.kind
            return Unknown(error.kind)
        except ShapeChanged as error:
            if error.code not in _OF_ONE_RECORD:
                raise
            return Unknown(error.code)
        if isinstance(verdict, Answered):
            value = verdict.value

            def read() -> T | Unknown:
                return self._read(value, asked_id)

            return guarded(read, lambda _: Unknown(UNFORESEEN), record="neo.answer", key=asked_id)
        if isinstance(verdict, NotFound):
            return Gone()
        return Unknown(verdict.code)

    def _still_wanted(self) -> None:
        if self._over:
            raise CancelledError
