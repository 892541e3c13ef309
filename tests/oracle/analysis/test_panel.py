"""Who may score where."""

import pytest
from pydantic import SecretStr

from oracle.analysis import OwnPace, Panel, PanelError, analyse, panel_of
from settings import Network
from tests.oracle.analysis.crowds import FAST, HAIKU, KEY, MARKET, STATEMENT, crowd, opinion


@pytest.mark.parametrize("network", [Network.LOCALNET, Network.DEVNET])
@pytest.mark.parametrize("key", [None, SecretStr("")])
def test_without_a_key_the_lexicon_stands_in_and_says_so(network: Network, key: SecretStr | None) -> None:
    assert panel_of(network, key, [HAIKU], OwnPace(FAST)).name == "lexicon (VADER, local; not for real money)"


@pytest.mark.parametrize("network", [Network.TESTNET, Network.MAINNET])
def test_where_it_counts_the_lexicon_is_refused_in_one_sentence(network: Network) -> None:
    with pytest.raises(PanelError, match=rf"On {network} .*ANTHROPIC_API_KEY is not set: set it\.$"):
        panel_of(network, None, [HAIKU], OwnPace(FAST))


def test_a_model_without_a_price_is_named() -> None:
    with pytest.raises(PanelError, match=f"names gpt-9, whose price is not known: it should be of {HAIKU}, "):
        panel_of(Network.DEVNET, KEY, [HAIKU, "gpt-9"], OwnPace(FAST))


@pytest.mark.parametrize("count", [0, 6])
def test_a_panel_has_one_to_five(count: int) -> None:
    with pytest.raises(PanelError, match="one to 5"):
        panel_of(Network.DEVNET, KEY, [HAIKU] * count, OwnPace(FAST))


async def test_the_lexicons_name_stands_in_the_record() -> None:
    panel: Panel = panel_of(Network.LOCALNET, None, [], OwnPace(FAST))
    analysis = await analyse(MARKET, STATEMENT, [opinion(1, "I love it."), *crowd(3)], panel)

    assert "not for real money" in analysis.analyser
    assert "not for real money" in analysis.record.summary
    assert analysis.record.panel[0].prompt_hash is None
    assert analysis.cost_microdollars == 0
