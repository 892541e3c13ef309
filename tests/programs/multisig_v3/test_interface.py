"""The tests' own reading of the interface against its IDL, which lies beside the repository."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from tests.programs import parts
from tests.programs.multisig_v3.calls import SHAPES
from tests.programs.multisig_v3.interface import Code, Ms, MsTransaction, Status

NEVER_RAISED = {"InstructionFailed"}
"""A failing instruction fails the whole transaction with its own error."""


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


@pytest.fixture(scope="module")
def idl() -> dict[str, Any]:
    """The IDL; skips where it is not."""
    for parent in Path(__file__).parents:
        path = parent / "shared" / "idl" / "squads_mpl_v3.json"
        if path.is_file():
            return json.loads(path.read_text())
    parts.missing("there is no shared/idl/squads_mpl_v3.json beside the repository")
    raise AssertionError


def _flagged(account: dict[str, Any]) -> str:
    flags = "w" * account["isMut"] + "s" * account["isSigner"]
    return f"{account['name']} {flags}".strip()


def _typed(argument: dict[str, Any]) -> str:
    kind = argument["type"]
    words = kind if isinstance(kind, str) else " ".join(kind.values() if "defined" in kind else ("vec", kind["vec"]))
    return f"{argument['name']} {words}"


def test_instructions_are_the_idls(idl: dict[str, Any]) -> None:
    ours = {name: (list(shape.accounts), list(shape.arguments)) for name, shape in SHAPES.items()}
    assert ours == {
        _snake(one["name"]): ([*map(_flagged, one["accounts"])], [*map(_typed, one["args"])])
        for one in idl["instructions"]
    }


def test_accounts_have_the_idls_fields(idl: dict[str, Any]) -> None:
    declared = {one["name"]: [_snake(field["name"]) for field in one["type"]["fields"]] for one in idl["accounts"]}
    for layout in (Ms, MsTransaction):
        assert [field.name for field in fields(layout)] == declared[layout.__name__]


def test_statuses_are_the_idls(idl: dict[str, Any]) -> None:
    [declared] = [one for one in idl["types"] if one["name"] == "MsTransactionStatus"]
    assert [_snake(variant["name"]).upper() for variant in declared["type"]["variants"]] == [s.name for s in Status]


def test_error_codes_are_the_idls(idl: dict[str, Any]) -> None:
    declared = {_snake(one["name"]).upper(): one["code"] for one in idl["errors"] if one["name"] not in NEVER_RAISED}
    assert {code.name: code.value for code in Code if code >= 6000} == declared
