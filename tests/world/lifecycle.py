"""What every register, day, duty and document goes through, told once."""

from tests.world.district import Json, Voice


async def goes_through_its_life(
    voice: Voice, resource: str, record: Json, *, change: Json, path: str, kept: Json | None = None
) -> None:
    """Entered, sent again, changed, read then and now, listed, taken back.

    `change`: the fields that differ in its second revision. `path`: its place under the resource. `kept`: what the
    ledger adds to what was sent.
    """
    one = f"/v1/{resource}/{path}"
    entered = await voice.post(resource, record)
    assert (entered["received"], entered["created"]) == (1, 1)
    again = await voice.post(resource, record)
    assert (again["unchanged"], again["created"], again["revised"]) == (1, 0, 0)
    revised = await voice.post(resource, {**record, **change})
    assert (revised["revised"], revised["created"]) == (1, 0)

    now = await voice.get(one)
    assert _part(now, {**record, **change, **(kept or {})})
    assert now["revision"] == 2
    then = await voice.get(one, as_of=entered["recorded_at"])
    assert _part(then, {**record, **(kept or {})})
    # A list says of a document where it stands, and not how it got there.
    listed = (await voice.get(f"/v1/{resource}", limit="1000"))["items"]
    assert any(each.items() <= now.items() for each in listed)
    history = (await voice.get(f"{one}/revisions"))["items"]
    assert [each["revision"] for each in history] == [2, 1]

    await voice.delete(one, reason="误录")
    await voice.get(one, expect=404)
    await voice.delete(one, reason="误录", expect=409)
    assert (await voice.get(f"{one}/revisions"))["items"][0]["state"] == "void"


def _part(whole: Json, part: Json) -> bool:
    """Whether what was sent is what is kept, however its numbers are written."""
    return all(_same(whole[name], value) for name, value in part.items() if name != "reason")


def _same(kept: object, sent: object) -> bool:
    if isinstance(sent, dict) and isinstance(kept, dict):
        return all(_same(kept[name], value) for name, value in sent.items())
    if isinstance(sent, list) and isinstance(kept, list):
        return len(kept) == len(sent) and all(map(_same, kept, sent))
    return kept == sent
