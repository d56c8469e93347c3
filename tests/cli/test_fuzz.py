"""Random argument lists: an exit code of 0, 1 or 2, one line on failure, never a traceback."""

from __future__ import annotations

import random

import pytest

from tests.cli.test_commands import call

VALUES = [
    "0", "1", "0.5", "1e-5", "0.001", "1e-300", "1e-10000", "800", "1e6", "7", "10000",
    "1000000000000000000", "1e18", "1e30", "-1", "-0", "nan", "inf", "", " ", "1.5", "1e-5x", "x",
    "0.999999999999999999999", "--", "-", "--n", "1e99999", "9" * 1500, "\N{GREEK SMALL LETTER EPSILON}",
    "\x00", "\udcff", "1e", ".", "+5", "0x10", "1_0", "1,5", "true", "none", "replace", "add-remove",
    "theorem", "worst-case", "both", "one", "2", "3", "17", "30", "200",
]  # fmt: skip
USUAL = {
    "--eps": ["0", "0.1", "1", "1e-5", "800"],
    "--n": ["0", "1", "10", "10000", "1e18"],
    "--loss": ["0.1", "0.5", "1"],
    "--mu": ["0.01", "1"],
    "--rho": ["0.001", "1"],
    "--bits": ["0.1", "1"],
    "--digits": ["5", "50"],
    "--tau": ["0", "0.1", "1"],
    "--delta": ["0", "1e-6", "0.5"],
    "--prior": ["0.2"],
    "--scale": ["1", "300"],
    "--sensitivity": ["1", "2"],
    "--standard-deviation": ["10"],
    "--fpr": ["0.01"],
    "--adjacency": ["add-remove"],
}
OPTIONS = ["--eps", "--delta", "--n", "--tau", "--prior", "--secrets", "--adjacency", "--fpr",
           "--digits", "--json", "--loss", "--using", "--mu", "--rho", "--bits", "--queries",
           "--direction", "--nope", "-h"]  # fmt: skip
COMMANDS = ["bound", "epsilon", "delta", "size", "information", "gaussian", "laplace", "curve",
            "zcdp", "plot", "nope", ""]  # fmt: skip
MECHANISMS = ["mechanism", "mechanism gaussian", "mechanism laplace", "mechanism geometric",
              "mechanism exponential", "mechanism nope", "rdp"]  # fmt: skip
NEEDED = {
    "bound": ["--eps", "--n"],
    "epsilon": ["--n", "--loss"],
    "delta": ["--eps", "--n", "--loss"],
    "size": ["--eps", "--loss"],
    "information": ["--bits"],
    "gaussian": ["--mu", "--n"],
    "laplace": ["--eps", "--n"],
    "zcdp": ["--rho", "--n"],
    "mechanism gaussian": ["--standard-deviation", "--sensitivity", "--n"],
    "mechanism laplace": ["--scale", "--sensitivity", "--n"],
    "mechanism geometric": ["--scale", "--n"],
    "mechanism exponential": ["--eps", "--n"],
}


def arguments(draw: random.Random, commands: list[str]) -> list[str]:
    """A command, most of the time with the options it needs, and some more at random."""
    command = draw.choice(commands)
    options = list(NEEDED.get(command, [])) if draw.random() < 0.8 else []
    options += draw.sample(OPTIONS, draw.randrange(4))
    args = command.split(" ")
    for option in options:
        args.append(option)
        if option not in ("--json", "-h") and draw.random() < 0.95:
            usual = USUAL.get(option, VALUES) if draw.random() < 0.6 else VALUES
            args.append(draw.choice(usual))
    if draw.random() < 0.05:
        args.append(draw.choice(VALUES))
    return args


@pytest.mark.parametrize(("commands", "cases"), [(COMMANDS, 2_400), (MECHANISMS, 400)])
def test_random_arguments_never_end_in_a_traceback(commands: list[str], cases: int) -> None:
    draw = random.Random(20240611)
    codes = {0: 0, 1: 0, 2: 0}
    for _ in range(cases):
        args = arguments(draw, commands)
        code, out, err = call(*args)
        assert code in codes, args
        codes[code] += 1
        assert "Traceback" not in out + err, args
        if code:
            assert err.startswith("Error: "), args
            assert err.count("\n") == 1, args
        else:
            assert err == "", args
            assert out, args
    # the generator reaches answers and refusals alike
    assert codes[0] > cases / 20
    assert codes[2] > cases / 4
