"""The sender: whatever the endpoints do, an intent happens once and its signature is told."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from chain_child import PAYER, QUICK, instruction
from chain_cluster import GENESIS, LIE, Cluster, Misdeeds, Node, honest, serving
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.transaction import VersionedTransaction

from chain.constants import PROGRAM_ID
from chain.errors import (
    BondShort,
    JournalError,
    OutcomeUnknown,
    RpcError,
    SignerError,
    TransactionExpired,
    WrongMarketState,
)
from chain.journal import Attempt, Outcome, SqliteJournal
from chain.landing import Expired
from chain.rpc import Rpc
from chain.sender import Pace, Sender, Sent
from chain.signers import KeypairSigner
from chain.units import BlockHeight

ROOT = Path(__file__).parents[2]
CHILD = [sys.executable, "-c", "import sys; sys.path[:0] = ['', 'tests/chain']; import chain_child; chain_child.main()"]


@pytest.fixture
def journal(tmp_path: Path) -> SqliteJournal:
    return SqliteJournal(tmp_path / "journal.sqlite")


@contextlib.asynccontextmanager
async def sending(journal: SqliteJournal, *nodes: Node, pace: Pace = QUICK, signings: int = 3) -> AsyncIterator[Sender]:
    """A sender over these nodes."""
    async with (
        serving(*nodes),
        Rpc(
            [n.url for n in nodes], genesis_hash=GENESIS, timeout=0.2, rounds=2, first_wait=0.005, random=Random(1)
        ) as rpc,
    ):
        yield Sender(rpc, journal, pace=pace, signings=signings, blockhash_life=nodes[0].cluster.life)


def on_send(*misdeeds: str) -> Misdeeds:
    """These misdeeds for the first sends, honesty afterwards."""
    left = list(misdeeds)
    return lambda method: left.pop(0) if method == "sendTransaction" and left else "honest"


async def test_an_intent_lands_and_is_in_the_journal(journal: SqliteJournal) -> None:
    cluster = Cluster()
    nodes = [Node(cluster), Node(cluster)]
    async with sending(journal, *nodes) as sender:
        sent = await sender.send("a", [instruction()], PAYER)
        assert list(cluster.landed) == [str(sent.signature)]
        assert (sent.attempt, sent.witnesses, sent.expired) == (1, tuple(n.url for n in nodes), ())
        [attempt] = await journal.attempts("a")
        assert (attempt.outcome, attempt.slot, attempt.wire) == (Outcome.LANDED, sent.slot, cluster.received[0])
        again = await sender.send("a", [instruction()], PAYER)
        assert (again.signature, len(cluster.received)) == (sent.signature, len(cluster.received))


async def test_the_budget_follows_the_simulation_and_the_price_is_capped(journal: SqliteJournal) -> None:
    cluster = Cluster()
    async with sending(journal, Node(cluster)) as sender:
        await sender.send("a", [instruction()], PAYER)
    message = VersionedTransaction.from_bytes(cluster.received[0]).message
    limit, price = (item.data for item in message.instructions[:2])
    assert int.from_bytes(limit[1:], "little") == 1500 * 120 // 100 + 1000
    assert int.from_bytes(price[1:], "little") == 200_000


@pytest.mark.parametrize(
    "misdeed",
    [
        "accept and drop",
        "accept and delay",
        "accept and 500",
        "accept and garbage",
        "accept late",
        "twice",
        "drop",
        "429",
        "500",
        "garbage",
    ],
)
async def test_a_lost_answer_loses_and_doubles_nothing(journal: SqliteJournal, misdeed: str) -> None:
    cluster = Cluster(life=150)
    async with sending(journal, Node(cluster, on_send(misdeed, misdeed))) as sender:
        sent = await sender.send("a", [instruction()], PAYER)
    assert list(cluster.landed) == [str(sent.signature)]
    assert sent.attempt == 1
    assert len(set(cluster.received)) == 1


async def test_signs_anew_only_when_two_endpoints_know_nothing(journal: SqliteJournal) -> None:
    cluster = Cluster(life=10)
    swallowing = [True]

    def swallow(method: str) -> str:
        return "swallow" if method == "sendTransaction" and swallowing[0] else "honest"

    nodes = [Node(cluster, swallow), Node(cluster, swallow)]
    async with sending(journal, *nodes) as sender:
        task = asyncio.create_task(sender.send("a", [instruction()], PAYER))
        async with asyncio.timeout(10):
            while len(await journal.attempts("a")) < 2:  # noqa: ASYNC110 - the journal is a file and tells nobody
                await asyncio.sleep(0.01)
        swallowing[0] = False
        sent = await task
    first, *rest = await journal.attempts("a")
    assert first.outcome is Outcome.EXPIRED
    assert rest[-1].signature == sent.signature
    assert sent.expired[0] == Expired(first.signature, tuple(n.url for n in nodes))
    assert list(cluster.landed) == [str(sent.signature)]


async def test_one_endpoints_word_is_said_to_be_one(journal: SqliteJournal) -> None:
    cluster = Cluster(life=40)
    swallowed = on_send("swallow", "swallow")
    node = Node(cluster, swallowed)
    async with sending(journal, node, pace=Pace(look=0.02, resend=10, give_up=4), signings=9) as sender:
        sent = await sender.send("a", [instruction()], PAYER)
        assert [expired.witnesses for expired in sent.expired] == [(node.url,)] * (sent.attempt - 1)
        assert sent.expired


@pytest.mark.parametrize("misdeed", ["500", "lags"])
async def test_nothing_is_signed_anew_on_one_endpoints_word_of_two(journal: SqliteJournal, misdeed: str) -> None:
    cluster = Cluster(life=5)

    sent = asyncio.Event()

    def first(method: str) -> str:
        if method != "sendTransaction":
            return "honest"
        sent.set()
        return "swallow"

    def second(method: str) -> str:
        return misdeed if method == "getBlockHeight" and sent.is_set() else first(method)

    async with sending(
        journal, Node(cluster, first), Node(cluster, second), pace=Pace(look=0.02, resend=1, give_up=1)
    ) as sender:
        with pytest.raises(
            OutcomeUnknown, match=r"is not known yet.*, but it is in the journal: send it again to learn its outcome$"
        ):
            await sender.send("a", [instruction()], PAYER)
    assert [a.outcome for a in await journal.attempts("a")] == [None]


async def test_an_endpoint_that_understates_a_blockhashs_life_does_not_make_it_sign_anew(
    journal: SqliteJournal,
) -> None:
    """The first endpoint says that the blockhash is old already; both hand transactions on only after a while."""
    cluster = Cluster(life=300)

    def late(method: str) -> str:
        return "accept late" if method == "sendTransaction" else "honest"

    def liar(method: str) -> str:
        return "understates" if method == "getLatestBlockhash" else late(method)

    async with sending(journal, Node(cluster, liar), Node(cluster, late)) as sender:
        sent = await sender.send("a", [instruction()], PAYER)
    assert list(cluster.landed) == [str(sent.signature)]
    assert len(await journal.attempts("a")) == 1


def lying(cluster: Cluster, **misdeeds: str) -> Node:
    """A node that does these, by method, to every call."""
    return Node(cluster, lambda method: misdeeds.get(method, "honest"))


def failing(cluster: Cluster, method: str, times: int) -> Node:
    """A node that fails so many calls of this method."""
    left = [times]

    def misdeeds(asked: str) -> str:
        if asked != method or left[0] == 0:
            return "honest"
        left[0] -= 1
        return "500"

    return Node(cluster, misdeeds)


def understating(cluster: Cluster) -> Node:
    """It would have an intent signed anew at once."""
    return lying(
        cluster,
        getLatestBlockhash="understates",
        getBlockHeight="understates",
        sendTransaction="swallow",
        getSignatureStatuses="knows nothing",
    )


async def test_nothing_is_signed_when_one_endpoint_of_two_tells_the_height(journal: SqliteJournal) -> None:
    cluster = Cluster(life=150)
    silent = lying(cluster, getBlockHeight="500")
    async with sending(journal, understating(cluster), silent) as sender:
        with pytest.raises(RpcError, match=f"nothing was sent, fewer than 2 .* look after {silent.url}"):
            await sender.send("a", [instruction()], PAYER)
    assert (await journal.attempts("a"), cluster.received) == ([], [])


async def test_one_that_understates_while_the_other_fails_does_not_make_it_sign_anew(journal: SqliteJournal) -> None:
    cluster = Cluster(life=1500)
    pace = Pace(look=0.02, resend=0.05, give_up=0.6)
    async with sending(journal, understating(cluster), failing(cluster, "getBlockHeight", 2), pace=pace) as sender:
        with contextlib.suppress(OutcomeUnknown):
            await sender.send("a", [instruction()], PAYER)
    assert (await journal.attempts("a"))[0].last_valid_block_height >= 1000 + cluster.life


async def test_an_endpoint_that_overstates_a_blockhashs_life_does_not_lock_the_intent(journal: SqliteJournal) -> None:
    cluster = Cluster(life=10_000)
    async with sending(journal, lying(cluster, getLatestBlockhash="overstates"), Node(cluster)) as sender:
        await sender.send("a", [instruction()], PAYER)
    assert (await journal.attempts("a"))[0].last_valid_block_height <= cluster.height + cluster.life


@pytest.mark.parametrize(("method", "others"), [("getLatestBlockhash", 0), ("getBlockHeight", 1)])
async def test_nothing_is_signed_on_nonsense(journal: SqliteJournal, method: str, others: int) -> None:
    cluster = Cluster(life=150)
    liar = lying(cluster, **{method: "overstates"})
    async with sending(journal, liar, *(Node(cluster) for _ in range(others))) as sender:
        with pytest.raises(RpcError, match=f"nothing was sent, {liar.url} .*: (use another|leave out)"):
            await sender.send("a", [instruction()], PAYER)
    assert (await journal.attempts("a"), cluster.received) == ([], [])


async def test_an_endpoint_that_forgot_does_not_make_it_expire(journal: SqliteJournal) -> None:
    cluster = Cluster(life=40)

    def forgetful(method: str) -> str:
        return "knows nothing" if method == "getSignatureStatuses" else "honest"

    async with sending(
        journal, Node(cluster, forgetful), Node(cluster), pace=Pace(look=0.02, resend=1, give_up=1.5)
    ) as sender:
        with pytest.raises(OutcomeUnknown):
            await sender.send("a", [instruction()], PAYER)
    assert [str(a.signature) for a in await journal.open_attempts()] == list(cluster.landed)


async def test_one_of_three_that_knows_it_is_enough_to_wait(journal: SqliteJournal) -> None:
    cluster = Cluster(life=40)

    def forgetful(method: str) -> str:
        return "knows nothing" if method == "getSignatureStatuses" else "honest"

    nodes = Node(cluster, forgetful), Node(cluster, forgetful), Node(cluster)
    async with sending(journal, *nodes, pace=Pace(look=0.02, resend=1, give_up=1.5)) as sender:
        with pytest.raises(OutcomeUnknown):
            await sender.send("a", [instruction()], PAYER)
    assert [str(a.signature) for a in await journal.open_attempts()] == list(cluster.landed)


async def test_what_landed_long_ago_is_found_in_the_history(journal: SqliteJournal, tmp_path: Path) -> None:
    """A process died after its transaction landed; nodes have forgotten the status when another resumes."""
    cluster = Cluster(life=25)
    async with sending(journal, Node(cluster)) as sender:
        sent = await sender.send("a", [instruction()], PAYER)
    # A loaded machine may have let the first expire.
    landed = (await journal.attempts("a"))[-1]
    late = SqliteJournal(tmp_path / "late.sqlite")
    await late.record(replace(landed, outcome=None, slot=None))
    cluster.memory = 2
    await asyncio.sleep(0.2)
    async with sending(late, Node(cluster)) as sender:
        [done] = await sender.resume()
    assert isinstance(done, Sent)
    assert (done.signature, done.slot) == (sent.signature, sent.slot)


async def test_one_endpoints_lie_of_two_is_not_believed(journal: SqliteJournal) -> None:
    cluster = Cluster(life=100)

    def liar(method: str) -> str:
        if method == "sendTransaction":
            return "swallow"
        return "lies confirmed" if method == "getSignatureStatuses" else "honest"

    truthful = Node(cluster, on_send("swallow"))
    async with sending(journal, Node(cluster, liar), truthful, pace=Pace(look=0.02, resend=1, give_up=0.6)) as sender:
        with pytest.raises(OutcomeUnknown):
            await sender.send("a", [instruction()], PAYER)
    assert cluster.landed == {}
    assert (await journal.attempts("a"))[0].outcome is None


@pytest.mark.parametrize("lie", ["lies confirmed", "lies failed"])
async def test_one_endpoints_lie_is_not_believed_while_the_other_is_down(journal: SqliteJournal, lie: str) -> None:
    cluster = Cluster(life=10_000)
    nodes = lying(cluster, getSignatureStatuses=lie, sendTransaction="swallow"), Node(cluster)
    nodes[1].misdeeds = lambda method: "500" if method in ("getSignatureStatuses", "sendTransaction") else "honest"
    async with sending(journal, *nodes, pace=Pace(look=0.02, resend=1, give_up=0.6)) as sender:
        with pytest.raises(OutcomeUnknown):
            await sender.send("a", [instruction()], PAYER)
    assert [a.outcome for a in await journal.attempts("a")] == [None]


async def test_a_failure_that_may_still_be_rolled_back_is_not_told(journal: SqliteJournal) -> None:
    """Who is told of a failure signs anew."""
    cluster = Cluster(life=10_000, error=LIE)
    nodes = Node(cluster), lying(cluster, getSignatureStatuses="never final")
    async with sending(journal, *nodes, pace=Pace(look=0.02, resend=1, give_up=0.6)) as sender:
        with pytest.raises(OutcomeUnknown):
            await sender.send("a", [instruction()], PAYER)
        nodes[1].misdeeds = honest
        [done] = await sender.resume()
    assert isinstance(done, WrongMarketState)
    assert [a.outcome for a in await journal.attempts("a")] == [Outcome.FAILED]


@pytest.mark.parametrize("misdeed", ["swallow", "accept and delay", "500"])
async def test_an_endpoint_that_swallows_does_not_keep_it_from_landing(journal: SqliteJournal, misdeed: str) -> None:
    cluster = Cluster(life=10_000)
    async with sending(journal, lying(cluster, sendTransaction=misdeed), Node(cluster)) as sender:
        sent = await sender.send("a", [instruction()], PAYER)
    assert (list(cluster.landed), sent.attempt) == ([str(sent.signature)], 1)


async def test_it_gives_up_signing_in_the_end(journal: SqliteJournal) -> None:
    cluster = Cluster(life=5)
    node = Node(cluster, lambda method: "swallow" if method == "sendTransaction" else "honest")
    async with sending(journal, node, signings=2) as sender:
        with pytest.raises(TransactionExpired, match="was signed 2 times") as caught:
            await sender.send("a", [instruction()], PAYER)
    assert caught.value.intent == "a"
    assert [a.outcome for a in await journal.attempts("a")] == [Outcome.EXPIRED] * 2


async def test_a_failing_simulation_writes_and_sends_nothing(journal: SqliteJournal) -> None:
    logs = [
        f"Program {PROGRAM_ID} invoke [1]",
        "Program log: bond short: missing 7",
        f"Program {PROGRAM_ID} failed: custom program error: 0x178a",
    ]
    cluster = Cluster(error={"InstructionError": [2, {"Custom": 6026}]}, logs=logs)
    async with sending(journal, Node(cluster)) as sender:
        with pytest.raises(BondShort) as caught:
            await sender.send("a", [instruction()], PAYER)
    assert (caught.value.missing, caught.value.logs, cluster.received, await journal.attempts("a")) == (
        7,
        tuple(logs),
        [],
        [],
    )


async def test_a_failure_on_the_chain_is_named_with_its_logs(journal: SqliteJournal) -> None:
    cluster = Cluster(error={"InstructionError": [2, {"Custom": 6047}]})
    async with sending(journal, Node(cluster)) as sender:
        with pytest.raises(WrongMarketState) as caught:
            await sender.send("a", [instruction()], PAYER)
        assert caught.value.signature == next(iter(cluster.landed))
        assert caught.value.instruction == 2
        assert (await journal.attempts("a"))[0].outcome is Outcome.FAILED
        # A failure is an answer; who calls again has decided to try again.
        cluster.error = None
        assert (await sender.send("a", [instruction()], PAYER)).attempt == 2


async def test_two_callers_of_one_intent_do_it_once(journal: SqliteJournal) -> None:
    cluster = Cluster(life=150)
    async with sending(journal, Node(cluster)) as sender:
        results = await asyncio.gather(
            *(sender.send("a", [instruction()], PAYER) for _ in range(5)), return_exceptions=True
        )
    assert len(cluster.landed) == 1
    assert {str(r.signature) for r in results if isinstance(r, Sent)} == set(cluster.landed)
    assert all(isinstance(r, Sent | JournalError) for r in results)


async def test_signers_that_do_not_fit_are_named(journal: SqliteJournal) -> None:
    other = KeypairSigner(Keypair.from_seed(bytes([2]) * 32))
    needs_other = Instruction(PROGRAM_ID, b"", [AccountMeta(other.public_key, is_signer=True, is_writable=False)])
    async with sending(journal, Node(Cluster())) as sender:
        with pytest.raises(SignerError, match=f"needs the signature of {other.public_key}"):
            await sender.send("a", [needs_other], PAYER)
        with pytest.raises(SignerError, match="nothing to sign"):
            await sender.send("a", [instruction()], PAYER, [other])
    assert await journal.open_attempts() == []


SENDS = [
    "honest",
    "accept and drop",
    "accept late",
    "accept and 500",
    "accept and garbage",
    "twice",
    "drop",
    "429",
    "500",
    "garbage",
    "swallow",
    "accept and delay",
]
READS = ["honest", "honest", "honest", "drop", "429", "500", "garbage", "wrong shape", "null", "behind", "twice"]
STATUSES = [*READS, "knows nothing"]


@pytest.mark.parametrize("seed", range(12))
async def test_any_misbehaviour_never_doubles_an_intent(journal: SqliteJournal, seed: int) -> None:
    """Random misdeeds on every call; then the network heals and everything is told truly. The seed is the test's id."""
    print(f"seed {seed}")
    chance = Random(seed)
    bad = [True]

    def misdeeds(method: str) -> str:
        if not bad[0] or method == "getGenesisHash":
            return "honest"
        kinds = SENDS if method == "sendTransaction" else STATUSES if method == "getSignatureStatuses" else READS
        return chance.choice(kinds)

    cluster = Cluster(life=20)
    nodes = [Node(cluster, misdeeds), Node(cluster, misdeeds)]
    intents = [f"intent {n}" for n in range(4)]
    async with sending(journal, *nodes, pace=Pace(look=0.02, resend=0.05, give_up=0.5), signings=2) as sender:
        await asyncio.gather(
            *(sender.send(i, [instruction(i.encode())], PAYER) for i in intents), return_exceptions=True
        )
        bad[0] = False
        await asyncio.sleep(0.3)
        sent = [await _insisted(sender, i) for i in intents]
    for intent, result in zip(intents, sent, strict=True):
        assert cluster.payloads[intent.encode().hex()] == [str(result.signature)]
        assert [a.signature for a in await journal.attempts(intent) if a.outcome is Outcome.LANDED] == [
            result.signature
        ]
        assert len([a for a in await journal.attempts(intent) if a.outcome is None]) == 0


async def _insisted(sender: Sender, intent: str) -> Sent:
    """Go on with the intent until its outcome is known: a busy machine takes longer than a sender waits here."""
    for _ in range(20):
        with contextlib.suppress(OutcomeUnknown):
            return await sender.send(intent, [instruction(intent.encode())], PAYER)
    raise AssertionError(f"{intent} has no outcome")


async def test_a_killed_senders_intent_is_resumed_with_the_same_bytes(tmp_path: Path) -> None:
    """SIGKILL between the send and its answer."""
    cluster = Cluster(life=100_000)
    arrived = asyncio.Event()

    def hold(method: str) -> str:
        if method != "sendTransaction":
            return "honest"
        arrived.set()
        return "swallow"

    node = Node(cluster, hold)
    path = tmp_path / "journal.sqlite"
    async with serving(node):
        process = await asyncio.create_subprocess_exec(*CHILD, "send", node.url, str(path), cwd=ROOT)
        await asyncio.wait_for(arrived.wait(), 20)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        node.misdeeds = honest
        journal = SqliteJournal(path)
        [attempt] = await journal.open_attempts()
        async with Rpc([node.url], timeout=0.5) as rpc:
            [done] = await Sender(rpc, journal, pace=QUICK).resume()
    assert isinstance(done, Sent)
    assert list(cluster.landed) == [str(attempt.signature)] == [str(done.signature)]
    assert set(cluster.received) == {attempt.wire}


async def test_resume_tells_of_every_open_attempt(journal: SqliteJournal) -> None:
    cluster = Cluster(life=5)
    async with sending(journal, Node(cluster), pace=Pace(look=0.02, resend=1, give_up=1)) as sender:
        assert await sender.resume() == []
        old = Attempt(
            intent="old",
            number=1,
            signature=Keypair.from_seed(bytes(32)).sign_message(b"x"),
            wire=b"junk",
            last_valid_block_height=BlockHeight(1),
        )
        await journal.record(old)
        [done] = await sender.resume()
        assert isinstance(done, Expired)
        assert (await journal.attempts("old"))[0].outcome is Outcome.EXPIRED


async def test_looking_back_concludes_what_is_certain_and_sends_nothing(journal: SqliteJournal) -> None:
    cluster = Cluster()
    async with sending(journal, Node(cluster)) as sender:
        sent = await sender.send("a", [instruction()], PAYER)
        [landed] = await journal.attempts("a")
        received = len(cluster.received)
        other = KeypairSigner(Keypair()).sign(b"nobody ever sent this")
        never = replace(landed, intent="b", signature=await other, outcome=None, slot=None)
        await journal.record(replace(never, last_valid_block_height=BlockHeight(2**40)))
        assert await sender.look_back() == 1
        await journal.conclude(never.signature, Outcome.EXPIRED, None)
        assert await sender.look_back() == 0
        assert len(cluster.received) == received
        assert sent.signature == landed.signature
