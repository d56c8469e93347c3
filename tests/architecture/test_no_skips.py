"""Where every test must run a skipped one fails, whichever way it is skipped and wherever it runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"
FILES = {
    "test_runs.py": "def test_runs(): pass\n",
    "test_inside.py": "import pytest\ndef test_inside(): pytest.skip('from inside')\n",
    "test_marked.py": (
        "import pytest\n@pytest.mark.skip(reason='by a mark')\ndef test_marked(): pass\n"
    ),
    "test_whole.py": "import pytest\npytest.importorskip('no_such_module')\ndef test_it(): pass\n",
}


def skipping(folder: Path, *options: str, required: str) -> subprocess.CompletedProcess[str]:
    """Run one test that passes and three that are skipped, with the `conftest.py` of this tree."""
    shutil.copy(CONFTEST, folder)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options],
        cwd=folder,
        env={**os.environ, "MIPRIV_REQUIRE_ALL": required},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_a_skipped_test_fails_where_all_must_run(workers: str, tmp_path: Path) -> None:
    done = skipping(tmp_path, workers, "--continue-on-collection-errors", required="1")
    assert done.returncode == 1, done.stderr
    for name, reason in (
        ("test_inside.py::test_inside", "from inside"),
        ("test_marked.py::test_marked", "by a mark"),
        ("test_whole.py", "could not import 'no_such_module'"),
    ):
        said = f"{name} was skipped where every test must run: Skipped: {reason}"
        assert said in done.stdout
    assert "1 failed, 1 passed, 2 errors" in done.stdout.splitlines()[-1]


def test_elsewhere_a_skipped_test_is_no_failure(tmp_path: Path) -> None:
    done = skipping(tmp_path, "-n0", required="0")
    assert done.returncode == 0, done.stdout
    assert "1 passed, 3 skipped" in done.stdout.splitlines()[-1]
