"""`/verify/{code}`: yes, then no after a correction; never a name or an amount; no code can be made up."""

import json
import string

from hypothesis import given
from hypothesis import strategies as st

from services.reporting.forms.codes import KINDS, Bound, opened, sealed, tag_of
from services.reporting.verify import ASKED_PER_SECOND
from shared.allowance import BURST_SECONDS
from tests.world.district import District, Json
from tests.world.paper import code_of
from tests.world.standard import MONDAY, S1, S2, TERM, TUESDAY, duty, session

KEY = bytes(range(32))
bounds = st.builds(
    Bound,
    kind=st.sampled_from(KINDS),
    school_id=st.from_regex(r"[0-9]{10}", fullmatch=True),
    about=st.text(string.ascii_letters + string.digits + "._:-", min_size=1, max_size=64),
    seq=st.integers(0, 2**48 - 1),
    tag=st.binary(min_size=12, max_size=12),
)


async def _asked(district: District, code: str, **headers: str) -> Json:
    """What somebody without a token is told."""
    answer = await district.reporting.get(f"/verify/{code.rpartition('/')[2]}", headers=headers)
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    return body


async def _printed(district: District, path: str, **parameters: str) -> str:
    answer = await district.auditor.read(path, format="pdf", **parameters)
    assert answer.status_code == 200, answer.text
    return code_of(answer.content)


async def test_a_sheet_drawn_from_the_ledger_holds_until_a_session_is_corrected(school: District) -> None:
    voice = school.school(S1)
    await voice.post("sessions", session(staff={"T1": 1.5, "T2": 1}))
    for path, parameters, corrected in (
        ("workload", {"month": "2025-09"}, 1.25),
        ("workload", {"term_id": TERM}, 1.75),
        ("compensation", {"term_id": TERM}, 2.25),
    ):
        code = await _printed(school, f"/v1/reports/{path}", school_id=S1, **parameters)
        said = await _asked(school, code)
        assert (said["equal"], said["sheet"]["kind"]) == (True, path)
        revised = await voice.post("sessions", session(staff={"T1": corrected, "T2": 1}, reason="课时录错"))
        said = await _asked(school, code)
        assert (said["equal"], said["changed_at"]) == (False, revised["recorded_at"])
        assert said["checked_against"]["seq"] == said["bound_to"]["seq"] + 1


async def test_what_is_recorded_of_other_days_and_schools_leaves_a_sheet_as_it_was(school: District) -> None:
    voice = school.school(S1)
    await voice.post("sessions", session())
    code = await _printed(school, "/v1/reports/workload", school_id=S1, month="2025-09")
    await voice.post("sessions", session("h2", service_date="2025-10-13"))
    await school.school(S2).post("duties", duty(staff_id="U1", school_id=S2))
    assert (await _asked(school, code))["equal"] is True


async def test_a_publication_holds_while_its_record_and_the_work_say_the_same(school: District) -> None:
    voice = school.school(S1)
    await voice.post("sessions", session(staff={"T1": 1.5}), session("h2", service_date=TUESDAY, staff={"T1": 2}))
    publication = {
        "school_id": S1, "publication_id": "p1", "kind": "monthly_workload", "period": "2025-09",
        "lines": [{"staff_id": "T1", "class_hours": 3.5}, {"staff_id": "T2", "class_hours": 0}],
    }  # fmt: skip
    await voice.post("publications", publication)
    code = await _printed(school, "/v1/reports/publications/p1")
    said = await _asked(school, code)
    assert (said["equal"], said["unchanged"], said["agrees_with_work"]) == (True, True, True)
    await voice.post("sessions", session(staff={"T1": 1}, reason="课时录错"))
    said = await _asked(school, code)
    assert (said["equal"], said["unchanged"], said["agrees_with_work"]) == (False, True, False)
    corrected = await voice.post(
        "publications", {**publication, "lines": [{"staff_id": "T1", "class_hours": 3}], "reason": "更正后重新公示"}
    )
    said = await _asked(school, code)
    assert (said["equal"], said["unchanged"], said["agrees_with_work"]) == (False, False, True)
    again = await _printed(school, "/v1/reports/publications/p1")
    assert (await _asked(school, again))["equal"] is True
    await voice.delete(f"/v1/publications/{S1}/p1", reason="撤回")
    said = await _asked(school, again)
    assert (said["equal"], said["unchanged"]) == (False, False)
    assert said["changed_at"] > corrected["recorded_at"]


async def test_a_publication_that_never_said_what_was_worked_is_no_from_the_first_day(school: District) -> None:
    voice = school.school(S1)
    await voice.post("sessions", session(staff={"T1": 1.5}))
    await voice.post(
        "publications",
        {"school_id": S1, "publication_id": "p1", "kind": "monthly_workload", "period": "2025-09",
         "lines": [{"staff_id": "T1", "class_hours": 15}]},
    )  # fmt: skip
    said = await _asked(school, await _printed(school, "/v1/reports/publications/p1"))
    assert (said["equal"], said["unchanged"], said["agrees_with_work"], said["changed_at"]) == (
        False,
        True,
        False,
        None,
    )


async def test_amounts_hold_to_the_fen(school: District) -> None:
    voice = school.school(S1)
    await voice.post("sessions", session(staff={"T1": 1.5}))
    for number, amount_fen in (("exact", 12_000), ("more", 12_001)):
        await voice.post(
            "submissions",
            {"school_id": S1, "submission_id": number, "term_id": TERM,
             "lines": [{"staff_id": "T1", "class_hours": 1.5, "amount_fen": amount_fen}]},
        )  # fmt: skip
        code = await _printed(school, f"/v1/reports/submissions/{number}")
        assert (await _asked(school, code))["equal"] is (number == "exact")


async def test_nobody_is_told_a_name_or_an_amount(school: District) -> None:
    voice = school.school(S1)
    await voice.post("staff", {"staff_id": "T1", "school_id": S1, "kind": "employee", "name": "欧阳明"})
    await voice.post("payments", {"school_id": S1, "payment_id": "m1", "period": TERM, "lines": [{"staff_id": "T1", "amount_fen": 123_456}]})  # fmt: skip
    code = (await _printed(school, "/v1/reports/payments/m1")).rpartition("/")[2]
    said = json.dumps(await _asked(school, code), ensure_ascii=False)
    page = (await school.reporting.get(f"/verify/{code}", headers={"Accept": "text/html"})).text
    for secret in ("欧阳明", 'T1"', ">T1", "123456", "1234.56", "1,234.56", "学校1"):
        assert secret not in said
        assert secret not in page


async def test_a_telephone_gets_a_page_in_its_language(school: District) -> None:
    await school.school(S1).post("sessions", session())
    code = (await _printed(school, "/v1/reports/workload", school_id=S1, month="2025-09")).rpartition("/")[2]
    for language, title in (("zh-CN", "一致：本表与台账相同"), ("en", "Yes: the sheet equals the ledger")):
        answer = await school.reporting.get(
            f"/verify/{code}", headers={"Accept": "text/html,*/*", "Accept-Language": language}
        )
        assert answer.headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert title in answer.text
    await school.school(S1).post("sessions", session(staff={"T1": 2}, reason="更正"))
    answer = await school.reporting.get(f"/verify/{code}", headers={"Accept": "text/html"})
    assert "不一致" in answer.text


async def test_a_code_that_was_not_made_here_is_nothing(school: District) -> None:
    await school.school(S1).post("sessions", session())
    code = (await _printed(school, "/v1/reports/workload", school_id=S1, month="2025-09")).rpartition("/")[2]
    foreign = sealed(KEY, Bound("workload", S1, "2025-09", 1, bytes(12)))
    for wrong in (foreign, code[:-1], code + "A", code.swapcase(), "x", "%00", "公示"):
        assert (await school.reporting.get(f"/verify/{wrong}")).status_code == 404, wrong


async def test_one_address_may_not_ask_for_ever(school: District) -> None:
    answers = [await school.reporting.get("/verify/x") for _ in range(ASKED_PER_SECOND * BURST_SECONDS + 20)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert int(refused[0].headers["retry-after"]) >= 1


async def test_the_on_site_sheet_of_a_day_holds_until_the_day_changes(school: District) -> None:
    voice = school.school(S1)
    await voice.post("sessions", session(room="A1"))
    code = await _printed(school, "/v1/reports/onsite", school_id=S1, date=MONDAY)
    assert (await _asked(school, code))["equal"] is True
    await voice.post("sessions", session(room="A2", reason="换教室"))
    assert (await _asked(school, code))["equal"] is False


@given(bounds)
def test_a_code_says_what_was_sealed_in_it(bound: Bound) -> None:
    code = sealed(KEY, bound)
    assert opened(KEY, code) == bound
    assert sealed(KEY, bound) == code
    assert opened(bytes(32), code) is None


@given(bounds, st.data())
def test_no_letter_of_a_code_can_be_another(bound: Bound, data: st.DataObject) -> None:
    code = sealed(KEY, bound)
    place = data.draw(st.integers(0, len(code) - 1))
    other = data.draw(st.sampled_from(string.ascii_letters + string.digits + "-_").filter(lambda it: it != code[place]))
    assert opened(KEY, code[:place] + other + code[place + 1 :]) is None


@given(st.text(max_size=300))
def test_any_text_is_a_code_or_none(text: str) -> None:
    assert opened(KEY, text) is None


def test_the_same_figures_have_one_tag_and_others_another() -> None:
    assert tag_of(KEY, [["T1", 150]]) == tag_of(KEY, [["T1", 150]])
    assert tag_of(KEY, [["T1", 150]]) != tag_of(KEY, [["T1", 151]])
