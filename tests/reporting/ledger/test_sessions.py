"""The sessions themselves, for those who may read the ledger: filtered, paged, as of an instant."""

import httpx

from tests.world.district import District
from tests.world.standard import MONDAY, S1, TUESDAY, session


async def test_sessions_come_in_order_page_by_page(school: District) -> None:
    await school.school(S1).post("sessions", *(session(f"h{n}") for n in range(5)))
    seen, parameters = [], {"school_id": S1, "limit": "2"}
    while True:
        page = await school.auditor.report("/v1/ledger/sessions", **parameters)
        seen += [item["session_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        parameters["cursor"] = page["next_cursor"]
    assert seen == ["h0", "h1", "h2", "h3", "h4"]


async def test_sessions_are_what_the_ledger_knew_then(school: District) -> None:
    first = await school.school(S1).post("sessions", session(headcount=9))
    await school.school(S1).post("sessions", session(headcount=8), session("h2", service_date=TUESDAY))
    then = await school.auditor.report("/v1/ledger/sessions", as_of=first["recorded_at"])
    assert [(item["session_id"], item["headcount"]) for item in then["items"]] == [("h1", 9)]
    now = await school.auditor.report("/v1/ledger/sessions", to=MONDAY)
    assert [(item["session_id"], item["headcount"]) for item in now["items"]] == [("h1", 8)]


async def test_sessions_as_csv(school: District) -> None:
    await school.school(S1).post("sessions", session(staff={"T1": 1.5, "T2": 1}))
    answer = await school.auditor.read("/v1/ledger/sessions", format="csv")
    header, line = answer.text.lstrip("\ufeff").splitlines()
    assert header.startswith("school_id,session_id,service_date")
    assert line.startswith(f"{S1},h1,{MONDAY}")


async def test_sessions_by_person_slot_and_category(school: District) -> None:
    voice = school.school(S1)
    await voice.post("sessions", session("h1", staff={"T1": 1.5, "T2": 1}), session("h2", staff={"T3": 1}))
    await voice.post("sessions", session("h3", slot="s2", category="arts", staff={"T2": 0.75}))
    for wanted, found in (
        ({"staff_id": "T2"}, ["h1", "h3"]),
        ({"slot": "s1"}, ["h1", "h2"]),
        ({"category": "arts"}, ["h3"]),
        ({"state": "cancelled"}, []),
    ):
        listed = await school.auditor.report("/v1/ledger/sessions", **wanted)
        assert [item["session_id"] for item in listed["items"]] == found


async def test_a_share_of_a_session_is_told(school: District) -> None:
    members = [{"staff_id": "T1", "role": "lead", "class_hours": 1.5, "share": 0.75}]
    await school.school(S1).post("sessions", session(staff=members))
    listed = await school.auditor.report("/v1/ledger/sessions")
    assert listed["items"][0]["staff"][0]["share"] == 0.75


async def test_the_next_page_is_linked_and_the_last_links_nowhere(school: District) -> None:
    await school.school(S1).post("sessions", *(session(f"h{n}") for n in range(3)))
    first = await school.auditor.read("/v1/ledger/sessions", school_id=S1, limit="2")
    following = httpx.URL(first.links["next"]["url"])
    second = await school.auditor.read(following.path, **following.params)
    assert [item["session_id"] for item in second.json()["items"]] == ["h2"]
    assert second.links == {}


async def test_what_has_not_changed_is_304_and_what_has_is_told(school: District) -> None:
    await school.school(S1).post("sessions", session())
    first = await school.auditor.read("/v1/ledger/sessions", school_id=S1)
    known = {"If-None-Match": first.headers["etag"]}
    assert (await school.auditor.read("/v1/ledger/sessions", school_id=S1, headers=known)).status_code == 304
    # Another question, another reader: another answer.
    assert (await school.auditor.read("/v1/ledger/sessions", headers=known)).status_code == 200
    assert (await school.school(S1).read("/v1/ledger/sessions", school_id=S1, headers=known)).status_code == 200
    await school.school(S1).post("sessions", session("h2"))
    assert (await school.auditor.read("/v1/ledger/sessions", school_id=S1, headers=known)).status_code == 200
