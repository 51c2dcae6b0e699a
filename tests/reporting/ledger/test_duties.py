"""The duties themselves, for those who may read the ledger: filtered, paged, as of an instant."""

from tests.world.district import District
from tests.world.standard import MONDAY, S1, S2, TUESDAY, duty


async def test_duties_come_by_person_kind_and_date_page_by_page(school: District) -> None:
    await school.school(S1).post(
        "duties",
        duty("d1", "T1", 1.25),
        duty("d2", "T2", 0.5, kind="patrol", slot="s1", note="东楼"),
        duty("d3", "T1", 2, service_date=TUESDAY),
    )
    first = await school.auditor.report("/v1/ledger/duties", staff_id="T1", limit="1")
    second = await school.auditor.report("/v1/ledger/duties", staff_id="T1", limit="1", cursor=first["next_cursor"])
    assert [item["duty_id"] for item in first["items"] + second["items"]] == ["d1", "d3"]
    assert second["next_cursor"] is None
    (patrol,) = (await school.auditor.report("/v1/ledger/duties", kind="patrol", to=MONDAY))["items"]
    assert (patrol["class_hours"], patrol["slot"], patrol["note"]) == (0.5, "s1", "东楼")


async def test_duties_are_what_the_ledger_knew_then(school: District) -> None:
    then = (await school.school(S1).post("duties", duty(class_hours=1)))["recorded_at"]
    await school.school(S1).post("duties", duty(class_hours=3))
    (was,) = (await school.auditor.report("/v1/ledger/duties", as_of=then))["items"]
    (is_now,) = (await school.auditor.report("/v1/ledger/duties"))["items"]
    assert (was["class_hours"], is_now["class_hours"]) == (1, 3)


async def test_another_school_sees_none_of_them(school: District) -> None:
    await school.school(S1).post("duties", duty())
    assert (await school.school(S2).report("/v1/ledger/duties", school_id=S1))["items"] == []
