"""The whole watcher, as `opinion oracle watch` runs it: follower and monitor, and the parts that queue and pin."""

from chain.rpc import Rpc
from oracle.pinner import Pinner
from oracle.queues import JobQueues
from oracle.reconciler import Reconciler
from oracle.texts import texts_of
from oracle.turns import Part
from oracle.watcher import watch as watch_with
from settings import Settings
from store.database import Database


async def watch(settings: Settings) -> None:
    """Watch until cancelled. Raises what oracle.watcher.watch raises."""
    with JobQueues(settings.redis_url) as queues:
        async with texts_of(settings.texts_path, settings.ipfs_gateways, settings.ipfs_apis) as texts:

            def reconciler(db: Database, _: Rpc) -> Part:
                return Part("reconciler", Reconciler(db, queues).run)

            def pinner(db: Database, _: Rpc) -> Part:
                return Part("pinner", Pinner(db, texts).run)

            await watch_with(settings, [reconciler, pinner] if settings.ipfs_apis else [reconciler])
