"""Every error has a code, a status and words in both languages that say the same things."""

from string import Formatter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.problems import CATALOGUE, FAULTS_LISTED, Fault, Invalid, Language, Refused

LANGUAGES: tuple[Language, ...] = ("zh", "en")
EVERY_CODE = sorted(CATALOGUE)


def named_in(text: str) -> set[str]:
    """The values that a text names."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def values_of(code: str) -> dict[str, Any]:
    """Something for each value that the words of a code name."""
    return {name: f"<{name}>" for name in named_in(CATALOGUE[code].zh)}


@pytest.mark.parametrize("code", EVERY_CODE)
def test_both_languages_name_the_same_values(code: str) -> None:
    kind = CATALOGUE[code]
    assert named_in(kind.zh) == named_in(kind.en)
    assert "" not in named_in(kind.zh)


@pytest.mark.parametrize("code", EVERY_CODE)
def test_chinese_words_are_chinese_and_english_words_are_english(code: str) -> None:
    kind = CATALOGUE[code]
    assert any("一" <= character <= "鿿" for character in kind.words("zh"))
    # An English sentence may cite a clause of the notice by its Chinese number.
    assert all(character < "一" or character in "一二三四五六七八九十" for character in kind.words("en"))


@pytest.mark.parametrize("code", EVERY_CODE)
def test_a_status_says_whose_error_it_is(code: str) -> None:
    assert CATALOGUE[code].status in {400, 401, 403, 404, 405, 406, 408, 409, 412, 413, 415, 422, 429, 500, 503}


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("unauthenticated", 401), ("invalid_client", 401), ("missing_scope", 403), ("district_only", 403),
        ("not_found", 404), ("method_not_allowed", 405), ("not_acceptable", 406), ("already_void", 409),
        ("body_too_large", 413), ("unsupported_media_type", 415), ("unsupported_encoding", 415),
        ("malformed_json", 400), ("invalid_records", 422), ("internal_error", 500), ("busy", 503),
        ("stores_unavailable", 503), ("store_full", 503),
    ],
)  # fmt: skip
def test_an_error_that_http_has_a_status_for_has_that_status(code: str, status: int) -> None:
    assert Refused(code).status == status


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", EVERY_CODE)
def test_a_problem_is_shown_with_its_code_its_place_and_all_it_names(code: str, language: Language) -> None:
    shown = Refused(code, **values_of(code)).shown(language, instance="/v1/sessions")
    assert shown["type"] == f"urn:taizhang:problem:{code}"
    assert (shown["code"], shown["status"], shown["instance"]) == (code, CATALOGUE[code].status, "/v1/sessions")
    assert all(value in str(shown["detail"]) for value in values_of(code).values())
    assert str(shown["detail"]).startswith(str(shown["title"]))
    assert shown["title"]
    assert "errors" not in shown


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", EVERY_CODE)
def test_a_fault_is_shown_with_its_pointer_and_all_it_names(code: str, language: Language) -> None:
    shown = Fault("/3/staff/0", code, values_of(code)).shown(language)
    assert (shown["pointer"], shown["code"]) == ("/3/staff/0", code)
    assert all(value in shown["detail"] for value in values_of(code).values())


@given(st.text(max_size=30))
def test_words_that_came_from_outside_are_only_repeated(reason: str) -> None:
    shown = Refused("malformed_json", reason=reason).shown("en", instance="/v1/sessions")
    assert shown["detail"] == f"Not valid JSON: {reason}"
    assert shown["title"] == "Not valid JSON"


@pytest.mark.parametrize("faulty", [1, FAULTS_LISTED, FAULTS_LISTED + 1, 4321])
def test_at_most_a_hundred_errors_are_listed_and_all_are_counted(faulty: int) -> None:
    faults = [Fault(f"/{index}/staff_id", "unknown_staff", {"staff_id": f"T{index}"}) for index in range(faulty)]
    shown = Invalid(faults).shown("zh", instance="/v1/sessions")
    listed = shown["errors"]
    assert isinstance(listed, list)
    assert [error["pointer"] for error in listed] == [fault.pointer for fault in faults[:100]]
    assert shown["error_count"] == faulty


def test_faults_of_one_kind_lend_the_problem_their_code() -> None:
    problem = Invalid([Fault(f"/{index}", "unknown_slot", {"slot": "noon"}) for index in range(3)])
    shown = problem.shown("en", instance="/v1/sessions")
    assert (shown["code"], shown["status"]) == ("unknown_slot", 422)
    assert shown["detail"] == "The slot noon is not registered for this school and term"


def test_faults_of_several_kinds_are_wrong_records() -> None:
    problem = Invalid([Fault("/0", "unknown_slot", {"slot": "x"}), Fault("/1", "outside_term", {"date": "2025-08-30"})])
    shown = problem.shown("en", instance="/v1/sessions")
    assert (shown["code"], shown["status"], shown["error_count"]) == ("invalid_records", 422, 2)
    assert shown["title"] == "Records are wrong; nothing was written"


def test_a_status_given_goes_before_the_kinds_own() -> None:
    assert Invalid([Fault("/0", "unknown_school", {"school_id": "3101159999"})], status=404).status == 404


def test_headers_travel_with_the_answer() -> None:
    assert Refused("busy", headers={"Retry-After": "1"}).headers == {"Retry-After": "1"}
