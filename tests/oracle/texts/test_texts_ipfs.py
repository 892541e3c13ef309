"""Sources are asked in order, hedged, verified; one that misbehaves costs time, never a text and never the truth."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from oracle.texts import (
    MAX_TEXT_BYTES,
    Patience,
    TextMismatch,
    Texts,
    TextUnavailable,
    TextUnreadable,
    Wanted,
    texts_of,
)
from store.cid import Codec, cid_of, text_hash
from tests.fakes.ipfs import FakeIpfs, Fault, fake_ipfs

TEXT = "I think it will rain."
CID = cid_of(TEXT)
HASH = text_hash(TEXT)
# One try ends only by what the server does, or by the next one being asked.
PATIENT = Patience(one_try_s=60, hedge_s=0.05, one_text_s=60)
HURRIED = Patience(one_try_s=0.3, hedge_s=0.05, one_text_s=60)
NOWHERE = "http://127.0.0.1:9"

Start = Callable[..., FakeIpfs]
Open = Callable[..., Texts]


@pytest.fixture
def start() -> AsyncIterator[Start]:
    with ExitStack() as stack:
        yield lambda fault=Fault.NONE: stack.enter_context(fake_ipfs(fault=fault))


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Open]:
    async with AsyncExitStack() as stack:

        def open_(gateways: list[str] = [], apis: list[str] = [], patience: Patience = PATIENT) -> Texts:  # noqa: B006
            texts = texts_of(tmp_path / "texts", gateways, apis, patience=patience)
            stack.push_async_exit(texts)
            return texts

        yield open_


async def test_a_gateway_and_a_node_give_what_they_have_and_it_is_kept(start: Start, opened: Open) -> None:
    for source, named in ((start(), "gateways"), (start(), "apis")):
        text = f"{TEXT} {named}"
        source.add(text.encode())
        texts = opened(**{named: [source.url]})

        assert await texts.read(cid_of(text), text_hash(text)) == text
        assert await texts.read(cid_of(text), text_hash(text)) == text
        assert len(source.asked) == 1


async def test_outside_parts_are_asked_in_the_protocols_words_and_in_our_spelling(start: Start, opened: Open) -> None:
    gateway, node = start(), start(Fault.NOT_FOUND)
    cid = gateway.add(b"\x0a\x11\x08\x02\x12\x0bhello world\x18\x0b", Codec.DAG_PB)
    texts = opened([gateway.url], [node.url])

    text = await texts.read("Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD", text_hash("hello world"))

    assert text == "hello world"
    assert gateway.asked == [f"GET /ipfs/{cid}?format=raw"]
    assert node.asked == [f"POST /api/v0/block/get?arg={cid}"]


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.NONE])
@pytest.mark.parametrize("as_node", [True, False])
async def test_whatever_one_source_does_the_next_one_gives_the_text(
    start: Start, opened: Open, fault: Fault, as_node: bool
) -> None:
    bad, good = start(fault), start()
    for source in (bad, good):
        source.add(TEXT.encode())
    texts = opened([good.url], [bad.url]) if as_node else opened([bad.url, good.url])

    assert await texts.read(CID, HASH) == TEXT


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.NONE])
async def test_a_source_that_misbehaves_alone_makes_the_text_unavailable_and_nothing_worse(
    start: Start, opened: Open, fault: Fault
) -> None:
    bad = start(fault)
    bad.add(TEXT.encode())
    bad.drip_s = 1.0
    texts = opened([bad.url], patience=HURRIED if fault in (Fault.HANG, Fault.DRIP) else PATIENT)

    with pytest.raises(TextUnavailable, match=rf"{CID} cannot be had now: 127.0.0.1:\d+ \S+") as error:
        await texts.read(CID, HASH)
    assert ". " not in str(error.value)

    bad.fault = Fault.NONE
    again = opened([bad.url])
    assert await again.read(CID, HASH) == TEXT


async def test_a_text_that_nobody_sends_in_time_may_come_later(start: Start, opened: Open) -> None:
    hanging = start(Fault.HANG)
    texts = opened([hanging.url], patience=Patience(one_try_s=60, hedge_s=0.05, one_text_s=0.2))

    with pytest.raises(TextUnavailable, match=r"did not come within 0\.2 s"):
        await texts.read(CID, HASH)


async def test_a_cookie_is_not_sent_back(start: Start, opened: Open) -> None:
    gateway = start()
    texts = opened([gateway.url])
    for number in range(2):
        text = str(number)
        gateway.add(text.encode())
        await texts.read(cid_of(text), text_hash(text))

    assert gateway.cookies == [None, None]


@pytest.mark.parametrize(
    "location", ["", "//", "http://[::1", "http://:x/", "\xff", "file:///etc/passwd", "x" * 60_000]
)
async def test_where_a_redirect_points_to_breaks_nothing(start: Start, opened: Open, location: str) -> None:
    redirecting = start(Fault.REDIRECT)
    redirecting.elsewhere = location
    texts = opened([redirecting.url])

    with pytest.raises(TextUnavailable):
        await texts.read(CID, HASH)


async def test_an_old_gateway_that_cannot_serve_blocks_still_serves_texts(start: Start, opened: Open) -> None:
    # It sends a dag-pb file's content, which is not the block; strangers' files must not silence it.
    old = start()
    cid = old.add(b"\x0a\x11\x08\x02\x12\x0bhello world\x18\x0b", Codec.DAG_PB)
    old.blocks[cid.digest] = b"hello world"
    old.add(TEXT.encode())
    texts = opened([old.url])

    with pytest.raises(TextUnavailable, match="other bytes"):
        await texts.read(str(cid), text_hash("hello world"))
    assert await texts.read(CID, HASH) == TEXT


async def test_a_redirect_is_not_followed(start: Start, opened: Open) -> None:
    inside, redirecting = start(), start(Fault.REDIRECT)
    for source in (inside, redirecting):
        source.add(TEXT.encode())
    redirecting.elsewhere = f"{inside.url}/ipfs/{CID}?format=raw"
    texts = opened([redirecting.url])

    with pytest.raises(TextUnavailable, match="sends us elsewhere"):
        await texts.read(CID, HASH)
    assert inside.asked == []


async def test_an_unreachable_source_is_named(opened: Open) -> None:
    texts = opened([NOWHERE])

    with pytest.raises(TextUnavailable, match=r"127\.0\.0\.1:9 cannot be reached"):
        await texts.read(CID, HASH)


async def test_a_source_that_asks_for_rest_gets_it(start: Start, opened: Open) -> None:
    busy = start(Fault.TOO_MANY)
    texts = opened([busy.url])

    for _ in range(5):
        with pytest.raises(TextUnavailable):
            await texts.read(CID, HASH)
    assert len(busy.asked) == 1


async def test_texts_that_nobody_has_do_not_count_against_a_source(start: Start, opened: Open) -> None:
    # A stranger could otherwise silence all sources with a few stakes.
    gateway = start()
    texts = opened([gateway.url])
    for number in range(20):
        missing = f"nobody has {number}"
        with pytest.raises(TextUnavailable, match="HTTP 404"):
            await texts.read(cid_of(missing), text_hash(missing))

    gateway.add(TEXT.encode())
    assert await texts.read(CID, HASH) == TEXT


async def test_a_raw_cid_that_cannot_match_is_never_asked_for(start: Start, opened: Open) -> None:
    gateway = start()
    texts = opened([gateway.url])

    with pytest.raises(TextMismatch):
        await texts.read(CID, text_hash("another"))
    assert gateway.asked == []


async def test_a_text_that_is_truly_too_long_is_told_from_an_endless_lie(start: Start, opened: Open) -> None:
    gateway = start()
    block = b"x" * (MAX_TEXT_BYTES * 4)
    cid = gateway.add(block)
    texts = opened([gateway.url])

    with pytest.raises(TextUnreadable, match="longer than 4096 bytes"):
        await texts.read(str(cid), hashlib.sha256(block).digest())
    gateway.fault = Fault.ENDLESS
    with pytest.raises(TextUnavailable, match="sends more than the 2097152 bytes"):
        await texts.read(str(cid), hashlib.sha256(block).digest())


async def test_a_damaged_file_is_reported_and_healed(start: Start, opened: Open, tmp_path: Path) -> None:
    gateway = start()
    gateway.add(TEXT.encode())
    texts = opened([gateway.url])
    await texts.read(CID, HASH)
    (file,) = (path for path in (tmp_path / "texts").rglob("*") if path.is_file())
    file.write_bytes(b"rot")

    with structlog.testing.capture_logs() as logs:
        assert await texts.read(CID, HASH) == TEXT
    assert [(line["event"], line["cid"]) for line in logs] == [("text_damaged", CID)]
    assert file.read_bytes() == TEXT.encode()


async def test_a_text_is_read_even_when_the_disk_does_not_take_it(start: Start, tmp_path: Path) -> None:
    gateway = start()
    gateway.add(TEXT.encode())
    (tmp_path / "file").write_text("in the way")

    with structlog.testing.capture_logs() as logs:
        async with texts_of(tmp_path / "file", [gateway.url], patience=PATIENT) as texts:
            assert await texts.read_many([Wanted(CID, HASH)]) == [TEXT]
    assert [line["event"] for line in logs] == ["texts_unreadable", "text_not_kept"]


async def test_a_password_is_sent_to_its_host_and_shown_to_nobody(start: Start, opened: Open) -> None:
    node = start()
    node.add(TEXT.encode())
    secret = node.url.replace("http://", "http://oracle:hunter2@")
    texts = opened(apis=[secret])

    assert await texts.read(CID, HASH) == TEXT
    assert node.authorizations == ["Basic b3JhY2xlOmh1bnRlcjI="]
    node.add(b"other")
    node.fault = Fault.GARBAGE
    with pytest.raises(TextUnavailable) as error:
        await texts.read(cid_of("other"), text_hash("other"))
    assert "hunter2" not in str(error.value)
    assert error.value.__cause__ is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:5001",
        "ftp://host",
        "file:///etc/passwd",
        "http://",
        "http://[::",
        "http://host/?a=b",
        "https://host/#x",
    ],
)
def test_an_address_that_is_none_is_refused_without_quoting_it(tmp_path: Path, url: str) -> None:
    with pytest.raises(ValueError, match="An IPFS address is"):
        texts_of(tmp_path, [url])


def test_an_address_that_is_named_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="named twice: host:1, host:1"):
        texts_of(tmp_path, apis=["http://host:1", "http://a:b@host:1/"])


async def test_hundreds_come_from_one_gateway_with_bounded_haste_among_others_that_nobody_has(
    start: Start, opened: Open
) -> None:
    gateway = start()
    texts = opened([gateway.url])
    names = [f"opinion {number}" for number in range(300)]
    for name in names[::2]:
        gateway.add(name.encode())

    wanted = [Wanted(cid_of(name), text_hash(name)) for name in names]
    answers = await texts.read_many(wanted, within=timedelta(minutes=4))

    assert answers[::2] == names[::2]
    assert all(isinstance(answer, TextUnavailable) for answer in answers[1::2])


async def test_what_is_on_the_disk_is_read_though_nothing_else_answers(start: Start, opened: Open) -> None:
    gateway = start()
    gateway.add(TEXT.encode())
    await opened([gateway.url]).read(CID, HASH)
    gateway.fault = Fault.HANG
    texts = opened([gateway.url], patience=Patience(one_try_s=0.2, one_text_s=0.2, at_once=2))
    missing = [Wanted(cid_of(str(number)), text_hash(str(number))) for number in range(5)]

    answers = await texts.read_many([*missing, Wanted(CID, HASH)])

    assert answers[-1] == TEXT


async def test_whoever_stops_waiting_stops_the_asking(start: Start, opened: Open) -> None:
    hanging = [start(Fault.HANG) for _ in range(3)]
    texts = opened([source.url for source in hanging])
    reading = asyncio.create_task(texts.read(CID, HASH))
    while not all(source.asked for source in hanging):  # noqa: ASYNC110 - the servers' threads set no event of ours
        await asyncio.sleep(0.01)

    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
