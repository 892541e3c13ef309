"""Who holds the program and what it runs, as the chain shows it: its authorities, their balances, its bytes."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from solders.pubkey import Pubkey

from chain import addresses
from chain.accounts import ProgramConfig
from chain.answers import ChainAccount
from chain.constants import UPGRADEABLE_LOADER_ID
from chain.loader import ProgramData, decode_program_data, executable_hash, program_data_address
from chain.rpc import Rpc
from chain.units import Lamports, Slot, sol
from ops.errors import OperatorError
from ops.localnet import PROGRAM_FILE
from ops.signers.standing import CouncilStanding, councils
from settings import Settings

NOBODY = Pubkey.default()


@dataclass(frozen=True, slots=True)
class Authority:
    """One key that the program obeys, and the one that is proposed in its place, if any."""

    role: str
    key: Pubkey | None
    """None where the role is given up for good."""
    balance: Lamports | None
    """None where nothing stands at the address, or there is none."""
    proposed: Pubkey | None
    may: str

    def words(self) -> str:
        """Return what it has, and what is proposed."""
        if self.key is None:
            return "given up: nobody may do this any more"
        held = "no SOL" if self.balance is None else sol(self.balance)
        return held if self.proposed is None else f"{held}; {self.proposed} is proposed"


@dataclass(frozen=True, slots=True)
class Deployed:
    """What the program's account runs. `hash_` is the SHA-256 of its bytes without the padding at their end."""

    program: Pubkey
    slot: Slot
    length: int
    """Bytes without the padding."""
    hash_: str
    built_hash: str | None
    """The same of the program that came with this software, None where that file is not here."""

    def words(self) -> str:
        """Return whether it is the one that came with this software."""
        if self.built_hash is None:
            return "no built program is here to compare with"
        return "the build that came with this software" if self.built_hash == self.hash_ else "ANOTHER build than ours"


@dataclass(frozen=True, slots=True)
class Standing:
    """As of `slot`."""

    slot: Slot
    paused: bool
    authorities: Sequence[Authority]
    deployed: Deployed
    councils: tuple[CouncilStanding, ...] = ()
    """The multisigs that the settings name; none where the oracle's key records scores alone."""


async def standing(settings: Settings, rpc: Rpc) -> Standing:
    """Read it. Raises ChainError, and OperatorError where the program is not there."""
    program = settings.program
    data, config = await rpc.accounts([program_data_address(program), addresses.config(program)])
    if data is None or data.owner != UPGRADEABLE_LOADER_ID:
        raise OperatorError(f"There is no program at {program}: correct PROGRAM_ID or NETWORK.")
    if config is None:
        raise OperatorError(f"{program} is not initialised: have its admin initialise it.")
    deployed = decode_program_data(data.owner, data.data)
    found = await councils(settings, rpc)
    vaults = {council.authority for council in found}
    roles = _roles(ProgramConfig.from_account(config.owner, config.data, program), deployed, vaults)
    keys = sorted({key for _, key, _, _ in roles if key is not None}, key=str)
    balances = dict(zip(keys, await rpc.accounts(keys), strict=True))
    return Standing(
        slot=config.slot,
        paused=ProgramConfig.from_account(config.owner, config.data, program).paused,
        authorities=[_authority(role, key, proposed, may, balances) for role, key, proposed, may in roles],
        deployed=Deployed(
            program=program,
            slot=deployed.slot,
            length=len(deployed.executable.rstrip(b"\0")),
            hash_=executable_hash(deployed.executable),
            built_hash=executable_hash(PROGRAM_FILE.read_bytes()) if PROGRAM_FILE.is_file() else None,
        ),
        councils=found,
    )


_Role = tuple[str, Pubkey | None, Pubkey | None, str]


def _key(said: bytes) -> Pubkey | None:
    return Pubkey.from_bytes(said) if any(said) else None


def _roles(config: ProgramConfig, deployed: ProgramData, vaults: Set[Pubkey | None]) -> list[_Role]:
    """What each key may. Where a multisig's vault records scores, a member's key pays the fees and not the vault."""
    pays = "" if config.oracle in vaults else "; pays fees"

    def proposed(key: Pubkey) -> Pubkey | None:
        return None if key == NOBODY else key

    return [
        ("upgrade authority", deployed.authority, None, "replace the program"),
        ("admin", config.admin, proposed(config.pending_admin), "appoint the others"),
        ("oracle", config.oracle, proposed(config.pending_oracle), f"close markets and record scores{pays}"),
        ("guardian", config.guardian, proposed(config.pending_guardian), "pause new markets"),
        ("treasury", config.treasury, proposed(config.pending_treasury), "receive the fees"),
        ("randomness key", _key(config.randomness_key), _key(config.pending_randomness_key), "prove randomness"),
    ]


def _authority(
    role: str, key: Pubkey | None, proposed: Pubkey | None, may: str, found: Mapping[Pubkey, ChainAccount | None]
) -> Authority:
    account = found.get(key) if key is not None else None
    return Authority(role, key, None if account is None else account.lamports, proposed, may)
