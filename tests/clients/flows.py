"""The same transactions, sent to any cluster: answers under names, to be compared."""

import base64
from collections.abc import Sequence
from typing import Any

from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import Message, MessageV0
from solders.pubkey import Pubkey
from solders.system_program import CreateAccountParams, TransferParams, create_account, transfer
from solders.transaction import VersionedTransaction
from spl.token.constants import TOKEN_PROGRAM_ID
from spl.token.instructions import (
    ApproveParams,
    InitializeMintParams,
    MintToParams,
    TransferCheckedParams,
    approve,
    create_associated_token_account,
    get_associated_token_address,
    initialize_mint,
    mint_to,
    transfer_checked,
)

from .cluster import Cluster

SOL = 10**9
CONFIRMED = {"commitment": "confirmed"}
SENDING = {"encoding": "base64", "preflightCommitment": "confirmed"}
SIMULATING = {"encoding": "base64", "commitment": "confirmed"}
MEMO = Pubkey.from_string("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr")
ENCODINGS = ("json", "jsonParsed", "base64", "base58", "binary")


class Payer:
    """A funded key on one cluster."""

    def __init__(self, cluster: Cluster, sol: int = 100) -> None:
        self.cluster = cluster
        self.key = Keypair()
        cluster.wait(cluster.call("requestAirdrop", str(self.key.pubkey()), sol * SOL))

    @property
    def address(self) -> Pubkey:
        return self.key.pubkey()

    def blockhash(self) -> Hash:
        return Hash.from_string(self.cluster.call("getLatestBlockhash", CONFIRMED)["value"]["blockhash"])

    def sign(
        self,
        instructions: Sequence[Instruction],
        *others: Keypair,
        versioned: bool = False,
        blockhash: Hash | None = None,
    ) -> VersionedTransaction:
        recent = blockhash or self.blockhash()
        message: Message | MessageV0
        if versioned:
            message = MessageV0.try_compile(self.address, instructions, [], recent)
        else:
            message = Message.new_with_blockhash(instructions, self.address, recent)
        return VersionedTransaction(message, [self.key, *others])

    def pay(self, to: Pubkey, lamports: int, *, versioned: bool = False) -> VersionedTransaction:
        return self.sign([self.move(to, lamports)], versioned=versioned)

    def move(self, to: Pubkey, lamports: int) -> Instruction:
        return transfer(TransferParams(from_pubkey=self.address, to_pubkey=to, lamports=lamports))

    def land(self, transaction: VersionedTransaction) -> str:
        """Send without preflight, and wait."""
        signature = self.cluster.call("sendTransaction", text(transaction), SENDING | {"skipPreflight": True})
        self.cluster.wait(signature)
        return signature


def text(transaction: VersionedTransaction) -> str:
    return base64.b64encode(bytes(transaction)).decode()


def found(cluster: Cluster, signature: str, encoding: str = "json", **config: Any) -> dict[str, Any]:
    options = {"encoding": encoding, "maxSupportedTransactionVersion": 0} | CONFIRMED | config
    return cluster.answer("getTransaction", signature, options)


def transfers(cluster: Cluster) -> dict[str, Any]:
    """A transfer with a memo, seen in every way."""
    payer, to = Payer(cluster), Keypair().pubkey()
    transaction = payer.sign([payer.move(to, SOL), Instruction(MEMO, b"hello", [])])
    signature = payer.land(transaction)
    seen: dict[str, Any] = {encoding: found(cluster, signature, encoding) for encoding in ENCODINGS}
    seen["status"] = cluster.answer("getSignatureStatuses", [signature])
    seen["no version asked"] = cluster.answer("getTransaction", signature, CONFIRMED)
    seen["history"] = cluster.answer("getSignaturesForAddress", str(to), CONFIRMED)
    seen["duplicate"] = cluster.answer("sendTransaction", text(transaction), SENDING)
    unchecked = SENDING | {"skipPreflight": True}
    seen["duplicate, no preflight"] = cluster.answer("sendTransaction", text(transaction), unchecked)
    seen["duplicate, simulated"] = cluster.answer("simulateTransaction", text(transaction), SIMULATING)
    slot = seen["json"]["result"]["slot"]
    for details in ("full", "accounts", "signatures", "none"):
        config = {"transactionDetails": details, "maxSupportedTransactionVersion": 0, "rewards": False} | CONFIRMED
        block = cluster.answer("getBlock", slot, config)
        # The validator's own votes come first.
        for name in ("transactions", "signatures"):
            if name in block["result"]:
                block["result"][name] = block["result"][name][-1:]
        seen[f"block, {details}"] = block
    message = base64.b64encode(bytes(payer.pay(to, SOL).message)).decode()
    seen["fee"] = cluster.answer("getFeeForMessage", message, CONFIRMED)
    return seen


def versioned(cluster: Cluster) -> dict[str, Any]:
    """A v0 transaction."""
    payer = Payer(cluster)
    signature = payer.land(payer.pay(Keypair().pubkey(), SOL, versioned=True))
    seen: dict[str, Any] = {encoding: found(cluster, signature, encoding) for encoding in ENCODINGS}
    seen["no version asked"] = cluster.answer("getTransaction", signature, CONFIRMED)
    return seen


def failures(cluster: Cluster) -> dict[str, Any]:
    """Everything that can be wrong with a transaction."""
    payer, to = Payer(cluster), Keypair().pubkey()
    too_much = payer.pay(to, 10**6 * SOL)
    expired = payer.sign([payer.move(to, SOL)], blockhash=Hash.new_unique())
    good = payer.pay(to, SOL)
    forged = VersionedTransaction.populate(good.message, [Keypair().sign_message(b"else")])
    no_program = payer.sign([Instruction(Pubkey.new_unique(), b"", [])])
    dust = payer.pay(to, 1)
    poor = Keypair()
    move = transfer(TransferParams(from_pubkey=poor.pubkey(), to_pubkey=to, lamports=5))
    penniless = VersionedTransaction(Message.new_with_blockhash([move], poor.pubkey(), payer.blockhash()), [poor])
    broken = payer.sign([Instruction(Pubkey.default(), b"\xff" * 4, [AccountMeta(payer.address, True, True)])])
    cases = {
        "too much": too_much,
        "expired": expired,
        "forged": forged,
        "no program": no_program,
        "dust": dust,
        "penniless": penniless,
        "broken": broken,
    }
    seen: dict[str, Any] = {}
    for name, transaction in cases.items():
        seen[f"{name}, sent"] = cluster.answer("sendTransaction", text(transaction), SENDING)
        seen[f"{name}, simulated"] = cluster.answer("simulateTransaction", text(transaction), SIMULATING)
        verified = SIMULATING | {"sigVerify": True}
        seen[f"{name}, verified"] = cluster.answer("simulateTransaction", text(transaction), verified)
    for name in ("too much", "no program", "dust"):
        signature = payer.land(cases[name])
        seen[f"{name}, landed"] = found(cluster, signature)
        seen[f"{name}, status"] = cluster.answer("getSignatureStatuses", [signature])
    seen["behind"] = cluster.answer("sendTransaction", text(good), SENDING | {"minContextSlot": 10**12})
    return seen


def simulations(cluster: Cluster) -> dict[str, Any]:
    """Simulation's options."""
    payer, to = Payer(cluster), Keypair().pubkey()
    good = text(payer.pay(to, SOL))
    unsigned = text(payer.sign([payer.move(to, SOL)], blockhash=Hash.default()))

    def simulate(transaction: str, **config: Any) -> dict[str, Any]:
        return cluster.answer("simulateTransaction", transaction, SIMULATING | config)

    wanted = [str(to), str(payer.address), str(Pubkey.new_unique())]
    return {
        "plain": simulate(good),
        "verified": simulate(good, sigVerify=True),
        "replaced": simulate(unsigned, replaceRecentBlockhash=True),
        "both": simulate(good, sigVerify=True, replaceRecentBlockhash=True),
        "accounts": simulate(good, accounts={"encoding": "base64", "addresses": wanted}, innerInstructions=True),
        "base58 accounts": simulate(good, accounts={"encoding": "base58", "addresses": wanted}),
        "too many accounts": simulate(good, accounts={"encoding": "base64", "addresses": wanted * 2}),
        "wrong account": simulate(good, accounts={"encoding": "base64", "addresses": ["x"]}),
    }


def tokens(cluster: Cluster) -> dict[str, Any]:
    """A mint, an account, a transfer and a delegate."""
    payer, mint = Payer(cluster), Keypair()
    account = get_associated_token_address(payer.address, mint.pubkey())
    create = create_account(
        CreateAccountParams(
            from_pubkey=payer.address,
            to_pubkey=mint.pubkey(),
            lamports=cluster.call("getMinimumBalanceForRentExemption", 82),
            space=82,
            owner=TOKEN_PROGRAM_ID,
        )
    )
    init = initialize_mint(
        InitializeMintParams(decimals=6, program_id=TOKEN_PROGRAM_ID, mint=mint.pubkey(), mint_authority=payer.address)
    )
    open_account = create_associated_token_account(payer.address, payer.address, mint.pubkey())
    print_money = mint_to(
        MintToParams(
            program_id=TOKEN_PROGRAM_ID,
            mint=mint.pubkey(),
            dest=account,
            mint_authority=payer.address,
            amount=1_234_567,
        )
    )
    move = transfer_checked(
        TransferCheckedParams(TOKEN_PROGRAM_ID, account, mint.pubkey(), account, payer.address, 5, 6)
    )
    lend = approve(ApproveParams(TOKEN_PROGRAM_ID, account, Pubkey.new_unique(), payer.address, 7))
    signature = payer.land(payer.sign([create, init, open_account, print_money, move, lend], mint))
    parsed = {"encoding": "jsonParsed"} | CONFIRMED
    other = create_associated_token_account(payer.address, Keypair().pubkey(), mint.pubkey())
    simulated = SIMULATING | {"innerInstructions": True}
    return {
        "json": found(cluster, signature),
        "parsed": found(cluster, signature, "jsonParsed"),
        "account": cluster.answer("getAccountInfo", str(account), parsed),
        "mint": cluster.answer("getAccountInfo", str(mint.pubkey()), parsed),
        "balance": cluster.answer("getTokenAccountBalance", str(account), CONFIRMED),
        "supply": cluster.answer("getTokenSupply", str(mint.pubkey()), CONFIRMED),
        "supply of an account": cluster.answer("getTokenSupply", str(account), CONFIRMED),
        "balance of a mint": cluster.answer("getTokenAccountBalance", str(mint.pubkey()), CONFIRMED),
        "by owner": cluster.answer("getTokenAccountsByOwner", str(payer.address), {"mint": str(mint.pubkey())}, parsed),
        "largest": cluster.answer("getTokenLargestAccounts", str(mint.pubkey()), CONFIRMED),
        "filtered": cluster.answer(
            "getProgramAccounts",
            str(TOKEN_PROGRAM_ID),
            parsed | {"filters": [{"dataSize": 165}, {"memcmp": {"offset": 32, "bytes": str(payer.address)}}]},
        ),
        "simulated": cluster.answer("simulateTransaction", text(payer.sign([other])), simulated),
    }
