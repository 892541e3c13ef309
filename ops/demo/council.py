"""Five people with a multisig of their own on a localnet, who record scores there as on mainnet: to practise on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from chain.errors import RosterError
from chain.multisig.adapter import Adapter
from chain.multisig.model import EVERY_ROLE, Member, Roles
from chain.multisig.roster import Council, Person, parse_roster
from chain.multisig.v3 import instructions as v3
from chain.multisig.v3.adapter import SquadsV3
from chain.multisig.v4 import instructions as v4
from chain.multisig.v4.adapter import SquadsV4
from chain.signers import KeypairSigner, signer_from_file
from chain.units import Seconds, UsdcUnits
from ops.demo.stage import Stage
from ops.errors import OperatorError
from ops.localnet import MULTISIG, MULTISIG_V3, make_key

PEOPLE = (
    Person("Ana", "Lisbon"),
    Person("Ben", "Seoul"),
    Person("Chloe", "Montreal"),
    Person("Dayo", "Lagos"),
    Person("Esra", "Ankara"),
)
THRESHOLD = 3
ROSTER = "roster.toml"
_WORDS = {Roles.INITIATE: "propose", Roles.VOTE: "vote", Roles.EXECUTE: "execute"}


@dataclass(frozen=True)
class Founded:
    """The council as its roster says, whose keys are at hand, and where the roster stands."""

    council: Council
    people: tuple[KeypairSigner, ...]
    roster: Path


async def found(stage: Stage, folder: Path, squads: str = "v4") -> Founded:
    """Make the people's keys and their multisig, where they are not there yet, and their roster in `folder`.

    A roster of this very multisig is left as it is: names, comments and an upgrade council may be somebody's own.
    In v4 the oracle's key may propose and execute, and never votes; in v3, which knows no roles, it is no member.
    Raises OperatorError when the folder cannot be written to, and what the chain raises.
    """
    people, create_key = _keys(folder)
    members = {Member(key.public_key, EVERY_ROLE): person for key, person in zip(people, PEOPLE, strict=True)}
    if squads == "v4":
        adapter, vault = SquadsV4(MULTISIG), 0
        members[Member(stage.keys.oracle.public_key, Roles.INITIATE | Roles.EXECUTE)] = Person("the oracle", "-")
    else:
        adapter, vault = SquadsV3(MULTISIG_V3), 1
    roster = folder / ROSTER
    text = "\n".join(_roster(squads, adapter, create_key.public_key, vault, members)) + "\n"
    council = parse_roster(text).settlement
    if council is None:
        raise TypeError(f"{roster} would be written without its council")
    if (kept := _kept(roster, council)) is not None:
        council = kept
    else:
        roster.write_text(text)
    for key in people:
        await stage.fund(key.public_key, UsdcUnits(0))
    if await stage.rpc.account(council.pinned.address) is None:
        creation = _creation(stage, squads, create_key.public_key, people[0].public_key, tuple(members))
        signers = [create_key] if squads == "v4" else []
        await stage.send(f"found {council.pinned.address}", [creation], people[0], *signers)
    return Founded(council, people, roster)


def _creation(
    stage: Stage, squads: str, create_key: Pubkey, creator: Pubkey, members: tuple[Member, ...]
) -> Instruction:
    if squads == "v4":
        return v4.create_multisig(
            create_key=create_key,
            creator=creator,
            treasury=stage.keys.treasury.public_key,
            members=members,
            threshold=THRESHOLD,
            time_lock=Seconds(0),
            rent_collector=stage.keys.oracle.public_key,
            program=MULTISIG,
        )
    return v3.create_multisig(
        create_key=create_key,
        creator=creator,
        members=[member.key for member in members],
        threshold=THRESHOLD,
        program=MULTISIG_V3,
    )


def _kept(roster: Path, wanted: Council) -> Council | None:
    """What the roster there says, None where there is none, it cannot be read or it is of another multisig."""
    try:
        council = parse_roster(roster.read_text()).settlement
    except (OSError, UnicodeDecodeError, RosterError):
        return None
    if council is None or council.adapter.program != wanted.adapter.program:
        return None
    return council if (council.pinned, council.vault) == (wanted.pinned, wanted.vault) else None


def _keys(folder: Path) -> tuple[tuple[KeypairSigner, ...], KeypairSigner]:
    """The people's, in their order, and the one that the multisig is created with."""
    names = [*(person.name.lower() for person in PEOPLE), "create_key"]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in names:
            make_key(folder / f"{name}.json")
    except OSError as error:
        raise OperatorError(f"Keys cannot be written to {folder} ({error.strerror}): name another folder.") from None
    *people, create_key = (signer_from_file(folder / f"{name}.json") for name in names)
    return tuple(people), create_key


def _roster(
    squads: str, adapter: Adapter, create_key: Pubkey, vault: int, members: Mapping[Member, Person]
) -> Iterator[str]:
    yield "[settlement]"
    yield f'squads = "{squads}"'
    yield f'program = "{adapter.program}"'
    yield f'address = "{adapter.address(create_key)}"'
    yield f'create_key = "{create_key}"'
    yield f"vault = {vault}"
    yield f"threshold = {THRESHOLD}"
    yield "time_lock_seconds = 0"
    for member, person in members.items():
        yield ""
        yield "[[settlement.members]]"
        yield f'name = "{person.name}"'
        yield f'region = "{person.region}"'
        yield f'key = "{member.key}"'
        if squads == "v4":
            words = ", ".join(f'"{word}"' for role, word in _WORDS.items() if role in member.roles)
            yield f"may = [{words}]"
