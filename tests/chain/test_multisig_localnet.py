"""Five people and a multisig on the localnet, through the interface."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from chain_net import BUILT, PYTHON, Node, running
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from chain.errors import EndpointsDisagree, ForeignAccount, OtherProgramError, ProposalNotFound, RpcError
from chain.multisig.adapter import Adapter
from chain.multisig.model import Multisig, Status
from chain.multisig.stored import StoredTransaction
from chain.multisig.v3 import instructions as v3_instructions
from chain.multisig.v3.adapter import SquadsV3
from chain.rpc import Rpc
from chain.signers import KeypairSigner
from chain.witnesses import agreed
from tests.journeys.lying_node import lying_node

PROGRAM = BUILT / "multisig_v3.so"
ADDRESS = Pubkey.from_string("7qD43F33HuWVjygPvwFh2XghFQAJ5bHov4VqfhN48aAZ")
STALE, NOT_A_MEMBER = 6008, 6000

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="the localnet is missing: run make setup")


class Council:
    """Five members of whom three must agree, their vault with money in it, and somebody to pay."""

    def __init__(self, node: Node, adapter: Adapter, create_key: Pubkey, members: list[KeypairSigner]) -> None:
        self.node, self.adapter, self.members = node, adapter, members
        self.address = adapter.address(create_key)
        self.vault = adapter.authority(self.address, 1)
        self.payee = Keypair().pubkey()

    async def read(self) -> Multisig:
        return await self.adapter.read(self.node.rpc, self.address)

    async def propose(self, by: int, *wanted: Instruction, authority: int = 1) -> int:
        """Returns the proposal's number."""
        seen = await self.read()
        member = self.members[by]
        await self.node.send(self.adapter.propose(seen, member.public_key, authority, wanted), member)
        return seen.last_index + 1

    async def approve(self, index: int, *by: int) -> None:
        for number in by:
            member = self.members[number]
            await self.node.send([self.adapter.approve(self.address, index, member.public_key)], member)

    async def reject(self, index: int, *by: int) -> None:
        for number in by:
            member = self.members[number]
            await self.node.send([self.adapter.reject(self.address, index, member.public_key)], member)

    async def execute(self, index: int, by: int) -> None:
        member = self.members[by]
        await self.node.send(
            [await self.adapter.execute(self.node.rpc, await self.read(), index, member.public_key)], member
        )

    async def status(self, index: int) -> Status:
        found = {one.index: one for one in await self.adapter.proposals(self.node.rpc, await self.read(), 50)}
        return found[index].status

    def pay(self, lamports: int) -> Instruction:
        return transfer(TransferParams(from_pubkey=self.vault, to_pubkey=self.payee, lamports=lamports))


@pytest.fixture
async def council(tmp_path: Path) -> AsyncIterator[Council]:
    members = [KeypairSigner(Keypair()) for _ in range(5)]
    create_key = Keypair().pubkey()
    async with running(tmp_path, [(ADDRESS, PROGRAM, members[0].public_key)]) as node:
        council = Council(node, SquadsV3(ADDRESS), create_key, members)
        await asyncio.gather(*(node.fund(member) for member in members))
        founder = members[0]
        create = v3_instructions.create_multisig(
            create_key=create_key,
            creator=founder.public_key,
            members=[member.public_key for member in members],
            threshold=3,
            program=ADDRESS,
        )
        filled = transfer(TransferParams(from_pubkey=founder.public_key, to_pubkey=council.vault, lamports=100_000_000))
        await node.send([create, filled], founder)
        yield council


async def test_three_of_five_pay_and_two_do_not(council: Council) -> None:
    seen = await council.read()
    assert (seen.threshold, len(seen.voters), seen.last_index, seen.stale_index) == (3, 5, 0, 0)
    index = await council.propose(0, council.pay(30_000_000))
    stored = await council.adapter.stored(council.node.rpc, await council.read(), index)
    assert stored.instructions == (council.pay(30_000_000),)
    assert (stored.authority, stored.creator) == (council.vault, council.members[0].public_key)
    await council.approve(index, 1, 2)
    assert await council.status(index) is Status.ACTIVE
    with pytest.raises(OtherProgramError):
        await council.execute(index, 1)
    assert await council.node.rpc.balance(council.payee) == 0
    await council.approve(index, 4)
    assert await council.status(index) is Status.APPROVED
    await council.execute(index, 4)
    assert await council.status(index) is Status.EXECUTED
    assert await council.node.rpc.balance(council.payee) == 30_000_000
    with pytest.raises(OtherProgramError):
        await council.execute(index, 4)


async def test_three_rejections_end_it(council: Council) -> None:
    index = await council.propose(0, council.pay(1_000_000))
    await council.reject(index, 1, 2, 3)
    assert await council.status(index) is Status.REJECTED


async def test_of_two_who_propose_at_once_one_proposes_again(council: Council) -> None:
    seen = await council.read()
    first, second = council.members[:2]
    await council.node.send(council.adapter.propose(seen, first.public_key, 1, [council.pay(1_000_000)]), first)
    with pytest.raises(OtherProgramError):
        await council.node.send(council.adapter.propose(seen, second.public_key, 1, [council.pay(2_000_000)]), second)
    assert await council.propose(1, council.pay(2_000_000)) == 2
    stored = [await council.adapter.stored(council.node.rpc, await council.read(), index) for index in (1, 2)]
    assert [one.instructions for one in stored] == [(council.pay(1_000_000),), (council.pay(2_000_000),)]
    assert stored[0].payload_hash != stored[1].payload_hash


async def test_a_change_of_members_makes_what_is_pending_stale(council: Council) -> None:
    pending = await council.propose(0, council.pay(1_000_000))
    ready = await council.propose(0, council.pay(2_000_000))
    await council.approve(ready, 0, 1, 2)
    stranger = Keypair().pubkey()
    change = await council.propose(
        0, v3_instructions.add_member(multisig=council.address, member=stranger, program=ADDRESS), authority=0
    )
    pay_rent = transfer(
        TransferParams(from_pubkey=council.members[0].public_key, to_pubkey=council.address, lamports=10_000_000)
    )
    await council.node.send([pay_rent], council.members[0])
    await council.approve(change, 1, 2, 3)
    await council.execute(change, 3)
    seen = await council.read()
    assert (len(seen.members), seen.stale_index) == (6, change)
    with pytest.raises(OtherProgramError) as refused:
        await council.approve(pending, 1)
    assert refused.value.code == STALE
    await council.execute(ready, 2)
    assert await council.node.rpc.balance(council.payee) == 2_000_000


async def test_what_is_not_there_or_not_ours_is_told(council: Council) -> None:
    seen = await council.read()
    with pytest.raises(ProposalNotFound, match="has no transaction 9"):
        await council.adapter.stored(council.node.rpc, seen, 9)
    with pytest.raises(ProposalNotFound, match="no multisig stands at"):
        await council.adapter.read(council.node.rpc, council.vault.find_program_address([b"x"], ADDRESS)[0])
    with pytest.raises(ForeignAccount):
        await SquadsV3().read(council.node.rpc, council.address)
    outsider = KeypairSigner(Keypair())
    await council.node.fund(outsider)
    index = await council.propose(0, council.pay(1_000_000))
    with pytest.raises(OtherProgramError) as refused:
        await council.node.send([council.adapter.approve(council.address, index, outsider.public_key)], outsider)
    assert refused.value.code == NOT_A_MEMBER


async def test_a_proposal_that_one_endpoint_alters_is_not_believed(council: Council) -> None:
    index = await council.propose(0, council.pay(1_000_000))
    seen, thief = await council.read(), Keypair().pubkey()

    async def read(view: Rpc) -> StoredTransaction:
        return await council.adapter.stored(view, seen, index)

    def theirs(_: str, data: bytes) -> bytes:
        return data.replace(bytes(council.payee), bytes(thief))

    url = council.node.url
    with lying_node(url, theirs) as liar, lying_node(url, lambda _, data: data) as honest:
        async with Rpc([url, honest]) as rpc:
            assert (await agreed(rpc, "proposal 1", read)).instructions == (council.pay(1_000_000),)
        async with Rpc([liar, url]) as rpc:
            with pytest.raises(EndpointsDisagree, match="tell different things of proposal 1: sign nothing"):
                await agreed(rpc, "proposal 1", read, pause=0.01)
    async with Rpc([url, honest]) as rpc:
        with pytest.raises(RpcError, match="has to be read from 2 RPC nodes, and 1 answered: look after"):
            await agreed(rpc, "proposal 1", read, pause=0.01)


async def test_what_all_endpoints_miss_is_missing(council: Council) -> None:
    seen = await council.read()
    with lying_node(council.node.url, lambda _, data: data) as other:
        async with Rpc([council.node.url, other]) as rpc:
            with pytest.raises(ProposalNotFound):
                await agreed(rpc, "proposal 9", lambda view: council.adapter.stored(view, seen, 9))
