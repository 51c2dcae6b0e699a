"""docs/compensation.md: its worked example is what the services answer."""

import json
import re
from pathlib import Path

from tests.world.district import District
from tests.world.standard import S1

PAGE = (Path(__file__).parents[3] / "docs/compensation.md").read_text("utf-8")
BLOCKS = dict(re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL))


async def test_the_pages_example_is_worked_out_as_the_page_says(school: District) -> None:
    voice = school.school(S1)
    await voice.post("allocation-plans", json.loads(BLOCKS["json"]))
    for resource in ("sessions", "duties", "evaluations"):
        await voice.post(resource, *map(json.loads, BLOCKS[resource].splitlines()))
    answer = await school.auditor.read(
        "/v1/reports/compensation", school_id=S1, month="2025-09", headers={"Accept-Language": "zh-CN"}
    )
    report = answer.json()
    lines = [f"{line['staff_id']} {line['why']}" for slip in report["items"] for line in slip["lines"]]
    assert lines == BLOCKS["why"].splitlines()
    first, whole = (f"{fen / 100:.2f} 元" for fen in (report["items"][0]["amount_fen"], report["total_fen"]))
    assert f"T1 合计 {first}，全校合计 {whole}，预算 1000.00 元之内，比例为 1。" in PAGE
    assert report["budget"]["scale"] == 1
