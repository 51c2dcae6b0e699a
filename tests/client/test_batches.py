"""Records cut into bodies: nothing lost, nothing out of order, places of errors where they belong."""

import json
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from taizhang.client import RowError, batches_of

RECORDS = st.lists(st.dictionaries(st.text(max_size=4), st.text(max_size=20) | st.integers(), max_size=4), max_size=30)


@given(RECORDS, st.integers(1, 200))
def test_batches_hold_all_records_in_their_order_and_no_more_than_they_may(
    records: list[dict[str, object]], longest_bytes: int
) -> None:
    batches = list(batches_of(records, longest_bytes=longest_bytes))
    sent = [json.loads(line) for batch in batches for line in batch.content.split(b"\n")[:-1]]
    assert sent == records
    assert [batch.first for batch in batches] == [
        sum(batch.records for batch in batches[:place]) for place in range(len(batches))
    ]
    assert all(len(batch.content) <= longest_bytes or batch.records == 1 for batch in batches)


@given(RECORDS.filter(len), st.integers(1, 200), st.data())
def test_a_place_in_a_batch_is_the_place_of_its_record_among_all(
    records: list[dict[str, object]], longest_bytes: int, data: st.DataObject
) -> None:
    batch = data.draw(st.sampled_from(list(batches_of(records, longest_bytes=longest_bytes))))
    within = data.draw(st.integers(0, batch.records - 1))
    moved = RowError(f"/{within}/staff/0/staff_id", "unknown_staff", "").moved(batch.first)
    assert moved.record is not None
    assert records[moved.record] == json.loads(batch.content.split(b"\n")[within])
    assert moved.pointer == f"/{batch.first + within}/staff/0/staff_id"


def test_what_is_wrong_with_a_whole_body_stays_where_it_is() -> None:
    assert RowError("", "x", "").moved(7) == RowError("", "x", "")
    assert RowError("/5", "x", "").moved(7).pointer == "/12"


def test_records_are_read_as_they_are_sent() -> None:
    read = []

    def records() -> Iterator[dict[str, int]]:
        for number in range(1000):
            read.append(number)
            yield {"number": number}

    next(batches_of(records(), longest_bytes=100))
    assert len(read) < 20
