"""solana-py and anchorpy as they come, on both clusters."""

import asyncio
import warnings

import pytest
from anchorpy import Provider, Wallet
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed, Finalized
from solana.rpc.core import RPCException
from solana.rpc.types import TokenAccountOpts, TxOpts
from solders.account_decoder import ParsedAccount
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.rpc.errors import SendTransactionPreflightFailureMessage
from solders.rpc.responses import AccountNotification, SignatureNotification
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction
from spl.token.constants import TOKEN_PROGRAM_ID

from .cluster import Cluster

with warnings.catch_warnings():
    # solana-py still imports the old half of websockets, which says so.
    warnings.simplefilter("ignore", DeprecationWarning)
    from solana.rpc.websocket_api import connect

SOL = 10**9


async def _funded(client: AsyncClient) -> Keypair:
    key = Keypair()
    signature = (await client.request_airdrop(key.pubkey(), 10 * SOL)).value
    await client.confirm_transaction(signature, Confirmed, sleep_seconds=0.05)
    return key


async def _payment(client: AsyncClient, key: Keypair, to: Pubkey, lamports: int) -> VersionedTransaction:
    blockhash = (await client.get_latest_blockhash()).value.blockhash
    move = transfer(TransferParams(from_pubkey=key.pubkey(), to_pubkey=to, lamports=lamports))
    return VersionedTransaction(Message.new_with_blockhash([move], key.pubkey(), blockhash), [key])


async def test_a_transfer_is_confirmed_by_subscription(cluster: Cluster) -> None:
    async with AsyncClient(cluster.url, commitment=Confirmed) as client, connect(cluster.ws_url) as socket:
        key, to = await _funded(client), Keypair().pubkey()
        transaction = await _payment(client, key, to, SOL)
        await socket.account_subscribe(to, Confirmed)
        await socket.signature_subscribe(transaction.signatures[0], Confirmed)
        signature = (await client.send_transaction(transaction)).value
        kinds = set()
        async with asyncio.timeout(30):
            while kinds != {AccountNotification, SignatureNotification}:
                for message in await socket.recv():
                    kinds |= {type(message)} & {AccountNotification, SignatureNotification}
        assert (await client.get_balance(to)).value == SOL
        found = (await client.get_transaction(signature, max_supported_transaction_version=0)).value
        assert found is not None
        meta = found.transaction.meta
        assert meta is not None
        assert (meta.err, meta.fee) == (None, 5000)
        history = (await client.get_signatures_for_address(to)).value
        assert [entry.signature for entry in history] == [signature]


async def test_a_preflight_failure_carries_its_logs(cluster: Cluster) -> None:
    async with AsyncClient(cluster.url, commitment=Confirmed) as client:
        key = await _funded(client)
        transaction = await _payment(client, key, Keypair().pubkey(), 10**6 * SOL)
        with pytest.raises(RPCException) as refused:
            await client.send_transaction(transaction)
        failure = refused.value.args[0]
        assert isinstance(failure, SendTransactionPreflightFailureMessage)
        assert "insufficient lamports" in "".join(failure.data.logs or [])


async def test_every_read_is_understood(cluster: Cluster) -> None:
    async with AsyncClient(cluster.url, commitment=Confirmed) as client:
        key = await _funded(client)
        assert await client.is_connected()
        slot = (await client.get_slot(Finalized)).value
        for answer in (
            await client.get_epoch_info(),
            await client.get_epoch_schedule(),
            await client.get_version(),
            await client.get_genesis_hash(),
            await client.get_identity(),
            await client.get_block_height(),
            await client.get_transaction_count(),
            await client.get_cluster_nodes(),
            await client.get_vote_accounts(),
            await client.get_blocks(0, 3),
            await client.get_block(slot, max_supported_transaction_version=0),
            await client.get_minimum_balance_for_rent_exemption(165),
            await client.get_multiple_accounts([key.pubkey(), TOKEN_PROGRAM_ID]),
            await client.get_token_accounts_by_owner(key.pubkey(), TokenAccountOpts(program_id=TOKEN_PROGRAM_ID)),
            await client.get_program_accounts(TOKEN_PROGRAM_ID, encoding="base64", filters=[82]),
            await client.get_fee_for_message(Message.new_with_blockhash(
                [], key.pubkey(), (await client.get_latest_blockhash()).value.blockhash)),
        ):  # fmt: skip
            assert hasattr(answer, "value"), answer
        parsed = (await client.get_account_info_json_parsed(TOKEN_PROGRAM_ID)).value
        assert parsed is not None
        assert isinstance(parsed.data, ParsedAccount)


async def test_simulation_and_sending_without_preflight(cluster: Cluster) -> None:
    async with AsyncClient(cluster.url, commitment=Confirmed) as client:
        key = await _funded(client)
        transaction = await _payment(client, key, Keypair().pubkey(), 10**6 * SOL)
        simulated = (await client.simulate_transaction(transaction, sig_verify=True)).value
        assert simulated.err is not None
        opts = TxOpts(skip_preflight=True, preflight_commitment=Confirmed)
        signature = (await client.send_transaction(transaction, opts)).value
        status = (await client.confirm_transaction(signature, Confirmed, sleep_seconds=0.05)).value[0]
        assert status is not None
        assert status.err is not None


async def test_anchorpy_sends_and_confirms(cluster: Cluster) -> None:
    async with AsyncClient(cluster.url, commitment=Confirmed) as client:
        key, to = await _funded(client), Keypair().pubkey()
        provider = Provider(client, Wallet(key), TxOpts(preflight_commitment=Confirmed))
        signature = await provider.send(await _payment(client, key, to, SOL))
        await asyncio.to_thread(cluster.wait, str(signature))
        assert (await client.get_balance(to)).value == SOL
