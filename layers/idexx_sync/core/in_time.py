"""A bound for calls that have none of their own, such as a look-up of a name or a whole answer."""

import threading
from collections.abc import Callable
from concurrent.futures import Future


def in_time[T](seconds: float, do: Callable[[], T]) -> T:
    """What `do` gives, or raises; TimeoutError if that takes longer than `seconds`.

    Then it goes on by itself, on a thread that keeps no process from ending, and is listened to
    no more: only what may be done unheard is to be called so.
    """
    outcome: Future[T] = Future()

    def work() -> None:
        try:
            result = do()
        except BaseException as error:  # noqa: BLE001 it is raised where it is waited for
            outcome.set_exception(error)
        else:
            outcome.set_result(result)

    threading.Thread(target=work, name="in-time", daemon=True).start()
    return outcome.result(max(0.0, seconds))
