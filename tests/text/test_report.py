"""What a person checks: the report of changes."""

from __future__ import annotations

from podcast.text.normalize import read
from podcast.text.report import report


def _rows(*texts: str, every: bool = False):
    return report([(text, read(text)) for text in texts], every=every)


def test_shows_the_token_in_its_place_with_its_rule():
    (row,) = _rows("软件版本升级到二点零，售价为$20，今天开售")
    assert (row.before, row.written, row.after) == ("到二点零，售价为", "$20", "，今天开售")
    assert (row.spoken, row.rule, row.sure) == ("二十美元", "money", True)


def test_a_token_that_comes_again_is_one_row():
    (row,) = _rows("支持AWS", "来自AWS")
    assert (row.written, row.times, row.before) == ("AWS", 2, "支持")


def test_marks_guesses_and_dropped_symbols():
    rows = _rows("ZAWEKO发布🚀")
    assert [(row.written, row.sure, row.spoken) for row in rows] == [("ZAWEKO", False, "Zaweko"), ("🚀", True, "")]
    assert "rocket" in rows[1].note


def test_quotes_and_brackets_come_only_on_request():
    assert _rows("“好”（是）") == ()
    assert {row.rule for row in _rows("“好”（是）", every=True)} == {"quotation mark", "bracket"}
