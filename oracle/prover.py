"""The randomness keys that this process holds, and the proofs that they make.

A standby with the same key is safe: whoever proves, the output is the same. A key is kept for as long as an unsettled
market pins it, also after the config names another.
"""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from chain.constants import ZERO_KEY
from chain.ecvrf import SecretKey
from chain.signers import randomness_key_from_file
from oracle.errors import OracleError


class ProverError(OracleError):
    """A randomness key is missing: one sentence that names it."""


class Prover:
    """Holds keys; they never leave it."""

    def __init__(self, keys: Iterable[SecretKey]) -> None:
        self._keys = {key.public: key for key in keys}

    def __repr__(self) -> str:
        return f"Prover({', '.join(public.hex() for public in self._keys)})"

    def holds(self, public: bytes) -> bool:
        """Whether the key with this public half (32 bytes) is here."""
        return public in self._keys

    def prove(self, public: bytes, alpha: bytes) -> bytes:
        """The proof (80 bytes) over `alpha`. Raises ProverError when the key is not here."""
        if public not in self._keys:
            raise ProverError(_missing([public]))
        return self._keys[public].prove(alpha)

    def check(self, registered: bytes, pinned: Collection[bytes]) -> None:
        """Raise ProverError unless the registered key and those that unsettled markets pin are all here.

        A zero key is none: another provider answers.
        """
        wanted = {registered, *pinned} - {ZERO_KEY}
        if missing := sorted(wanted - self._keys.keys()):
            raise ProverError(_missing(missing))


def prover_from_files(paths: Sequence[Path], granted: Path | None = None) -> Prover:
    """Read the key files, which nobody but their owner may read, or whom systemd grants them (`granted` is its folder).

    Raises SignerError in one sentence.
    """
    return Prover([randomness_key_from_file(path, granted) for path in paths])


def _missing(keys: Sequence[bytes]) -> str:
    names = ", ".join(key.hex() for key in keys)
    return f"the randomness key {names} is not held here: add its file to RANDOMNESS_KEYPAIR_PATHS"
