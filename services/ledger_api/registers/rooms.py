"""Rooms: where sessions are held, and how many they hold; 一(一)2."""

from typing import Annotated

from msgspec import Meta

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.payload import Label, Record, SchoolId, Text
from services.ledger_api.ingest.resource import Resource


class Room(Record, frozen=True):
    """One room of a school."""

    school_id: SchoolId
    room: Label
    capacity: Annotated[int, Meta(ge=0, le=100_000)] | None = None
    kind: Text | None = None


ROOMS = Resource("rooms", Room, key=("room",))

router = entry_router(ROOMS, scope="registers.write")
