"""What a refusal leaves behind: a sentence at the field, everything typed, and a database as it was."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from clinic.db import Base

# What a visit itself writes down, whatever is asked: that somebody's answers were opened.
TRACES = frozenset({"audit_event"})


def contents(db: Session) -> dict[str, list[Any]]:
    """Every row of every table, as it stands."""
    db.rollback()
    return {
        name: sorted(map(repr, db.execute(sa.select(table)).all()))
        for name, table in Base.metadata.tables.items()
        if name not in TRACES
    }


@contextmanager
def nothing_written(db: Session) -> Iterator[None]:
    """No row is there afterwards that was not there before, none is gone and none has changed."""
    before = contents(db)
    yield
    after = contents(db)
    assert {name for name in before if before[name] != after[name]} == set()


def sentence_at(page: str, field: str) -> str:
    """The sentence that stands at a field, '' where there is none."""
    found = re.search(rf'<p class="error" id="{re.escape(field)}-error">(.*?)</p>', page, re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "", found[1])).removeprefix("Error: ") if found else ""


def errors_of(page: str) -> dict[str, str]:
    """Every field of a page with a sentence at it, and the sentence."""
    return {name: sentence_at(page, name) for name in re.findall(r'<p class="error" id="(.*?)-error">', page)}


def refuses_at(answer: TestResponse, field: str, sentence: str, *, first_box: str = "") -> None:
    """One sentence, in the summary above the page and at its field; the title says so too.

    The summary leads to the field, or to `first_box` where the field has several.
    """
    assert answer.status_code == 422
    found = errors_of(answer.text)
    assert found == {field: sentence}, found
    assert f'href="#{first_box or field}"' in answer.text
    assert answer.text.count("<title>Error: ") == 1


def refuses_all(answer: TestResponse, wrong: Mapping[str, str]) -> None:
    """Each of these fields has its sentence, and no other has one; the summary leads to all of them."""
    assert answer.status_code == 422
    assert errors_of(answer.text) == wrong
    assert [field for field in wrong if f'href="#{field}"' not in answer.text] == []


def keeps(page: str, typed: Mapping[str, object], leaving_out: Iterable[str] = ()) -> None:
    """Everything typed is on the page again."""
    shown = html.unescape(page)
    for name, value in typed.items():
        if name not in leaving_out and value:
            assert f'"{value}"' in shown or f"{value}</textarea>" in shown, (name, value)
