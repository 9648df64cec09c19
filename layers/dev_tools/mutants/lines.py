"""Which lines of the product run, told by the interpreter itself: in every thread, and quickly."""

import sys
from collections import defaultdict
from pathlib import Path
from types import CodeType
from typing import Any, Final

_TOOL: Final = 4
"""Any number that neither coverage nor a debugger or profiler takes."""

Masks = dict[str, int]
"""Path -> the lines as bits of one number."""


class LineRecorder:
    """Notes each line of files under a folder once between two calls of `taken`."""

    def __init__(self, root: Path, folders: tuple[str, ...]) -> None:
        self._cut = len(str(root)) + 1
        self._begin = tuple(str(root / folder) for folder in folders)
        self._lines: defaultdict[str, set[int]] = defaultdict(set)

    def start(self) -> None:
        monitoring = sys.monitoring
        monitoring.use_tool_id(_TOOL, "mutants")
        monitoring.register_callback(_TOOL, monitoring.events.LINE, self._ran)
        monitoring.set_events(_TOOL, monitoring.events.LINE)

    def stop(self) -> None:
        sys.monitoring.set_events(_TOOL, 0)
        sys.monitoring.free_tool_id(_TOOL)

    def taken(self) -> Masks:
        """The lines since the last call; each line counts anew."""
        lines, self._lines = self._lines, defaultdict(set)
        sys.monitoring.restart_events()
        return {
            path[self._cut :]: sum(1 << line for line in found) for path, found in lines.items()
        }

    def _ran(self, code: CodeType, line: int) -> Any:
        if code.co_filename.startswith(self._begin) and code.co_name != "<module>":
            self._lines[code.co_filename].add(line)
        return sys.monitoring.DISABLE
