"""What `./run up` prints: addresses, keys, and all that is needed by hand, as lines to paste."""

import json
import shlex
from collections.abc import Sequence
from typing import Final

from dev_tools.emulator import ROOT
from idexx_sync.operations.hints import OVER_API
from local_stack.stack import LocalStack
from local_stack.stack_clinics import WaitingClinic

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
    (
        "when do its syncs run by themselves? set it, have it go out at once (else within five "
        "minutes), and see what became of the times",
        "idexx-sync schedules show $CLINIC_ID",
    ),
    (None, "idexx-sync schedules set $CLINIC_ID inbound '*/2 * * * *'"),
    (None, 'curl -s -X POST $URL/api/schedules/refresh -H "X-API-Key: $KEY"'),
    (None, "idexx-sync ticks $CLINIC_ID"),
    ("who needs somebody?", "idexx-sync status"),
    ("what has to be told, and what AWS gave up after its tries", "idexx-sync alerts list"),
    (None, "idexx-sync dead-letters list"),
    (
        "stop it: nothing asks its Neo; then let it go on (all clinics: pause --all, resume --all)",
        "idexx-sync clinics pause $CLINIC_ID --reason 'trying it'",
    ),
    (None, "idexx-sync clinics resume $CLINIC_ID"),
    ("why is a time offered?", "idexx-sync explain time --help"),
)
ON_BOARD: Final = (
    (None, "idexx-sync credentials test --clinic $NEW_ID"),
    ("its rooms in Neo; all count, until some are chosen", "idexx-sync clinics rooms $NEW_ID"),
    (
        "shadow: from here on its runs come by themselves, and leave ODIS as it is",
        "idexx-sync clinics add $NEW_ID --stage shadow",
    ),
    ("look: what would be written?", "idexx-sync sync inbound --clinic $NEW_ID --dry-run"),
    (None, "idexx-sync clinics show $NEW_ID"),
    (
        "whose its cases are, in ODIS; then live: from here on runs write",
        "idexx-sync clinics add $NEW_ID --acting-user $NEW_USER",
    ),
    (None, "idexx-sync clinics add $NEW_ID --stage live"),
    (None, "idexx-sync sync inbound --clinic $NEW_ID"),
    (None, "idexx-sync sync cases --clinic $NEW_ID"),
)


def described(stack: LocalStack) -> str:
    """Addresses and keys, then exports, requests and commands, each on one line."""
    clinic = stack.clinics.members[0]
    facts = {
        "API": stack.api_url,
        "operator key": stack.clinics.operator_key,
        "clinic key": clinic.key,
        "simulated Neo": stack.simulator.admin_url,
        "Slack": stack.sinks.page_url,
        "Axiom": stack.sinks.lines_url,
    }
    asked = {"URL": stack.api_url, "KEY": clinic.key, "CLINIC_ID": str(clinic.id)}
    parts = [
        *(f"{name + ':':<15}{value}" for name, value in facts.items()),
        f"\nBy hand, in another terminal, as the clinic {clinic.name}; the page of the simulated "
        "Neo books,\nmoves and deletes its visits, and sets its password (until the next start: "
        "its world is made anew):\n",
        *(_export(name, value) for name, value in asked.items()),
        *_lines(REQUESTS),
        "\nWith the command line, on the database; with IDEXX_SYNC_API_URL=$URL and "
        f"IDEXX_SYNC_API_KEY=$KEY\nbefore them these ask the API: {', '.join(OVER_API)}\n",
        f'export PATH={shlex.quote(str(ROOT / ".venv" / "bin"))}:"$PATH"',
        *(_export(name, value) for name, value in stack.environment.items()),
        *_lines(COMMANDS),
        *_on_board(stack.clinics.waiting),
        "",
    ]
    return "\n".join(parts)


def _on_board(clinic: WaitingClinic | None) -> list[str]:
    """How the clinic that is not on board gets there: off, shadow, look, live."""
    if clinic is None:
        return []
    neo = clinic.neo
    login = {"company_id": neo.company_id, "username": neo.username, "password": neo.password}
    typed = shlex.quote(json.dumps(login))
    store = f"echo {typed} | idexx-sync credentials set --clinic $NEW_ID --stdin"
    return [
        f"\nThe clinic {clinic.name} is not on board yet. To bring it there:\n",
        _export("NEW_ID", str(clinic.id)),
        _export("NEW_USER", str(clinic.user)),
        *_lines([("its login at its Neo, which `credentials set` alone would ask for", store)]),
        *_lines(ON_BOARD),
    ]


def _export(name: str, value: str) -> str:
    return f"export {name}={shlex.quote(value)}"


def _lines(told: Sequence[tuple[str | None, str]]) -> list[str]:
    lines: list[str] = []
    for about, command in told:
        lines += [] if about is None else ["", f"# {about}"]
        lines.append(command)
    return lines
