"""Where the accounts of Squads v4 stand. Its bumps are canonical."""

from solders.pubkey import Pubkey

PROGRAM_ID = Pubkey.from_string("SQDS4ep65T869zMMBKyuUq6aD6EgTu8psMjkvj52pCf")
_PREFIX = b"multisig"


def program_config(program: Pubkey = PROGRAM_ID) -> Pubkey:
    """The program's one configuration: creation fee and treasury."""
    return _derive(program, b"program_config")


def multisig(create_key: Pubkey, program: Pubkey = PROGRAM_ID) -> Pubkey:
    """The multisig that was created with this key."""
    return _derive(program, b"multisig", bytes(create_key))


def vault(multisig: Pubkey, index: int, program: Pubkey = PROGRAM_ID) -> Pubkey:
    """The vault that signs as authority; `index` is one byte."""
    return _derive(program, bytes(multisig), b"vault", bytes((index,)))


def transaction(multisig: Pubkey, index: int, program: Pubkey = PROGRAM_ID) -> Pubkey:
    """Transaction number `index`, whatever its kind."""
    return _derive(program, bytes(multisig), b"transaction", index.to_bytes(8, "little"))


def proposal(multisig: Pubkey, index: int, program: Pubkey = PROGRAM_ID) -> Pubkey:
    """What the members say of transaction number `index`."""
    return _derive(program, bytes(multisig), b"transaction", index.to_bytes(8, "little"), b"proposal")


def ephemeral_signer(transaction: Pubkey, index: int, program: Pubkey = PROGRAM_ID) -> Pubkey:
    """A key that signs within one transaction alone."""
    return _derive(program, bytes(transaction), b"ephemeral_signer", bytes((index,)))


def _derive(program: Pubkey, *seeds: bytes) -> Pubkey:
    return Pubkey.find_program_address([_PREFIX, *seeds], program)[0]
