"""What directories would reject is refused, with words that say what to write instead."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from podcast.errors import ConfigError
from podcast.models import Link, Person, Show
from podcast.publish import check_show
from podcast.publish.directories import cover_name


def test_a_usual_show_is_taken(show: Show) -> None:
    check_show(show)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": " "}, "title is empty"),
        ({"title": "长" * 86}, "title has 258 bytes"),
        ({"description": "长" * 1400}, "description has 42"),
        ({"title": "一\x00二"}, "title holds a control character"),
        ({"funding": (Link("支持\x1b我们", "https://a.example/"),)}, "funding holds a control character"),
        ({"base_url": "https://pod.example/news"}, "base_url"),
        ({"base_url": "pod.example/"}, "base_url"),
        ({"base_url": "https://pod.example/新闻/"}, "base_url"),
        ({"link": "javascript:alert(1)"}, "link"),
        ({"funding": (Link("支持", "mailto:me@example.org"),)}, "funding"),
        ({"email": "not an address"}, "email"),
        ({"language": "Chinese"}, "language"),
        ({"category": ()}, "category"),
        ({"category": ("Tech",)}, "category 'Tech' is not in Apple's list"),
        ({"category": ("News", "Weather")}, "has no 'Weather'"),
        ({"category": ("Technology", "Tech News")}, "has no 'Tech News'"),
        ({"guid": "1234"}, "guid"),
        ({"guid": "1b4e28ba-2fa1-11d2-883f-0016d3cca427"}, "version 5"),
        ({"podroll": ("x",)}, "podroll"),
        ({"update_rrule": "daily"}, "FREQ"),
        ({"cast": {"anchor": Person(" ", "host")}}, "persons.anchor is empty"),
        ({"cast": {"anchor": Person("名" * 40, "host")}}, "persons.anchor has 135 bytes"),
        ({"persons": (Person("王编辑", "author", image="wang.png"),)}, "no http or https address"),
        ({"cast": {"anchor": Person("小播", "host", url="javascript:x")}}, "no http or https address"),
        ({"txt": {"verify": ""}}, "txt.verify is empty"),
        ({"txt": {"verify": "x" * 4001}}, "txt.verify has 4001 bytes"),
        ({"funding": (Link("", "https://a.example/"),)}, "funding is empty"),
    ],
)
def test_what_a_directory_rejects_is_refused(show: Show, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_show(dataclasses.replace(show, **changes))


@pytest.mark.parametrize(
    ("picture", "kind", "message"),
    [
        (Image.new("RGB", (3000, 2000)), "JPEG", "3000 x 2000 px"),
        (Image.new("RGB", (1200, 1200)), "PNG", "1200 x 1200 px"),
        (Image.new("RGB", (3200, 3200)), "JPEG", "3200 x 3200 px"),
        (Image.new("RGBA", (1400, 1400)), "PNG", "transparent"),
        (Image.new("L", (1400, 1400)), "JPEG", "grey"),
        (Image.new("L", (1400, 1400)), "PNG", "grey"),
        (Image.new("CMYK", (1400, 1400)), "JPEG", "CMYK"),
        (Image.new("RGB", (1400, 1400)), "WEBP", "neither JPEG nor PNG"),
    ],
)
def test_a_cover_that_apple_rejects_is_refused(
    show: Show, tmp_path: Path, picture: Image.Image, kind: str, message: str
) -> None:
    picture.save(tmp_path / "cover", kind)
    with pytest.raises(ConfigError, match=message):
        check_show(dataclasses.replace(show, cover=tmp_path / "cover"))


def test_a_png_cover_is_published_as_png(show: Show, tmp_path: Path) -> None:
    Image.new("RGB", (1400, 1400)).save(tmp_path / "cover", "PNG")
    png = dataclasses.replace(show, cover=tmp_path / "cover")
    check_show(png)
    assert (cover_name(show), cover_name(png)) == ("cover.jpg", "cover.png")


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"])
def test_a_cover_that_is_no_picture_is_refused(show: Show, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cover.jpg"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="neither JPEG nor PNG"):
        check_show(dataclasses.replace(show, cover=path))


def test_a_cover_that_is_not_there_is_named(show: Show, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.jpg: show\.cover cannot be read"):
        check_show(dataclasses.replace(show, cover=tmp_path / "gone.jpg"))
