"""Changes of what ODIS stores in `sync_schedules`; what comes of them is the array form. Pure.

What can't be read is kept as it is, in its place, so that an edit of one entry loses no other one.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from idexx_sync.core.catalog import SyncName
from idexx_sync.core.errors import InvalidInput
from idexx_sync.core.phrases import counted
from idexx_sync.schedules.entries import Entry, read_entries, sync_of

MOST_OF_A_SYNC: Final = 10
"""Of one sync."""
_Stored = list[Any]


def numbered(stored: Any, sync: SyncName) -> list[Entry]:
    """The sync's readable entries in their order, switched-off ones included."""
    return read_entries(stored).of(sync)


def with_cron(stored: Any, sync: SyncName, cron: str, number: int | None) -> _Stored:
    """The sync's entry with this cron in place of its own; without any entry a new one.

    Raises InvalidInput if there are several and none is named, or not the one that is.
    """
    if not _places(stored, sync) and number is None:
        return added(stored, sync, cron)
    return _changed(stored, sync, number, lambda entry: {**entry, "cron": cron})


def added(stored: Any, sync: SyncName, cron: str) -> _Stored:
    """One entry more of the sync. Raises InvalidInput where there are too many already."""
    if len(_places(stored, sync)) >= MOST_OF_A_SYNC:
        raise InvalidInput("cron", f"{sync} has {MOST_OF_A_SYNC} schedules, which is the most")
    return [*_array(stored), {"type": sync, "cron": cron, "enabled": True}]


def switched(stored: Any, sync: SyncName, number: int | None, *, on: bool) -> _Stored:
    """The sync's entry, or without a number all of them, switched on or off.

    Raises InvalidInput where there is none.
    """
    found = _places(stored, sync)
    places = range(1, len(found) + 1) if number is None and found else [number]
    for place in places:
        stored = _changed(stored, sync, place, lambda entry: {**entry, "enabled": on})
    return _array(stored)


def without(stored: Any, sync: SyncName, number: int | None) -> _Stored:
    """All but this entry of the sync. Raises InvalidInput as `with_cron` does."""
    return _changed(stored, sync, number, lambda _entry: None)


def chosen(stored: Any, sync: SyncName, number: int | None) -> tuple[list[Entry], list[str]]:
    """Of the sync's entries the one with that number, or all: those that can be read, and of the
    others why not."""
    read = read_entries(stored)
    wanted = [
        f"sync_schedules[{at}]"
        for n, at in enumerate(_places(stored, sync), 1)
        if number in (None, n)
    ]
    problems = [one for one in read.problems if any(one.startswith(name) for name in wanted)]
    return [entry for entry in read.readable if entry.name in wanted], problems


def _changed(
    stored: Any,
    sync: SyncName,
    number: int | None,
    change: Callable[[Mapping[str, Any]], Mapping[str, Any] | None],
) -> _Stored:
    array, at = _array(stored), _place(stored, sync, number)
    new = change(array[at])
    return [*array[:at], *([] if new is None else [new]), *array[at + 1 :]]


def _place(stored: Any, sync: SyncName, number: int | None) -> int:
    """Where the entry stands in the array."""
    places = _places(stored, sync)
    if not places:
        raise InvalidInput("entry", f"{sync} has no schedule; make one: idexx-sync schedules set")
    if number is None and len(places) > 1:
        raise InvalidInput(
            "entry", f"{sync} has {counted(len(places), 'schedule')}: say which, 1 to {len(places)}"
        )
    if number is not None and not 1 <= number <= len(places):
        raise InvalidInput(
            "entry", f"{sync} has {counted(len(places), 'schedule')}, and none is number {number}"
        )
    return places[(number or 1) - 1]


def _places(stored: Any, sync: SyncName) -> list[int]:
    """Where the sync's entries stand in the array, those included that can't be read; people count
    them from 1."""
    return [at for at, one in enumerate(_array(stored)) if sync_of(one) == sync]


def _array(stored: Any) -> _Stored:
    """The array form. Raises InvalidInput for what is neither of the two."""
    if stored is None:
        return []
    if isinstance(stored, Mapping):
        return [
            {"type": type_, "cron": cron, "enabled": True}
            for type_, cron in stored.items()
            if cron not in (None, "")
        ]
    if isinstance(stored, Sequence) and not isinstance(stored, str):
        return list(stored)
    raise InvalidInput(
        "sync_schedules",
        "ODIS stores neither an object nor an array there; put it right in "
        "clinic_schedule_configs first, such as to null",
    )
