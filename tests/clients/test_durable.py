"""Durable nonces, on the localnet and on Agave's validator: made, used once, refused when they moved on, taken back."""

import secrets

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction

from chain.durable import has_landed, land_durable
from chain.errors import MalformedData, TransactionExpired
from chain.journal import SqliteJournal
from chain.nonce import LENGTH, Nonce, close_nonce, create_nonce, durable_message, nonce_address, read_nonce
from chain.rpc import Rpc
from chain.sender import Pace, Sender
from chain.signers import KeypairSigner
from chain.transaction import Budget, FeePolicy, sign
from chain.units import ComputeUnits, Lamports, MicroLamports

from .cluster import Cluster

BUDGET = Budget(ComputeUnits(10_000), MicroLamports(1_000))


@pytest.mark.parametrize("kind", ["localnet", "validator"])
async def test_a_nonce_is_used_once_and_taken_back(
    kind: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cluster: Cluster = request.getfixturevalue(kind)
    owner, payee, seed = KeypairSigner(Keypair()), Keypair().pubkey(), secrets.token_hex(16)
    journal = SqliteJournal(tmp_path_factory.mktemp("journal") / "sent.sqlite3")
    async with Rpc([cluster.url]) as rpc:
        cluster.wait(str(await rpc.airdrop(owner.public_key, Lamports(1_000_000_000))))
        sender = Sender(rpc, journal, pace=Pace(look=0.1), fees=FeePolicy(highest_price=MicroLamports(0)))
        address, rent = nonce_address(owner.public_key, seed), await rpc.rent(LENGTH)
        assert await read_nonce(rpc, address) is None
        await sender.send("make", create_nonce(owner.public_key, seed, rent), owner)
        nonce = await read_nonce(rpc, address)
        assert nonce is not None
        assert (nonce.address, nonce.authority) == (address, owner.public_key)

        paid = await payment(nonce, owner, payee, 1_000_000)
        assert await has_landed(rpc, paid) is None
        slot = await land_durable(rpc, paid, nonce)
        assert await land_durable(rpc, paid, nonce) == slot
        assert await rpc.balance(payee) == 1_000_000

        moved = await read_nonce(rpc, address)
        assert moved is not None
        assert moved.value != nonce.value
        with pytest.raises(TransactionExpired, match="worth nothing"):
            await land_durable(rpc, await payment(nonce, owner, payee, 2_000_000), nonce)

        await sender.send("close", [close_nonce(address, owner.public_key, rent)], owner)
        assert await read_nonce(rpc, address) is None
        with pytest.raises(TransactionExpired, match="worth nothing"):
            await land_durable(rpc, await payment(moved, owner, payee, 2_000_000), moved)
        assert await rpc.balance(payee) == 1_000_000
        # Every lamport: three transactions, two of them without a priority fee, the one that was used with 10 of it.
        assert await rpc.balance(owner.public_key) == 1_000_000_000 - 1_000_000 - 3 * 5_000 - BUDGET.priority_fee
        with pytest.raises(MalformedData, match="no nonce account"):
            await read_nonce(rpc, owner.public_key)
    journal.close()


async def payment(nonce: Nonce, owner: KeypairSigner, payee: Pubkey, lamports: int) -> VersionedTransaction:
    paid = transfer(TransferParams(from_pubkey=owner.public_key, to_pubkey=payee, lamports=lamports))
    return await sign(durable_message(nonce, BUDGET, [paid]), [owner])
