"""The command line, in process and as a process."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from mipriv.cli import run


def call(*args: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one invocation in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(list(args))
    return code, out.getvalue(), err.getvalue()


def answer(*args: str) -> dict[str, object]:
    code, out, err = call(*args, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)  # type: ignore[no-any-return]


def process(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mipriv", *args], capture_output=True, text=True, check=False
    )


def test_the_main_job_as_a_process() -> None:
    done = process("bound", "--eps", "0.001", "--delta", "1e-5", "--n", "10000")
    assert done.returncode == 0
    assert done.stderr == ""
    assert "1.01989739" in done.stdout
    assert "practically no protection" in done.stdout
    assert "To keep the advantage within 0.5" in done.stdout


def test_the_json_of_bound() -> None:
    found = answer("bound", "--eps", "0.1", "--delta", "0.01", "--n", "10", "--digits", "30")
    assert found["inputs"] == {
        "epsilon": "0.1",
        "delta": "0.01",
        "n": "10",
        "adjacency": "replace",
        "tau": None,
        "prior": None,
        "secrets": None,
    }
    theorem, worst = found["theorem"], found["worst_case"]
    assert theorem["lower"].startswith("0.54999642383208947909269714334")  # type: ignore[index]
    assert worst["lower"].startswith("0.46829408223824521684118628115")  # type: ignore[index]
    assert set(theorem) == {"lower", "upper", "kind", "vacuous"}  # type: ignore[arg-type]
    assert set(worst) == {"lower", "upper", "complement", "kind", "vacuous"}  # type: ignore[arg-type]
    assert Fraction(worst["upper"]) - Fraction(worst["lower"]) <= Fraction(1, 10**30)  # type: ignore[index]
    assert found["population"] is found["bayes_success"] is found["tpr"] is None
    assert "0.4683" in found["statement"]  # type: ignore[operator]


def test_the_optional_blocks_of_bound() -> None:
    found = answer(
        "bound", "--eps", "0.1", "--n", "10", "--tau", "0.3", "--prior", "0.2", "--fpr", "0.01"
    )
    assert set(found["population"]) == {"lower", "upper", "complement", "kind", "vacuous"}  # type: ignore[call-overload]
    assert set(found["bayes_success"]) == {"lower", "upper", "kind"}  # type: ignore[call-overload]
    assert set(found["tpr"]) == {"lower", "upper", "kind"}  # type: ignore[call-overload]
    many = answer("bound", "--eps", "0.1", "--n", "10", "--secrets", "5")
    assert many["inputs"]["secrets"] == "5"  # type: ignore[index]
    assert many["bayes_success"]["kind"] == "exact"  # type: ignore[index]


def test_inverses_as_json() -> None:
    found = answer("epsilon", "--n", "10", "--loss", "0.1")
    assert found["using"] == "worst-case"
    assert found["epsilon"]["lower"].startswith("0.0210721031315652")  # type: ignore[index]
    assert answer("delta", "--eps", "0", "--n", "10", "--loss", "0.1")["delta"] == {
        "lower": "0.01",
        "upper": "0.01",
    }
    assert answer("size", "--eps", "0.001", "--loss", "0.5")["n"] == "1386"
    assert answer("size", "--eps", "0", "--loss", "0.5")["n"] == "unbounded"
    assert answer("epsilon", "--n", "0", "--loss", "0.5")["epsilon"] == "unbounded"


def test_an_infeasible_target_exits_one_with_its_reason() -> None:
    code, out, err = call("epsilon", "--n", "1000", "--loss", "0.1", "--delta", "0.01", "--json")
    assert code == 1
    assert err.count("\n") == 1
    assert "largest feasible delta is 0.0001" in err
    found = json.loads(out)
    assert found["epsilon"] is None
    assert found["largest_delta"] == {"lower": "0.0001", "upper": "0.0001"}


def test_information_as_json() -> None:
    found = answer("information", "--bits", "0.05")
    assert set(found) >= {"advantage", "success", "base", "kind"}
    assert found["base"] == "0.5"
    assert found["kind"] == "exact"
    many = answer("information", "--bits", "0.05", "--secrets", "3", "--queries", "2")
    assert many["advantage"] is None
    assert many["kind"] == "upper bound"


@pytest.mark.parametrize(
    "args",
    [("gaussian", "--mu", "0.1"), ("laplace", "--eps", "0.1"), ("zcdp", "--rho", "0.001")],
)
def test_other_claims_as_json(args: tuple[str, ...]) -> None:
    found = answer(*args, "--n", "10", "--tau", "0.5", "--adjacency", "add-remove", "--fpr", "0.1")
    assert found["loss"] == found["population"]
    assert Fraction(found["loss"]["upper"]) < Fraction(found["worst_case"]["upper"])  # type: ignore[index]
    assert "add-remove" in found["statement"]  # type: ignore[operator]
    plain = answer(*args, "--n", "10")
    assert plain["loss"] == plain["worst_case"]


def test_curve_files(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("delta,epsilon,comment\n1e-3,0.1,a\n\n1e-6,1,b\n")
    found = answer("curve", str(file), "--n", "4")
    single = answer("bound", "--eps", "0.1", "--delta", "1e-3", "--n", "4")
    assert Fraction(found["loss"]["upper"]) <= Fraction(single["worst_case"]["upper"])  # type: ignore[index]
    assert found["inputs"]["direction"] == "both"  # type: ignore[index]
    one = answer("curve", str(file), "--n", "4", "--direction", "one")
    assert Fraction(one["loss"]["lower"]) > Fraction(found["loss"]["upper"])  # type: ignore[index]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "columns epsilon,delta"),
        (b"epsilon,delta\n", "at least one row"),
        (b"eps,delta\n1,0\n", "columns epsilon,delta"),
        (b"epsilon,delta\n1,0\n1,2\n", "line 3: delta=2: must lie in [0, 1]"),
        (b"epsilon,delta\nx,0\n", "line 2: epsilon=x: must be a decimal number"),
        (b"epsilon,delta\n1\n", "line 2: must have the columns"),
        (b"epsilon,delta\n-1,0.1\n", "line 2: epsilon=-1, delta=0.1: must satisfy"),
        (b"\xff\xfe\x00", "must be CSV text in UTF-8"),
        (b'epsilon,delta\n"1,0\n', "line"),
    ],
)
def test_bad_curve_files(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "rows.csv"
    file.write_bytes(content)
    code, out, err = call("curve", str(file), "--n", "4")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert words in err


def test_unreadable_files(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.csv", tmp_path):
        code, _, err = call("curve", str(path), "--n", "4")
        assert code == 2
        assert err.count("\n") == 1
        assert "must be readable" in err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["bound", "--eps", "nan", "--n", "1"], "epsilon=nan"),
        (["bound", "--eps", "inf", "--n", "1"], "epsilon=inf"),
        (["bound", "--eps", "-1", "--n", "1"], "epsilon=-1: must be finite and >= 0"),
        (["bound", "--eps", "1", "--delta", "1.1", "--n", "1"], "delta=1.1: must lie in [0, 1]"),
        (["bound", "--eps", "1", "--n", "1.5"], "n=1.5: must be a whole number >= 0"),
        (["bound", "--eps", "1", "--n", "-1"], "n=-1: must be a whole number >= 0"),
        (["bound", "--eps", "", "--n", "1"], "epsilon=(empty)"),
        (["bound", "--eps", "1e-5x", "--n", "1"], "epsilon=1e-5x"),
        (["bound", "--eps", "1" * 2000, "--n", "1"], "must have at most 1000 digits"),
        (["bound", "--eps", "1e-20000", "--n", "1"], "must have an exponent within"),
        (["bound", "--eps", "1", "--n", "1", "--tau", "2"], "tau=2"),
        (["bound", "--eps", "1", "--n", "1", "--prior", "2"], "prior=2"),
        (["bound", "--eps", "1", "--n", "1", "--fpr", "-1"], "fpr=-1"),
        (["bound", "--eps", "1", "--n", "1", "--secrets", "1"], "secrets=1"),
        (["bound", "--eps", "1", "--n", "1", "--adjacency", "x"], "adjacency=x"),
        (["bound", "--eps", "1", "--n", "1", "--digits", "x"], "digits=x"),
        (["bound", "--eps", "1", "--n", "1", "--digits", "10001"], "digits=10001"),
        (["bound", "--eps", "1", "--n", "3", "--secrets", "3", "--tau", "1"], "secrets=3"),
        (["bound", "--eps", "1"], "Missing option '--n'"),
        (["bound", "--nope"], "No such option"),
        (["nope"], "No such command"),
        ([], "missing command"),
        (["plot"], "missing command"),
        (["mechanism"], "missing command"),
        (["mechanism", "nope"], "No such command"),
        (["plot", "loss", "--out", "x.jpg"], "out=x.jpg: must end in .png, .svg, .pdf"),
        (["plot", "loss", "--out", "/nowhere/x.png"], "must be a file that can be written"),
        (["plot", "sgd", "--steps", "1", "--n", "1", "--out", "x.png"], "--noise-multiplier"),
        (["epsilon", "--n", "1", "--loss", "2"], "loss=2"),
        (["epsilon", "--n", "1", "--loss", ".1", "--using", "x"], "using=x"),
        (["curve", "x.csv", "--n", "1", "--direction", "up"], "must be readable"),
    ],
)
def test_bad_input_is_one_line_and_exit_two(args: list[str], words: str) -> None:
    code, out, err = call(*args)
    assert (code, out) == (2, "")
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    assert len(err) < 250
    assert words in err


EVERY = [
    "bound", "curve", "delta", "epsilon", "gaussian", "information", "laplace",
    "mechanism exponential", "mechanism gaussian", "mechanism geometric", "mechanism laplace",
    "mechanism response", "noise", "plot epsilon", "plot loss", "plot sgd", "plot tradeoff",
    "rdp", "sgd", "size", "zcdp",
]  # fmt: skip


def test_every_command_is_in_the_lists_of_these_tests() -> None:
    import click

    from mipriv.cli.app import cli

    found = []
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        inner = list(command.commands) if isinstance(command, click.Group) else []
        found += [f"{name} {sub}" for sub in inner] or [name]
    assert sorted(found) == EVERY


def test_version_and_help() -> None:
    from mipriv import __version__

    assert call("--version") == (0, f"mipriv {__version__}\n", "")
    for command in EVERY:
        code, out, _ = call(*command.split(), "--help")
        assert code == 0
        assert "Example:" in out
        assert f"mipriv {command}" in out
    listed = call("--help")[1]
    assert all(f"  {command.split()[0]} " in listed for command in EVERY)


def test_the_examples_in_the_help_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shlex

    monkeypatch.chdir(tmp_path)
    (tmp_path / "accountant.csv").write_text("epsilon,delta\n0.1,1e-6\n")
    (tmp_path / "orders.csv").write_text("alpha,rdp\n2,1e-6\n32,1.6e-5\n")
    for command in EVERY:
        help_text = call(*command.split(), "--help")[1]
        line = next(text for text in help_text.splitlines() if text.strip().startswith("mipriv "))
        code, out, err = call(*shlex.split(line)[1:])
        assert (code, err) == (0, ""), line
        assert out


def test_completion_is_offered() -> None:
    import os

    done = subprocess.run(
        [sys.executable, "-m", "mipriv"],
        env={**os.environ, "_MIPRIV_COMPLETE": "zsh_source"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "compdef" in done.stdout


def test_a_closed_pipe_is_no_traceback() -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m mipriv bound --eps 1 --n 3 | true"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
