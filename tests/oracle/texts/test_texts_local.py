"""Without IPFS, this host's disk is the whole library."""

import hashlib
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from oracle.texts import MAX_TEXT_BYTES, TextMismatch, Texts, TextUnavailable, TextUnreadable, Wanted, texts_of
from store.blocks import BlockStore, BlockStoreUnusable
from store.cid import Cid, Codec, cid_of, text_hash

TEXT = "Yes: “it” will, 100 % 🌧"


@pytest.fixture
async def texts(tmp_path: Path) -> AsyncIterator[Texts]:
    async with texts_of(tmp_path / "texts") as opened:
        yield opened


def _lay(tmp_path: Path, block: bytes, codec: Codec = Codec.RAW) -> str:
    """Have the block on the disk, as a fetch would."""
    return str(Cid(codec, BlockStore(tmp_path / "texts", 100_000).put(block)))


@pytest.mark.parametrize("text", [TEXT, "", "x" * MAX_TEXT_BYTES])
async def test_a_text_that_is_kept_is_read(texts: Texts, text: str) -> None:
    cid = await texts.keep(text)

    assert cid == cid_of(text)
    assert await texts.read(cid, text_hash(text)) == text
    assert await texts.read_many([Wanted(cid, text_hash(text))]) == [text]


async def test_a_text_that_nobody_would_read_is_not_kept(texts: Texts) -> None:
    with pytest.raises(TextUnreadable, match="4097 bytes, more than 4096: shorten it"):
        await texts.keep("x" * (MAX_TEXT_BYTES + 1))
    with pytest.raises(TextUnreadable, match="no Unicode"):
        await texts.keep("\ud800")


async def test_a_disk_that_takes_nothing_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    async with texts_of(tmp_path / "file") as texts:
        with pytest.raises(BlockStoreUnusable):
            await texts.keep(TEXT)
        with pytest.raises(TextUnavailable, match="disk cannot be read"):
            await texts.read(cid_of(TEXT), text_hash(TEXT))


async def test_a_text_that_is_nowhere_may_come_later(texts: Texts) -> None:
    with pytest.raises(TextUnavailable, match="cannot be had now: neither IPFS_GATEWAYS nor IPFS_APIS") as error:
        await texts.read(cid_of(TEXT), text_hash(TEXT))
    assert not error.value.for_ever

    await texts.keep(TEXT)
    assert await texts.read(cid_of(TEXT), text_hash(TEXT)) == TEXT


async def test_a_cid_and_a_hash_of_different_texts_never_match(texts: Texts) -> None:
    await texts.keep(TEXT)
    with pytest.raises(TextMismatch) as error:
        await texts.read(cid_of(TEXT), text_hash("No."))
    assert error.value.for_ever


@pytest.mark.parametrize("cid", ["hello", "QmNotACid", "b" * 64, "../../secrets", "", "z" + "1" * 63])
async def test_a_cid_that_is_none_is_unreadable(texts: Texts, cid: str) -> None:
    with pytest.raises(TextUnreadable, match="CID cannot be read"):
        await texts.read(cid, text_hash(TEXT))


async def test_bytes_that_are_no_text_are_unreadable(texts: Texts, tmp_path: Path) -> None:
    for bytes_ in (b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\xaf"):
        with pytest.raises(TextUnreadable, match="not UTF-8"):
            await texts.read(_lay(tmp_path, bytes_), hashlib.sha256(bytes_).digest())
    long = bytes(MAX_TEXT_BYTES + 1)
    with pytest.raises(TextUnreadable, match="longer than 4096 bytes"):
        await texts.read(_lay(tmp_path, long), hashlib.sha256(long).digest())


async def test_a_file_of_ipfs_add_is_read_by_both_its_names(texts: Texts, tmp_path: Path) -> None:
    block = b"\x0a\x11\x08\x02\x12\x0bhello world\x18\x0b"
    cid = _lay(tmp_path, block, Codec.DAG_PB)

    for name in (cid, "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD"):
        assert await texts.read(name, text_hash("hello world")) == "hello world"
    with pytest.raises(TextMismatch):
        await texts.read(cid, text_hash("hello there"))
    folder = b"\x0a\x02\x08\x01"
    with pytest.raises(TextUnreadable, match="is no UnixFS file"):
        await texts.read(_lay(tmp_path, folder, Codec.DAG_PB), text_hash("hello world"))


async def test_a_damaged_file_is_told_and_never_read(texts: Texts, tmp_path: Path) -> None:
    cid = await texts.keep(TEXT)
    (file,) = (path for path in (tmp_path / "texts").rglob("*") if path.is_file())
    file.write_bytes(TEXT.encode()[:-1])

    with pytest.raises(TextUnavailable, match="copy on this host is damaged"):
        await texts.read(cid, text_hash(TEXT))
    assert await texts.keep(TEXT) == cid
    assert await texts.read(cid, text_hash(TEXT)) == TEXT


async def test_many_are_answered_in_order_each_with_its_text_or_its_error(texts: Texts) -> None:
    here = Wanted(await texts.keep(TEXT), text_hash(TEXT))
    nowhere = Wanted(cid_of("no"), text_hash("no"))
    never = Wanted(here.cid, text_hash("no"))
    nonsense = Wanted("0", bytes(32))

    answers = await texts.read_many([nowhere, here, never, here, nonsense])

    assert [type(answer) for answer in answers] == [TextUnavailable, str, TextMismatch, str, TextUnreadable]
    assert await texts.read_many([]) == []


async def test_without_time_all_are_told_as_missing(texts: Texts) -> None:
    cid = await texts.keep(TEXT)
    hostile = "\x1b[2J" * 100
    here, odd = await texts.read_many([Wanted(cid, text_hash(TEXT)), Wanted(hostile, bytes(32))], within=timedelta(0))

    assert isinstance(here, TextUnavailable)
    assert str(here) == f"The opinion '{cid}' did not come in the time that was left."
    assert isinstance(odd, TextUnavailable)
    assert str(odd).isprintable()
    assert len(str(odd)) < 300


async def test_without_nodes_no_pin_is_wanting(texts: Texts) -> None:
    report = await texts.pin(await texts.keep(TEXT))

    assert (report.nodes, report.shortfall) == ((), 0)


async def test_what_lies_on_the_disk_is_only_ever_named_by_its_hash(texts: Texts, tmp_path: Path) -> None:
    await texts.keep("../../" * 10)
    names = {path.name for path in (tmp_path / "texts").rglob("*") if path.is_file()}

    assert names == {text_hash("../../" * 10).hex()}
    assert os.listdir(tmp_path) == ["texts"]  # noqa: PTH208 - names are what is compared


async def test_what_a_dead_writer_left_is_cleared_at_the_next_start(tmp_path: Path) -> None:
    torn = tmp_path / "texts" / "new" / "torn"
    torn.parent.mkdir(parents=True)
    torn.write_bytes(b"half")
    os.utime(torn, (0, 0))

    async with texts_of(tmp_path / "texts"):
        assert not torn.exists()
