"""A key as its user sees it."""

from typing import Self
from uuid import UUID

from pydantic import Field

from idexx_sync.operations.models import ResponseModel


class KeyView(ResponseModel):
    """The key that asks: whose it is, and what it may do."""

    id: UUID = Field(
        description="As `keys list` shows it.", examples=["9c2e6f0a-1b7d-4a55-8f11-2f6f0c1f7a10"]
    )
    clinic_id: UUID | None = Field(
        description="The clinic that it acts for; null: an operator's key, for all clinics.",
        examples=["3f2b8c1e-5a77-4d0e-9c52-0d8f6a1b2c3d"],
    )
    operator: bool = Field(description="Whether it is an operator's.", examples=[False])
    scopes: tuple[str, ...] = Field(
        description="What it may do.", examples=[["jobs:read", "sync:inbound"]]
    )

    @classmethod
    def of(cls, key_id: UUID, clinic_id: UUID | None, scopes: frozenset[str]) -> Self:
        return cls(
            id=key_id,
            clinic_id=clinic_id,
            operator=clinic_id is None,
            scopes=tuple(sorted(scopes)),
        )
