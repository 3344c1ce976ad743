"""The words of a mail: subject, text and html from the templates of its kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import css_inline
import jinja2

_KIND = re.compile(r"[a-z][a-z_]{1,39}")


@dataclass(frozen=True, slots=True)
class Words:
    """One mail as it is read: a line, plain text, and the same as html with its style in it."""

    subject: str
    text: str
    html: str


class Wording:
    """Fills messages/<kind>/{subject.txt,body.txt,body.html}. A fact that is missing is an error, not a gap.

    `templates` is the folder above messages/, `style` the sheet that is written into the html.
    """

    def __init__(self, templates: Path, style: Path) -> None:
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(templates),
            autoescape=jinja2.select_autoescape(["html"], default=False),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
        )
        self._inliner = css_inline.CSSInliner(
            extra_css=style.read_text(encoding="utf-8"), load_remote_stylesheets=False, keep_style_tags=False
        )

    def render(self, kind: str, facts: Mapping[str, object]) -> Words:
        """The words of `kind`; TemplateNotFound for one without templates, UndefinedError for a gap."""
        if not _KIND.fullmatch(kind):
            raise jinja2.TemplateNotFound(kind)
        subject = " ".join(self._fill(kind, "subject.txt", facts).split())
        text = re.sub(r"\n{3,}", "\n\n", self._fill(kind, "body.txt", facts)).strip() + "\n"
        html = self._inliner.inline(self._fill(kind, "body.html", {**facts, "subject": subject}))
        return Words(subject, text, html)

    def _fill(self, kind: str, name: str, facts: Mapping[str, object]) -> str:
        return self._environment.get_template(f"messages/{kind}/{name}").render(facts)
