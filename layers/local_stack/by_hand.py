"""What `./run up` prints: addresses, keys, and all that is needed by hand, as lines to paste."""

import shlex
from typing import Final

from dev_tools.emulator import ROOT
from idexx_sync.operations.hints import OVER_API
from local_stack.stack import LocalStack

_ORDER: Final = (
    'curl -s -X POST $URL/api/sync/{sync} -H "X-API-Key: $KEY"'
    " -H 'Content-Type: application/json' -H 'Prefer: wait=20' -d '{{}}'"
)
REQUESTS: Final = (
    ("does it work? (no key needed)", "curl -s $URL/ready"),
    ("copy its calendar now, and wait for the result", _ORDER.format(sync="inbound")),
    ("make its visits cases, with their clinical record", _ORDER.format(sync="cases")),
    (
        "how current are its data?",
        'curl -s $URL/api/clinics/$CLINIC_ID/status -H "X-API-Key: $KEY"',
    ),
)
COMMANDS: Final = (
    ("the clinics, and what this one needs", "idexx-sync clinics list"),
    (None, "idexx-sync clinics show $CLINIC_ID"),
    ("its rooms in Neo, and whether they count", "idexx-sync clinics rooms $CLINIC_ID"),
    ("what would a run write?", "idexx-sync sync inbound --clinic $CLINIC_ID --dry-run"),
    ("what runs did", "idexx-sync jobs list --clinic $CLINIC_ID"),
    ("why is a time offered?", "idexx-sync explain time --help"),
)


def described(stack: LocalStack) -> str:
    """Addresses and keys, then exports, requests and commands, each on one line."""
    clinic = stack.clinics.members[0]
    facts = {
        "API": stack.api_url,
        "operator key": stack.clinics.operator_key,
        "clinic key": clinic.key,
        "simulated Neo": stack.simulator.admin_url,
    }
    asked = {"URL": stack.api_url, "KEY": clinic.key, "CLINIC_ID": str(clinic.id)}
    parts = [
        *(f"{name + ':':<15}{value}" for name, value in facts.items()),
        f"\nBy hand, in another terminal, as the clinic {clinic.name}; the page of the simulated "
        "Neo books,\nmoves and deletes its visits:\n",
        *(_export(name, value) for name, value in asked.items()),
        *_lines(REQUESTS),
        "\nWith the command line, on the database; with IDEXX_SYNC_API_URL=$URL and "
        f"IDEXX_SYNC_API_KEY=$KEY\nbefore them these ask the API: {', '.join(OVER_API)}\n",
        f'export PATH={shlex.quote(str(ROOT / ".venv" / "bin"))}:"$PATH"',
        *(_export(name, value) for name, value in stack.environment.items()),
        *_lines(COMMANDS),
        "",
    ]
    return "\n".join(parts)


def _export(name: str, value: str) -> str:
    return f"export {name}={shlex.quote(value)}"


def _lines(told: tuple[tuple[str | None, str], ...]) -> list[str]:
    lines: list[str] = []
    for about, command in told:
        lines += [] if about is None else ["", f"# {about}"]
        lines.append(command)
    return lines
