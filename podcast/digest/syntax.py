"""The Markdown that digests are written in: CommonMark with tables, as Chinese writers expect it to work."""

from __future__ import annotations

from typing import Any

from markdown_it import MarkdownIt
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_block import StateBlock, reference
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Scanned
from markdown_it.token import Token

NESTING_LIMIT = 60  # levels of the parser; a list takes two, and Python's stack is deep enough for this many
_TAG_LIMIT_CHARACTERS = 1000  # of a template tag; bounds the search for its end
_TEMPLATE_TAGS = (("{{", "}}"), ("{%", "%}"))  # Hugo's {{< >}} and {{% %}}, and those of Jekyll


def parse_markdown(text: str) -> tuple[list[Token], list[tuple[str, dict[str, Any]]]]:
    """Tokens, and the link definitions ("[label]: address") with their labels; a link's meta tells the label it uses.

    Unlike plain CommonMark: text indented by four is a paragraph (no digest shows code so, many indent a summary);
    `**` opens and closes beside Chinese characters; every address is let through, for the reader to judge; a template
    tag is a token of its own; footnotes stay text.
    """
    markdown = _Markdown()
    markdown.inline = _Inline()
    markdown.configure("commonmark", {"maxNesting": NESTING_LIMIT, "store_labels": True})
    markdown.enable(["table", "strikethrough"]).disable("code")
    markdown.inline.ruler.before("link", "template_tag", _template_tag)
    markdown.block.ruler.at("reference", _reference, {"alt": []})
    definitions: dict[str, Any] = {}
    tokens = markdown.parse(text, definitions)
    again = [("", definition) for definition in definitions.get("duplicate_refs", [])]  # no link can use these
    return tokens, [*definitions.get("references", {}).items(), *again]


class _Markdown(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: ARG002, N802 - the name is markdown-it's
        return True


class _Inline(ParserInline):
    def parse(self, src: str, md: MarkdownIt, env: Any, tokens: list[Token]) -> list[Token]:
        state = _ChineseState(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens


class _ChineseState(StateInline):
    """CommonMark finds where emphasis ends by the spaces around words, which Chinese does not write.

    By its rules `**点评：**今天` and `**“智能体”**的` are no bold text: the closing marks stand between punctuation and
    a letter (https://spec.commonmark.org/0.31.2/#right-flanking-delimiter-run).  Beside a Chinese character we let
    marks open before, and close after, whatever is no space.
    """

    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:  # noqa: N802, N803 - the names are markdown-it's
        scanned = super().scanDelims(start, canSplitWord)
        before = self.src[start - 1] if start else " "
        end = start + scanned.length
        after = self.src[end] if end < len(self.src) else " "
        if not canSplitWord or not (_is_chinese(before) or _is_chinese(after)):
            return scanned
        return Scanned(
            can_open=scanned.can_open or not after.isspace(),
            can_close=scanned.can_close or not before.isspace(),
            length=scanned.length,
        )


def _is_chinese(char: str) -> bool:
    """Han, kana, and the punctuation written with them."""
    return "\u2e80" <= char <= "\u9fff" or "\uff00" <= char <= "\uffef" or "\U00020000" <= char <= "\U0003ffff"


def _template_tag(state: StateInline, silent: bool) -> bool:
    for opening, closing in _TEMPLATE_TAGS:
        if not state.src.startswith(opening, state.pos):
            continue
        limit = min(state.posMax, state.pos + _TAG_LIMIT_CHARACTERS)
        end = state.src.find(closing, state.pos + len(opening), limit)
        if end < 0:
            continue
        end += len(closing)
        if not silent:
            state.push("template_tag", "", 0).content = state.src[state.pos : end]
        state.pos = end
        return True
    return False


def _reference(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """Link definitions but not "[^1]: …": that is a footnote, whose text would vanish as an address."""
    if state.src.startswith("[^", state.bMarks[start_line] + state.tShift[start_line]):
        return False
    return reference(state, start_line, end_line, silent)
