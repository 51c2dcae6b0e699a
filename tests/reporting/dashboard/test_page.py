"""The page: served whole, with nothing from elsewhere."""

import re

from tests.world.district import District


async def test_the_page_and_all_it_names_are_served_under_a_strict_policy(school: District) -> None:
    page = await school.reporting.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    named = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
    assert len(named) == 2
    for path in named:
        assert (await school.reporting.get(path)).status_code == 200


async def test_nothing_comes_from_elsewhere_and_nothing_is_inline(school: District) -> None:
    page = (await school.reporting.get("/")).text
    files = [page, *[(await school.reporting.get(f"/dashboard/{name}")).text for name in ("app.js", "style.css")]]
    assert not any("//" in re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE) for text in files)
    assert not re.search(r"<script>|<style|\son\w+=|\sstyle=", page)


async def test_both_languages_have_the_same_words(school: District) -> None:
    script = (await school.reporting.get("/dashboard/app.js")).text
    chinese, english = (
        set(re.findall(r"\b([a-z_]+): [\"{]", script.split(start, 1)[1].split("\n  },", 1)[0]))
        for start in ("zh: {", "en: {")
    )
    assert chinese == english
    assert {"open", "findings", "sign_in"} <= chinese
