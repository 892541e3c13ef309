"""What a worker makes sure of before its first job."""

from pathlib import Path

import pytest

from oracle.start import check
from settings import Settings
from store.errors import WrongRevision
from store.settlements import Queue


async def test_a_database_without_tables_is_refused_in_a_sentence(tmp_path: Path) -> None:
    settings = Settings(
        database_url=f"sqlite:///{tmp_path}/new.db",
        solana_rpc_url=("http://127.0.0.1:9",),
        texts_path=tmp_path / "texts",
    )

    with pytest.raises(WrongRevision, match=r"has no tables yet: run `opinion store migrate`$"):
        await check(settings, [Queue.ANALYSE])
