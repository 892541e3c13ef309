"""The read model in both databases."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select, update

from chain.accounts import Market, MarketReceipt, Opinion, ProgramConfig, RevokedKey, VrfRequest
from chain.answers import ChainAccount, Commitment
from chain.constants import PROGRAM_ID, SYSTEM_PROGRAM_ID, MarketState, RequestStatus
from chain.units import Slot
from store import accounts
from store.accounts import Cluster, FullRead, Heard, Kept, Kind, Sight
from store.backup import rebuild
from store.database import Database
from store.schema import chain_account
from tests.samples import key, on_chain, sample

HERE = Cluster("Genesis111111111111111111111111111111111111", PROGRAM_ID)
CONFIRMED, FINALIZED = Commitment.CONFIRMED, Commitment.FINALIZED
MARKET = key(1)
CLOSES = datetime(2030, 1, 1, tzinfo=UTC)
OPEN = sample(Market, statement="Trams should be free.", closes_at=int(CLOSES.timestamp()))


async def read(db: Database, slot: int, *seen: ChainAccount, commitment: Commitment = CONFIRMED) -> Sight:
    at_slot = [replace(account, slot=Slot(account.slot or slot)) for account in seen]
    return await accounts.see(db, HERE, FullRead(at_slot, slot, commitment))


async def unfinished(db: Database) -> list[Kept[Market | MarketReceipt]]:
    return await accounts.markets(db, kind=Kind.MARKET)


async def hear(db: Database, *seen: ChainAccount) -> Sight:
    return await accounts.see(db, HERE, Heard(seen, CONFIRMED))


async def test_every_kind_is_kept_and_found_again(db: Database) -> None:
    opinions = [sample(Opinion, market=MARKET, staker=key(n), start=start) for n, start in ((11, 5), (12, 0))]
    request = sample(VrfRequest, market=MARKET, status=RequestStatus.CAPTURED)
    config, revoked = sample(ProgramConfig, admin=key(9)), sample(RevokedKey, key=bytes([3]) * 32)
    receipt = sample(MarketReceipt, state=MarketState.SETTLED, closes_at=7)
    sight = await read(
        db,
        100,
        on_chain(MARKET, OPEN),
        on_chain(key(2), request),
        on_chain(key(3), config),
        on_chain(key(4), revoked),
        on_chain(key(5), receipt),
        *(on_chain(opinion.staker, opinion) for opinion in opinions),
    )
    assert sight == Sight(frozenset({str(MARKET), str(key(5))}), 0, taken=True)
    whole = await accounts.market(db, str(MARKET))
    assert whole is not None
    assert whole.market.account == OPEN
    assert (whole.market.slot, whole.market.commitment, whole.market.absent_since) == (100, CONFIRMED, None)
    assert whole.request is not None
    assert whole.request.account == request
    assert [kept.account for kept in whole.opinions] == [opinions[1], opinions[0]]
    assert [kept.account for kept in await accounts.markets(db)] == [receipt, OPEN]
    assert [kept.account for kept in await accounts.markets(db, kind=Kind.RECEIPT)] == [receipt]
    assert [kept.account for kept in await accounts.markets(db, MarketState.ACTIVE)] == [OPEN]
    assert [kept.account for kept in await accounts.markets(db, closes_before=CLOSES)] == [receipt, OPEN]
    assert await accounts.markets(db, MarketState.ACTIVE, closes_before=datetime(2029, 1, 1, tzinfo=UTC)) == []
    assert [kept.account for kept in await unfinished(db)] == [OPEN]
    assert list(await accounts.requests(db)) == [str(MARKET)]
    assert await accounts.revoked_keys(db) == {bytes([3]) * 32}
    async with db.read() as connection:
        kinds = (
            await connection.execute(select(chain_account.c.kind, func.count()).group_by(chain_account.c.kind))
        ).all()
        row = (await connection.execute(select(chain_account).where(chain_account.c.address == str(key(2))))).one()
    assert dict(map(tuple, kinds)) == {kind.value: 2 if kind is Kind.OPINION else 1 for kind in Kind}
    assert (row.kind, row.state, row.market) == ("VrfRequest", RequestStatus.CAPTURED, str(MARKET))
    assert (row.genesis_hash, row.program) == (HERE.genesis_hash, str(PROGRAM_ID))


async def test_nothing_is_there_before_the_first_read(db: Database) -> None:
    assert await accounts.market(db, str(MARKET)) is None
    fresh = await accounts.freshness(db)
    assert (fresh.confirmed, fresh.finalized) == (None, None)


async def test_newer_overrides_older_and_only_changes_are_told(db: Database) -> None:
    closed = replace(OPEN, state=MarketState.CLOSED)
    await read(db, 100, on_chain(MARKET, OPEN))
    assert await hear(db, on_chain(MARKET, closed, 105)) == Sight(frozenset({str(MARKET)}))
    assert await hear(db, on_chain(MARKET, OPEN, 104)) == Sight()
    assert await hear(db, on_chain(MARKET, OPEN, 100)) == Sight()
    assert (await read(db, 99, on_chain(MARKET, OPEN))).taken is False
    assert await read(db, 110, on_chain(MARKET, closed)) == Sight()
    whole = await accounts.market(db, str(MARKET))
    assert whole is not None
    assert (whole.market.account, whole.market.slot) == (closed, 105)


async def test_a_final_read_repairs_what_was_rolled_back(db: Database) -> None:
    await read(db, 100, on_chain(MARKET, OPEN))
    await hear(db, on_chain(MARKET, replace(OPEN, total_stake=5), 120))
    await hear(db, on_chain(key(2), sample(Opinion, market=MARKET), 120))
    await read(db, 119, on_chain(MARKET, OPEN), commitment=FINALIZED)
    assert (await unfinished(db))[0].account.total_stake == 5
    await read(db, 121, on_chain(MARKET, OPEN), commitment=FINALIZED)
    (kept,) = await unfinished(db)
    assert (kept.account.total_stake, kept.commitment, kept.slot) == (0, FINALIZED, 121)
    whole = await accounts.market(db, str(MARKET))
    assert whole is not None
    assert [opinion.absent_since for opinion in whole.opinions] == [121]
    assert await read(db, 130, on_chain(MARKET, OPEN), commitment=FINALIZED) == Sight(frozenset({str(MARKET)}))
    whole = await accounts.market(db, str(MARKET))
    assert whole is not None
    assert whole.opinions == ()


async def test_a_market_becomes_its_receipt_in_the_middle_of_a_read(db: Database) -> None:
    receipt = sample(MarketReceipt, state=MarketState.SETTLED)
    await read(db, 100, on_chain(MARKET, OPEN))
    await read(db, 110, on_chain(MARKET, OPEN, 110), on_chain(MARKET, receipt, 111))
    assert await unfinished(db) == []
    whole = await accounts.market(db, str(MARKET))
    assert whole is not None
    assert (whole.market.account, whole.market.slot) == (receipt, 111)


async def test_what_is_not_ours_is_skipped_and_counted(db: Database) -> None:
    ours = on_chain(MARKET, OPEN)
    foreign = [
        replace(ours, key=key(2), owner=SYSTEM_PROGRAM_ID),
        replace(ours, key=key(3), data=b""),
        replace(ours, key=key(4), data=ours.data[:-1]),
        replace(ours, key=key(5), data=b"x" * 467),
        replace(ours, key=key(6), data=ours.data[:8] + b"\xff" + ours.data[9:]),
        on_chain(key(7), replace(OPEN, closes_at=2**62)),
    ]
    assert (await read(db, 100, ours, *foreign)).skipped == len(foreign)
    fresh = await accounts.freshness(db)
    assert fresh.confirmed is not None
    assert (fresh.confirmed.slot, fresh.confirmed.accounts, fresh.confirmed.skipped) == (100, 7, 6)
    assert fresh.confirmed.read_at <= fresh.now
    heard = [replace(account, slot=Slot(101)) for account in foreign]
    assert (await hear(db, *heard)).skipped == len(foreign)
    async with db.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(chain_account))).scalar_one() == 1


async def test_an_account_that_no_longer_decodes_is_there_all_the_same(db: Database) -> None:
    await read(db, 100, on_chain(MARKET, OPEN))
    broken = replace(on_chain(MARKET, OPEN), data=b"x")
    for slot in (110, 120):
        assert (await read(db, slot, broken, commitment=FINALIZED)).skipped == 1
    assert [kept.absent_since for kept in await unfinished(db)] == [None]


async def test_a_kept_account_that_this_release_cannot_read_is_left_out(db: Database) -> None:
    await read(db, 100, on_chain(MARKET, OPEN), on_chain(key(2), replace(OPEN, uuid=bytes(15) + b"2")))
    async with db.write() as connection:
        mine = chain_account.c.address == str(MARKET)
        await connection.execute(update(chain_account).where(mine).values(data=b"from the future"))
    assert [kept.address for kept in await unfinished(db)] == [str(key(2))]


async def test_more_accounts_than_one_statement_takes(db: Database) -> None:
    many = [on_chain(key(100 + n), sample(Opinion, market=MARKET, staker=key(n), start=n)) for n in range(1201)]
    await read(db, 100, *many)
    await read(db, 110, *many[:1], commitment=FINALIZED)
    await read(db, 120, *many[:1], commitment=FINALIZED)
    async with db.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(chain_account))).scalar_one() == 1


@pytest.mark.parametrize("slots_before", [50, 100, 150])
async def test_a_restored_database_is_overridden(db: Database, slots_before: int) -> None:
    """What a backup kept is as good as any older sighting, whatever happened meanwhile."""
    await read(db, slots_before, on_chain(MARKET, OPEN), on_chain(key(2), sample(Opinion, market=MARKET)))
    receipt = sample(MarketReceipt, state=MarketState.SETTLED)
    for slot in (200, 210):
        await read(db, slot, on_chain(MARKET, receipt), commitment=FINALIZED)
    whole = await accounts.market(db, str(MARKET))
    assert whole is not None
    assert (whole.market.account, whole.opinions) == (receipt, ())


async def test_a_forgotten_read_model_is_filled_again(db: Database) -> None:
    await read(db, 100, on_chain(MARKET, OPEN))
    await rebuild(db, "a person")
    assert await unfinished(db) == []
    await read(db, 90, on_chain(MARKET, OPEN))
    assert len(await unfinished(db)) == 1
