"""The block store never hands out bytes that their digest does not name, whatever lies on the disk."""

import hashlib
import multiprocessing
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.blocks import BlockDamaged, BlockStore, BlockStoreUnusable

LIMIT = 1_000
TEXT = b"I think it will rain."


@pytest.fixture
def blocks(tmp_path: Path) -> BlockStore:
    return BlockStore(tmp_path / "texts", LIMIT)


def _only_file(blocks: BlockStore, tmp_path: Path) -> Path:
    digest = blocks.put(TEXT)
    return tmp_path / "texts" / digest.hex()[:2] / digest.hex()


@given(st.binary(max_size=LIMIT))
def test_what_is_put_is_got(tmp_path_factory: pytest.TempPathFactory, block: bytes) -> None:
    blocks = BlockStore(tmp_path_factory.mktemp("texts"), LIMIT)
    digest = hashlib.sha256(block).digest()

    assert blocks.get(digest) is None
    assert blocks.put(block) == blocks.put(block) == digest
    assert blocks.get(digest) == block


def test_a_block_over_the_limit_is_refused(blocks: BlockStore, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at most 1000 bytes, not 1001"):
        blocks.put(bytes(LIMIT + 1))
    assert not (tmp_path / "texts").exists()


@pytest.mark.parametrize("bytes_on_disk", [b"", TEXT[:-1], TEXT + b" ", bytes(LIMIT + 1), b"I think it will snow."])
def test_a_damaged_file_is_named_and_healed_by_another_copy(
    blocks: BlockStore, tmp_path: Path, bytes_on_disk: bytes
) -> None:
    file = _only_file(blocks, tmp_path)
    file.write_bytes(bytes_on_disk)

    with pytest.raises(BlockDamaged, match=file.name):
        blocks.get(hashlib.sha256(TEXT).digest())
    blocks.put(TEXT)
    assert blocks.get(hashlib.sha256(TEXT).digest()) == TEXT


def test_a_symlink_is_never_followed_and_is_replaced_by_the_block(blocks: BlockStore, tmp_path: Path) -> None:
    file = _only_file(blocks, tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(TEXT)
    file.unlink()
    file.symlink_to(elsewhere)

    with pytest.raises(BlockDamaged):
        blocks.get(hashlib.sha256(TEXT).digest())
    blocks.put(TEXT)
    assert not file.is_symlink()
    assert elsewhere.read_bytes() == TEXT


def test_a_pipe_is_not_waited_for(blocks: BlockStore, tmp_path: Path) -> None:
    file = _only_file(blocks, tmp_path)
    file.unlink()
    os.mkfifo(file)

    with pytest.raises(BlockDamaged):
        blocks.get(hashlib.sha256(TEXT).digest())


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "texts").write_text("a file")
    blocks = BlockStore(tmp_path / "texts", LIMIT)

    with pytest.raises(BlockStoreUnusable, match="texts: Not a directory; check the disk"):
        blocks.get(hashlib.sha256(TEXT).digest())
    with pytest.raises(BlockStoreUnusable, match=r"texts: .*; check the disk"):
        blocks.put(TEXT)


def test_a_full_disk_is_named_and_leaves_nothing_behind(
    blocks: BlockStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BlockStoreUnusable, match="No space left on device"):
        blocks.put(TEXT)
    assert [path for path in (tmp_path / "texts").rglob("*") if path.is_file()] == []


def test_what_a_dead_writer_left_is_swept_after_an_hour(blocks: BlockStore, tmp_path: Path) -> None:
    kept = _only_file(blocks, tmp_path)
    new = tmp_path / "texts" / "new"
    (new / "old").write_bytes(b"torn")
    (new / "young").write_bytes(b"being written")
    two_hours_ago = time.time() - 7200
    os.utime(new / "old", (two_hours_ago, two_hours_ago))
    os.utime(kept, (two_hours_ago, two_hours_ago))

    assert blocks.sweep() == 1
    assert [path.name for path in new.iterdir()] == ["young"]
    assert kept.exists()


def _put_many(path: Path) -> None:
    for number in range(50):
        BlockStore(path, LIMIT).put(str(number).encode() * 100)


def test_processes_that_keep_the_same_texts_do_not_disturb_each_other(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_put_many, args=(tmp_path,)) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    blocks = BlockStore(tmp_path, LIMIT)
    for number in range(50):
        block = str(number).encode() * 100
        assert blocks.get(hashlib.sha256(block).digest()) == block
    assert list((tmp_path / "new").iterdir()) == []
