"""The file in which the multisigs are written down."""

import pytest
from solders.pubkey import Pubkey

from chain.errors import RosterError
from chain.multisig.model import EVERY_ROLE, Member, Roles
from chain.multisig.roster import Person, parse_roster
from chain.multisig.v3.adapter import SquadsV3
from chain.multisig.v4.adapter import SquadsV4

ANA, BEN, CRANK, CREATE, PROGRAM = (Pubkey(bytes((n,)) * 32) for n in range(1, 6))
V4 = f"""
[settlement]
squads = "v4"
program = "{PROGRAM}"
address = "{SquadsV4(PROGRAM).address(CREATE)}"
create_key = "{CREATE}"
vault = 0
threshold = 2
time_lock_seconds = 0

[[settlement.members]]
name = "Ana"
region = "Lisbon"
key = "{ANA}"
may = ["vote"]

[[settlement.members]]
name = "Ben"
region = "Seoul"
key = "{BEN}"
may = ["vote", "propose"]

[[settlement.members]]
name = "the crank"
region = "-"
key = "{CRANK}"
may = ["propose", "execute"]
"""
V3 = f"""
[upgrade]
squads = "v3"
address = "{SquadsV3().address(CREATE)}"
create_key = "{CREATE}"
vault = 1
threshold = 1
time_lock_seconds = 0
members = [{{name = "Ana", region = "Lisbon", key = "{ANA}"}}]
"""


def test_what_is_written_is_read() -> None:
    roster = parse_roster(V4 + V3)
    assert roster.settlement is not None
    assert roster.upgrade is not None
    council = roster.settlement
    assert council.pinned.members == {
        Member(ANA, Roles.VOTE),
        Member(BEN, Roles.VOTE | Roles.INITIATE),
        Member(CRANK, Roles.INITIATE | Roles.EXECUTE),
    }
    assert (council.pinned.threshold, council.people[ANA]) == (2, Person("Ana", "Lisbon"))
    assert (council.name(BEN), council.name(CREATE)) == ("Ben", str(CREATE))
    assert council.authority == SquadsV4(PROGRAM).authority(council.pinned.address, 0)
    assert roster.upgrade.pinned.members == {Member(ANA, EVERY_ROLE)}
    assert roster.upgrade.authority == SquadsV3().authority(roster.upgrade.pinned.address, 1)


def test_an_empty_file_names_nobody() -> None:
    roster = parse_roster("")
    assert (roster.settlement, roster.upgrade) == (None, None)


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ('squads = "v4"', 'squads = "v5"', "squads 'v5': it can be v3 or v4"),
        ("threshold = 2", "threshold = 3", "threshold 3 with 2 members who may vote"),
        ("threshold = 2", "threshold = 0", "threshold 0 with 2 members"),
        ("threshold = 2", "threshold = true", "wants threshold, a whole number"),
        ("threshold = 2", "treshold = 2", "has 'treshold': it can have squads"),
        ("vault = 0", "vault = 256", "vault 256: it is a number from 0 to 255"),
        ("time_lock_seconds = 0", "time_lock_seconds = -1", "cannot be negative"),
        (f'create_key = "{CREATE}"', f'create_key = "{ANA}"', "does not follow from its create_key"),
        (f'key = "{BEN}"', f'key = "{ANA}"', f"has {ANA} twice"),
        (f'key = "{BEN}"', 'key = "0OIl"', "key '0OIl', which is no base58 address"),
        ('may = ["vote"]', 'may = ["sign"]', "of Ana has may 'sign': it can be propose, vote, execute"),
        ('may = ["vote"]', "", "wants may, a list"),
        ("[settlement]", "[settlement", "it is not TOML"),
        ("[settlement]", "other = 1\n[settlement]", "it has 'other': it can have settlement, upgrade"),
    ],
)
def test_what_is_wrong_is_named(wrong: str, right: str, said: str) -> None:
    with pytest.raises(RosterError) as refused:
        parse_roster(V4.replace(wrong, right, 1))
    assert said in str(refused.value)


def test_v3_has_no_roles_to_write_down() -> None:
    with pytest.raises(RosterError, match="v3 knows no roles"):
        parse_roster(V3.replace(f'key = "{ANA}"', f'key = "{ANA}", may = ["vote"]'))
