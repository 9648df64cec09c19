"""How companies are set up: the ids recur in all of them, and so do most words; persons do not."""

from collections.abc import Iterable

from neo_simulator.generator.names import FIRST_NAMES, LAST_NAMES
from neo_simulator.model import AppointmentType, Provider, Room
from neo_simulator.world import FRONT_DESK, PROVIDERS, TYPES, World, by_id

BRANCH_ROOMS = 20
"""How far the ids of one branch's rooms lie from those of the next one."""

_ROOM_WORDS = ("ROOM", "Exam", "Suite", "COLUMN", "Station")


def set_up(world: World, variant: int, branch: int = 1) -> None:
    """Give the world the rooms, types and providers of the company of that number.

    Number 0 is the one that the other tables of the simulator show. Branches of a company have its
    types and providers, and rooms of their own.
    """
    world.branch_id = branch
    if variant:
        world.types = by_id(_types(variant))
        world.providers = by_id(_providers(variant))
    world.rooms = by_id(_rooms(world.rooms.values(), variant, branch))


def _rooms(rooms: Iterable[Room], variant: int, branch: int) -> list[Room]:
    word = _ROOM_WORDS[variant % len(_ROOM_WORDS)]
    return [
        Room(
            room.id + BRANCH_ROOMS * (branch - 1),
            f"{word} {n + variant}" if variant else room.name,
            room.position,
        )
        for n, room in enumerate(rooms)
    ]


def _types(variant: int) -> list[AppointmentType]:
    """The same words, and another id for each."""
    default, *clinics = TYPES
    turn = variant % len(clinics)
    words = clinics[turn:] + clinics[:turn]
    turned = (
        AppointmentType(kind.id, word.name, word.slots, word.color)
        for kind, word in zip(clinics, words, strict=True)
    )
    return [default, *turned]


def _providers(variant: int) -> list[Provider]:
    """No two of the first thousand companies share a person."""
    persons = len(PROVIDERS) - 1
    return [
        provider
        if provider.name == FRONT_DESK
        else Provider(provider.id, _person(variant * persons + n), provider.user_type)
        for n, provider in enumerate(PROVIDERS)
    ]


def _person(number: int) -> str:
    last = LAST_NAMES[number % len(LAST_NAMES)]
    first = FIRST_NAMES[number // len(LAST_NAMES) % len(FIRST_NAMES)]
    return f"DR. {first} {last}"
