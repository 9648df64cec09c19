"""Many threads that start at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier


def at_once[T](racers: int, run: Callable[[int], T]) -> list[T]:
    """What each racer returns; all of them start at the same moment."""
    start = Barrier(racers)

    def racer(number: int) -> T:
        start.wait()
        return run(number)

    with ThreadPoolExecutor(racers) as pool:
        return list(pool.map(racer, range(racers)))
