"""Script -> Script in livelier words, by a language model that is not believed.

desk.py      ask for a segment, check it, ask again, else leave the template's words
check.py     is it true to the digest and is all of it there (numbers.py names.py binding.py meanings.py)
held.py      the same once more, just before it is spoken
"""

from podcast.rewrite.desk import Desk, Rewriting, Told, rewrite
from podcast.rewrite.held import hold
from podcast.rewrite.report import rewrite_json, rewrite_markdown

__all__ = ["Desk", "Rewriting", "Told", "hold", "rewrite", "rewrite_json", "rewrite_markdown"]
