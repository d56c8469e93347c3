"""README: every command and number in it comes out as printed."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import pytest

from proofs.__main__ import run as run_proofs
from tests.cli.test_commands import call
from verification.__main__ import run as run_verification
from verification.campaign import campaigns

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
SESSIONS = re.findall(r"```console\n(.*?)```", README, re.S)
SETUP = re.findall(r"```sh\n(.*?)\n```", README, re.S)
COMMANDS = re.findall(r"`(mipriv [^`|]*?)`", README)


def test_there_is_something_to_test() -> None:
    assert len(SESSIONS) == 4
    assert len(SETUP) == 2
    assert len(COMMANDS) >= 6


@pytest.mark.parametrize("session", SESSIONS, ids=lambda text: text.splitlines()[0])
def test_sessions_print_what_readme_prints(session: str) -> None:
    first, _, expected = session.partition("\n")
    code, out, err = call(*shlex.split(first.removeprefix("$ mipriv")))
    assert (code, err) == (0, "")
    assert out == expected


def test_the_main_job_is_answered() -> None:
    """The set-up command ends in the main job; .ci/run executes it word for word."""
    job = SETUP[0].rpartition(".venv/bin/mipriv ")[2]
    code, out, _ = call(*shlex.split(job))
    assert code == 0
    assert "1.0198973909223198" in out
    script = (ROOT / ".ci" / "run").read_text()
    assert "readme_command 'mipriv bound'" in script
    assert "readme_command 'pytest -q'" in script


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_in_the_text_run(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "FILE.csv").write_text("epsilon,delta\n0.01,1e-6\n")
    (tmp_path / "ORDERS.csv").write_text("alpha,rdp\n2,1e-6\n32,1.6e-5\n")
    args = shlex.split(command)[1:]
    code, out, err = call(*args) if len(args) > 1 else call(*args, "--help")
    assert (code, err) == (0, ""), command
    assert out


PROOFS = re.findall(r"`python -m (proofs[^`]*)`", README)


def test_commands_of_the_proofs_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All but the full run, which .ci/run makes word for word."""
    assert "proofs" in PROOFS
    assert "\n.venv/bin/python -m proofs\n" in (ROOT / ".ci" / "run").read_text()
    monkeypatch.chdir(tmp_path)
    for command in PROOFS:
        arguments = shlex.split(command)[1:]
        if arguments:
            assert run_proofs(arguments) == 0, command
    assert (tmp_path / "notebooks" / "theorem_09_secrets.html").exists()


def test_commands_of_the_verification_exist() -> None:
    """.ci/run makes the quick run and its report; the long ones are campaigns that are listed."""
    commands = [
        shlex.split(one)[1:] for one in re.findall(r"`python -m (verification [^`]*)`", README)
    ]
    script = (ROOT / ".ci" / "run").read_text()
    known = {path.stem for path in campaigns()}
    assert ["list"] in commands
    for first, *rest in commands:
        if first == "list":
            assert run_verification([first]) == 0
        elif (first in ("run", "report") and "runs/quick" in rest) or (
            first == "study" and "small" in rest
        ):
            assert f"\n.venv/bin/python -m verification {shlex.join([first, *rest])}\n" in script
        elif first == "run":
            assert rest[0] in known
        else:
            assert run_verification([first, "--help"]) == 0


def test_python_blocks() -> None:
    blocks = re.findall(r"```python\n(.*?)```", README, re.S)
    parser = doctest.DocTestParser()
    test = parser.get_doctest("\n".join(blocks), {}, "README", "README.md", 0)
    runner = doctest.DocTestRunner(verbose=False)
    report: list[str] = []
    runner.run(test, out=report.append)
    assert test.examples
    assert runner.failures == 0, "".join(report)


def test_links_and_names_exist() -> None:
    for name in ("CONTRIBUTING.md", "LICENSE", "CHANGELOG.md"):
        assert (ROOT / name).exists()


def test_the_numbers_of_mid() -> None:
    """The exact channels at a quarter of the variance, and what published models tell."""
    from verification.cell import Cell
    from verification.inversion import training
    from verification.inversion.play import play

    record = {"name": "gaussian", "dimension": 4, "correlation": "0.25", "noise": 1}
    bits = {"name": "labelled", "tau": "0.2", "agreement": "0.8"}

    def exact(learner: dict[str, object], population: dict[str, object], n: int) -> str:
        cell = Cell(campaign="readme", learner=learner, population=population, n=n, parameters={})
        found = (play if n == 1 else training.play)(cell, 0, 0.5).observed
        assert f"{found.lower:.3f}" == f"{found.upper:.3f}"
        return f"{found.lower:.3f}".removeprefix("0")

    numbers = [
        exact({"name": "channel", "kind": kind, "share": "0.25"}, record, 1)
        for kind in ("mid", "noise", "shrinkage")
    ] + [
        exact({"name": "published", **model}, bits, 10)
        for model in (
            {"model": "labels", "lam": 0},
            {"model": "labels", "lam": 1},
            {"model": "majority"},
        )
    ]
    words = " ".join(README.split())
    mid, noise, quiet, free, dear, constant = numbers
    assert (
        f"with chance {mid} from MID's answer, {noise} from plain additive noise, {quiet} from"
        in words
    )
    assert (
        f"advantage {free} at `lam` 0 and {dear} at `lam` 1, a constant label with {constant},"
        in words
    )


def test_the_noise_through_one_epsilon_and_delta() -> None:
    """13855: where delta(eps) of one replaced record is 1e-6 at the eps the published bound asks for."""
    from flint import fmpq

    import mipriv
    from mipriv.accounting.sgd.account import Account
    from mipriv.accounting.sgd.delta import hockey_stick
    from mipriv.accounting.sgd.steps import PoissonSteps

    assert "13855" in README
    found = mipriv.epsilon(n=1000, loss="0.1", delta="1e-6", using="theorem").lower
    epsilon = fmpq(found.numerator, found.denominator)

    def delta(sigma: int) -> object:
        steps = PoissonSteps(noise_multiplier=sigma, sampling_probability="0.05", steps=200)  # type: ignore[arg-type]
        return hockey_stick(Account((steps,), 1, 1), epsilon)

    assert delta(13856) <= fmpq(1, 10**6) < delta(13854)  # type: ignore[operator]
