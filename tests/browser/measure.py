"""How soon the page shows and answers, in Chromium: `python -m tests.browser.measure LINK…`, a sign-in link of a running `taizhang demo`.

Prints one JSON object a line: milliseconds, the median of the rounds and their spread; for docs/performance.md.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from statistics import median
from time import perf_counter

from playwright.async_api import Page, ViewportSize, async_playwright, expect

from tests.browser.conftest import DESK, PHONE, path_of_chromium

ROUNDS = 7
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


async def _shown(page: Page) -> None:
    await expect(page.locator("#main")).to_have_attribute("aria-busy", "false")


async def _timed(act: Callable[[], Awaitable[object]], page: Page) -> float:
    started = perf_counter()
    await act()
    await _shown(page)
    return (perf_counter() - started) * 1000


async def _rounds(page: Page) -> dict[str, list[float]]:
    """Each thing that is measured, in milliseconds, round by round; the first round fills the caches and does not count."""
    measured: dict[str, list[float]] = {}
    for number in range(ROUNDS + 1):

        async def go(place: str) -> None:
            await page.evaluate("place => { location.hash = place; }", place)
            await expect(page.locator("#main")).to_have_attribute("data-place", place)

        taken = {"overview_from_reload": await _timed(page.reload, page), "first_paint": await page.evaluate(PAINT)}
        taken["findings"] = await _timed(lambda: go("#/findings"), page)
        taken["filter"] = await _timed(lambda: page.select_option("#severity", "critical"), page)
        taken["language"] = await _timed(lambda: page.click("#language"), page)
        taken["back_to_overview"] = await _timed(lambda: go("#/overview"), page)
        for name, value in taken.items():
            if number:
                measured.setdefault(name, []).append(value)
    return measured


async def measure(link: str) -> None:
    """Sign in by the link; then measure on a desk, and on a phone whose processor is four times as slow."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path_of_chromium(), args=["--no-sandbox"])
        context = await browser.new_context()
        first = await context.new_page()
        await first.goto(link)
        await _shown(first)
        for name, viewport, slower in (("desk", DESK, 1), ("phone", PHONE, 4)):
            await _measure_one(await context.new_page(), name, viewport, slower)
        await browser.close()


async def _measure_one(page: Page, name: str, viewport: ViewportSize, slower: int) -> None:
    await page.set_viewport_size(viewport)
    session = await page.context.new_cdp_session(page)
    await session.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    await page.goto(page.context.pages[0].url.partition("#")[0] + "#/overview")
    await _shown(page)
    for what, values in (await _rounds(page)).items():
        line = {
            "name": what,
            "on": name,
            "ms": round(median(values)),
            "spread_ms": [round(min(values)), round(max(values))],
        }
        sys.stdout.write(f"{json.dumps(line)}\n")


if __name__ == "__main__":
    asyncio.run(measure(sys.argv[1]))
