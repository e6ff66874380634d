"""Digest -> Script: what is said, in which order and by whom."""

from podcast.script.claims import left_out, may_say, must_say
from podcast.script.cut import Cutting, cut_digest
from podcast.script.document import script_json, script_markdown
from podcast.script.rundown import HOSTS
from podcast.script.writer import write_script

__all__ = [
    "HOSTS",
    "Cutting",
    "cut_digest",
    "left_out",
    "may_say",
    "must_say",
    "script_json",
    "script_markdown",
    "write_script",
]
