"""What people do with the page, in a real Chromium: sign in, drill down, explain, decide, watch, review, with keyboard and phone."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import feedparser
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, Route, expect

from tests.browser.conftest import PHONE, Opens, Reader
from tests.world.standard import MONDAY, PLAN, S1, S2, session

# Every view, by who is led there.
VIEWS = [
    ("bureau", "#/overview"),
    ("auditor", "#/findings"),
    ("auditor", "#/finding/A14"),
    ("auditor", "#/finding/D04"),
    ("bureau", "#/schools"),
    ("school", "#/school"),
    ("bureau", f"#/day/{S1}?date={MONDAY}"),
    ("centre", "#/reviews?submission=s-1"),
    ("centre", f"#/visit/{S1}?date={MONDAY}"),
    ("school", "#/what-if"),
    ("auditor", "#/subscriptions"),
]

# The ids of what arrives, until there are so many more than the first.
FOLLOWED = """more => new Promise((resolve) => {
  const ids = [];
  const source = new EventSource("/v1/findings/stream?mine");
  const took = ({ lastEventId }) => {
    ids.push(lastEventId);
    if (ids.length <= more) return;
    source.close();
    resolve(ids);
  };
  for (const kind of ["message", "opened", "changed", "explained", "acknowledged", "dismissed", "confirmed", "cleared"])
    source.addEventListener(kind, took);
})"""


def _place(reader: Reader, place: str) -> str:
    """The place, a finding by its rule."""
    if not place.startswith("#/finding/"):
        return place
    rule = place.rpartition("/")[2]
    return f"#/finding/{reader.stage.findings(rule=rule)[0]['finding_id']}"


def _begins(path: Path, begin: bytes) -> bool:
    return path.read_bytes().startswith(begin)


async def _choose(page: Page, field: str, value: str) -> None:
    await page.select_option(f"#{field}", value)


async def test_a_link_signs_in_once_and_leaves_nothing_for_a_script_to_read(opens: Opens) -> None:
    reader = await opens()
    link = reader.stage.link("bureau")
    await reader.page.goto(link)
    await expect(reader.page.locator("h1")).to_have_text("全区总览")
    assert "code" not in reader.page.url
    assert await reader.page.evaluate("document.cookie") == ""
    other = await opens()
    await other.page.goto(link)
    await expect(other.page.locator("[role=alert]")).to_contain_text("已用过或已过期")


async def test_a_wrong_secret_is_said_and_the_right_one_lets_in(opens: Opens) -> None:
    reader = await opens()
    page, client = reader.page, reader.stage.clients["auditor"]
    await page.goto(reader.stage.reporting_url)
    await page.fill("#client_id", client.client_id)
    await page.fill("#client_secret", "wrong")
    await page.keyboard.press("Enter")
    await expect(page.locator("[role=alert]")).to_have_text("客户端编号或密钥不对")
    await page.fill("#client_secret", client.client_secret)
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("问题清单")
    await page.click("#sign-out")
    await expect(page.locator("h1")).to_have_text("登录")
    assert await reader.context.cookies() == []


async def test_a_session_that_ends_asks_to_sign_in_again(opens: Opens) -> None:
    reader = await opens()
    page = await reader.enter("bureau")
    await reader.context.clear_cookies()
    await page.click("#nav a[href='#/schools']")
    await expect(page.locator("h1")).to_have_text("登录")
    await expect(page.locator("[role=alert]")).to_have_text("登录已结束，请重新登录。")


async def test_the_districts_own_account_signs_in_and_a_refusal_is_said(opens: Opens) -> None:
    reader = await opens()
    page, issuer = reader.page, reader.stage.issuer
    for role in ("bureau", "janitor"):
        await page.request.put(f"{issuer}/users/wang", data={"role": role})
        await page.goto(reader.stage.reporting_url)
        await page.click("#provider")
        await page.fill("input[name=sub]", "wang")
        await page.click("button:has-text('Authorize')")
        if role == "bureau":
            await expect(page.locator("h1")).to_have_text("全区总览")
            assert await page.evaluate("document.cookie") == ""
            await page.click("#sign-out")
    await expect(page.locator("[role=alert]")).to_contain_text("没有本系统的角色")
    assert "#" not in page.url


async def test_a_browsers_own_event_source_goes_on_after_the_last_event(opens: Opens) -> None:
    reader = await opens()
    page = await reader.enter("auditor")
    first = await page.evaluate("fetch('/v1/findings/events?limit=1').then(answer => answer.json())")
    rest = await page.evaluate(
        "after => fetch(`/v1/findings/events?limit=2&after=${after}`).then(answer => answer.json())",
        first["next_cursor"],
    )
    asked: list[str] = []

    async def cut_the_first(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) > 1:
            await route.continue_()
            return
        frame = f"retry: 50\nid: {first['next_cursor']}\ndata: \n\n"
        await route.fulfill(status=200, content_type="text/event-stream", body=frame)

    await page.route("**/v1/findings/stream?mine", cut_the_first)
    got = await page.evaluate(FOLLOWED, 2)
    assert len(asked) == 2
    assert got == [first["next_cursor"], *(each["cursor"] for each in rest["items"])]


async def test_an_auditor_subscribes_from_the_page(opens: Opens) -> None:
    page = await (await opens()).enter("auditor")
    await page.click("summary:has-text('订阅')")
    await page.fill("#webhook", "https://hooks.example.com/findings")
    await page.click("details[open] button[type=submit]")
    await expect(page.locator("details[open]")).to_contain_text("whsec_")


async def test_a_desktop_feed_reader_is_given_a_token_that_can_be_taken_back(opens: Opens) -> None:
    page = await (await opens()).enter("auditor", "#/subscriptions")
    await page.fill("#reader", "办公室")
    await page.click("#feeds button[type=submit]")
    address = await page.locator("#feeds code").first.inner_text()
    assert feedparser.parse(await (await page.request.get(address)).body()).version == "atom10"
    await page.reload()
    # It is not shown again.
    await expect(page.locator("#feeds code")).to_have_count(0)
    await page.click("button[aria-label='吊销 办公室']")
    await expect(page.locator("#feeds")).to_contain_text("还没有令牌")
    assert (await page.request.get(address)).status == 401


async def test_the_owner_of_a_webhook_that_was_given_up_sees_it_on_every_view_and_resumes_it(opens: Opens) -> None:
    reader = await opens()
    url = "https://gone.example.com/hooks"
    reader.stage.give_up(url, of="school")
    page = await reader.enter("school")
    await expect(page.locator("#notices")).to_contain_text("1 个推送已被停用")
    await page.click("#notices a")
    await expect(page.locator("#webhooks")).to_contain_text("三天内一直未被接收")
    await page.click(f"button[aria-label='恢复 {url}']")
    await expect(page.locator("#webhooks")).to_contain_text("启用")
    await expect(page.locator("#notices")).to_be_empty()


async def test_the_publication_sheet_is_printed_from_the_page(opens: Opens) -> None:
    page = await (await opens()).enter("school", "#/school?month=2025-09")
    for label in ("公示 p-9：打印（PDF）", "工作量：打印（PDF）"):
        async with page.expect_download() as printing:
            await page.click(f"button[aria-label='{label}']")
        sheet_printed = await printing.value
        assert sheet_printed.suggested_filename.endswith(".pdf")
        assert _begins(await sheet_printed.path(), b"%PDF")
    await expect(page.locator("main .alert, main [role=alert]:visible")).to_have_count(0)


async def test_the_district_drills_down_to_a_session(opens: Opens) -> None:
    page = await (await opens()).enter("bureau")
    await page.select_option("#month", "2025-09")
    missing = page.locator("table.heat a.rec-missing")
    await expect(missing).to_have_attribute("href", f"#/day/{S1}?date=2025-09-10")
    await page.select_option("#stage", "primary")
    await expect(page.locator("table.heat tbody tr")).to_have_count(1)
    await page.click("table.heat th a")
    await expect(page.locator("h1")).to_have_text("学校1")
    await page.select_option("#month", "2025-09")
    await page.click(f"table.calendar a[href$='{MONDAY}']")
    await expect(page.locator("h1")).to_contain_text("2025年9月8日")
    await page.click("summary:has-text('A101')")
    await expect(page.locator("details[open]")).to_contain_text("T1 · 主讲 · 1.5 课时")


async def test_what_the_ledger_published_and_submitted_says_stands_side_by_side(opens: Opens) -> None:
    reader = await opens()
    page = await reader.enter("auditor")
    await reader.go(_place(reader, "#/finding/D04"))
    accounts = page.locator(".accounts li")
    await expect(accounts.nth(0)).to_contain_text("台账")
    await expect(accounts.nth(1)).to_contain_text("公示")
    await expect(page.locator(".accounts .differs").first).to_contain_text("12 课时")
    await reader.go(_place(reader, "#/finding/A14"))
    records = page.get_by_role("region", name="相关课次并列")
    for said in ("A101", "B202", "合唱", "#1"):
        await expect(records).to_contain_text(said)


async def test_a_school_explains_and_the_auditor_decides(opens: Opens) -> None:
    reader = await opens()
    page = await reader.enter("school")
    await expect(page.locator("h1")).to_have_text("学校1")
    await page.click("#own-findings a:has-text('D04')")
    options = page.locator("#kind option")
    await expect(options.first).to_have_text("说明情况")
    assert "排除" not in await options.all_text_contents()
    await page.fill("#text", "公示时误抄了上月的数")
    await page.click("#decide button")
    await expect(page.locator(".badges")).to_contain_text("已说明")
    await expect(page.locator("#history")).to_contain_text("公示时误抄了上月的数")

    place = page.url.partition("#")[2]
    auditor = await opens()
    page = await auditor.enter("auditor", f"#{place}")
    await expect(page.locator("blockquote")).to_have_text("公示时误抄了上月的数")
    await _choose(page, "kind", "dismiss")
    await _choose(page, "reason_code", "recorded_wrong")
    await page.fill("#text", "已核对原始记录")
    await page.click("#decide button")
    await expect(page.locator(".badges")).to_contain_text("已排除")


async def test_a_new_finding_arrives_while_the_auditor_looks(opens: Opens) -> None:
    reader = await opens()
    page = await reader.enter("auditor", "#/findings?severity=critical&rule=A14")
    await expect(page.locator(".live")).to_have_text("实时更新中")
    before = await page.locator("ol.findings > li[data-finding]").count()
    overlapping = [session(f"k{n}", school_id=S1, staff={"T7": 1}, room=f"C{n}", activity=f"课{n}") for n in (1, 2)]
    reader.stage.post("school", "sessions", *overlapping)
    await expect(page.locator("li.fresh").first).to_contain_text("A14")
    await expect(page.locator("li.fresh .badge.new").first).to_have_text("新")
    await expect(page.locator("#said")).to_contain_text("新问题：A14")
    assert await page.locator("ol.findings > li[data-finding]").count() == before + 1


async def test_filters_are_kept_in_the_address(opens: Opens) -> None:
    reader = await opens()
    page = await reader.enter("auditor")
    await _choose(page, "severity", "high")
    await reader.settled()
    await _choose(page, "school", S1)
    await reader.settled()
    assert {"severity=high", f"school={S1}"} <= set(page.url.partition("?")[2].split("&"))
    await page.reload()
    await reader.settled()
    shown = await page.locator("ol.findings .row > .badge:first-child").all_text_contents()
    assert set(shown) == {"高"}
    await _choose(page, "school", S2)
    await expect(page.locator("ol.findings")).to_contain_text("没有符合条件的问题")
    await page.click("text=清除筛选")
    await expect(page.locator("#severity")).to_have_value("")


async def test_the_language_switches_and_stays(opens: Opens) -> None:
    reader = await opens()
    page = await reader.enter("bureau")
    await page.click("#language")
    await expect(page.locator("h1")).to_have_text("Overview")
    await expect(page.locator("#language")).to_be_focused()
    assert await page.evaluate("document.documentElement.lang") == "en"
    await page.reload()
    await expect(page.locator("h1")).to_have_text("Overview")
    await reader.go(_place(reader, "#/finding/A14"))
    await expect(page.locator("h1")).to_have_text("A14 Person in two places")
    assert not re.search("[一-鿿]{2}", await page.locator("#nav").inner_text())


async def test_light_and_dark_are_the_readers_to_choose(opens: Opens) -> None:
    page = await (await opens(color_scheme="light")).enter("bureau")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = await page.evaluate(paper)
    await page.click("#theme")
    await page.click("#theme")
    await expect(page.locator("#theme")).to_have_text("深色")
    assert await page.evaluate(paper) != light
    await page.reload()
    await expect(page.locator("#theme")).to_have_text("深色")


async def test_the_keyboard_goes_everywhere(opens: Opens) -> None:
    reader = await opens()
    page = await reader.enter("bureau", "#/overview?month=2025-09")
    await page.reload()
    await reader.settled()
    await page.keyboard.press("Tab")
    await expect(page.locator("#skip")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#main")).to_be_focused()
    await page.locator("table.heat tbody a.cell[tabindex='0']").focus()
    first = await page.evaluate("document.activeElement.getAttribute('aria-label')")
    await page.keyboard.press("ArrowRight")
    assert await page.evaluate("document.activeElement.getAttribute('aria-label')") != first
    await page.keyboard.press("ArrowLeft")
    assert await page.evaluate("document.activeElement.getAttribute('aria-label')") == first
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_contain_text("2025年9月")


async def test_the_centre_reviews_line_by_line_and_records_a_visit_on_a_phone(opens: Opens) -> None:
    reader = await opens(PHONE)
    page = await reader.enter("centre")
    await page.click("#queue a")
    await expect(page.locator("#sheet tbody tr").first).to_contain_text("T1")
    await expect(page.locator("#sheet tbody tr .warn").first).to_have_text("9.25")
    await page.fill("#comments", "T1 的课时与台账不符")
    await page.click("button[value=returned]")
    await expect(page.locator("#queue")).to_contain_text("没有待审的上报")

    drawn = page.locator("#inspections [role=status]")
    for _ in range(2):
        # The same seed again draws the same, as long as nobody was visited.
        await page.fill("#count", "1")
        await page.fill("#seed", "2025-9f3a")
        await page.click("#inspections form button[type=submit]")
        await expect(drawn).to_contain_text("种子 2025-9f3a")
        await expect(drawn.locator("a")).to_have_text("学校1")

    await reader.go(f"#/visit/{S1}?date={MONDAY}")
    await page.fill("#seen-h1", "15")
    await page.fill("#item-ledger", "齐全")
    await page.fill("#team", "王、李")
    await page.fill("#conclusion", "人数与台账不符")
    await page.click("button.big")
    await expect(page.locator("#inspections")).to_contain_text("已查 1 / 1")


async def test_a_draft_plan_is_tried_on_a_term(opens: Opens) -> None:
    reader = await opens()
    reader.stage.post("school", "allocation-plans", PLAN)
    page = await reader.enter("school", "#/what-if")
    await page.click("#draft form button[type=submit]")
    await expect(page.locator("#draft")).to_contain_text("增 / 减人数")
    await expect(page.locator("#draft .chart-several canvas")).to_be_visible()
    await expect(page.locator("main .alert")).to_have_count(0)


async def test_what_cannot_be_shown_says_why_and_what_to_do(opens: Opens) -> None:
    reader = await opens()
    page = await reader.enter("school", "#/reviews")
    await expect(page.locator("[role=alert]")).to_contain_text("您无权查看这里")
    await reader.go("#/finding/none")
    await expect(page.locator("[role=alert]")).to_contain_text("没有找到")
    await reader.go(f"#/day/{S1}?date=2025-09-30")
    await expect(page.locator("#sessions")).to_contain_text("当日没有课次")

    async def cut(route: Route) -> None:
        await route.abort()

    await page.route("**/v1/**", cut)
    await reader.go("#/findings")
    await expect(page.locator("[role=alert]")).to_contain_text("暂时连接不上")
    await page.unroute("**/v1/**")
    await page.click("button:has-text('重试')")
    await expect(page.locator("h1")).to_have_text("问题清单")


@pytest.mark.parametrize(("scheme", "width"), [("light", 360), ("dark", 3840)], ids=["a small phone", "a wall"])
async def test_axe_finds_nothing_serious_and_nothing_sticks_out(opens: Opens, scheme: str, width: int) -> None:
    wrong = []
    for kind in ("bureau", "auditor", "school", "centre"):
        reader = await opens({"width": width, "height": 800}, color_scheme=scheme)
        page = await reader.enter(kind)
        for place in [place for who, place in VIEWS if who == kind]:
            await reader.go(_place(reader, place))
            assert await page.locator("h1").count() == 1, place
            wrong += [f"{place}: sticks out"] * await page.evaluate(f"document.documentElement.scrollWidth > {width}")
            found = await Axe().run(page)
            wrong += [
                f"{place}: {each['id']}: {each['nodes'][0]['html'][:200]}"
                for each in found.response["violations"]
                if each["impact"] in {"serious", "critical"}
            ]
        await reader.context.close()
    assert wrong == []


async def test_the_page_asks_nobody_else_breaks_no_policy_and_weighs_little(opens: Opens) -> None:
    reader = await opens()
    weight = 0

    async def weigh(page: Page) -> int:
        entries = "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
        whole: int = await page.evaluate(
            f"{entries}.filter(each => !each.name.includes('/v1/')).reduce((sum, each) => sum + each.encodedBodySize, 0)"
        )
        return whole

    page = await reader.enter("bureau")
    weight = await weigh(page)
    for place in ("#/findings", _place(reader, "#/finding/A14"), "#/schools"):
        await reader.go(place)
    ours = {urlsplit(reader.stage.ledger_url).netloc, urlsplit(reader.stage.reporting_url).netloc}
    assert {urlsplit(url).netloc for url in reader.asked if not url.startswith("data:")} == ours
    # What this server does not serve yet is asked for once, and not complained about as anything else.
    assert [said for said in reader.complaints if "404" not in said] == []
    assert 20_000 < weight < 200_000
