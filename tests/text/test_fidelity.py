"""The script must say what the digest says, and no number more."""

from __future__ import annotations

from podcast.text.fidelity import check, names_said, numbers_said
from podcast.text.normalize import normalize

DIGEST = ["OpenAI将于2026年3月推出GPT-6，售价$20/月。", "英伟达营收380亿美元，同比增长12.5%。"]


def _said(*texts: str) -> list[str]:
    return [normalize(text) for text in texts]


def test_finds_numbers_and_names():
    assert numbers_said("营收三百八十亿美元，版本二点零") == ("三百八十亿", "二点零")
    assert names_said("Open A I与Chat G P T六") == ("open", "a i", "chat", "g p t")


def test_a_script_with_everything_holds():
    assert check(DIGEST, _said(*DIGEST)).holds


def test_sentences_of_their_own_make_no_difference():
    assert check(["售价$20。支持GPT-6。"], _said("售价$20。", "支持GPT-6。")).holds


def test_names_what_is_missing_and_where_it_stands():
    fidelity = check(DIGEST, _said(DIGEST[0]))
    assert "三百八十亿" in {fact.spoken for fact in fidelity.missing}
    assert all(fact.where.startswith("英伟达") for fact in fidelity.missing)


def test_the_same_number_twice_must_be_said_twice():
    fidelity = check(["营收5亿", "利润5亿"], _said("营收5亿"))
    assert [fact.spoken for fact in fidelity.missing] == ["五亿"]


def test_a_missing_name_is_found():
    fidelity = check(["Uber与Waymo合作"], _said("Uber合作"))
    assert [(fact.kind, fact.spoken) for fact in fidelity.missing] == [("name", "waymo")]


def test_a_number_that_the_digest_lacks_is_found():
    fidelity = check(DIGEST, _said(*DIGEST, "另有99人参加"))
    assert [fact.spoken for fact in fidelity.added] == ["九十九"]


def test_the_scripts_own_numbers_are_allowed():
    own = _said("今天是2026年1月5日", "第二条")
    assert check(DIGEST, [*_said(*DIGEST), *own], own=own).holds
