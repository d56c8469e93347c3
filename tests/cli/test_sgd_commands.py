"""`mipriv sgd` and `mipriv noise` on the command line."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from tests.cli.test_commands import answer, call

RUN = ("--sampling-probability", "0.05", "--steps", "200", "--n", "1000")


def test_the_json_of_sgd() -> None:
    found = answer("sgd", "--noise-multiplier", "5627", *RUN, "--fpr", "0.05")
    assert list(found) == [
        "inputs",
        "loss",
        "complement",
        "method",
        "arithmetic",
        "others",
        "tpr",
        "statement",
    ]
    loss, rest = found["loss"], found["complement"]
    assert Fraction(loss["upper"]) - Fraction(loss["lower"]) <= Fraction(1, 10**9)  # type: ignore[index]
    assert Fraction(loss["lower"]) + Fraction(rest["upper"]) >= 1  # type: ignore[index]
    assert loss["kind"] == "exact"  # type: ignore[index]
    assert found["inputs"]["group"] == "1000"  # type: ignore[index]
    assert set(found["others"]) == {"revealed schedule", "no changed record sampled"}  # type: ignore[call-overload]
    rate = found["tpr"]
    assert (
        Fraction("0.0817") < Fraction(rate["lower"]) <= Fraction(rate["upper"]) < Fraction("0.0818")
    )  # type: ignore[index]
    assert "clip norms" in found["statement"]  # type: ignore[operator]


def test_the_noise_for_a_loss() -> None:
    found = answer("noise", "--loss", "0.1", *RUN)
    ends = found["noise_multiplier"]
    assert round(float(ends["lower"])) == round(float(ends["upper"])) == 5627  # type: ignore[index]
    assert "next to nothing" in found["statement"]  # type: ignore[operator]


def test_the_noise_for_close_populations() -> None:
    found = answer("noise", "--loss", "0.1", *RUN, "--tau", "0.1", "--tolerance", "1e-3")
    ends = found["noise_multiplier"]
    assert 562 < float(ends["lower"]) < float(ends["upper"]) < 564  # type: ignore[index]


def test_further_runs_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "runs.json"
    path.write_text(
        json.dumps([{"noise_multiplier": 5627, "sampling_probability": 0.05, "steps": 50}])
    )
    short = ("--sampling-probability", "0.05", "--steps", "150", "--n", "1000")
    two = answer("sgd", "--noise-multiplier", "5627", *short, "--also", str(path))
    one = answer("sgd", "--noise-multiplier", "5627", *RUN)
    assert two["loss"] == one["loss"]
    assert two["inputs"]["further_runs"] == "1"  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "must be JSON"),
        ("[]", "at least one run"),
        ("[3]", "run 1: must be an object"),
        ('[{"noise_multiplier": 1, "steps": 2, "rate": 3}]', "rate: must be one of"),
        ('[{"steps": 2, "sampling_probability": 0.1}]', "noise_multiplier: must be given"),
        (
            '[{"noise_multiplier": 1, "steps": 2, "sampling_probability": 7}]',
            "sampling_probability=7: must lie in [0, 1]",
        ),
    ],
)
def test_bad_files(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "runs.json"
    path.write_text(text)
    code, out, err = call("sgd", "--noise-multiplier", "1", *RUN, "--also", str(path))
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--group", "10", "--tau", "0.1"), "must be left out with group"),
        (("--adjacency", "add-remove", "--tau", "0.1"), "adjacency=add-remove: must be replace"),
        (("--adjacency", "add-remove"), "group"),
        (("--sampling", "fixed"), "must be poisson"),
        (("--sampling", "shuffle"), "must be one of poisson, fixed, any"),
        (("--width", "x"), "width=x"),
        (("--also", "no such file"), "must be readable"),
    ],
)
def test_refusals(arguments: tuple[str, ...], said: str) -> None:
    code, out, err = call("sgd", "--noise-multiplier", "1", *RUN, *arguments)
    assert (code, out) == (2, "")
    assert said in err


def test_adding_records_is_said_not_to_be_the_population_loss() -> None:
    code, out, _ = call(
        "sgd", "--noise-multiplier", "1", *RUN, "--group", "1", "--adjacency", "add-remove"
    )
    assert code == 0
    assert "not the population loss" in " ".join(out.split())


def test_batches() -> None:
    base = ("--noise-multiplier", "100", "--batch-size", "50", "--steps", "20", "--n", "1000")
    fixed = answer("sgd", *base, "--group", "5")
    anyhow = answer("sgd", *base, "--group", "5", "--sampling", "any")
    assert Fraction(fixed["loss"]["upper"]) < Fraction(anyhow["loss"]["upper"])  # type: ignore[index]
    assert fixed["loss"]["kind"] == "upper bound"  # type: ignore[index]
    assert anyhow["loss"]["kind"] == "exact"  # type: ignore[index]
    near = answer("sgd", *base, "--tau", "0.1", "--sampling", "any")
    assert "others" in near


def test_practically_no_protection_names_what_helps() -> None:
    _, out, _ = call("sgd", "--noise-multiplier", "1", *RUN)
    said = " ".join(out.split())
    assert "practically no protection" in said
    assert "A loss of 0.5 takes at most 1059" in said


def test_a_rate_never_costs_the_loss() -> None:
    """Where the trade-off curve is out of reach, fpr + loss still holds."""
    base = ("--sampling-probability", "0.01", "--steps", "1000", "--n", "1000")
    found = answer("sgd", "--noise-multiplier", "20", *base, "--fpr", "0.01")
    assert Fraction(found["tpr"]["upper"]) <= 1  # type: ignore[index]
    near = answer("sgd", "--noise-multiplier", "100", *base, "--distance", "0", "--fpr", "0.05")
    assert Fraction(near["tpr"]["upper"]) < Fraction("0.0500001")  # type: ignore[index]


def test_no_noise_needed_is_said() -> None:
    code, out, _ = call(
        "noise", "--loss", "0.5", "--sampling-probability", "0.01", "--steps", "3", "--n", "1"
    )
    assert code == 0
    assert "no noise is needed" in out
