"""One database, one cluster: whoever sees another one does not start."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from store.database import Database
from store.errors import OtherCluster
from store.schema import cluster


async def pin(db: Database, genesis_hash: str, program: str) -> None:
    """Keep which cluster and program (base58) this database is of, or compare with what is kept.

    Raises OtherCluster when the database belongs to another.
    """
    insert = sqlite_insert if db.sqlite else postgresql_insert
    async with db.write() as connection:
        values = {"id": 1, "genesis_hash": genesis_hash, "program": program}
        await connection.execute(insert(cluster).values(values).on_conflict_do_nothing())
        kept = (await connection.execute(select(cluster.c.genesis_hash, cluster.c.program))).one()
    if kept.genesis_hash != genesis_hash:
        raise OtherCluster(
            f"{db.name} belongs to the cluster with genesis hash {kept.genesis_hash}, and this one has {genesis_hash}: "
            "correct SOLANA_RPC_URL or DATABASE_URL"
        )
    if kept.program != program:
        raise OtherCluster(
            f"{db.name} belongs to program {kept.program}, not {program}: correct PROGRAM_ID or DATABASE_URL"
        )
