"""`python -m proofs` as a process: the table, exit codes, one line for bad input."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def proofs(*arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ if path is None else {**os.environ, "PATH": path}
    return subprocess.run(
        [sys.executable, "-m", "proofs", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_one_table_of_what_was_shown() -> None:
    """Of three engines, for one formula."""
    done = proofs("--only", "theorem.group_delta", "--without", "coq")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["what", "by", "evidence", "seconds"]
    assert len(lines) == 6
    for line, (slug, evidence) in zip(
        lines[2:5],
        (
            ("exact.group-privacy", "360 claims"),
            ("smt.group-step", "10 steps"),
            ("derivation.theorem_01_group_privacy", "steps checked"),
        ),
        strict=True,
    ):
        assert f"  {slug}  " in line
        assert evidence in line
    assert lines[-1].startswith("3 of 3 proofs shown in ")
    assert lines[-1].endswith(" s, left out: coq")
    assert "[1/3] exact.group-privacy ..." in done.stderr


def test_without_coq_it_says_so_and_fails(tmp_path: Path) -> None:
    done = proofs("--only", "coq.tv_bound", path=str(tmp_path))
    assert done.returncode == 1
    said = "not run: coq.gate: coq: apt-get install --no-install-recommends coq"
    assert said in done.stdout.splitlines()
    done = proofs("--only", "coq.tv_bound", "--without", "coq", path=str(tmp_path))
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "0 of 0 proofs shown in 0 s, left out: coq"


def test_bad_input_is_one_line() -> None:
    for arguments, word in ((("--only", "nothing"), "--only nothing"), (("--without", "x"), "'x'")):
        done = proofs(*arguments)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
        assert word in done.stderr
