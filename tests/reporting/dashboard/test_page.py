"""The page: served whole, with nothing from elsewhere; its words in both languages; what it is told to begin with."""

import gzip
import json
import re
from hashlib import sha256
from pathlib import Path

import pytest

from services.reporting.dashboard.page import FILES
from tests.world.district import District
from tests.world.standard import MONDAY, S1, S2, TERM, TUESDAY, session

SCRIPTS = {
    name: path.read_text("utf-8") for name, path in FILES.items() if name.endswith(".js") and "vendor" not in name
}
WORDS = {language: json.loads(FILES[f"{language}.json"].read_text("utf-8")) for language in ("zh", "en")}


async def test_the_page_and_all_it_names_are_served_under_a_strict_policy(school: District) -> None:
    page = await school.reporting.get("/")
    assert page.headers["content-type"].startswith("text/html")
    named = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
    assert len(named) == 7
    for path in ["/", *named]:
        answer = await school.reporting.get(path)
        assert answer.status_code == 200, path
        assert "default-src 'none'; script-src 'self'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_policy_lets_the_page_ask_the_ledger_api_and_nobody_else(school: District) -> None:
    assert "connect-src 'self';" in (await school.reporting.get("/")).headers["content-security-policy"]
    school.reporting_app.state.ledger_url = "https://ledger.example"
    policy = (await school.reporting.get("/")).headers["content-security-policy"]
    assert "connect-src 'self' https://ledger.example;" in policy


@pytest.mark.parametrize("name", ["page.py", "../app.py", "..%2Fapp.py", "nothing.js", "vendor"])
async def test_no_other_file_is_served(school: District, name: str) -> None:
    assert (await school.reporting.get(f"/dashboard/{name}")).status_code == 404


async def test_nothing_comes_from_elsewhere_and_nothing_is_inline(school: District) -> None:
    page = (await school.reporting.get("/")).text
    assert not re.search(r"<script>|<style|\son\w+=|\sstyle=", page)
    assert "//" not in page.replace("http://www.w3.org/2000/svg", "")
    for name, script in SCRIPTS.items():
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|\beval\(|\.style\.|//[a-z]", script), name
        assert re.findall(r'from "([^"]+)"', script) == [
            path for path in re.findall(r'from "([^"]+)"', script) if path.startswith(".")
        ]


def test_the_whole_page_weighs_under_200_kb() -> None:
    packed = sum(len(gzip.compress(path.read_bytes(), 5)) for name, path in FILES.items() if not name.endswith(".txt"))
    assert packed < 200_000


def test_both_languages_have_the_same_words_and_all_that_the_scripts_say() -> None:
    assert WORDS["zh"].keys() == WORDS["en"].keys()
    # What one language fills in the other has at hand: Chinese names a school year by its first.
    for key, text in WORDS["zh"].items():
        assert set(re.findall(r"\{(\w+)\}", text)) <= set(re.findall(r"\{(\w+)\}", WORDS["en"][key])), key
    said = {key for script in SCRIPTS.values() for key in re.findall(r'\bt\(\s*"([^"]+)"', script)}
    assert said <= WORDS["zh"].keys()
    assert len(said) > 150


def test_the_chart_library_is_its_public_release_with_its_licence() -> None:
    folder = FILES["index.html"].parent / "vendor"
    named = dict(
        re.findall(r"^\| `([^`]+)` \|.*`([0-9a-f]{64})` \|$", (folder / "README.md").read_text("utf-8"), re.MULTILINE)
    )
    kept = {
        str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file() and path.suffix != ".md"
    }
    assert {name: sha256(path.read_bytes()).hexdigest() for name, path in kept.items()} == named
    assert "MIT" in Path(kept["uplot/LICENSE.txt"]).read_text("utf-8")


async def test_it_begins_with_who_is_signed_in_and_what_they_may_choose_from(school: District) -> None:
    nobody = (await school.reporting.get("/dashboard/context")).json()
    assert (nobody["caller"], nobody["schools"], nobody["terms"]) == (None, [], [])
    own = await school.school(S1).report("/dashboard/context")
    assert (own["caller"]["kind"], [each["school_id"] for each in own["schools"]]) == ("school", [S1])
    bureau = await school.bureau.report("/dashboard/context")
    assert [each["school_id"] for each in bureau["schools"]] == [S1, S2]
    assert [each["term_id"] for each in bureau["terms"]] == [TERM]


async def test_it_begins_where_most_schools_are_and_not_where_one_has_run_ahead(school: District) -> None:
    await school.school(S1).post("sessions", session("h1"), session("h2", service_date=TUESDAY))
    await school.school(S2).post("sessions", session("k1", school_id=S2, staff={"U1": 1.5}))
    await school.audit()
    assert (await school.bureau.report("/dashboard/context"))["latest_record_on"] == MONDAY
    assert (await school.school(S1).report("/dashboard/context"))["latest_record_on"] == TUESDAY
