"""A council to practise with."""

from ops.demo.council import found
from tests.oracle.settlement.hall import Hall


async def test_a_roster_on_a_localnet_that_somebody_wrote_in_is_left_as_it_is(hall: Hall) -> None:
    roster, folder = hall.founded.roster, hall.founded.roster.parent
    own = "# Ours to practise with.\n" + roster.read_text().replace('"Ana"', '"Anouk"')
    roster.write_text(own)
    again = await found(hall.house.stage, folder)
    assert roster.read_text() == own
    assert again.council.name(again.people[0].public_key) == "Anouk"
    roster.write_text(own.replace("threshold = 3", "threshold = 2"))
    anew = (await found(hall.house.stage, folder)).council
    assert (anew.pinned, anew.people) == (hall.council.pinned, hall.council.people)
    assert "threshold = 3" in roster.read_text(), "one that does not hold any more is written anew"
