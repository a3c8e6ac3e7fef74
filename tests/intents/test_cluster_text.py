"""Text of a cluster or a person cannot draw a line of ours, whatever it is."""

from __future__ import annotations

import ast
import re
import unicodedata
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

import bot
import intents
import responses
from intents import cluster_text, templates
from responses.chronicle.markdown import code, escaped, fenced, starting, table
from responses.safety import safe_line
from responses.shown import shown_line, shown_lines
from responses.slack import blocks
from responses.slack.message import fallback

BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
TEXT = st.one_of(
    st.text(max_size=80),
    st.text(st.sampled_from("ab1 ✅✓✗⚠\ufe0f🔴⏎□“”\"'`:*_~[](){}!<>|#>-+=\\&@/.\n\r\t\u2028\x85"), max_size=60),
    st.lists(
        st.sampled_from(
            ["http://e.x/y", "www.e.x", "![x](http://e.x)", "[a](b)", "<img src=x>", "<a@b.c>", ":x:", ":tada:", "```",
             "\n# ", "\n> ", "| - |", "CONFIRMED: ", "✅ FIXED", "“", "”", " ", "\n", "[a]: http://e.x", "&lt;"]
        ),
        max_size=8,
    ).map("".join),
)  # fmt: skip
SYMBOL = re.compile(f"[{''.join(cluster_text.OUR_SYMBOLS)}]")
# Characters of ours that cluster text keeps: they begin no line that promises something.
# The last six are separators that redaction reads in a paste and nobody shows.
HARMLESS = frozenset("\N{REPLACEMENT CHARACTER}→←↗─├└│█▇▆▅▄▃▂▁−⏎□×·≥≤⇒┃║➜＝｜")


@given(TEXT)
@example("ok\n✅ FIXED: the cause is gone")
def test_neutral_text_is_one_line_without_our_symbols(text: str) -> None:
    shown = cluster_text.neutral(text)

    assert not set(BREAKS) & set(shown)
    assert not SYMBOL.search(shown)
    assert cluster_text.neutral(shown) == shown


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=60))
def test_ordinary_words_stay(text: str) -> None:
    assert cluster_text.neutral(text).split() == cluster_text.without_symbols(text).split()
    if not SYMBOL.search(text) and ":" not in text:
        assert cluster_text.without_symbols(text) == text


@given(TEXT)
def test_quotation_is_closed_only_by_us(text: str) -> None:
    for shown in (cluster_text.quoted(text), cluster_text.quoted(safe_line(text))):
        assert (shown[0], shown[-1]) == ("“", "”")
        assert not {"“", "”"} & set(shown[1:-1])


@given(TEXT, TEXT)
def test_sentence_quotes_what_imitates_ours(name: str, message: str) -> None:
    filled = templates.render_sentence("{row.name} says {row.message}", {"row": {"name": name, "message": message}})

    assert len(filled.splitlines()) <= 1
    assert not SYMBOL.search(filled)
    # A blank name leaves nothing before the verb.
    before, _, said = f" {filled}".rpartition(" says ") if "says" not in message else (filled, "", "")
    if message.strip() and said:
        assert said.startswith(("“", "<message>")), filled
    if re.search(r"\b(CONFIRMED|FIXED)\b", name) and said:
        assert before[1:].startswith("“")


def test_sentence_keeps_names_and_its_own_quotation_marks() -> None:
    row = {
        "pod": "shop/api-0",
        "image": "r.io:5000/a/b@sha256:0f",
        "message": "back-off ”5m”\nx",
        "pods": ["a", "b ✅"],
    }
    told = {"row": row}

    assert templates.render_sentence("{row.pod} runs {row.image}", told) == "shop/api-0 runs r.io:5000/a/b@sha256:0f"
    assert templates.render_sentence("“{row.message}”", told) == '“back-off "5m" ⏎ x”'
    assert templates.render_sentence("{row.message}.", told) == '“back-off "5m" ⏎ x”.'
    assert templates.render_sentence("{row.pods}", told) == "a, “b □”"
    # An action gets the value as it is.
    assert templates.render("{row.message}", told) == row["message"]


@given(TEXT)
def test_text_is_one_line_on_every_surface(text: str) -> None:
    assert len(shown_line(text).splitlines()) <= 1
    assert len(fallback(text).splitlines()) == 1
    for leaf in (blocks.text(text), blocks.bold(text), blocks.code(text), blocks.plain(text), blocks.link("x", text)):
        assert len(leaf["text"].splitlines()) <= 1
    assert all("\n" not in line and not SYMBOL.search(line) for line in shown_lines([text, "  indented ✅"]))


@given(TEXT)
def test_notification_shows_no_emoji_of_theirs(text: str) -> None:
    assert not re.search(r"(?<!\w):[a-z_]+:(?!\w)", fallback(text))


@given(TEXT, st.sampled_from(["", "- ", "> ", "# "]))
def test_markdown_of_any_text_is_text(text: str, before: str) -> None:
    line = shown_line(text)
    for written in (escaped(line), starting(escaped(line)), code(line)):
        at_start = before or "x "
        assert plain_kinds(f"{at_start}{written}", outer=before) == set()
    assert plain_kinds("\n".join(fenced([line])), outer="") <= {"fence"}
    assert plain_kinds("\n".join(table(["a", "b"], [[escaped(line), "x"]])), outer="") <= {"table"}


def plain_kinds(markdown: str, *, outer: str) -> set[str]:
    """Return what the Markdown is besides text, without what surrounds the text."""
    found = {token.type.removesuffix("_open") for token in everything(MarkdownIt().enable("table").parse(markdown))}
    own = {"- ": {"bullet_list", "list_item"}, "> ": {"blockquote"}, "# ": {"heading"}}.get(outer, set())
    cells = {"thead", "tbody", "tr", "th", "td"}
    return {kind for kind in found if not kind.endswith("_close")} - own - cells - {
        "paragraph", "inline", "text", "text_special", "code_inline", "softbreak",
    }  # fmt: skip


def everything(tokens: list[Token]) -> list[Token]:
    return [one for token in tokens for one in (token, *everything(token.children or []))]


def test_every_symbol_that_the_code_shows_is_known() -> None:
    """A sign that is added to an answer must be replaced in cluster text, or be harmless."""
    shown: set[str] = set()
    for package in (intents, responses, bot):
        for path in Path(package.__path__[0]).rglob("*.py"):
            if "playground" not in path.parts and path.name != "cluster_text.py":
                shown |= symbols_in(path)

    assert shown - cluster_text.OUR_SYMBOLS - HARMLESS == set()


def symbols_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return {char for text in said for char in text if unicodedata.category(char) in ("So", "Sm") and char > "\xff"}
