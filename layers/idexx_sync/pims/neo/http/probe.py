"""The small question that tells whether a session is alive."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from idexx_sync.core.errors import ShapeChanged
from idexx_sync.pims.neo.http.answers import Answered, Verdict
from idexx_sync.pims.neo.payloads.appointment import read_configuration
from idexx_sync.pims.protocol import Configuration

CONFIGURATION: Final = "/appointments/getAppointmentView"


@dataclass(frozen=True, slots=True)
class Probe:
    """A question that any session may ask, and that Neo answers only to a living one."""

    path: str
    read: Callable[[object], Configuration]
    """Raises ShapeChanged for what is no answer to it."""

    def is_answered_by(self, verdict: Verdict) -> bool:
        """Whether Neo has answered what it was asked for."""
        if not isinstance(verdict, Answered):
            return False
        try:
            self.read(verdict.value)
        except ShapeChanged:
            return False
        return True


PROBE: Final = Probe(CONFIGURATION, read_configuration)
