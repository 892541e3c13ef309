"""Opens what an engine works with, as the settings say."""

from collections.abc import AsyncGenerator, Collection
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from chain.rpc import Rpc
from chain.signers import KeypairSigner, signer_from_file
from chain.transaction import FeePolicy
from chain.units import MicroLamports
from oracle.analysis import Pace, Panel, Rates, SharedPace, panel_of
from oracle.cluster import pin
from oracle.councils import read_roster
from oracle.prover import prover_from_files
from oracle.settlement.recorder import check_recordable, recorder_of
from oracle.settlement.work import Parts
from oracle.texts import texts_of
from settings import GENESIS, Settings, SettingsError
from store.database import Database
from store.errors import StoreUnavailable
from store.figures import RPC_ERRORS, add
from store.settlements import Queue

_MICRODOLLARS = 1_000_000


@asynccontextmanager
async def opened(settings: Settings, queues: Collection[Queue] = tuple(Queue)) -> AsyncGenerator[Parts]:
    """Open all that these queues need; close it afterwards. Who acts awaits `pinned` first: only then is it the
    database's chain.

    Only `settle` records scores and makes proofs; whoever serves analyses alone holds no key. Raises SettingsError,
    RosterError, SignerError and RecorderError for what is set wrongly.
    """
    serves = frozenset(queues)
    oracle = oracle_signer(settings) if serves - {Queue.ANALYSE} else None
    council = read_roster(settings).settlement
    if Queue.ANALYSE in serves:
        check_recordable(settings.network, council)
    keys = settings.randomness_keypair_paths if Queue.SETTLE in serves else ()
    prover = prover_from_files(keys, settings.credentials_directory)
    async with (
        Database(settings.database_url) as db,
        Rpc(settings.solana_rpc_url, genesis_hash=GENESIS.get(settings.network)) as rpc,
        texts_of(settings.texts_path, settings.ipfs_gateways, settings.ipfs_apis) as texts,
        shared_pace(settings) as pace,
        AsyncExitStack() as stack,
    ):
        stack.push_async_callback(_count_errors, db, rpc)

        known = False

        async def pinned() -> None:
            # Once is enough: the client itself holds every endpoint to the genesis hash that it saw first.
            nonlocal known
            if not known:
                await pin(settings, db, rpc)
            known = True

        recorder = None
        if oracle and Queue.SETTLE in serves:
            recorder = recorder_of(settings.network, oracle, settings.program, council, db, rpc)
        yield Parts(
            db=db,
            rpc=rpc,
            program=settings.program,
            oracle=oracle,
            recorder=recorder,
            council=council,
            prover=prover,
            texts=texts,
            panel=lambda: panel_from(settings, pace),
            analysis_seconds=settings.analysis_seconds,
            analysis_budget=budget_of(settings),
            analysis_slots=settings.analysis_slots,
            fees=FeePolicy(highest_price=MicroLamports(settings.max_priority_fee)),
            pinned=pinned,
            serves=serves,
        )


async def _count_errors(db: Database, rpc: Rpc) -> None:
    """The process ends with the job, so what failed in it is written down for the watcher's metrics."""
    with suppress(StoreUnavailable):
        for endpoint in rpc.endpoints:
            for kind, count in endpoint.health.counted.items():
                await add(db, RPC_ERRORS, {"endpoint": endpoint.name, "kind": kind}, count)


def oracle_signer(settings: Settings) -> KeypairSigner:
    """The oracle's key. Raises SettingsError when none is named, SignerError when it cannot be used."""
    if settings.oracle_keypair_path is None:
        raise SettingsError("ORACLE_KEYPAIR_PATH is not set: it should be the path of the oracle's keypair file.")
    return signer_from_file(settings.oracle_keypair_path, settings.credentials_directory)


def shared_pace(settings: Settings) -> SharedPace:
    """Return the pace that all analysers of the deployment keep to together."""
    rates = Rates(settings.analysis_requests_per_minute, settings.analysis_tokens_per_minute)
    return SharedPace(settings.redis_url, rates)


def budget_of(settings: Settings) -> int:
    """Return what one market's analysis may cost, in microdollars."""
    return int(settings.analysis_budget_dollars * _MICRODOLLARS)


def panel_from(settings: Settings, pace: Pace) -> Panel:
    """Return the panel that the settings name; loads the model's SDK where there is a key. Raises PanelError."""
    models, base_url = settings.analysis_models, settings.anthropic_base_url
    return panel_of(settings.network, settings.anthropic_api_key, models, pace, base_url)
