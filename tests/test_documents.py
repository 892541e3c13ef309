"""What the documents say is what the code does."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from settings import Settings

ROOT = Path(__file__).resolve().parent.parent
PROTOCOL = (ROOT / "docs" / "protocol.md").read_text()
IDL = json.loads((ROOT / "programs" / "idl" / "opinion_market.json").read_text())
SIZES = {"u8": 1, "bool": 1, "u32": 4, "u64": 8, "i64": 8, "publicKey": 32}


def snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def test_the_changelogs_newest_version_is_the_projects() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert newest is not None
    assert newest[1] == version


def test_every_target_of_the_makefile_is_listed_by_make_help() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)

    assert phony is not None
    assert set(phony[1].split()) == set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE))


def test_every_make_command_in_a_document_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for document in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for target in re.findall(r"`make ([a-z]+)`", document.read_text()):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{document.name} names 'make {target}'"


def test_every_setting_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()

    assert [name for name in Settings.model_fields if f"`{name.upper()}`" not in readme] == []


def test_every_room_is_in_the_table_of_rooms() -> None:
    table = (ROOT / "docs" / "rooms.md").read_text()
    rooms = [path.parent.name for path in ROOT.glob("*/__init__.py")]

    assert "chain" in rooms
    assert [room for room in rooms if f"`{room}/`" not in table] == []


@pytest.mark.parametrize("account", IDL["accounts"], ids=lambda account: account["name"])
def test_the_protocols_layouts_are_the_idls(account: dict[str, object]) -> None:
    section = PROTOCOL.split(f"### {account['name']}\n", 1)[1].split("\n### ", 1)[0]
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", section, re.MULTILINE)
    expected: list[tuple[str, str]] = []
    offset = 8
    for field in account["type"]["fields"]:  # type: ignore[index]
        expected.append((str(offset), snake(field["name"])))
        kind = field["type"]
        offset += (4 if kind == "string" else SIZES[kind]) if isinstance(kind, str) else kind["array"][1]

    assert rows == expected
    assert f"Length {offset}" in section


def test_the_protocol_names_every_instruction() -> None:
    described = PROTOCOL.split("## Instructions", 1)[1].split("## Arithmetic", 1)[0]

    assert [
        name for name in map(snake, (ix["name"] for ix in IDL["instructions"])) if f"`{name}`" not in described
    ] == []


def test_error_numbers_have_no_gaps() -> None:
    assert [error["code"] for error in IDL["errors"]] == list(range(6000, 6000 + len(IDL["errors"])))


def test_no_file_names_an_index_or_a_path_of_a_machine() -> None:
    for lock in [
        ROOT / "requirements.lock",
        ROOT / "localnet" / "requirements.lock",
        ROOT / ".ci" / "package-lock.json",
    ]:
        text = lock.read_text()
        assert "://" not in text, f"{lock} has an address in it"
        assert "--index-url" not in text


@pytest.mark.parametrize("picture", sorted((ROOT / "docs" / "pictures").glob("*.svg")), ids=lambda path: path.stem)
def test_a_picture_is_shown_and_asks_nobody_for_anything(picture: Path) -> None:
    shown = [
        path.name for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")] if picture.name in path.read_text()
    ]
    assert shown
    drawn = picture.read_text()
    assert not re.search(r"@font-face|@import|href|url\((?!#)|<image|<script", drawn)
    assert 'xmlns="http://www.w3.org/2000/svg"' in drawn
