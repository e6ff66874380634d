"""A digest as JSON of our own: read, checked, written, and described by docs/digest.schema.json."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from podcast.digest import read_content, read_digest
from podcast.digest.written import SCHEMA_NAME, digest_json, schema
from podcast.errors import DigestError
from podcast.models import Digest

SCHEMA = Path(__file__).parent.parent / "docs" / SCHEMA_NAME
MARKDOWN = sorted((Path(__file__).parent / "data" / "digests").glob("*.md"))
SHORTEST = {"title": "早报", "published": "2026-03-02", "items": [{"title": "青禾电池完成融资"}]}
WHOLE = SHORTEST | {
    "overview": ["概览。"],
    "items": [
        {
            "number": 1,
            "title": "甲",
            "url": "https://example.com/1",
            "summary": ["一。", "二。"],
            "links": [{"title": "报道", "url": "https://example.com/2"}],
            "figures": [{"kind": "image", "title": "", "url": "https://example.com/a.png"}],
        }
    ],
    "interludes": [{"after_item": 1, "paragraphs": ["以上。"]}],
    "commentary": ["点评。"],
}


def read(values: Any, name: str = "d.json") -> Digest:
    text = values if isinstance(values, str) else json.dumps(values)
    found = read_content(text.encode(), Path(name))
    assert isinstance(found, Digest)
    return found


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: path.stem)
def test_what_is_written_is_read_again(path: Path) -> None:
    digest = read_digest(path)
    assert read(digest_json(digest), str(path)) == digest


def test_the_shortest_digest() -> None:
    digest = read(SHORTEST)
    assert (digest.title, digest.published.isoformat()) == ("早报", "2026-03-02T08:00:00+08:00")
    assert [(item.number, item.title, item.url, item.summary) for item in digest.items] == [
        (1, "青禾电池完成融资", None, ())
    ]
    assert digest.source == Path("d.json")


def test_a_name_of_its_own_tells_it_from_others_of_the_day() -> None:
    assert read(SHORTEST | {"source": "evening"}, "a/stdin").source == Path("a/evening")
    assert read(SHORTEST | {"source": "../../etc/x"}, "a/stdin").source == Path("a/x")


def test_control_characters_are_left_out_and_mentioned() -> None:
    digest = read(SHORTEST | {"overview": ["概\u000b览\n一句。"]})
    assert digest.overview == ("概览一句。",)
    assert digest.warnings == ("overview[0]: control characters were left out",)


def changed(place: str, value: Any) -> Any:
    """WHOLE with the value of one place changed; `...` takes the key away."""
    values = json.loads(json.dumps(WHOLE))
    *path, last = [int(part) if part.isdigit() else part for part in place.split("/")]
    inner = values
    for part in path:
        inner = inner[part]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return values


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (changed("title", ...), "title is missing"),
        (changed("title", " "), "title is empty"),
        (changed("published", ...), "published is missing"),
        (changed("published", "昨天"), "published is '昨天', no date"),
        (changed("published", 5), "published is no string"),
        (changed("items", ...), "items is missing"),
        (changed("items", []), "items is empty"),
        (changed("items", {}), "items is no list"),
        (changed("items/0", "甲"), r"items\[0\] is no object"),
        (changed("items/0/title", ...), r"items\[0\]\.title is missing"),
        (changed("items/0/titel", "x"), r"items\[0\]\.titel is an unknown key\n  Did you mean title\?"),
        (changed("items/0/number", 2), r"items\[0\]\.number is 2, should be its place, 1"),
        (changed("items/0/number", True), r"items\[0\]\.number is no whole number"),
        (changed("items/0/url", "javascript:x"), r"items\[0\]\.url is 'javascript:x', no http or https address"),
        (changed("items/0/summary", "一。"), r"items\[0\]\.summary is no list"),
        (changed("items/0/summary/1", None), r"items\[0\]\.summary\[1\] is no string"),
        (changed("items/0/summary/1", ""), r"items\[0\]\.summary\[1\] is empty"),
        (changed("items/0/links/0/url", None), r"items\[0\]\.links\[0\]\.url is no string"),
        (changed("items/0/figures/0/kind", "film"), r"items\[0\]\.figures\[0\]\.kind is none of image, table, code"),
        (changed("interludes/0/after_item", 2), r"interludes\[0\]\.after_item is 2: there are 1 items"),
        (changed("interludes/0/after_item", -1), r"interludes\[0\]\.after_item is no whole number"),
        (changed("overview", ["\ud800"]), r"overview\[0\] holds half a surrogate pair"),
        ([1], "it is no object"),
        ('{"title": "a",\n "title": "b"}', "the key 'title' stands twice"),
        ('{"title": "a",\n "items": [1 2]}', r"d\.json:2: its JSON is broken: Expecting ',' delimiter, column 14"),
        ('{"items": ' + "9" * 5000 + "}", "its JSON is broken"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(values: Any, said: str) -> None:
    with pytest.raises(DigestError, match=said) as caught:
        read(values)
    assert str(caught.value).startswith("d.json")
    assert caught.value.exit_status == 2


def test_the_published_schema_is_that_of_the_code() -> None:
    """To write it anew: print(json.dumps(podcast.digest.written.schema(), ensure_ascii=False, indent=2))."""
    assert json.loads(SCHEMA.read_text("utf-8")) == schema()


def test_the_schema_describes_every_field_of_the_model() -> None:
    properties = schema()["properties"]
    assert list(properties) == [field.name for field in dataclasses.fields(Digest)]
    assert all(value["description"] for value in properties.values())


def test_the_schema_allows_what_is_read_and_nothing_else() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    valid = jsonschema.Draft202012Validator(schema()).is_valid
    assert valid(SHORTEST)
    assert valid(WHOLE)
    assert all(valid(json.loads(digest_json(read_digest(path)))) for path in MARKDOWN)
    for wrong in (
        changed("items/0/titel", "x"),
        changed("items/0/url", "javascript:x"),
        changed("items", []),
        changed("published", ...),
        changed("items/0/figures/0/kind", "film"),
        changed("items/0/summary/1", ""),
    ):
        assert not valid(wrong)
