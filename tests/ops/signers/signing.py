"""What tests of signers do beside signing: the table they sit at, what lies on it, and what the log keeps."""

import json
from typing import Any

from solders.instruction import Instruction
from solders.keypair import Keypair
from sqlalchemy import select

from chain.decoding.programs import Decoder
from chain.rpc import Rpc
from ops.signers.asking import Table
from settings import Settings
from store.schema import audit
from tests.oracle.settlement.hall import Hall
from tests.oracle.settlement.house import Opened


def settings_of(hall: Hall, **more: Any) -> Settings:
    """Those of somebody with this council's roster, and `more`."""
    return Settings(
        program_id=str(hall.house.stage.program),
        solana_rpc_url=(hall.house.stage.url,),
        roster_path=hall.founded.roster,
        squads_multisig=str(hall.council.pinned.address),
        **more,
    )


def table_of(hall: Hall, rpc: Rpc | None = None) -> Table:
    """The council's, as the hall has it now."""
    stage = hall.house.stage
    return Table("settlement", settings_of(hall), hall.council, rpc or stage.rpc, Decoder(stage.program))


async def proposed(hall: Hall) -> tuple[Opened, int]:
    """A market whose score waits for signatures."""
    market = await hall.house.market()
    await hall.waiting(market)
    return market, (await hall.multisig()).last_index


async def propose(hall: Hall, *wanted: Instruction, vault: int | None = None) -> int:
    """Anything, by a member whose machine is not their own any more."""
    multisig, member = await hall.multisig(), hall.founded.people[3]
    number = hall.council.vault if vault is None else vault
    made = hall.council.adapter.propose(multisig, member.public_key, number, wanted)
    await hall.house.stage.send(f"{Keypair().pubkey()}", made, member)
    return multisig.last_index + 1


async def acts(hall: Hall) -> list[tuple[str, dict[str, object]]]:
    """What signers did, oldest first, as the audit log keeps it."""
    async with hall.house.db.read() as connection:
        rows = (await connection.execute(select(audit.c.act, audit.c.details).order_by(audit.c.number))).all()
    ours = ("proposals", "score", "nonce")
    return [(row.act, json.loads(row.details)) for row in rows if row.act.endswith(ours)]
