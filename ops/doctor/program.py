"""The program on the chain, its authorities against the keys that are here, and its bond."""

from contextlib import suppress

from chain import addresses
from chain.accounts import Market, ProgramConfig
from chain.answers import MemcmpFilter
from chain.constants import UPGRADEABLE_LOADER_ID, MarketState
from chain.draw import share
from chain.multisig.model import Roles
from chain.multisig.roster import Council
from chain.rpc import Rpc
from chain.token import decode_token_account
from chain.units import Lamports, UsdcUnits, sol, usdc
from ops.doctor.finding import EXPLAINED, Finding, Findings, note, ok, tried, wrong
from oracle.councils import read_council, read_roster
from oracle.parts import oracle_signer
from oracle.prover import ProverError, prover_from_files
from settings import Settings

LEAST_SOL = Lamports(10_000_000)
LITTLE_SOL = Lamports(200_000_000)
_OVER = {MarketState.SETTLED, MarketState.REFUNDING}
_ASK_AGAIN = "see what the RPC nodes answer, above"


async def look_at_program(settings: Settings, rpc: Rpc) -> Findings:
    """The program and its config; with them, the keys and the bond."""
    config = await tried("program", _config(settings, rpc), _ASK_AGAIN)
    if isinstance(config, Finding):
        yield config
        return
    yield (
        note("program", f"{settings.program_id} is paused by its guardian", "ask who paused it, and why")
        if config.paused
        else ok("program", f"{settings.program_id} stands, and its config can be read")
    )
    alone = False
    try:
        council = read_roster(settings).settlement
        alone = council is None
        if council is not None:
            yield await _council(settings, rpc, council, config)
    except EXPLAINED as error:
        yield wrong("signers", str(error), "see docs/signers.md, The roster")
    yield await _oracle(settings, rpc, config, alone=alone)
    markets = await tried("markets", _open_markets(settings, rpc), _ASK_AGAIN)
    if isinstance(markets, Finding):
        yield markets
        return
    yield _randomness(settings, config, markets)
    yield await _bond(settings, rpc, config, markets)


async def _config(settings: Settings, rpc: Rpc) -> ProgramConfig | Finding:
    program, account = await rpc.accounts([settings.program, addresses.config(settings.program)])
    if program is None or not program.executable or program.owner != UPGRADEABLE_LOADER_ID:
        return wrong("program", f"there is no program at {settings.program_id}", "correct PROGRAM_ID or NETWORK")
    if account is None:
        return wrong("program", f"{settings.program_id} is not initialised", "have its admin initialise it")
    return ProgramConfig.from_account(account.owner, account.data, settings.program)


async def _council(settings: Settings, rpc: Rpc, council: Council, config: ProgramConfig) -> Finding:
    """The multisig that records scores: as agreed on, the program's oracle, and without the key that is here."""
    multisig = await tried("signers", read_council(rpc, council), "ask the signers before anything is signed or sent")
    if isinstance(multisig, Finding):
        return multisig
    if config.oracle != council.authority:
        words = f"the program's oracle is {config.oracle}, vault {council.vault} of {multisig.address} is another"
        return wrong("signers", words, "correct the roster, or have the admin propose the vault as the oracle")
    with suppress(*EXPLAINED):
        key = oracle_signer(settings).public_key
        if Roles.VOTE in multisig.roles_of(key):
            words = f"the key here, {key}, may vote in multisig {multisig.address}"
            return wrong("signers", words, "use a key that may not: this host would hold one of the approvals")
    words = f"multisig {multisig.address} is as agreed on: {multisig.threshold} of {len(multisig.voters)} record scores"
    return ok("signers", words)


async def _oracle(settings: Settings, rpc: Rpc, config: ProgramConfig, *, alone: bool) -> Finding:
    """Its key and what it can pay; `alone` where no multisig is set, so that this key has to be the program's."""
    try:
        key = oracle_signer(settings).public_key
    except EXPLAINED as error:
        return wrong("oracle key", str(error), "set ORACLE_KEYPAIR_PATH to the oracle's keypair file, mode 0600")
    if alone and key != config.oracle:
        words = f"the key here is {key}, the program's oracle is {config.oracle}"
        return wrong("oracle key", words, "use that key's file, or have the admin rotate the authority")
    balance = await tried("oracle key", rpc.balance(key), _ASK_AGAIN)
    if isinstance(balance, Finding):
        return balance
    role = "is the program's oracle" if alone else "pays the oracle's fees"
    words = f"{key} {role} and has {sol(balance)}"
    if balance < LEAST_SOL:
        return wrong("oracle key", words, f"send SOL to {key}: it can pay fees no more, or soon no more")
    return note("oracle key", words, f"send SOL to {key} soon") if balance < LITTLE_SOL else ok("oracle key", words)


async def _open_markets(settings: Settings, rpc: Rpc) -> list[Market]:
    found = await rpc.program_accounts(settings.program, [MemcmpFilter(0, Market.DISCRIMINATOR)])
    markets = [Market.from_account(account.owner, account.data, settings.program) for account in found]
    return [market for market in markets if market.state not in _OVER]


def _randomness(settings: Settings, config: ProgramConfig, markets: list[Market]) -> Finding:
    """The keys held, against the one registered and those that unsettled markets pin."""
    try:
        prover = prover_from_files(settings.randomness_keypair_paths, settings.credentials_directory)
        pinned = {market.randomness_key for market in markets}
        prover.check(config.randomness_key, pinned)
    except ProverError as error:
        remedy = "restore the key's file from its backup before the markets' deadlines: without it the bond is lost"
        return wrong("randomness keys", str(error), remedy)
    except EXPLAINED as error:
        return wrong("randomness keys", str(error), "let RANDOMNESS_KEYPAIR_PATHS name the keys' files, each mode 0600")
    return ok("randomness keys", f"the registered key and all that {len(markets)} unsettled markets pin are here")


async def _bond(settings: Settings, rpc: Rpc, config: ProgramConfig, markets: list[Market]) -> Finding:
    """What no request has locked, against what the unsettled markets will ask for."""
    vault = await tried("bond", rpc.account(addresses.bond_vault(settings.program)), _ASK_AGAIN)
    if isinstance(vault, Finding):
        return vault
    held = decode_token_account(vault.owner, vault.data).amount if vault else 0
    free = UsdcUnits(held - config.bond_locked)
    asking = [market for market in markets if market.state < MarketState.AWAITING_RANDOMNESS]
    wanted = UsdcUnits(sum(share(market.total_stake, market.bond_share_bps) for market in asking))
    words = f"{usdc(free)} free, {usdc(wanted)} wanted by unsettled markets"
    return (
        wrong("bond", words, "add to it with 'opinion bond deposit': their randomness waits for it")
        if free < wanted
        else ok("bond", words)
    )
