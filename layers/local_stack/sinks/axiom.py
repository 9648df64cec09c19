"""Axiom as far as the service uses it: takes lines of logs, and is as strict about them."""

import gzip
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

TOKEN: Final = "xaat-local"  # noqa: S105 of the sink on this machine
DATASET: Final = "idexx-sync-local"
MOST_BYTES: Final = 10_000_000


@dataclass
class AxiomSink:
    """The datasets of one organisation."""

    token: str = TOKEN
    events: list[dict[str, Any]] = field(default_factory=list)
    requests: int = 0
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def ingest(
        self, dataset: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, Any]]:
        """Status and answer of one request to take lines."""
        with self._turn:
            self.requests += 1
            if headers.get("Authorization") != f"Bearer {self.token}":
                return 403, {"code": 403, "message": "forbidden"}
            if dataset != DATASET:
                return 404, {"code": 404, "message": "dataset not found"}
            if headers.get("Content-Type") != "application/x-ndjson":
                return 415, {"code": 415, "message": "content type"}
            try:
                text = gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body
                events = [json.loads(line) for line in text.splitlines() if line.strip()]
            except (OSError, EOFError, ValueError):
                return 400, {"code": 400, "message": "not readable"}
            if len(text) > MOST_BYTES or not all(isinstance(one, dict) for one in events):
                return 400, {"code": 400, "message": "not events"}
            self.events += events
            return 200, {
                "ingested": len(events),
                "failed": 0,
                "failures": [],
                "processedBytes": len(text),
                "blocksCreated": 0,
                "walLength": 0,
            }
