"""Proof: the same record always has the same bytes, and nothing can be changed behind a chain's head."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import pairwise
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from shared.chain import GENESIS, batch_digest, canonical, erasures_of, leaf, link, record_digest, stored_header

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
leaves = st.lists(
    st.builds(
        leaf,
        st.sampled_from(["sessions", "attendance"]),
        st.text(min_size=1, max_size=8),
        st.integers(1, 9),
        st.binary(min_size=32, max_size=32),
        st.none() | st.text(max_size=8),
    ),
    max_size=5,
    unique=True,
)
ENTRY = {
    "batch_id": "b1", "client_id": "sis-1", "resource": "sessions", "request_id": "r-1", "body_digest": b"\x01" * 32,
    "received": 9, "records": 3, "revised": 1, "recorded_at": datetime(2025, 9, 8, 9, tzinfo=UTC),
}  # fmt: skip
digests = st.binary(min_size=32, max_size=32)


def reversed_keys(value: object) -> object:
    """The same JSON value with the keys of every object written in the opposite order."""
    if isinstance(value, dict):
        return {name: reversed_keys(each) for name, each in reversed(value.items())}
    return [reversed_keys(each) for each in value] if isinstance(value, list) else value


@given(json_values)
def test_the_order_of_keys_does_not_change_a_records_bytes(value: object) -> None:
    assert canonical(reversed_keys(value)) == canonical(value)


@given(json_values)
def test_a_records_bytes_read_back_as_the_record(value: object) -> None:
    assert msgspec.json.decode(canonical(value)) == value


@given(json_values, json_values)
def test_another_record_has_another_digest(one: object, other: object) -> None:
    # Compared as bytes: for Python True is 1, for the ledger it is not.
    assert (record_digest([one]) == record_digest([other])) == (canonical(one) == canonical(other))


def test_a_records_bytes_are_compact_sorted_and_hold_decimals_as_they_were_given() -> None:
    record = {"staff_id": "T1", "class_hours": Decimal("1.50"), "名称": "晚托"}
    assert canonical(record) == '{"class_hours":1.50,"staff_id":"T1","名称":"晚托"}'.encode()


def test_anyone_can_rebuild_a_records_digest_with_sha256() -> None:
    assert record_digest(["duties", "d1", None, 150]) == sha256(b'["duties","d1",null,150]').digest()


def test_anyone_can_rebuild_a_batchs_digest_from_its_header_and_leaves() -> None:
    lines = [leaf("sessions", "h1", 2, bytes(32), "补录")]
    header = f'["b1","sis-1","sessions","r-1","{"01" * 32}",9,3,1,1757322000000000]'
    written = header + '\n["sessions","h1",2,"' + "00" * 32 + '","补录"]'
    assert stored_header(ENTRY) == header
    assert batch_digest(header, lines) == sha256(written.encode()).digest()


@given(leaves)
def test_a_leaf_is_one_line_whatever_its_record_says(lines: list[str]) -> None:
    assert all("\n" not in line and "\r" not in line for line in lines)


@given(leaves, st.data())
def test_a_batch_without_one_of_its_records_has_another_digest(lines: list[str], data: st.DataObject) -> None:
    whole = batch_digest("[]", lines)
    for place in range(len(lines)):
        assert batch_digest("[]", lines[:place] + lines[place + 1 :]) != whole
    shuffled = data.draw(st.permutations(lines))
    assert (batch_digest("[]", shuffled) == whole) == (shuffled == lines)


@given(leaves)
def test_who_sent_a_batch_what_how_much_and_when_is_in_its_digest(lines: list[str]) -> None:
    others = {
        "batch_id": "b2", "client_id": "sis-2", "resource": "days", "request_id": None, "body_digest": None, "received": 8,
        "records": 2, "revised": 0, "recorded_at": ENTRY["recorded_at"] + timedelta(microseconds=1),
    }  # fmt: skip
    assert others.keys() == ENTRY.keys()
    headers = [stored_header(ENTRY), *(stored_header({**ENTRY, name: other}) for name, other in others.items())]
    assert len({batch_digest(header, lines) for header in headers}) == len(headers)


def heads_of(batches: list[bytes]) -> list[bytes]:
    """The heads of a chain of batches, the first of them before any batch."""
    heads = [GENESIS]
    for digest in batches:
        heads.append(link(heads[-1], digest))
    return heads


@given(st.lists(digests, min_size=1, max_size=8), st.data())
def test_a_batch_changed_behind_the_head_changes_every_head_after_it(batches: list[bytes], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(batches) - 1))
    forged = data.draw(digests.filter(lambda digest: digest != batches[place]))
    honest = heads_of(batches)
    changed = heads_of([*batches[:place], forged, *batches[place + 1 :]])
    assert changed[: place + 1] == honest[: place + 1]
    assert all(one != other for one, other in zip(changed[place + 1 :], honest[place + 1 :], strict=True))


@given(st.lists(digests, min_size=1, max_size=8))
def test_a_head_is_the_sha256_of_the_head_before_it_and_the_batch(batches: list[bytes]) -> None:
    for (before, after), digest in zip(pairwise(heads_of(batches)), batches, strict=True):
        assert after == sha256(before + digest).digest()


def test_an_erasure_speaks_of_what_has_its_pseudonym_and_of_nothing_else() -> None:
    def said(pseudonym: str, **changed: object) -> int:
        record = {"resource": "consents", "key": "t/erased-1", "revision": 1, "leaf_key": "k", "leaf_reason": None}
        content = {"pseudonym": pseudonym, "records": [{**record, "digest": "00", **changed}]}
        return len(erasures_of([{"batch_id": UUID(int=1), "content": json.dumps(content)}]))

    assert said("erased-1") == 1
    assert said("erased-1", resource="duties") == 0
    assert said("erased-1", key="t/P8") == 0
    assert said("P8", key="t/P8") == 0
