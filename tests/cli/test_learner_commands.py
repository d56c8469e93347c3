"""`mipriv rdp` and `mipriv mechanism` on the command line."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import mipriv
from tests.cli.test_commands import answer, call, process

GAUSS = [(alpha, Fraction(alpha, 200)) for alpha in (2, 4, 8, 16, 32, 64)]  # mu = 1/10


def orders_file(folder: Path, text: str | None = None) -> str:
    path = folder / "orders.csv"
    rows = "".join(f"{float(rdp)},x,{alpha}\n" for alpha, rdp in GAUSS)
    path.write_text(f"rdp,note,alpha\n\n{rows}" if text is None else text)
    return str(path)


def ends(found: Any) -> tuple[Fraction, Fraction]:
    return Fraction(found["lower"]), Fraction(found["upper"])


def test_the_json_of_rdp(tmp_path: Path) -> None:
    file = orders_file(tmp_path)
    found = answer("rdp", file, "--n", "5", "--tau", "0.2", "--fpr", "0.01", "--digits", "12")
    assert list(found) == ["inputs", "loss", "worst_case", "population", "tpr", "statement"]
    assert found["inputs"] == {
        "orders": "6",
        "largest_order": "64",
        "n": "5",
        "adjacency": "replace",
        "tau": "0.2",
        "fpr": "0.01",
    }
    same = mipriv.rdp(orders=GAUSS, n=5, tau="0.2", fpr="0.01", digits=12)
    assert found == same.as_dict()
    kinds = {found[name]["kind"] for name in ("loss", "worst_case", "population", "tpr")}  # type: ignore[index]
    assert kinds == {"upper bound"}
    exact = answer("gaussian", "--mu", "0.1", "--n", "5", "--tau", "0.2", "--fpr", "0.01")
    for name in ("loss", "worst_case", "tpr"):
        low, high = ends(exact[name])[0], ends(found[name])[1]
        # an order allows sqrt(pi/2) = 1.2533 times the gap of Gaussian noise; 1.3 leaves room for
        # orders that are not the best ones
        assert low <= high <= Fraction(13, 10) * low
    assert "divergences given (6 orders)" in found["statement"]  # type: ignore[operator]


def test_more_orders_and_other_neighbours(tmp_path: Path) -> None:
    file = orders_file(tmp_path)
    plain = answer("rdp", file, "--n", "6")
    twice = answer("rdp", file, "--n", "3", "--adjacency", "add-remove")
    assert plain["worst_case"] == twice["worst_case"]
    assert "accountants of DP-SGD report add-remove" in plain["statement"]  # type: ignore[operator]
    few = answer("rdp", orders_file(tmp_path, "alpha,rdp\n2,0.01\n"), "--n", "6")
    assert ends(plain["loss"])[1] < ends(few["loss"])[1]


def test_nothing_follows_from_large_divergences(tmp_path: Path) -> None:
    file = orders_file(tmp_path, "alpha,rdp\n1.0000000001,1e300\n1e300,1e301\n")
    args = ("rdp", file, "--n", "3", "--fpr", "0.5")
    assert "says nothing" in call(*args)[1]
    found = answer(*args, "--tau", "0.5")
    # some record of three differs with probability 7/8: more cannot be told; 17 digits, rounded up
    assert Fraction(7, 8) <= ends(found["loss"])[1] <= Fraction(7, 8) + Fraction(1, 10**16)
    assert found["worst_case"]["vacuous"] is True  # type: ignore[index]
    assert "no limit follows" in answer(*args)["statement"]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "columns alpha,rdp"),
        ("epsilon,delta\n1,0\n", "columns alpha,rdp"),
        ("alpha,rdp\n", "at least one row"),
        ("alpha,rdp\n2,1\n1,1\n", "line 3: alpha=1: must be finite and > 1"),
        ("alpha,rdp\n2,-1\n", "line 2: rdp=-1: must be finite and >= 0"),
        ("alpha,rdp\n2,inf\n", "line 2: rdp=inf: must be a decimal number"),
        ("alpha,rdp\n2\n", "line 2: must have the columns alpha and rdp"),
        ("alpha,rdp\n" + "2,1\n" * 1001, "orders=1001: must be at most 1000 pairs"),
    ],
)
def test_bad_files_of_orders(tmp_path: Path, text: str, words: str) -> None:
    code, out, err = call("rdp", orders_file(tmp_path, text), "--n", "4")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert words in err


def test_a_mechanism_as_a_process() -> None:
    done = process("mechanism", "laplace", "--sensitivity", "2", "--scale", "80", "--n", "10")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("mechanism = laplace, sensitivity = 2, scale = 80, n = 10")
    claim = answer("laplace", "--eps", "0.025", "--n", "10")["worst_case"]
    assert claim["upper"] in done.stdout  # type: ignore[index]
    assert "Laplace noise of scale 80" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("args", "claim"),
    [
        (("gaussian", "--sensitivity", "1", "--standard-deviation", "20"), ("gaussian", "--mu", "0.05")),
        (("laplace", "--sensitivity", "1", "--scale", "20"), ("laplace", "--eps", "0.05")),
    ],
)  # fmt: skip
def test_noise_and_its_claim_lose_the_same(args: tuple[str, ...], claim: tuple[str, ...]) -> None:
    asked = ("--n", "10", "--tau", "0.3", "--fpr", "0.1", "--adjacency", "add-remove")
    noise, promise = answer("mechanism", *args, *asked), answer(*claim, *asked)
    for name in ("loss", "worst_case", "population", "tpr"):
        assert noise[name] == promise[name]
    assert noise["claim_alone"] == noise["worst_case"]
    assert noise["inputs"]["tau"] == "0.3"  # type: ignore[index]


def test_the_json_of_a_mechanism() -> None:
    asked = ("--n", "101", "--tau", "0.1", "--fpr", "0.01")
    found = answer("mechanism", "response", "--eps", "0.1", *asked)
    assert list(found) == [
        "inputs",
        "loss",
        "worst_case",
        "population",
        "tpr",
        "claim_alone",
        "statement",
    ]
    assert found["inputs"]["mechanism"] == "randomised response"  # type: ignore[index]
    assert found["worst_case"]["kind"] == found["tpr"]["kind"] == "exact"  # type: ignore[index]
    assert found["population"]["kind"] == "upper bound"  # type: ignore[index]
    assert ends(found["worst_case"])[1] < ends(found["claim_alone"])[0]
    assert ends(found["loss"])[1] < ends(found["worst_case"])[0]
    assert "odds e^epsilon" in found["statement"]  # type: ignore[operator]
    _, out, _ = call("mechanism", "response", "--eps", "0.1", *asked)
    assert "by its claim alone" in out


def test_the_scale_of_discrete_noise() -> None:
    scale = answer("mechanism", "geometric", "--scale", "3", "--n", "6")
    nats = answer("mechanism", "geometric", "--eps", "0.5", "--sensitivity", "3", "--n", "2")
    assert scale["inputs"]["epsilon"] == "1/3"  # type: ignore[index]
    single = answer("mechanism", "geometric", "--eps", "0.5", "--n", "6")
    assert nats["loss"] == single["loss"]
    assert ends(single["loss"])[0] > ends(scale["loss"])[1]


def test_no_loss_is_said() -> None:
    code, out, _ = call("mechanism", "exponential", "--eps", "0", "--n", "1", "--fpr", "0.1")
    assert code == 0
    said = " ".join(out.split())
    assert "the 1 training record came learns nothing: the loss is 0." in said
    assert "leaks exactly" not in said


def test_a_loss_next_to_one_is_told_from_one() -> None:
    said = " ".join(call("mechanism", "exponential", "--eps", "2", "--n", "200")[1].split())
    # tanh(100) = 1 - 2 e^-200 + ..., 2 e^-200 = 2.7678e-87
    assert "of at most 1 - 2.767e-87" in said
    assert "practically no protection" in said
    far = " ".join(call("mechanism", "exponential", "--eps", "2", "--n", "1e24")[1].split())
    assert "may be right nearly every time" in far


def test_the_rate_of_many_symbols_is_an_upper_bound() -> None:
    args = ("mechanism", "response", "--eps", "0.1", "--symbols", "3", "--fpr", "0.1")
    many = answer(*args, "--n", "100", "--digits", "9")
    assert many["tpr"]["kind"] == "upper bound"  # type: ignore[index]
    # fpr + loss, each rounded up by less than 1e-9
    room = ends(many["tpr"])[1] - Fraction("0.1") - ends(many["loss"])[0]
    assert 0 <= room <= Fraction(2, 10**9)
    one = answer(*args, "--n", "1", "--digits", "9")
    claim = answer("bound", "--eps", "0.1", "--n", "1", "--fpr", "0.1", "--digits", "9")
    assert ends(one["tpr"])[1] == ends(claim["tpr"])[1]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("gaussian", "--sensitivity", "1"), "Missing option '--standard-deviation'"),
        (("gaussian", "--sensitivity", "1", "--standard-deviation", "0"), "standard_deviation=0"),
        (("gaussian", "--sensitivity", "-1", "--standard-deviation", "1"), "sensitivity=-1"),
        (("laplace", "--sensitivity", "1", "--scale", "nan"), "scale=nan"),
        (("geometric",), "epsilon: must be given, or scale"),
        (("geometric", "--scale", "1", "--eps", "1"), "epsilon=1, scale=1: must not both be given"),
        (("geometric", "--scale", "0"), "scale=0: must be finite and > 0"),
        (("geometric", "--scale", "1", "--sensitivity", "0.5"), "sensitivity=0.5: must be a whole"),
        (("exponential", "--eps", "1", "--adjacency", "x"), "adjacency=x"),
        (("response", "--eps", "1", "--symbols", "1"), "symbols=1: must be a whole number >= 2"),
        (("response", "--eps", "1", "--adjacency", "add-remove"), "No such option"),
        (("response", "--eps", "1", "--digits", "0"), "digits=0"),
        (("response", "--eps", "1", "--tau", "2"), "tau=2"),
        (("response", "--eps", "1", "--fpr", "-1"), "fpr=-1"),
    ],
)
def test_bad_mechanisms_are_one_line_and_exit_two(args: tuple[str, ...], words: str) -> None:
    code, out, err = call("mechanism", *args, "--n", "3")
    assert (code, out) == (2, "")
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    assert words in err


def test_too_many_answers_of_many_symbols() -> None:
    code, _, err = call("mechanism", "response", "--eps", "1", "--symbols", "3", "--n", "100001")
    assert code == 2
    assert "n=100001: must be at most 100000" in err


def test_only_mechanisms_are_taken() -> None:
    with pytest.raises(mipriv.ParameterError, match="learner=str: must be a mechanism"):
        mipriv.mechanism(learner="laplace", n=3)  # type: ignore[arg-type]
