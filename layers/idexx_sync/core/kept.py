"""What a process reads once and keeps between events, so that a rotated secret still reaches it."""

import time
from collections.abc import Callable
from threading import RLock
from typing import Final

from pydantic_settings import BaseSettings

from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.logs import logger

READ_EVERY_S: Final = 15 * 60
"""Settings are at most so old."""
NEWEST_EVERY_S: Final = 60
"""A secret that was refused has all read again, at most so often: whoever offers wrong keys must
not be able to make us ask all the time."""
NEVER: Final = float("-inf")
FAILURE_LIVES_S: Final = 5
"""Settings that could not be read the first time are not asked for before."""


class KeptSettings[S: BaseSettings]:
    """A process's settings; the same object as long as nothing in them has changed."""

    def __init__(
        self, read: Callable[[], S], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._read = read
        self._monotonic = monotonic
        self._turn = RLock()
        self._settings: S | None = None
        self._failure: ConfigurationInvalid | None = None
        self._old_at = self._newest_at = self._failed_until = NEVER

    def __call__(self) -> S:
        """Settings that are at most 15 minutes old; ConfigurationInvalid if there are none yet.

        Where they can't be read again, the old ones count on.
        """
        with self._turn:
            if self._settings is None:
                return self._first()
            if self._monotonic() >= self._old_at:
                return self._again(self._settings)
            return self._settings

    def newest(self) -> S:
        """The same after something of them was refused: read again, at most once in a minute."""
        with self._turn:
            known, now = self(), self._monotonic()
            if now < self._newest_at:
                return known
            self._newest_at = now + NEWEST_EVERY_S
            return self._again(known)

    def forget(self) -> None:
        """Begin as a new process does."""
        self._settings = self._failure = None
        self._old_at = self._newest_at = self._failed_until = NEVER

    def _first(self) -> S:
        if self._failure is not None and self._monotonic() < self._failed_until:
            raise self._failure
        try:
            self._settings = self._read()
        except ConfigurationInvalid as error:
            self._failure = type(error)(error.message, code=error.code)
            self._failed_until = self._monotonic() + FAILURE_LIVES_S
            raise
        self._failure = None
        self._old_at = self._monotonic() + READ_EVERY_S
        return self._settings

    def _again(self, known: S) -> S:
        self._old_at = self._monotonic() + READ_EVERY_S
        try:
            found = self._read()
        except ConfigurationInvalid as error:
            self._old_at = self._monotonic() + NEWEST_EVERY_S
            logger().warning("settings not read again", error_message=error.message)
            return known
        if found != known:
            logger().info("settings have changed")
            self._settings = found
            return found
        return known


class Kept[S: BaseSettings, D]:
    """What a process makes of its settings, made anew once these have changed."""

    def __init__(
        self, settings: KeptSettings[S], make: Callable[[S], D], end: Callable[[D], None]
    ) -> None:
        """`end` takes apart what is no longer used."""
        self.settings = settings
        self._make = make
        self._end = end
        self._turn = RLock()
        self._made: D | None = None
        self._made_of: S | None = None

    def __call__(self) -> D:
        """Of the settings as they are now.

        Raises ConfigurationInvalid if they can't be read or make no sense; where they once did,
        what was made then is kept.
        """
        settings = self.settings()
        with self._turn:
            if self._made is None:
                self._made = self._make(settings)
            elif settings is not self._made_of:
                self._made = self._renewed(settings, self._made)
            self._made_of = settings
            return self._made

    def forget(self) -> None:
        """Begin as a new process does."""
        if self._made is not None:
            self._end(self._made)
        self._made = self._made_of = None
        self.settings.forget()

    def _renewed(self, settings: S, old: D) -> D:
        try:
            made = self._make(settings)
        except ConfigurationInvalid as error:
            logger().error("changed settings not taken", error_message=error.message)
            return old
        self._end(old)
        return made
