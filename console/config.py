"""The console's own file: theme, keys, explorer. It holds taste; what the system is stands in the settings."""

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from console.actions import ACTIONS, by_id, known
from console.errors import ConfigError

THEMES = ("dark", "light", "plain")
EXPLORER = "https://explorer.solana.com/address/{address}?cluster={cluster}"


@dataclass(frozen=True, slots=True)
class Config:
    """What the file says, or what holds without one."""

    theme: str = "dark"
    explorer: str = EXPLORER
    """A web address with {address} and {cluster} in it."""
    keys: Mapping[str, str] = field(default_factory=dict[str, str])
    """Action id to Textual's names of keys, separated by commas."""


def default_path() -> Path:
    """Return where the file is looked for, whether it is there or not."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "opinion" / "console.toml"


def read_config(path: Path) -> Config:
    """Read the file; a missing one is an empty one. Raises ConfigError, which names the entry."""
    try:
        told = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return Config()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read ({getattr(error, 'strerror', 'it is no text')})") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}") from None
    return _checked(path, told)


def _checked(path: Path, told: dict[str, Any]) -> Config:
    unknown = sorted(told.keys() - {"theme", "explorer", "keys"})
    if unknown:
        near = _nearest(unknown[0], ("theme", "explorer", "keys"))
        raise ConfigError(f"{path} has {unknown[0]!r}: it can have theme, explorer and keys{near}")
    theme = told.get("theme", "dark")
    if theme not in THEMES:
        raise ConfigError(f"{path} has theme {theme!r}: it can be {', '.join(THEMES)}")
    explorer = told.get("explorer", EXPLORER)
    if not isinstance(explorer, str) or "{address}" not in explorer:
        raise ConfigError(f"{path} has explorer {explorer!r}: it is a web address with {{address}} in it")
    return Config(theme, explorer, _checked_keys(path, told.get("keys", {})))


def _checked_keys(path: Path, told: object) -> Mapping[str, str]:
    if not isinstance(told, dict):
        raise ConfigError(f"{path} has keys that are no table: write [keys], then lines like 'markets.sort = \"o\"'")
    # TOML reads `markets.sort = "o"` as a table in a table.
    keys: dict[str, str] = {}
    for action, value in _flat(cast("dict[str, object]", told)):
        if not known(action):
            near = _nearest(action, [one.id for one in ACTIONS])
            raise ConfigError(f"{path} has keys for {action!r}, which is no action{near}")
        if not isinstance(value, str) or not all(part.strip() for part in value.split(",")):
            raise ConfigError(f"{path} has keys {value!r} for {action}: they are names like 'o' or 'ctrl+r,f5'")
        keys[action] = ",".join(part.strip() for part in value.split(","))
    _refuse_clashes(path, keys)
    return keys


def _nearest(word: str, words: Sequence[str]) -> str:
    """Return what was meant perhaps, as the end of a sentence; empty where nothing comes near."""
    found = get_close_matches(word, words, n=1)
    return f" (perhaps {found[0]!r})" if found else ""


def _flat(table: Mapping[str, object], before: str = "") -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for name, value in table.items():
        if isinstance(value, dict):
            found += _flat(cast("dict[str, object]", value), f"{before}{name}.")
        else:
            found.append((f"{before}{name}", value))
    return found


def _refuse_clashes(path: Path, keys: Mapping[str, str]) -> None:
    """One key, one meaning on any screen: what works everywhere takes its keys from all."""
    for action_id in keys:
        here = by_id(action_id)
        for other in ACTIONS:
            if other.id == here.id or (other.screen != here.screen and "app" not in (other.screen, here.screen)):
                continue
            both = set(keys[here.id].split(",")) & set(keys.get(other.id, other.keys).split(","))
            if both:
                raise ConfigError(f"{path} has {min(both)!r} for {here.id}, which is the key of {other.id} too")
