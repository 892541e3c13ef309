"""What is found while one looks at the gates that nobody can give evidence for."""

from collections.abc import Awaitable, Mapping
from datetime import datetime, timedelta

from solders.pubkey import Pubkey

from chain import addresses
from chain.accounts import ProgramConfig
from chain.constants import RandomnessProvider
from chain.errors import ChainError
from chain.rpc import Rpc
from chain.units import Lamports, sol
from ops.deploy.freeze import frozen_until, parse_window
from ops.deploy.gates import Found, Gate
from ops.doctor.finding import Verdict
from ops.doctor.program import look_at_program
from ops.errors import OperatorError
from ops.signers.asking import tables
from oracle.errors import OracleError
from settings import Network, Settings, SettingsError
from store import runbooks
from store.database import Database
from store.errors import StoreError

LEAST: Mapping[Network, Lamports] = {
    Network.DEVNET: Lamports(0),
    Network.TESTNET: Lamports(2_000_000_000),
    Network.MAINNET: Lamports(5_000_000_000),
}
"""What the deployer's key must hold, whatever less the plan would cost."""
REHEARSED = ("oracle-down", "randomness-late", "authority-change")
"""The runbooks that somebody has to have gone through lately."""
_REHEARSAL = timedelta(days=30)
_KEY_PARTS = ("oracle key", "randomness keys")
_TOLD = (ChainError, OracleError, OperatorError, SettingsError, StoreError)


async def look(
    settings: Settings, rpc: Rpc, db: Database, deployer: Pubkey | None, cost: Lamports, now: datetime
) -> Mapping[Gate, Found]:
    """Look at each of them; what cannot be looked at does not hold. `cost` is what the plan would spend."""
    return {
        Gate.MULTISIG: await _told(_multisig(settings)),
        Gate.KEYS: await _told(_keys(settings, rpc)),
        Gate.RUNBOOKS: await _told(_runbooks(db, now)),
        Gate.RANDOMNESS: await _told(_randomness(settings, rpc)),
        Gate.FREEZE: await _told(_freeze(settings, now)),
        Gate.BALANCE: await _told(_balance(settings, rpc, deployer, cost)),
    }


async def _told(looking: Awaitable[Found]) -> Found:
    try:
        return await looking
    except _TOLD as error:
        return Found(False, str(error))


async def _multisig(settings: Settings) -> Found:
    async with tables(settings) as found:
        seen = [await table.seen() for table in found]
    if {one.name for one in seen} != {"settlement", "upgrade"}:
        return Found(False, "SQUADS_MULTISIG and SQUADS_UPGRADE_MULTISIG have to be set, and both in the roster")
    for one in seen:
        if one.differences:
            return Found(False, f"the {one.name} multisig is not as agreed on: {one.differences[0]}")
        if one.ready < one.multisig.threshold:
            words = f"{one.ready} signers of the {one.name} multisig can vote, {one.multisig.threshold} are needed"
            return Found(False, words)
    told = ", ".join(f"{one.name}: {one.ready} ready, {one.multisig.threshold} needed" for one in seen)
    return Found(True, f"as agreed on; {told}")


async def _keys(settings: Settings, rpc: Rpc) -> Found:
    found = [one async for one in look_at_program(settings, rpc)]
    # What comes before the keys stands in the way of looking at them.
    wrong = [one for one in found if one.verdict is Verdict.WRONG]
    if wrong:
        return Found(False, wrong[0].words)
    return Found(True, "; ".join(one.words for one in found if one.part in _KEY_PARTS))


async def _runbooks(db: Database, now: datetime) -> Found:
    gone = await runbooks.rehearsed(db)
    late = [name for name in REHEARSED if name not in gone or now - gone[name] > _REHEARSAL]
    if late:
        return Found(False, f"not rehearsed in {_REHEARSAL.days} days: {', '.join(late)}; see 'opinion runbook'")
    oldest = min(gone[name] for name in REHEARSED)
    return Found(True, f"{', '.join(REHEARSED)}, the oldest on {oldest:%Y-%m-%d}")


async def _randomness(settings: Settings, rpc: Rpc) -> Found:
    """Accepted and told where an external source is on; our own proofs need no subscription."""
    account = await rpc.account(addresses.config(settings.program))
    if account is None:
        external = settings.chainlink_vrf_sub_id is not None
    else:
        config = ProgramConfig.from_account(account.owner, account.data, settings.program)
        external = config.randomness_provider is not RandomnessProvider.ECVRF
    if not external:
        return Found(True, "randomness is our own proofs, which need no subscription")
    if settings.chainlink_vrf_sub_id is None:
        return Found(False, "an external source of randomness is on: set CHAINLINK_VRF_SUB_ID")
    return Found(True, f"subscription {settings.chainlink_vrf_sub_id}")


async def _freeze(settings: Settings, now: datetime) -> Found:
    until = frozen_until(map(parse_window, settings.deploy_freezes), now)
    if until is not None:
        return Found(False, f"nothing is deployed until {until:%Y-%m-%d %H:%M} UTC")
    return Found(True, f"none of {len(settings.deploy_freezes)} windows is on")


async def _balance(settings: Settings, rpc: Rpc, deployer: Pubkey | None, cost: Lamports) -> Found:
    if deployer is None:
        return Found(False, "there is no deployer's key: set SOLANA_KEYPAIR")
    wanted = Lamports(max(cost, LEAST.get(settings.network, Lamports(0))))
    held = await rpc.balance(deployer)
    return Found(held >= wanted, f"{deployer} has {sol(held)}, {sol(wanted)} are wanted")
