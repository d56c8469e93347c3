"""The folder of a run: any kill loses at most the line that was being written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mipriv.errors import ParameterError
from tests.verification.coins import environment
from verification.store import ASIDE, P_VALUES, RESULTS, opened, write
from verification.verdict import Line

NAMES = ["a", "b", "c"]


def line(name: str, trials: int = 0, **changed: Any) -> Line:
    return {
        "cell": name,
        "campaign": "coins",
        "learner": {"name": "coin — \n"},
        "population": {"name": "fair"},
        "n": 1,
        "parameters": {},
        "theory": {"lower": 0.5, "upper": 0.5, "method": "coin"},
        "observed": {"lower": 0.25, "upper": 0.5, "exact": not trials, "trials": trials},
        "measures": {},
        "tightness": 0.75,
        "violated": False,
        "control": None,
        "seed": 1,
        "seconds": 0.1,
    } | changed


def filled(folder: Path, *lines: Line) -> bytes:
    with opened(folder, wanted=[], resume=False) as store:
        for one in lines:
            store.add(one, 0.5 if one["observed"]["trials"] else None)
    return (folder / RESULTS).read_bytes()


def read(folder: Path, wanted: list[str] = NAMES) -> tuple[dict[str, Line], list[str]]:
    with opened(folder, wanted=wanted, resume=True) as store:
        return store.lines, store.notices


def test_a_line_is_there_once_it_is_added(tmp_path: Path) -> None:
    with opened(tmp_path / "new" / "folder", wanted=NAMES, resume=False) as store:
        for name in NAMES:
            store.add(line(name, trials=10), 0.25)
            kept = (tmp_path / "new" / "folder" / RESULTS).read_text().splitlines()
            assert json.loads(kept[-1]) == line(name, trials=10)
        assert store.p_values == dict.fromkeys(NAMES, 0.25)
    found, notices = read(tmp_path / "new" / "folder")
    assert found == {name: line(name, trials=10) for name in NAMES}
    assert notices == []


def test_a_file_cut_anywhere_keeps_the_whole_lines(tmp_path: Path) -> None:
    content = filled(tmp_path, *map(line, NAMES))
    for size in {*range(0, len(content), 41), *range(len(content) - 3, len(content) + 1)}:
        (tmp_path / RESULTS).write_bytes(content[:size])
        whole = content[:size].count(b"\n")
        found, notices = read(tmp_path)
        assert list(found) == NAMES[:whole]
        torn = size > 0 and content[size - 1 : size] != b"\n"
        assert notices == (["results.jsonl: the last line was torn; dropped"] if torn else [])
        # what is added next begins a line of its own
        assert (tmp_path / RESULTS).read_bytes() == b"".join(content.splitlines(True)[:whole])


def test_what_a_disk_left_of_the_last_line_is_dropped(tmp_path: Path) -> None:
    content = filled(tmp_path, *map(line, NAMES))
    for rest in (b"\0\0\0\n", b"\0\0\0", b'{"cell": "d", \xff\n'):
        (tmp_path / RESULTS).write_bytes(content + rest)
        found, notices = read(tmp_path)
        assert list(found) == NAMES
        assert len(notices) == 1
        assert (tmp_path / RESULTS).read_bytes() == content


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace(b'"violated": false', b'"violated": true', 1),
        lambda text: text.replace(b'"tightness": 0.75', b'"tightness": 0.8', 1),
        lambda text: text.replace(b'"lower": 0.5', b'"lower": 0.6', 1),
        lambda text: text.replace(b'"trials": 0', b'"trials": 5', 1),
        lambda text: text.replace(b'"seed": 1, ', b"", 1),
        lambda text: text.replace(b'"measures": {}', b'"measures": []', 1),
        lambda text: text.replace(b'"measures": {}', b'"measures": {"panel": "p"}', 1),
        lambda text: text.replace(b'"seed": 1', b'"seed": 1, "sown": 2', 1),
        lambda text: text.replace(b'"cell"', b"cell", 1),
        lambda text: b"[]\n" + text,
        lambda text: b"\n" + text,
    ],
)
def test_a_line_that_was_changed_is_refused(tmp_path: Path, damage: Any) -> None:
    content = filled(tmp_path, *map(line, NAMES))
    (tmp_path / RESULTS).write_bytes(damage(content))
    with pytest.raises(ParameterError, match="line"):
        read(tmp_path)


def test_lines_of_other_cells_are_kept_aside_and_come_back(tmp_path: Path) -> None:
    content = filled(tmp_path, *map(line, NAMES))
    found, notices = read(tmp_path, ["b"])
    assert list(found) == ["b"]
    assert len(notices) == 1
    assert notices[0].startswith("2 finished cells are of other parameters, seed or sources")
    assert (tmp_path / RESULTS).read_bytes() == content.splitlines(True)[1]
    assert read(tmp_path, ["b"]) == (found, [])
    found, notices = read(tmp_path)
    assert found == {name: line(name) for name in NAMES}
    assert notices == []
    assert (tmp_path / ASIDE).read_bytes() == b""


def test_a_kill_between_the_two_files_doubles_nothing(tmp_path: Path) -> None:
    content = filled(tmp_path, *map(line, NAMES))
    (tmp_path / ASIDE).write_bytes(content)
    found, _ = read(tmp_path, ["a", "b"])
    assert list(found) == ["a", "b"]
    assert (tmp_path / RESULTS).read_bytes() == b"".join(content.splitlines(True)[:2])
    assert (tmp_path / ASIDE).read_bytes() == content.splitlines(True)[2]


def test_lines_from_before_there_were_measures_are_taken_up(tmp_path: Path) -> None:
    measured = line("b", measures={"kept": [1, "two", None]})
    content = filled(tmp_path, line("a"), measured).replace(b' "measures": {},', b"")
    assert content.count(b"measures") == 1
    (tmp_path / RESULTS).write_bytes(content)
    assert read(tmp_path) == ({"a": line("a"), "b": measured}, [])
    assert (tmp_path / RESULTS).read_bytes() == content


def test_a_cell_without_its_p_value_is_played_again(tmp_path: Path) -> None:
    filled(tmp_path, *(line(name, trials=10) for name in NAMES))
    kept = (tmp_path / P_VALUES).read_text().splitlines(True)
    (tmp_path / P_VALUES).write_text(kept[0] + kept[1][:-5])
    found, notices = read(tmp_path)
    assert list(found) == ["a"]
    assert notices == ["p_values.jsonl: the last line was torn; dropped"]


def test_results_are_refused_unless_they_are_resumed(tmp_path: Path) -> None:
    filled(tmp_path, line("a"))
    for keep in (RESULTS, ASIDE):
        with (
            pytest.raises(ParameterError, match="must hold no results, or come with --resume"),
            opened(tmp_path, wanted=NAMES, resume=False),
        ):
            pass
        (tmp_path / RESULTS).replace(tmp_path / ASIDE) if keep == RESULTS else None
    assert read(tmp_path)[0] == {"a": line("a")}


HOLD = """
import sys, time
from pathlib import Path
from verification.store import opened
with opened(Path(sys.argv[1]), wanted=[], resume=True):
    print("held", flush=True)
    time.sleep(600)
"""


def test_one_run_at_a_time(tmp_path: Path) -> None:
    """Even of another process; one that is killed leaves no lock behind."""
    start = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(start, env=environment(), stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(ParameterError, match="must not be in use by another run"):
            read(tmp_path)
        other.kill()
    assert read(tmp_path) == ({}, [])


def test_what_a_former_run_said_is_taken_away(tmp_path: Path) -> None:
    filled(tmp_path, line("a"))
    (tmp_path / "summary.json").write_text("{}")
    (tmp_path / "failures.log").write_text("")
    read(tmp_path, ["a"])
    assert {path.name for path in tmp_path.iterdir()} == {RESULTS, ".lock"}


def test_a_file_is_replaced_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "file", "old")

    def killed(handle: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "file", "new")
    assert (tmp_path / "file").read_text() == "old"


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ParameterError, match=f"out=.*{name}: "),
        opened(tmp_path / name, wanted=[], resume=True),
    ):
        pass
