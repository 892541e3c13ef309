"""The multisigs that settings and roster name together."""

from pathlib import Path

import pytest
from solders.pubkey import Pubkey

from chain.errors import RosterError
from chain.multisig.v4.adapter import SquadsV4
from oracle.councils import read_roster
from settings import Settings, SettingsError

ANA, CREATE = Pubkey(bytes((1,)) * 32), Pubkey(bytes((2,)) * 32)
ADDRESS = str(SquadsV4().address(CREATE))
ROSTER = f"""
[settlement]
squads = "v4"
address = "{ADDRESS}"
create_key = "{CREATE}"
vault = 0
threshold = 1
time_lock_seconds = 0
members = [{{name = "Ana", region = "Lisbon", key = "{ANA}", may = ["vote"]}}]
"""


def settings_with(path: Path | None, address: str | None) -> Settings:
    return Settings(roster_path=path, squads_multisig=address)


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    path = tmp_path / "roster.toml"
    path.write_text(ROSTER)
    return path


def test_nothing_set_is_no_council() -> None:
    found = read_roster(settings_with(None, None))
    assert (found.settlement, found.upgrade) == (None, None)


def test_settings_and_roster_agree(roster: Path) -> None:
    found = read_roster(settings_with(roster, ADDRESS))
    assert found.settlement is not None
    assert str(found.settlement.pinned.address) == ADDRESS
    assert found.upgrade is None


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (None, f"SQUADS_MULTISIG is not set and the roster has {ADDRESS}"),
        (str(ANA), f"SQUADS_MULTISIG is {ANA} and the roster has {ADDRESS}"),
    ],
)
def test_a_roster_that_says_otherwise_is_refused(roster: Path, address: str | None, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        read_roster(settings_with(roster, address))


def test_an_address_without_a_roster_is_refused() -> None:
    with pytest.raises(SettingsError, match="ROSTER_PATH is not"):
        read_roster(settings_with(None, ADDRESS))


def test_a_roster_without_that_council_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "roster.toml"
    path.write_text("")
    with pytest.raises(SettingsError, match="the roster has nothing under"):
        read_roster(settings_with(path, ADDRESS))


def test_a_roster_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(RosterError, match="No such file"):
        read_roster(settings_with(tmp_path / "none.toml", ADDRESS))
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RosterError, match="it is no text"):
        read_roster(settings_with(tmp_path / "bytes", ADDRESS))
