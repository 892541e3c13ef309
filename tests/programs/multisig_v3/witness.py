"""What the witness of votes looks at in v3."""

from __future__ import annotations

from typing import Any

from solders.pubkey import Pubkey

from tests.programs.multisig_v3.council import PAYEE
from tests.programs.voting import Witness


class Seen(Witness):
    """Members and threshold, and what the payee has."""

    def rules(self) -> tuple[list[Pubkey], int]:
        """As they lie on the chain."""
        squad = self._council.squad
        return squad.keys, squad.threshold

    def voters(self, rules: tuple[Any, ...]) -> list[Pubkey]:
        """Every member."""
        return rules[0]

    def _effects(self) -> object:
        return self._council.lamports(PAYEE), self.rules()
