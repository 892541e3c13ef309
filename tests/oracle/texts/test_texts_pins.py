"""Texts that reach the chain are pinned on two nodes, and a shortfall is named."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from oracle.texts import Patience, PinReport, Texts, TextUnavailable, TextUnreadable, texts_of
from store.cid import Codec, cid_of, parse_cid, text_hash
from tests.fakes.ipfs import FakeIpfs, Fault, fake_ipfs

TEXT = "I think it will rain."
CID = cid_of(TEXT)
# A drip is a hang by another name: only time ends it.
FAULTS = [fault for fault in Fault if fault not in (Fault.NONE, Fault.DRIP)]


@pytest.fixture
def nodes() -> Iterator[list[FakeIpfs]]:
    with ExitStack() as stack:
        yield [stack.enter_context(fake_ipfs()) for _ in range(3)]


def _texts(tmp_path: Path, nodes: list[FakeIpfs], one_try_s: float = 60) -> Texts:
    return texts_of(tmp_path / "texts", apis=[node.url for node in nodes], patience=Patience(one_try_s=one_try_s))


def _host(node: FakeIpfs) -> str:
    return node.url.removeprefix("http://")


async def test_a_text_is_pinned_on_every_node_and_the_report_names_them(tmp_path: Path, nodes: list[FakeIpfs]) -> None:
    async with _texts(tmp_path, nodes) as texts:
        await texts.keep(TEXT)
        assert all(node.blocks for node in nodes)
        assert not any(node.pins for node in nodes)

        report = await texts.pin(CID)

    assert report.nodes == tuple(_host(node) for node in nodes)
    assert (report.shortfall, report.failures) == (0, ())
    assert all(node.pins == {parse_cid(CID)} for node in nodes)
    assert all(node.blocks == {text_hash(TEXT): TEXT.encode()} for node in nodes)
    assert str(report) == f"{CID} is pinned on {', '.join(report.nodes)}."


async def test_pinning_again_sends_nothing_again(tmp_path: Path, nodes: list[FakeIpfs]) -> None:
    async with _texts(tmp_path, nodes[:2]) as texts:
        await texts.keep(TEXT)
        first = await texts.pin(CID)
        puts = nodes[0].calls("block/put")

        assert await texts.pin(CID) == first
    assert nodes[0].calls("block/put") == puts


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_node_that_misbehaves_is_a_shortfall_that_a_retry_makes_good(
    tmp_path: Path, nodes: list[FakeIpfs], fault: Fault
) -> None:
    good, bad = nodes[:2]
    async with _texts(tmp_path, [good, bad], 3.0 if fault is Fault.HANG else 60) as texts:
        await texts.keep(TEXT)
        bad.fault = fault
        report = await texts.pin(CID)

        assert report.nodes == (_host(good),)
        assert report.shortfall == 1
        assert str(report).startswith(f"{CID} is pinned on {_host(good)}, 1 short of 2: {_host(bad)} ")
        bad.fault = Fault.NONE
        assert (await texts.pin(CID)).shortfall == 0


async def test_one_node_alone_is_one_short(tmp_path: Path, nodes: list[FakeIpfs]) -> None:
    async with _texts(tmp_path, nodes[:1]) as texts:
        await texts.keep(TEXT)
        report = await texts.pin(CID)

    assert report.shortfall == 1
    assert str(report).endswith("1 short of 2: no other is named in IPFS_APIS.")


async def test_a_strangers_text_is_fetched_from_one_node_and_pinned_on_both(
    tmp_path: Path, nodes: list[FakeIpfs]
) -> None:
    block = b"\x0a\x11\x08\x02\x12\x0bhello world\x18\x0b"
    cid = nodes[0].add(block, Codec.DAG_PB)
    async with _texts(tmp_path, nodes[:2]) as texts:
        report = await texts.pin("Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD")

    assert report.shortfall == 0
    assert all(node.pins == {cid} for node in nodes[:2])


async def test_many_are_pinned_in_order_each_with_its_report_or_its_error(
    tmp_path: Path, nodes: list[FakeIpfs]
) -> None:
    async with _texts(tmp_path, nodes[:2]) as texts:
        cids = [await texts.keep(f"opinion {number}") for number in range(40)]
        reports = await texts.pin_many([*cids, "nonsense", cids[0]])

    assert [report.cid for report in reports if isinstance(report, PinReport)] == [*cids, cids[0]]
    assert isinstance(reports[-2], TextUnreadable)
    assert all(len(node.pins) == 40 for node in nodes[:2])
    assert nodes[0].calls("pin/add") == 40


async def test_a_text_that_nobody_has_cannot_be_pinned_yet(tmp_path: Path, nodes: list[FakeIpfs]) -> None:
    async with _texts(tmp_path, nodes[:1], one_try_s=0.1) as texts:
        with pytest.raises(TextUnavailable):
            await texts.pin(CID)
    assert nodes[0].pins == set()
