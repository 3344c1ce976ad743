"""Where a hold comes from: one name for a browser, one for its network, and never the address itself."""

from __future__ import annotations

import pytest
from flask import Flask

from clinic.web import source


@pytest.mark.parametrize(
    ("address", "counts_as"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", None),
        (None, None),
        ("a socket", None),
    ],
)
def test_a_version_six_network_counts_as_one_address(address: str | None, counts_as: str | None) -> None:
    assert source.network(address) == counts_as


def test_the_digests_name_nobody_and_differ_by_key(app: Flask) -> None:
    def digests() -> source.Source:
        with app.test_request_context(environ_base={"REMOTE_ADDR": "203.0.113.9"}):
            return source.current()

    one, other = digests(), digests()
    assert one.address == other.address
    assert one.visitor != other.visitor
    assert "203" not in (one.address or "")
    app.config["SECRET_KEY"] = "another secret for tests"
    assert digests().address != one.address
