"""Digest -> Script: what is said, in which order and by whom; and the script as a document that a person edits."""

from podcast.script.claims import Key, left_out, may_say, must_say
from podcast.script.convert import digest_of, document_of, script_of
from podcast.script.cut import Cutting, cut_digest
from podcast.script.document import Document
from podcast.script.front import is_document
from podcast.script.markdown import document_markdown, own_comments
from podcast.script.merge import is_edited, merge
from podcast.script.outline import script_json
from podcast.script.parse import read_document
from podcast.script.rundown import HOSTS
from podcast.script.writer import write_script

__all__ = [
    "HOSTS",
    "Cutting",
    "Document",
    "Key",
    "cut_digest",
    "digest_of",
    "document_markdown",
    "document_of",
    "is_document",
    "is_edited",
    "left_out",
    "may_say",
    "merge",
    "must_say",
    "own_comments",
    "read_document",
    "script_json",
    "script_of",
    "write_script",
]
