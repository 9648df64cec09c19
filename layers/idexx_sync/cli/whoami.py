"""`idexx-sync whoami`: where commands work, and as whom."""

from collections.abc import Sequence
from typing import Any, Final

import typer
from pydantic import SecretStr

from idexx_sync.cli.arguments import Json
from idexx_sync.cli.context import Cli, cli_of
from idexx_sync.cli.tables import fact_table
from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.settings import PRODUCTION
from idexx_sync.database.whereabouts_store import named_by, whereabouts
from idexx_sync.keys.format import hint_of
from idexx_sync.operations.key_models import KeyView

MIRROR: Final = "schedules mirror"
WRITING: Final = frozenset(
    [
        *("migrate", "clinics add", "clinics identity", "clinics forget", "credentials set"),
        *("keys create", "keys rotate", "keys revoke"),
        *(
            "sync inbound",
            "sync cases",
            "sync reconciliation",
            "jobs retry",
            "jobs cancel",
            "credentials test",
            "secrets accept",
        ),
        *("alerts ack", "alerts mute", "alerts unmute"),
        *("holds approve", "holds reject", "holds reopen", "holds revive"),
        *("dead-letters retry", "dead-letters discard"),
        *("clinics pause", "clinics resume", "pause", "resume"),
        *("reconciliation policy set", "reconciliation policy clear"),
        *("schedules set", "schedules pause", "schedules resume", "schedules remove"),
        MIRROR,
    ]
)
"""Commands that can write; before each of them it is said where, if that is production."""
NO_PRODUCTION: Final = f"not {PRODUCTION}, by the key"
"""All that a key tells of the stage of its API; which one it is, only the database's side knows."""
ASKS_THE_API: Final = (
    *("jobs", "holds", "alerts", "dead-letters"),
    *("clinics pause", "clinics resume", "pause", "resume"),
)
"""Of these the groups and commands that ask the API where its address is set."""


def whoami(ctx: typer.Context, as_json: Json = False) -> None:
    """Where commands work, and as whom.

    Told are the stage, the database or the API, and what the key may do. With the API's
    address set that is asked, else the database.
    """
    cli = cli_of(ctx)
    facts = _over_api(cli) if cli.has_api() else _on_database(cli)
    rows = [(name.replace("_", " "), _text(value)) for name, value in facts.items()]
    cli.answer(facts, [fact_table(rows)], as_json=as_json)


def announce(cli: Cli, arguments: Sequence[str]) -> None:
    """Say on standard error where a command that can write works, on a production stage."""
    words = [word for word in arguments if not word.startswith("-")]
    named = next((one for n in (1, 2, 3) if (one := " ".join(words[:n])) in WRITING), None)
    if named is None or {"--help", "-h"} & set(arguments):
        return
    asks_the_api = words[0] in ASKS_THE_API or named in ASKS_THE_API
    try:
        if named == MIRROR:
            place = _function(cli)
        else:
            place = _place(cli, over_api=asks_the_api and cli.has_api())
    except ConfigurationInvalid:  # the command itself says so, by name
        return
    if place is not None:
        cli.say(f"{PRODUCTION}: {place}")


def _place(cli: Cli, *, over_api: bool) -> str | None:
    """Where production is written; None: it is none."""
    if over_api:
        client = cli.load_client_settings()
        assert client.api_key is not None
        return f"the API at {client.api_url}" if _stage(client.api_key) == PRODUCTION else None
    if cli.load_stage_settings().stage != PRODUCTION:
        return None
    found = named_by(cli.load_database_settings().database_url)
    if found is None:
        return None
    return f"the database {found.name} at {found.host} as {found.role}"


def _function(cli: Cli) -> str | None:
    """What changes production's schedules; None: it is none."""
    if cli.load_stage_settings().stage != PRODUCTION:
        return None
    return f"schedules in AWS, by {cli.load_mirror_function().config_sync_function}"


def _over_api(cli: Cli) -> dict[str, Any]:
    from idexx_sync.cli.api_client import ApiClient

    client = cli.load_client_settings()
    assert client.api_url is not None
    assert client.api_key is not None
    with ApiClient(client.api_url, client.api_key) as api:
        key = api.ask("get_key", KeyView)
    return {
        "stage": _stage(client.api_key),
        "api": client.api_url,
        "key": hint_of(client.api_key.get_secret_value()),
        "key_id": str(key.id),
        "acts_for": "every clinic (operator)" if key.operator else f"clinic {key.clinic_id}",
        "scopes": sorted(key.scopes),
    }


def _on_database(cli: Cli) -> dict[str, Any]:
    with cli.database() as conn:
        found = whereabouts(conn)
    return {
        "stage": cli.load_stage_settings().stage,
        "database": found.name,
        "host": found.host,
        "role": found.role,
        "api": None,
    }


def _stage(key: SecretStr) -> str:
    return PRODUCTION if key.get_secret_value().startswith("idx_live_") else NO_PRODUCTION


def _text(value: Any) -> str | None:
    return ", ".join(value) if isinstance(value, list) else value
