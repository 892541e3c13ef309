"""Markets by how their addresses begin."""

from solders.pubkey import Pubkey

from chain.accounts import Market, Opinion
from chain.answers import Commitment
from chain.constants import PROGRAM_ID
from store import accounts, settlements
from store.accounts import Cluster, FullRead
from store.database import Database
from store.listing import Listing, beginning
from store.settlements import Status
from tests.samples import on_chain, sample

HERE = Cluster("Genesis111111111111111111111111111111111111", PROGRAM_ID)


def named(start: str) -> Pubkey:
    """An address that begins so."""
    return Pubkey.from_string(start + "1" * (44 - len(start)))


async def test_markets_are_found_by_how_they_begin_and_capitals_count(db: Database) -> None:
    market = sample(Market, statement="Trams should be free.")
    addresses = [named(start) for start in ("4aB", "4ab", "4ac")]
    opinion = on_chain(named("4ad"), sample(Opinion, market=addresses[0]))
    seen = [*(on_chain(address, market) for address in addresses), opinion]
    await accounts.see(db, HERE, FullRead(seen, 7, Commitment.CONFIRMED))
    assert await beginning(db, "4aB", 9) == [str(addresses[0])]
    assert await beginning(db, "4ac", 9) == [str(addresses[2])]
    assert len(await beginning(db, "4a", 9)) == 3, "an opinion is no market"
    assert len(await beginning(db, "4a", 2)) == 2
    assert await beginning(db, "%", 9) == []


async def test_a_list_is_the_same_object_until_something_in_it_changes(db: Database) -> None:
    addresses = [named(start) for start in ("4aB", "4ab")]
    market = sample(Market, statement="Trams should be free.")
    await accounts.see(db, HERE, FullRead([on_chain(one, market) for one in addresses], 7, Commitment.CONFIRMED))
    listing = Listing(db)
    first = await listing.read()
    assert set(first) == {str(one) for one in addresses}
    assert await listing.read() is first
    await settlements.add(db, str(addresses[0]))
    second = await listing.read()
    assert second is not first
    assert second[str(addresses[0])].status is Status.READY
    assert second[str(addresses[1])] is first[str(addresses[1])]
    more = sample(Market, statement="Trams should be free.", staker_count=3)
    await accounts.see(
        db,
        HERE,
        FullRead([on_chain(addresses[0], market, 8), on_chain(addresses[1], more, 8)], 8, Commitment.CONFIRMED),
    )
    assert (await listing.read())[str(addresses[1])].stakers == 3
