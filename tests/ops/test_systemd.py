"""The units are what systemd accepts, and let the oracle do little else than its work."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ops import systemd
from ops.errors import OperatorError
from settings import CREDENTIALS

SERVICES = ("opinion-oracle-watch.service", "opinion-oracle-chain@1.service", "opinion-oracle-analyse@1.service")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in systemd.unit_files(Path("/bin/true"), Path("/opt/opinion"), 2, 10).items():
        (tmp_path / name).write_text(text)
    return tmp_path


def analyze(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        if os.environ.get("OPINION_CI") == "1":
            pytest.fail("systemd-analyze is missing: install systemd")
        pytest.skip("systemd-analyze is missing: install systemd")
    return subprocess.run(
        ["systemd-analyze", *arguments], cwd=cwd, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_exposed_by_two_at_most(folder: Path, service: str) -> None:
    done = analyze("security", "--offline=yes", "--no-pager", "--threshold=20", f"./{service}", cwd=folder)

    found = re.search(r"Overall exposure level for .*: ([0-9.]+)", done.stdout)
    assert found is not None, done.stdout + done.stderr
    assert float(found[1]) <= 2.0
    assert done.returncode == 0


def test_systemd_finds_nothing_wrong(folder: Path) -> None:
    done = analyze("verify", "--man=no", "./opinion-oracle.target", *(f"./{name}" for name in SERVICES), cwd=folder)

    assert (done.returncode, done.stderr) == (0, "")


def test_the_target_wants_the_workers_that_were_asked_for(folder: Path) -> None:
    wanted = re.search(r"^Wants=(.*)$", (folder / systemd.TARGET).read_text(), re.MULTILINE)

    assert wanted is not None
    assert len(wanted[1].split()) == 1 + 2 + 10
    assert set(SERVICES) <= set(wanted[1].split())


def test_every_service_waits_for_us_watches_us_and_brings_us_back(folder: Path) -> None:
    for path in folder.glob("*.service"):
        text = path.read_text()
        assert "@OPINION@" not in text
        for line in ("Type=notify", "WatchdogSec=60", "Restart=always", "ExecStart=/bin/true oracle "):
            assert f"\n{line}" in text, path


def test_secrets_come_as_credentials_that_the_settings_know(folder: Path) -> None:
    given = {
        path.name: set(re.findall(r"^LoadCredential=(\w+):", path.read_text(), re.MULTILINE))
        for path in folder.iterdir()
    }

    assert set().union(*given.values()) == set(CREDENTIALS)
    for signs_nothing in ("opinion-oracle-watch.service", "opinion-oracle-analyse@.service"):
        assert "oracle_keypair_path" not in given[signs_nothing]
    assert "anthropic_api_key" not in given["opinion-oracle-chain@.service"]


def test_an_installation_that_the_services_cannot_see_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/home/someone/opinion/.venv/bin/python")

    with pytest.raises(OperatorError, match="/home"):
        systemd.write_units(tmp_path / "units", 1, 1)
    assert not (tmp_path / "units").exists()


def test_units_name_the_installations_own_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/opt/opinion/.venv/bin/python")
    written = systemd.write_units(tmp_path / "units", 1, 0)

    assert len(written) == 4
    assert "ExecStart=/opt/opinion/.venv/bin/opinion oracle watch" in "".join(path.read_text() for path in written)
