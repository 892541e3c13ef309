"""The drill as a person runs it: migrate, back up, lose everything, restore, verify; and a log that was changed."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
MAIN = "import sys; sys.argv[0] = 'opinion'; from ops.commands import main; main()"


def opinion(folder: Path, *arguments: str, code: int = 0) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in ("NETWORK", "DATABASE_URL")}
    environment |= {"DATABASE_URL": f"sqlite:///{folder}/oracle.db", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", MAIN, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout if code in (0, 3) else done.stderr


def told(folder: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    return json.loads(opinion(folder, *arguments, "--json", code=code))


def test_the_drill(tmp_path: Path) -> None:
    assert "'opinion store migrate'" in opinion(tmp_path, "audit", "verify", code=1)
    assert not (tmp_path / "oracle.db").exists()
    assert "is at step" in opinion(tmp_path, "store", "migrate")
    opinion(tmp_path, "store", "migrate")
    assert told(tmp_path, "store", "rebuild") == {"accounts": 0}
    made = told(tmp_path, "store", "backup", "copy")
    assert "exists already" in opinion(tmp_path, "store", "backup", "copy", code=1)
    assert "restore into a new, migrated database" in opinion(tmp_path, "store", "restore", "copy", code=1)
    before = told(tmp_path, "audit", "verify")
    assert (before["ok"], before["rows"]) == (True, 1)

    for file in tmp_path.glob("oracle.db*"):
        file.unlink()
    opinion(tmp_path, "store", "migrate")
    restored = told(tmp_path, "store", "restore", "copy")
    assert (restored["rows"], restored["sha256"]) == (made["rows"], made["sha256"])
    assert opinion(tmp_path, "audit", "verify").startswith("Good: 2 rows")


def test_a_changed_log_is_told_and_ends_in_3(tmp_path: Path) -> None:
    opinion(tmp_path, "store", "migrate")
    opinion(tmp_path, "store", "rebuild")
    database = sqlite3.connect(tmp_path / "oracle.db")
    database.execute("UPDATE audit SET actor = 'nobody'")
    database.commit()
    database.close()
    assert opinion(tmp_path, "audit", "verify", code=3) == "BAD: row 1 was changed after it was written.\n"
    assert told(tmp_path, "audit", "verify", code=3)["first_bad"] == 1


def test_what_cannot_be_restored_is_told_in_a_sentence(tmp_path: Path) -> None:
    opinion(tmp_path, "store", "migrate")
    (tmp_path / "text").write_text("no backup")
    assert "cannot be read" in opinion(tmp_path, "store", "restore", "text", code=1)
    assert "cannot be read" in opinion(tmp_path, "store", "restore", "none", code=1)
