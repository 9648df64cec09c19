"""What the simulator's owner can do wrong, named by how the admin API answers."""


class SimulatorError(Exception):
    """A mistake in using the simulator; the message says what was found and what is allowed."""

    status = 422


class UnknownRecord(SimulatorError):
    """There is no such company, visit, block, patient, ... (404)."""

    status = 404


class NotPossible(SimulatorError):
    """The record exists and its state does not allow this, or a value is not allowed (422)."""
