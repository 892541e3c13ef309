"""Addresses that every Solana cluster shares, and the localnet's own USDC mint."""

from __future__ import annotations

from hashlib import sha256

from solders.pubkey import Pubkey


def _known(address: str) -> Pubkey:
    return Pubkey.from_string(address)


SYSTEM_PROGRAM = _known("11111111111111111111111111111111")
TOKEN_PROGRAM = _known("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
TOKEN_2022_PROGRAM = _known("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb")
ASSOCIATED_TOKEN_PROGRAM = _known("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL")
MEMO_V1_PROGRAM = _known("Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo")
MEMO_PROGRAM = _known("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr")
COMPUTE_BUDGET_PROGRAM = _known("ComputeBudget111111111111111111111111111111")
LOOKUP_TABLE_PROGRAM = _known("AddressLookupTab1e1111111111111111111111111")
LOADER_DEPRECATED = _known("BPFLoader1111111111111111111111111111111111")
LOADER = _known("BPFLoader2111111111111111111111111111111111")
UPGRADEABLE_LOADER = _known("BPFLoaderUpgradeab1e11111111111111111111111")
LOADER_V4 = _known("LoaderV411111111111111111111111111111111111")
NATIVE_LOADER = _known("NativeLoader1111111111111111111111111111111")
STAKE_PROGRAM = _known("Stake11111111111111111111111111111111111111")
VOTE_PROGRAM = _known("Vote111111111111111111111111111111111111111")
CONFIG_PROGRAM = _known("Config1111111111111111111111111111111111111")
ED25519_PROGRAM = _known("Ed25519SigVerify111111111111111111111111111")
SECP256K1_PROGRAM = _known("KeccakSecp256k11111111111111111111111111111")
SECP256R1_PROGRAM = _known("Secp256r1SigVerify1111111111111111111111111")

SYSVAR_OWNER = _known("Sysvar1111111111111111111111111111111111111")
CLOCK = _known("SysvarC1ock11111111111111111111111111111111")
EPOCH_SCHEDULE = _known("SysvarEpochSchedu1e111111111111111111111111")
RECENT_BLOCKHASHES = _known("SysvarRecentB1ockHashes11111111111111111111")
RENT = _known("SysvarRent111111111111111111111111111111111")
SLOT_HASHES = _known("SysvarS1otHashes111111111111111111111111111")
NATIVE_MINT = _known("So11111111111111111111111111111111111111112")

TOKEN_PROGRAMS = frozenset({TOKEN_PROGRAM, TOKEN_2022_PROGRAM})
LOADERS = frozenset({LOADER_DEPRECATED, LOADER, UPGRADEABLE_LOADER, LOADER_V4})
PRECOMPILES = frozenset({ED25519_PROGRAM, SECP256K1_PROGRAM, SECP256R1_PROGRAM})

# The keys that the runtime never lets a transaction write, whatever the message says.
RESERVED = (
    frozenset(
        {
            SYSTEM_PROGRAM,
            COMPUTE_BUDGET_PROGRAM,
            LOOKUP_TABLE_PROGRAM,
            NATIVE_LOADER,
            STAKE_PROGRAM,
            VOTE_PROGRAM,
            CONFIG_PROGRAM,
            SYSVAR_OWNER,
            CLOCK,
            EPOCH_SCHEDULE,
            RECENT_BLOCKHASHES,
            RENT,
            SLOT_HASHES,
            _known("SysvarEpochRewards1111111111111111111111111"),
            _known("SysvarFees111111111111111111111111111111111"),
            _known("Sysvar1nstructions1111111111111111111111111"),
            _known("SysvarRewards111111111111111111111111111111"),
            _known("SysvarS1otHistory11111111111111111111111111"),
            _known("SysvarStakeHistory1111111111111111111111111"),
            _known("SysvarLastRestartS1ot1111111111111111111111"),
            _known("Feature111111111111111111111111111111111111"),
            _known("StakeConfig11111111111111111111111111111111"),
            _known("ZkTokenProof1111111111111111111111111111111"),
            _known("ZkE1Gama1Proof11111111111111111111111111111"),
        }
    )
    | LOADERS
    | PRECOMPILES
)


def _usdc_mint() -> Pubkey:
    # The hash of a sentence: nobody holds its private key, and it is the same on every localnet.
    return Pubkey.from_bytes(sha256(b"opinion-localnet: the USDC mint").digest())


USDC_MINT = _usdc_mint()
USDC_DECIMALS = 6


def associated_token_address(owner: Pubkey, mint: Pubkey) -> Pubkey:
    """The associated token account of `owner` for `mint`, under the classic token program."""
    seeds = [bytes(owner), bytes(TOKEN_PROGRAM), bytes(mint)]
    return Pubkey.find_program_address(seeds, ASSOCIATED_TOKEN_PROGRAM)[0]


def program_data_address(program: Pubkey) -> Pubkey:
    """Where the upgradeable loader keeps the bytes of `program`."""
    return Pubkey.find_program_address([bytes(program)], UPGRADEABLE_LOADER)[0]
