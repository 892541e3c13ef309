"""How a command says what came of it: a sentence for people, one JSON object for programs."""

import json
from collections.abc import Mapping
from typing import Any


def say(words: str, report: Mapping[str, Any], *, as_json: bool) -> None:
    """Print the words, or the report where JSON was asked for."""
    print(json.dumps(report, indent=2) if as_json else words)
