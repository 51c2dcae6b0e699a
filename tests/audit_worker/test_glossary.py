"""What statements say in one language is said in Chinese to who reads Chinese; no phrase of theirs is forgotten."""

import re

import pytest

from services.audit_worker.catalogue import Rule, read_catalogue
from services.audit_worker.glossary import PHRASES, in_chinese, name_in_chinese

RULES = {rule.code: rule for rule in read_catalogue()}
# What SQL and JSON path mean by several words.
_NOT_SAID = re.compile(r"month|\$\[|^s$")


@pytest.mark.parametrize(
    ("code", "said", "chinese"),
    [
        ("D02", "by 2025-10-31 for 5 days", "2025-10-31 前公示满 5 天"),
        ("D03", "circulation instead of a meeting", "以传阅会签代替会议"),
        ("D09", "no decision_record, no seal of the Party organisation", "缺三重一大事项记录表，缺党组织公章"),
        ("E09", "300.00 yuan of remuneration for person", "向其他个人发放报酬 300.00 元"),
        ("F06", "1 of 100", "百分之 1"),
        ("G12", "not leading: finance; not in it: junior_centre", "未牵头：计财处；未参加：初中教育指导中心"),
        ("C04", "X7 (prv-2: not listed)", "X7（prv-2: 不在名录内）"),
    ],
)
def test_a_phrase_with_what_varies_in_it_is_said_in_chinese(code: str, said: str, chinese: str) -> None:
    assert in_chinese(code, said) == chinese


@pytest.mark.parametrize("said", ["12.50", "T1, T2", "none-such", "paid-2/x", "sport.none", "2025-10-31", "—"])
def test_ids_numbers_and_dates_stay_as_they_are(said: str) -> None:
    assert in_chinese("E07", said) == said


def test_a_subject_that_is_a_code_has_its_words_where_the_rule_is_about_codes() -> None:
    assert name_in_chinese("G02", "primary") == "小学"
    assert name_in_chinese("G14", "homework_rules") == "作业辅导制度"
    assert name_in_chinese("A14", "primary") == "primary"


def _phrases(rule: Rule) -> list[str]:
    """What the statement, or what is counted beside it, writes out: literals of several words, what varies as `3`."""
    sql = re.sub(r"/\*.*?\*/|--[^\n]*", "", rule.path.read_text("utf-8"), flags=re.DOTALL)
    phrases = [found.replace("''", "'") for found in re.findall(r"'((?:[^']|'')*)'", sql)]
    counted = rule.path.with_suffix(".py")
    if counted.exists():
        code = re.sub(r'""".*?"""|#[^\n]*', "", counted.read_text("utf-8"), flags=re.DOTALL)
        phrases += re.findall(r'"([^"\n]*)"', code)
    varied = [re.sub(r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|%s", "{}", phrase).replace("%%", "%") for phrase in phrases]
    varied = [re.sub(r" ?\(\{\}\)$", "", phrase).strip(" ,;:") for phrase in varied]
    return [each for each in varied if re.search(r"[a-z]{2,} [a-z]{2,}", each) and not _NOT_SAID.search(each)]


@pytest.mark.parametrize("code", RULES)
def test_every_phrase_of_a_statement_has_its_chinese(code: str) -> None:
    for phrase in _phrases(RULES[code]):
        # What a statement puts together from parts is a part of what the glossary has.
        if not any(phrase in english for english in PHRASES):
            words = in_chinese(code, phrase.replace("{}", "3"))
            assert re.search(r"[a-z]{2,} [a-z]{2,}", words) is None, words
