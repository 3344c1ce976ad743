"""No secret has a default: the start stops with a sentence that says how to make one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import config

GOOD = {"SECRET_KEY": "long enough to be one", "FIELD_KEYS": f"k1:{config.new_field_key()}"}
BARE = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}


def start(folder: Path, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=config.ROOT,
        env={**BARE, "CLINIC_INSTANCE": str(folder), **settings},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("missing", ["SECRET_KEY", "FIELD_KEYS"])
def test_a_missing_secret_stops_the_start_with_one_sentence(tmp_path: Path, missing: str) -> None:
    settings = {name: value for name, value in GOOD.items() if name != missing}
    done = start(tmp_path, "-c", "import wsgi", **settings)
    assert done.returncode == 4
    assert done.stderr.startswith(f"{missing} is not set")
    assert "python3 -c" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_server_gives_up_instead_of_trying_for_ever(tmp_path: Path) -> None:
    done = start(tmp_path, "-m", "gunicorn", "-b", "127.0.0.1:0", "wsgi:app")
    assert done.returncode != 0
    assert "SECRET_KEY is not set" in done.stderr


@pytest.mark.parametrize(
    "changed",
    [
        {"SECRET_KEY": "short"},
        {"FIELD_KEYS": "k1:abc"},
        {"FIELD_KEYS": "nothing"},
        {"TRUSTED_PROXIES": "some"},
    ],
)
def test_a_setting_that_cannot_be_is_refused(tmp_path: Path, changed: dict[str, str]) -> None:
    with pytest.raises(config.SettingMissing):
        config.load({**GOOD, "CLINIC_INSTANCE": str(tmp_path), **changed})


def test_the_sentence_for_a_field_key_makes_one_that_works(tmp_path: Path) -> None:
    with pytest.raises(config.SettingMissing) as refused:
        config.load({"SECRET_KEY": GOOD["SECRET_KEY"], "CLINIC_INSTANCE": str(tmp_path)})
    program = refused.value.sentence.partition("python3 -c '")[2].rstrip("'")
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    settings = config.load({**GOOD, "FIELD_KEYS": made.stdout.strip(), "CLINIC_INSTANCE": str(tmp_path)})
    assert len(settings.field_keys[0][1]) == 32


def test_demo_mode_makes_keys_once_and_keeps_them(tmp_path: Path) -> None:
    first = config.load({"CLINIC_DEMO": "1", "CLINIC_INSTANCE": str(tmp_path)})
    again = config.load({"CLINIC_DEMO": "1", "CLINIC_INSTANCE": str(tmp_path)})
    assert first.secret_key == again.secret_key
    assert first.field_keys == again.field_keys
    assert (tmp_path / "demo-keys.json").stat().st_mode & 0o077 == 0


def test_what_needs_no_database_works_without_any_setting(tmp_path: Path) -> None:
    answers = tmp_path / "answers.json"
    answers.write_text('{"answers": {"saddle_numb": "yes"}}')
    done = start(tmp_path, "-m", "flask", "--app", "wsgi", "clinic", "assess", str(answers))
    assert done.returncode == 0, done.stderr
    assert '"EMERGENCY"' in done.stdout
    refused = start(tmp_path, "-m", "flask", "--app", "wsgi", "clinic", "migrate")
    assert refused.returncode == 1
    assert "SECRET_KEY is not set" in refused.stderr
