"""`mipriv sgd` and `mipriv noise` on the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from flint import fmpq

import mipriv
from mipriv import plot
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
        (("--width", "1e-400"), "width=1e-400: must lie in [1e-300, 1)"),
        (("--width", "1"), "width=1: must lie in [1e-300, 1)"),
        (("--budget", "0.5"), "budget=0.5: must lie in [1, 1e300)"),
        (("--budget", "1e400"), "budget=1e400: must lie in [1, 1e300)"),
        (("--batch-size", "5"), "sampling_probability=0.05, batch_size=5: must not both be given"),
        (("--also", "no such file"), "must be readable"),
    ],
)
def test_refusals(arguments: tuple[str, ...], said: str) -> None:
    code, out, err = call("sgd", "--noise-multiplier", "1", *RUN, *arguments)
    assert (code, out) == (2, "")
    assert said in err


def test_refusals_of_noise() -> None:
    few = ("noise", "--loss", "0.1", "--steps", "2", "--n", "3")
    code, out, err = call(*few)
    assert (code, out) == (2, "")
    assert err == "Error: sampling_probability: must be given, or batch_size\n"
    code, _, err = call(*few, "--sampling-probability", "0.5", "--tolerance", "1e-400")
    assert code == 2
    assert "tolerance=1e-400: must lie in [1e-9, 1)" in err


def test_inputs_that_a_command_does_not_take() -> None:
    """No library function takes another's inputs in silence."""
    run: dict[str, Any] = {"sampling_probability": "0.1", "steps": 3, "n": 5}
    for name in ("also", "width", "budget", "fpr"):
        with pytest.raises(TypeError, match=name):
            mipriv.noise(loss="0.1", **run, **{name: None})
    with pytest.raises(mipriv.ParameterError, match="tau"):
        plot.sgd(out="x.png", noise_multiplier=1, **run, tau="0.5")


def words(*args: str) -> str:
    """The text of a command without its line breaks."""
    code, out, err = call(*args)
    assert (code, err) == (0, "")
    return " ".join(out.split())


def test_one_record_is_said_in_the_singular() -> None:
    run = ("--steps", "10", "--sampling-probability", "0.5", "--n", "1")
    for said in (
        words("sgd", "--noise-multiplier", "5", *run),
        words("noise", "--loss", "0.1", *run),
        words("sgd", "--noise-multiplier", "5", *run, "--tau", "0.5"),
    ):
        assert "the 1 record came from" in said
    assert "0 of 1 record, was used" in words(
        "sgd", "--noise-multiplier", "5", *run, "--group", "0"
    )


def test_steps_without_a_record_are_said_to_be_noise() -> None:
    run = ("--steps", "10", "--sampling-probability", "0.05")
    said = words("sgd", "--noise-multiplier", "0.5", *run, "--n", "10")
    # 0.95^10 = 0.59873...
    assert "A step samples 0.5 records on average, and none with a probability of at least" in said
    assert "at least 59.87%: then it is noise alone" in said
    assert "the noise 0.5 a coordinate." in said
    assert "averaged step" not in said
    noisy = words("sgd", "--noise-multiplier", "5", *run, "--n", "10")
    assert "learnt next to nothing" in noisy
    full = words("sgd", "--noise-multiplier", "0.5", *run, "--n", "20")
    assert "The noise of one averaged step is 0.5 clip norms a coordinate" in full


def test_the_clearest_run_is_the_one_spoken_of(tmp_path: Path) -> None:
    path = tmp_path / "runs.json"
    path.write_text(
        json.dumps({"noise_multiplier": 10, "sampling_probability": "0.05", "steps": 1})
    )
    run = ("sgd", "--noise-multiplier", "5000", *RUN, "--group", "1")
    assert "one averaged step is 100 clip norms" in words(*run)
    assert "one averaged step is 0.2 clip norms" in words(*run, "--also", str(path))


def test_a_certain_loss_is_not_called_wide() -> None:
    run = ("--sampling-probability", "0.05", "--steps", "200", "--n", "1000")
    found = answer("sgd", "--noise-multiplier", "1", *run)
    assert "wide" not in found["loss"]  # type: ignore[operator]
    assert Fraction(found["complement"]["upper"]) < Fraction(1, 2**300)  # type: ignore[index]
    said = words("sgd", "--noise-multiplier", "1", *run)
    assert "wider than asked for" not in said
    assert "of at most 1 - " in said


def test_a_wide_bracket_is_called_wide() -> None:
    found = mipriv.noise(loss="0.1", sampling_probability=1, steps=4, n=1)
    assert not found.bracket.wide
    assert "wide" not in found.as_dict()["noise_multiplier"]
    assert "wider than asked for" not in str(found)
    open_ = replace(found, bracket=replace(found.bracket, wide=True))
    assert open_.as_dict()["noise_multiplier"]["wide"] is True
    assert f"(not {found.lower}; wider than asked for)" in str(open_)
    below = replace(found, bracket=replace(found.bracket, lower=fmpq(0), wide=True))
    assert "(how much less would do is not known; wider than asked for)" in str(below)


def test_a_loss_of_nothing() -> None:
    run = ("--sampling-probability", "0.05", "--steps", "200", "--n", "10", "--distance", "0")
    said = words("sgd", "--noise-multiplier", "1", *run)
    assert "learns nothing: the loss is 0." in said
    assert "1 - loss >= 1 " in said or "1 - loss = 1 " in said


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
