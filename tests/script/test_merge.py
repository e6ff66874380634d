"""What was edited is kept when the digest is read again; what was not follows the digest."""

from __future__ import annotations

from dataclasses import replace

from podcast.script import Document, document_markdown, is_edited, merge, read_document, script_of
from tests.builders import digest, item
from tests.script.documents import FILE, document, edited, three_items

OLD = "这是模型可在手机上运行的摘要。"
EDIT = (OLD, "这是编辑改过的摘要。")


def said(written: Document) -> str:
    return "\n".join(part.text for part in script_of(written).utterances)


def titles(written: Document) -> list[str]:
    return [section.title for section in written.sections]


def test_nothing_edited_takes_the_digest_as_it_is() -> None:
    kept = edited(document(three_items()))
    now = document(three_items(机器人进厂="机器人又进厂了。"))
    assert not is_edited(kept)
    assert merge(now, kept) == (now, ())


def test_an_edit_stays_and_the_other_segments_follow_the_digest() -> None:
    kept = edited(document(three_items()), EDIT)
    merged, warnings = merge(document(three_items(机器人进厂="机器人又进厂了。")), kept)
    assert is_edited(kept)
    assert "编辑改过" in said(merged)
    assert "机器人又进厂了" in said(merged)
    assert "机器人进厂的摘要" not in said(merged)
    assert warnings == ()


def test_where_both_changed_the_edit_stays_and_every_run_says_so() -> None:
    kept = edited(document(three_items()), EDIT)
    now = document(three_items(模型可在手机上运行="摘要有了更正。"))
    merged, warnings = merge(now, kept)
    assert "编辑改过" in said(merged)
    assert "更正" not in said(merged)
    assert len(warnings) == 1
    assert "新闻 2 “模型可在手机上运行” was edited" in warnings[0]
    assert "--fresh" in warnings[0]
    again = read_document(document_markdown(merged), FILE)
    assert merge(now, again) == (merged, warnings)


def test_the_same_correction_in_both_is_no_conflict() -> None:
    kept = edited(document(three_items()), (OLD, "摘要有了更正。"))
    now = document(three_items(模型可在手机上运行="摘要有了更正。"))
    assert merge(now, kept) == (now, ())


def test_an_item_that_is_new_in_the_digest_is_added_at_its_place() -> None:
    kept = edited(document(three_items()), EDIT)
    first, *rest = three_items().items
    now = document(digest(items=(first, item(9, "插进来的新闻"), *rest)))
    now = document(digest(items=tuple(replace(each, number=n) for n, each in enumerate(
        (first, item(9, "插进来的新闻"), *rest), 1))))  # fmt: skip
    merged, warnings = merge(now, kept)
    assert titles(merged) == titles(now)
    assert [section.number for section in merged.sections if section.kind == "item"] == [1, 2, 3, 4]
    assert any("新闻 2 “插进来的新闻” is new in the digest" in warning for warning in warnings)
    assert "编辑改过" in said(merged)


def test_an_item_that_is_gone_from_the_digest_goes_unless_it_was_edited() -> None:
    kept = edited(document(three_items()), EDIT)
    first, second, third = three_items().items
    merged, warnings = merge(document(digest(items=(first, second))), kept)
    assert third.title not in titles(merged)
    assert any("机器人进厂” is no longer in the digest, and was taken out" in warning for warning in warnings)
    merged, warnings = merge(document(digest(items=(first, replace(third, number=2)))), kept)
    assert second.title in titles(merged)
    assert any("was edited, and is no longer in the digest" in warning for warning in warnings)
    numbers = [section.number for section in merged.sections if section.kind == "item"]
    assert sorted(filter(None, numbers)) == [1, 2, 3]


def test_what_a_person_took_out_stays_out_and_what_was_added_or_moved_stays() -> None:
    before = document(three_items())
    first, second, third = (section for section in before.sections if section.kind == "item")
    own = replace(first, title="编辑加的", number=7, url=None)
    rest = [section for section in before.sections if section.kind != "item"]
    kept = replace(before, sections=(*rest[:2], third, own, first, *rest[2:]))
    merged, warnings = merge(before, read_document(document_markdown(kept), FILE))
    assert titles(merged) == titles(kept)
    assert second.title not in titles(merged)
    assert warnings == ()
    now = document(three_items(模型可在手机上运行="摘要有了更正。"))
    merged, warnings = merge(now, kept)
    assert second.title not in titles(merged)
    assert any("was taken out, and the digest has changed it since" in warning for warning in warnings)


def test_a_title_that_was_edited_stays() -> None:
    kept = edited(document(), ('title: "2026.03.02 科技早报"', 'title: "早安"'))
    merged, warnings = merge(document(), kept)
    assert (merged.title, warnings) == ("早安", ())
    merged, warnings = merge(document(digest(title="改了名")), kept)
    assert merged.title == "早安"
    assert "title or date was edited" in warnings[0]


def test_a_document_without_fingerprints_counts_as_edited() -> None:
    kept = replace(document(three_items()), basis=())
    merged, _ = merge(document(three_items(机器人进厂="机器人又进厂了。")), kept)
    assert "机器人进厂的摘要" in said(merged)
