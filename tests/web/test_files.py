"""Our small files: sent whole, and closed whatever the answer is."""

from __future__ import annotations

import gc
import warnings

import pytest
from flask import Flask

ICON = "/static/svg/favicon.svg"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_file_that_was_sent_is_closed(app: Flask, method: str) -> None:
    with warnings.catch_warnings(record=True) as left_open:
        warnings.simplefilter("always", ResourceWarning)
        assert app.test_client().open(ICON, method=method).status_code == 200
        gc.collect()
    assert [str(warning.message) for warning in left_open] == []


def test_a_file_that_has_not_changed_is_not_sent_and_closed(app: Flask) -> None:
    first = app.test_client().get(ICON)
    with warnings.catch_warnings(record=True) as left_open:
        warnings.simplefilter("always", ResourceWarning)
        again = app.test_client().get(ICON, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        del again
        gc.collect()
    assert [str(warning.message) for warning in left_open] == []
