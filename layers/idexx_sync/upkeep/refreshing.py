"""Starts the function that mirrors the schedules, for one clinic."""

from uuid import UUID

from idexx_sync.core.invoking import LambdaFunctions, NotInvoked


class Refresh:
    """Has one clinic's schedules mirrored at once; nobody waits for it."""

    def __init__(self, function: str | None, invoking: LambdaFunctions | None = None) -> None:
        """`function`: its name or ARN; None: this deployment has none."""
        self._function = function
        self._invoking = invoking or LambdaFunctions()

    def __call__(self, clinic_id: UUID) -> None:
        """Raises NotInvoked."""
        if self._function is None:
            raise NotInvoked("IDEXX_SYNC_CONFIG_SYNC_FUNCTION names none")
        self._invoking.start(self._function, {"v": 1, "clinic_id": str(clinic_id)})
