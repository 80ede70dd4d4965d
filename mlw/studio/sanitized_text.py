"""Markdown and HTML of notebooks as markup that does nothing: no scripts, styles, pictures, forms, identifiers.

This is the only text of others that pages contain as markup. `nh3` parses it as a browser does and keeps the elements
and attributes that are listed here, and no others; the content security policy stops what it would overlook.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from markdown_it.token import Token

_PHRASES = frozenset(
    {"a", "abbr", "b", "br", "code", "del", "em", "i", "ins", "kbd", "mark", "s", "samp", "small", "span"}
)
_MORE_PHRASES = frozenset({"strong", "sub", "sup", "u", "var"})
_BLOCKS = frozenset({"blockquote", "dd", "div", "dl", "dt", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "ul"})
_TABLES = frozenset({"caption", "col", "colgroup", "table", "tbody", "td", "tfoot", "th", "thead", "tr"})
_ATTRIBUTES = {"a": {"href", "title"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}, "ol": {"start"}}
_ELSEWHERE = ("http://", "https://", "mailto:")
_OWN_HEADINGS, _LAST_HEADING = 2, 6
"""The page and the notebook have the first levels of headings."""


def html_of_markdown(text: str) -> Markup:
    """Markdown as markup; HTML in it is shown as text."""
    from markdown_it import MarkdownIt  # noqa: PLC0415 - only if a notebook is shown

    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    tokens = parser.parse(text)
    for token in tokens:
        _lower_heading(token)
    return clean_html(parser.renderer.render(tokens, parser.options, {}))


def clean_html(text: str) -> Markup:
    """HTML without everything that is more than text, lists, tables and links."""
    import nh3  # noqa: PLC0415 - only if a notebook is shown

    cleaned = nh3.clean(
        text,
        tags=set(_PHRASES | _MORE_PHRASES | _BLOCKS | _TABLES),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        attribute_filter=_kept,
        set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )
    return Markup(cleaned)  # noqa: S704 - this is what makes it safe


def _kept(tag: str, name: str, value: str) -> str | None:
    """Links lead out of the studio only: its own pages have addresses that a notebook has no business with."""
    is_own = (tag, name) == ("a", "href") and not value.lower().startswith(_ELSEWHERE)
    return None if is_own else value


def _lower_heading(token: Token) -> None:
    if token.type in {"heading_open", "heading_close"}:
        token.tag = f"h{min(_LAST_HEADING, int(token.tag[1:]) + _OWN_HEADINGS)}"
