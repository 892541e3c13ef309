"""The console's file, its actions, its command line, and who may do what."""

from pathlib import Path

import pytest

from console.actions import ACTIONS, Need, Role, actions_of, allows, by_id
from console.command_line import Do, GoTo, Place, Unknown, complete, parse
from console.config import EXPLORER, Config, read_config
from console.errors import ConfigError, ConsoleError
from console.roles import role_of
from console.screens import ROOMS, room_class
from settings import Network

PLACES = (Place("markets", takes_words=True), Place("market", takes_words=True), Place("deploys"))


def written(folder: Path, text: str) -> Path:
    path = folder / "console.toml"
    path.write_text(text)
    return path


def test_without_a_file_all_is_as_it_comes(tmp_path: Path) -> None:
    assert read_config(tmp_path / "none.toml") == Config("dark", EXPLORER, {})


def test_theme_explorer_and_keys_are_read(tmp_path: Path) -> None:
    keys = 'markets.sort = "o"\n"app.quit" = "ctrl+x, Q"\n'
    text = f'theme = "light"\nexplorer = "https://x.example/{{address}}"\n[keys]\n{keys}'
    config = read_config(written(tmp_path, text))
    assert config == Config("light", "https://x.example/{address}", {"markets.sort": "o", "app.quit": "ctrl+x,Q"})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("theme = ", "is not TOML"),
        ('theme = "pink"', "it can be dark, light, plain"),
        ("colour = 1", "has 'colour'"),
        ('themes = "dark"', r"has 'themes': it can have theme, explorer and keys \(perhaps 'theme'\)"),
        ('[keys]\nmarket.sort = "o"', r"'market.sort', which is no action \(perhaps 'markets.sort'\)"),
        ('explorer = "https://x.example"', "with {address} in it"),
        ("keys = 1", r"write \[keys\]"),
        ('[keys]\nmarkets.dance = "d"', "'markets.dance', which is no action"),
        ("[keys]\nmarkets.sort = 1", "they are names like"),
        ('[keys]\nmarkets.sort = "y"', "which is the key of markets.copy too"),
        ('[keys]\nmarkets.sort = "q"', "which is the key of app.quit too"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        read_config(written(tmp_path, text))


def test_every_action_is_there_once_and_no_key_means_two_things() -> None:
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)
    everywhere = [key for action in actions_of("app") for key in action.keys.split(",")]
    for screen in (*ROOMS, "market"):
        keys = [key for action in actions_of(screen) for key in action.keys.split(",")]
        assert len({*keys, *everywhere}) == len(keys) + len(everywhere), screen


@pytest.mark.parametrize("name", [*ROOMS])
def test_every_screen_has_a_method_for_each_of_its_actions(name: str) -> None:
    room = room_class(name)
    missing = [a.id for a in actions_of(name) if not hasattr(room, f"action_{a.name}") and a.name != "open"]
    assert missing == []
    assert room.__doc__, "its help begins with what it is"


def test_a_role_and_read_only_take_actions_away() -> None:
    park, copy = by_id("market.park"), by_id("market.copy")
    assert (park.need, copy.need) == (Need.OPERATE, Need.VIEW)
    assert allows(park, Role.OPERATOR, read_only=False)
    assert not allows(park, Role.OPERATOR, read_only=True)
    assert not allows(park, Role.VIEWER, read_only=False)
    assert not allows(park, Role.SIGNER, read_only=False)
    assert all(allows(copy, role, read_only=True) for role in Role)


@pytest.mark.parametrize(
    ("network", "groups", "role"),
    [
        (Network.LOCALNET, [], Role.OPERATOR),
        (Network.MAINNET, [], Role.VIEWER),
        (Network.DEVNET, ["users"], Role.VIEWER),
        (Network.MAINNET, ["opinion-operators"], Role.OPERATOR),
        (Network.MAINNET, ["opinion-operators", "opinion-signers"], Role.SIGNER),
    ],
)
def test_unix_groups_give_the_role(network: Network, groups: list[str], role: Role) -> None:
    assert role_of(network, frozenset(groups)) is role


@pytest.mark.parametrize(
    ("network", "groups", "wanted"),
    [
        (Network.LOCALNET, [], Role.SIGNER),
        (Network.LOCALNET, ["opinion-operators"], Role.SIGNER),
        (Network.MAINNET, ["opinion-operators", "opinion-signers"], Role.OPERATOR),
        (Network.MAINNET, ["opinion-signers"], Role.SIGNER),
        (Network.MAINNET, ["opinion-signers"], Role.VIEWER),
        (Network.DEVNET, [], Role.VIEWER),
    ],
)
def test_somebody_chooses_among_their_roles_and_on_a_localnet_among_all(
    network: Network, groups: list[str], wanted: Role
) -> None:
    assert role_of(network, frozenset(groups), wanted) is wanted


@pytest.mark.parametrize("network", [network for network in Network if network is not Network.LOCALNET])
def test_a_role_that_is_not_theirs_is_refused_wherever_something_is_at_stake(network: Network) -> None:
    for groups, wanted in (
        ([], Role.SIGNER),
        (["opinion-operators"], Role.SIGNER),
        (["opinion-signers"], Role.OPERATOR),
    ):
        with pytest.raises(
            ConsoleError, match=f"the role {wanted.value} is for the Unix group opinion-{wanted.value}s"
        ):
            role_of(network, frozenset(groups), wanted)


def test_a_command_is_a_screen_or_an_action_and_may_be_cut_short() -> None:
    here = (*actions_of("markets"), *actions_of("app"))
    assert parse("markets state:closed", PLACES, here) == GoTo("markets", "state:closed")
    assert parse("market 4fK", PLACES, here) == GoTo("market", "4fK")
    assert parse("dep", PLACES, here) == GoTo("deploys", "")
    assert parse("so", PLACES, here) == Do(by_id("markets.sort"))
    assert parse("goto-signers", PLACES, here) == Do(by_id("app.goto_signers"))
    assert parse("deploys now", PLACES, here) == Unknown("deploys takes no words after it")
    assert isinstance(parse("market", PLACES, here), GoTo)
    ambiguous = parse("re", PLACES, here)
    assert isinstance(ambiguous, Unknown)
    assert "could be reverse, refresh" in ambiguous.words
    assert isinstance(parse("xyz", PLACES, here), Unknown)
    assert complete("de", PLACES, here) == ["deploys"]
