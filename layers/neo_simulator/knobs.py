"""The knobs of one company: how they are set, and what they are set to."""

import json
from datetime import timedelta
from typing import Any

from neo_simulator.errors import NotPossible, UnknownRecord
from neo_simulator.faults import Faults, rules_from
from neo_simulator.knob_menu import KNOBS


class Knobs:
    """The values of one company."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {name: knob.default for name, knob in KNOBS.items()}
        self.faults = Faults()
        self._in_turn = 0
        """Answers since the second server was told of."""

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def set(self, name: str, value: Any) -> None:
        knob = KNOBS.get(name)
        if knob is None:
            raise UnknownRecord(f"no knob is called {name!r}; there are {', '.join(KNOBS)}")
        try:
            parsed = knob.values.parse(value)
        except NotPossible as error:
            raise NotPossible(f"{name}: {error}; allowed: {knob.values.allowed}") from None
        self.values[name] = parsed
        if name == "faults":
            self.faults = rules_from(parsed)
        if name == "second_server":
            self._in_turn = 0

    def reset(self) -> None:
        for name, knob in KNOBS.items():
            self.values[name] = knob.default
        self.faults = Faults()

    def behind(self, *, look_up: bool) -> timedelta | None:
        """How far the server is behind that gives the next answer; None: it is the first one."""
        lag = self.values["second_server"]
        if lag is None or (look_up and not lag["look_ups"]):
            return None
        self._in_turn += 1
        return None if self._in_turn % lag["every"] else timedelta(minutes=lag["minutes"])

    def changed(self, name: str) -> bool:
        return json.dumps(self.values[name]) != json.dumps(KNOBS[name].default)
