"""The sessions themselves, for those who may read the ledger: filtered, paged, as of an instant."""

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
