"""Digest -> Script: what is said, in which order and by whom."""

from podcast.script.claims import Key, left_out, may_say, must_say
from podcast.script.document import script_json, script_markdown
from podcast.script.writer import write_script

__all__ = ["Key", "left_out", "may_say", "must_say", "script_json", "script_markdown", "write_script"]
