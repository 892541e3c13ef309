"""The interfaces that lie beside the repository: what others published, to check ours against."""

from pathlib import Path

from tests.parts import missing


def published(name: str) -> str:
    """The text of `shared/idl/NAME` in a folder above, or no test."""
    for parent in Path(__file__).parents:
        path = parent / "shared" / "idl" / name
        if path.is_file():
            return path.read_text()
    return missing(f"shared/idl/{name}", "it lies beside the repository")
