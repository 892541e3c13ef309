"""Where the accounts of Squads v3 stand."""

from solders.pubkey import Pubkey

PROGRAM_ID = Pubkey.from_string("SMPLecH534NA9acpos4G6x7uf3LWbCAwZQE9e8ZekMu")
_PREFIX = b"squad"


def multisig(create_key: Pubkey, program: Pubkey = PROGRAM_ID) -> Pubkey:
    """The multisig that was created with this key."""
    return _derive(program, bytes(create_key), b"multisig")


def transaction(multisig: Pubkey, index: int, program: Pubkey = PROGRAM_ID) -> Pubkey:
    """Transaction number `index`, which carries its votes itself."""
    return _derive(program, bytes(multisig), index.to_bytes(4, "little"), b"transaction")


def instruction(transaction: Pubkey, index: int, program: Pubkey = PROGRAM_ID) -> Pubkey:
    """One instruction of a transaction, from 1."""
    return _derive(program, bytes(transaction), bytes((index,)), b"instruction")


def authority(multisig: Pubkey, index: int, program: Pubkey = PROGRAM_ID) -> Pubkey:
    """The vault that signs as authority; 0 is the multisig itself, for changes of it."""
    if index == 0:
        return multisig
    return _derive(program, bytes(multisig), index.to_bytes(4, "little"), b"authority")


def _derive(program: Pubkey, *seeds: bytes) -> Pubkey:
    return Pubkey.find_program_address([_PREFIX, *seeds], program)[0]
