"""Settings that are read again, and what a process makes of them."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from pydantic import SecretStr

from idexx_sync.core.errors import ConfigurationInvalid, SecretUnreadable
from idexx_sync.core.kept import Kept, KeptSettings
from idexx_sync.core.settings import DatabaseSettings

MINUTE = 60.0


@dataclass
class World:
    """Secrets Manager with one secret, a clock that is moved, and a process."""

    value: str = "first"
    now: float = 1000.0
    reads: int = 0
    failure: ConfigurationInvalid | None = None
    ended: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.settings = KeptSettings(self._read, lambda: self.now)
        self.kept = Kept(self.settings, self._make, self.ended.append)

    def _read(self) -> DatabaseSettings:
        self.reads += 1
        if self.failure is not None:
            raise self.failure
        return DatabaseSettings(DATABASE_URL=SecretStr(self.value))

    def _make(self, settings: DatabaseSettings) -> str:
        value = settings.database_url.get_secret_value()
        if value == "senseless":
            raise ConfigurationInvalid("it makes no sense")
        return value


@pytest.fixture
def world() -> World:
    return World()


def test_settings_are_read_once_in_fifteen_minutes(world: World) -> None:
    first = world.settings()
    world.now += 15 * MINUTE - 1
    assert world.settings() is first
    assert world.reads == 1

    world.now += 1
    assert world.settings() is first  # nothing in them has changed
    assert world.reads == 2


def test_a_changed_secret_is_taken_after_fifteen_minutes(world: World) -> None:
    assert world.kept() == "first"
    world.value = "second"
    world.now += 15 * MINUTE - 1
    assert (world.kept(), world.ended) == ("first", [])

    world.now += 1

    assert (world.kept(), world.ended) == ("second", ["first"])


def test_after_a_refusal_it_is_read_at_once_but_once_a_minute(world: World) -> None:
    world.kept()
    world.value = "second"

    assert world.settings.newest().database_url.get_secret_value() == "second"
    assert world.kept() == "second"
    world.value = "third"
    for _ in range(1000):  # whoever offers wrong keys
        world.settings.newest()
    world.now += MINUTE - 1
    assert world.settings.newest().database_url.get_secret_value() == "second"
    assert world.reads == 2

    world.now += 1
    assert world.settings.newest().database_url.get_secret_value() == "third"
    assert world.reads == 3


@pytest.mark.parametrize("ask", [KeptSettings.__call__, KeptSettings.newest])
def test_what_cannot_be_read_again_counts_on(
    world: World, ask: Callable[[KeptSettings[DatabaseSettings]], DatabaseSettings]
) -> None:
    first = world.settings()
    world.failure = SecretUnreadable("A_SECRET: no")
    world.now += 15 * MINUTE

    assert ask(world.settings) is first
    reads = world.reads
    world.now += MINUTE - 1
    assert world.settings() is first
    assert world.reads == reads

    world.failure, world.value = None, "second"
    world.now += 1
    assert world.kept() == "second"


def test_a_first_read_that_fails_is_remembered_for_some_seconds(world: World) -> None:
    world.failure = SecretUnreadable("A_SECRET: no", code="secret")
    for _ in range(100):
        with pytest.raises(SecretUnreadable, match=r"^A_SECRET: no$") as raised:
            world.kept()
        assert raised.value.code == "secret"
    assert world.reads == 1

    world.failure = None
    world.now += 5
    assert world.kept() == "first"


def test_changed_settings_that_make_no_sense_are_not_taken(world: World) -> None:
    world.kept()
    world.value = "senseless"
    world.now += 15 * MINUTE

    assert [world.kept() for _ in range(3)] == ["first"] * 3
    assert world.ended == []

    world.value = "third"
    world.now += 15 * MINUTE
    assert (world.kept(), world.ended) == ("third", ["first"])


def test_settings_that_make_no_sense_from_the_beginning_are_an_error(world: World) -> None:
    world.value = "senseless"

    with pytest.raises(ConfigurationInvalid, match="no sense"):
        world.kept()


def test_a_forgetful_process_begins_anew(world: World) -> None:
    world.kept()
    world.value = "second"

    world.kept.forget()

    assert (world.kept(), world.ended) == ("second", ["first"])
