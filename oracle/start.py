"""What a worker makes sure of before it takes its first job: that it may act here, with the keys that it holds."""

from collections.abc import Collection

import structlog

from chain import addresses
from chain.accounts import Market, ProgramConfig
from chain.constants import MarketState, RandomnessProvider
from chain.errors import RpcError, WrongCluster
from chain.multisig.model import Roles
from chain.multisig.roster import Council
from oracle.councils import CouncilError, read_council
from oracle.errors import OracleError
from oracle.parts import opened
from oracle.prover import ProverError
from oracle.settlement.work import Parts
from settings import Settings
from store import accounts, migrations
from store.database import Database
from store.errors import StoreUnavailable
from store.settlements import Queue

_BEFORE_RANDOMNESS = (MarketState.ACTIVE, MarketState.CLOSED, MarketState.SCORED, MarketState.AWAITING_RANDOMNESS)
_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class StartRefused(OracleError):  # noqa: N818 - named for what happened
    """This process must not act with these settings: one sentence."""


async def check(settings: Settings, queues: Collection[Queue]) -> None:
    """Hold the settings and keys to the chain, where it answers.

    Raises SettingsError, RosterError, SignerError, RecorderError and PanelError for settings that cannot do,
    WrongRevision for a database without our tables, OtherCluster for another chain's, StartRefused for an oracle's key
    or multisig that is not the program's: for `settle` alone, since any key that can pay fees may capture and clear
    away. A randomness key that is missing, or a multisig that is not as agreed on, is told and no more: without us
    nobody might capture the slot hashes of the markets, which needs neither.
    An outage is no reason not to start: the jobs wait for its end.
    """
    try:
        async with opened(settings, queues) as parts:
            if Queue.ANALYSE in queues:
                parts.panel()
            await migrations.check(parts.db)
            await parts.pinned()
            if Queue.SETTLE in queues:
                await _check_keys(parts)
    except WrongCluster as error:
        raise StartRefused(f"{error}: NETWORK is {settings.network}, correct one of the two") from None
    except (RpcError, StoreUnavailable) as error:
        _log.warning("started without comparing its keys with the chain's", reason=str(error))


async def _check_keys(parts: Parts) -> None:
    account = await parts.rpc.account(addresses.config(parts.program))
    if account is None:
        _log.warning("the program has no config yet: nothing can be settled", program=str(parts.program))
        return
    config = ProgramConfig.from_account(account.owner, account.data, parts.program)
    if parts.council is not None:
        await _check_council(parts, parts.council, config)
    elif parts.oracle is not None and config.oracle != parts.oracle.public_key:
        raise StartRefused(
            f"ORACLE_KEYPAIR_PATH holds {parts.oracle.public_key}, but the program's oracle is {config.oracle}: "
            "name that one's file"
        )
    try:
        parts.prover.check(config.randomness_key, await _pinned(parts.db))
    except ProverError as error:
        # Its markets wait for it, visibly; all others need not.
        _log.error("a randomness key is missing", reason=str(error))


async def _check_council(parts: Parts, council: Council, config: ProgramConfig) -> None:
    """The multisig is the one agreed on, its vault records, and the key that is at hand here all night cannot vote."""
    try:
        multisig = await read_council(parts.rpc, council)
    except CouncilError as error:
        # Nothing is recorded until a person looked; captures cannot wait for that.
        _log.error("the multisig is not as agreed on", reason=str(error))
        return
    if config.oracle != council.authority:
        raise StartRefused(
            f"the program's oracle is {config.oracle}, but vault {council.vault} of multisig {multisig.address} is "
            f"{council.authority}: correct the roster, or have the admin propose that vault as the oracle"
        )
    if parts.oracle is not None and Roles.VOTE in multisig.roles_of(parts.oracle.public_key):
        raise StartRefused(
            f"ORACLE_KEYPAIR_PATH holds {parts.oracle.public_key}, which may vote in multisig {multisig.address}: "
            "name a key that may not, since this process would hold one of the approvals"
        )


async def _pinned(db: Database) -> set[bytes]:
    """The keys that markets without randomness pin, as the follower saw them last."""
    kept = await accounts.markets(db, *_BEFORE_RANDOMNESS)
    markets = [item.account for item in kept if isinstance(item.account, Market)]
    return {market.randomness_key for market in markets if market.randomness_provider is RandomnessProvider.ECVRF}
