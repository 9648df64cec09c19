"""Where the project's files are."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
ODIS_TABLES: Final = ROOT / "layers" / "local_stack" / "odis.sql"
MIGRATIONS: Final = ROOT / "migrations"
