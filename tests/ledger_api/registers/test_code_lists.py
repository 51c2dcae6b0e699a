"""Code lists: every enumeration with its words."""

from shared.vocabulary import CODE_LISTS
from tests.world.district import District
from tests.world.standard import S1


async def test_every_value_of_every_list_is_there(school: District) -> None:
    listed = (await school.school(S1).get("/v1/code-lists"))["items"]
    assert {(each["list"], each["code"]) for each in listed} == {
        (name, code) for name, codes in CODE_LISTS.items() for code in codes
    }
    assert all(each["zh"] and each["en"] for each in listed)


async def test_one_list_and_one_value(school: District) -> None:
    voice = school.school(S1)
    assert {each["code"] for each in (await voice.get("/v1/code-lists/session_state"))["items"]} == {
        "held",
        "cancelled",
    }
    assert (await voice.get("/v1/code-lists/stage/primary"))["national_code"] == "2"
    await voice.get("/v1/code-lists/moods", expect=404)
    await voice.get("/v1/code-lists/stage/kindergarten", expect=404)
