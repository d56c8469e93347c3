"""Pictures: written in every format, from the numbers they claim to show."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from flint import ctx, fmpq

import mipriv
from mipriv import plot
from mipriv.accounting.sgd.tradeoff import missed
from mipriv.accounting.sgd.training import Training
from mipriv.calculator.sgd import one_run
from mipriv.errors import MissingExtra, ParameterError
from mipriv.plot import canvas

POISSON: dict[str, Any] = {"sampling_probability": "0.02", "steps": 100}
MAGIC = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


def draw(kind: str, out: Path) -> str:
    if kind == "loss":
        return plot.loss(out=str(out), n=[1, 10], delta="1e-5", tau="0.1")
    if kind == "epsilon":
        return plot.epsilon(out=str(out), loss="0.5", delta="1e-4")
    if kind == "sgd":
        return plot.sgd(out=str(out), noise_multiplier=10, n=50, group=20, **POISSON)
    return plot.tradeoff(out=str(out), epsilon="0.5", delta="0.01", n=4)


@pytest.mark.parametrize("kind", ["loss", "epsilon", "tradeoff", "sgd"])
@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_every_format_is_written(kind: str, suffix: str, tmp_path: Path) -> None:
    out = tmp_path / f"picture.{suffix}"
    assert draw(kind, out) == str(out)
    assert out.read_bytes().startswith(MAGIC[suffix])


def panels(monkeypatch: pytest.MonkeyPatch, drawing: Callable[[], object]) -> list[Any]:
    """The axes a picture draws on."""
    from matplotlib.figure import Figure

    axes: list[Any] = []

    def keep(draw: Any, out: str, *, panels: int = 1) -> str:
        axes.extend(Figure().subplots(1, panels, squeeze=False)[0])
        draw(*axes)
        return out

    monkeypatch.setattr(canvas, "save", keep)
    drawing()
    return axes


def captured(monkeypatch: pytest.MonkeyPatch, kind: str) -> Any:
    """The one axes of a picture."""
    return panels(monkeypatch, lambda: draw(kind, Path("picture.png")))[0]


def named(axes: Any) -> dict[str, tuple[list[float], list[float]]]:
    """Points of the lines, by label."""
    return {
        str(line.get_label()): (list(line.get_xdata()), list(line.get_ydata()))
        for line in axes.lines
    }


def test_the_loss_picture_shows_the_certified_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    axes = captured(monkeypatch, "loss")
    exact = next(line for line in axes.lines if line.get_label() == "n = 10, exact")
    x, y = exact.get_xdata()[100], exact.get_ydata()[100]
    true = mipriv.bound(epsilon=float(x), delta="1e-5", n=10).worst_case
    assert abs(float(true.upper) - y) < 1e-12
    assert "nats" in axes.get_xlabel()
    assert "advantage" in axes.get_ylabel()


def test_the_epsilon_picture_falls_like_one_over_n(monkeypatch: pytest.MonkeyPatch) -> None:
    axes = captured(monkeypatch, "epsilon")
    lines = {line.get_label(): line for line in axes.lines}
    exact, slope = lines["exact worst case"], lines["slope of 1/n"]
    n, epsilon = np.asarray(exact.get_xdata()), np.asarray(exact.get_ydata())
    reference = dict(zip(slope.get_xdata(), slope.get_ydata(), strict=True))
    assert all(e <= reference[k] * 1.5 for k, e in zip(n, epsilon, strict=True))
    assert max(n) < 0.5 / 1e-4 * 1.01  # no epsilon is enough beyond loss/delta
    assert axes.get_xscale() == axes.get_yscale() == "log"


def test_the_tradeoff_picture_puts_group_privacy_below_the_curve(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    axes = captured(monkeypatch, "tradeoff")
    lines = {str(line.get_label()): np.asarray(line.get_ydata()) for line in axes.lines}
    exact = next(y for name, y in lines.items() if name.startswith("exact"))
    group = next(y for name, y in lines.items() if name.startswith("group"))
    assert np.all(group <= exact + 1e-7)
    assert np.max(exact - group) > 0.05


def test_colours_are_distinct_and_lines_differ_in_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    axes = captured(monkeypatch, "tradeoff")
    styles = [(line.get_color(), line.get_linestyle()) for line in axes.lines]
    assert len({dash for _, dash in styles[1:]}) == len(styles) - 1
    assert len(set(canvas.COLOURS)) == len(canvas.COLOURS)


@pytest.mark.parametrize("out", ["x.jpg", "x", "/nowhere/at/all/x.png", ""])
def test_a_path_that_cannot_be_written_is_refused_first(out: str) -> None:
    with pytest.raises(ParameterError, match="out="):
        plot.loss(out=out)


def test_nothing_is_left_behind_and_nothing_is_lost(tmp_path: Path) -> None:
    kept = tmp_path / "kept.png"
    kept.write_bytes(b"precious")
    with pytest.raises(ParameterError, match="epsilon"):
        plot.tradeoff(out=str(kept), epsilon="-1", n=2)
    assert kept.read_bytes() == b"precious"


def test_without_matplotlib_the_line_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def refuse(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingExtra, match=r"pip install 'mipriv\[plot\]'"):
        plot.loss(out=str(tmp_path / "x.png"))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: plot.loss(out="x.png", n=list(range(1, 9))), "at most 6 times"),
        (lambda: plot.loss(out="x.png", n=[0]), "n=0"),
        (lambda: plot.epsilon(out="x.png", loss=1), "strictly between"),
        (lambda: plot.epsilon(out="x.png", tau=0), "tau=0"),
    ],
)
def test_bad_pictures_are_refused(call: Any, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        call()


def test_the_sgd_picture_shows_the_certified_losses(monkeypatch: pytest.MonkeyPatch) -> None:
    left, _ = panels(monkeypatch, lambda: draw("sgd", Path("picture.png")))
    lines = named(left)
    assert list(lines)[:2] == ["dominating pair, exact", "revealed schedule, upper bound"]
    label = list(lines)[2]
    assert label.startswith("k = 20: at most ")
    at_group = mipriv.sgd(noise_multiplier=10, n=50, group=20, **POISSON).loss
    # rounded up to four digits after the width of the picture
    said = float(label.split()[-1])
    assert float(at_group.lower) <= said <= float(at_group.upper) + 2e-3 + 1e-4
    sizes, drawn = lines["dominating pair, exact"]
    assert (sizes[0], sizes[-1]) == (1, 50)
    assert left.get_xscale() == "log"
    for size, loss in list(zip(sizes, drawn, strict=True))[::5]:
        true = mipriv.sgd(noise_multiplier=10, n=50, group=size, **POISSON)
        # an upper bound, as wide as the picture asks for
        assert float(true.loss.lower) <= loss <= float(true.loss.upper) + 2e-3
        shown = dict(zip(*lines["revealed schedule, upper bound"], strict=True))[size]
        other = next(bound for bound in true.others if bound.method == "revealed schedule")
        # the same formula, at the same precision, rounded to a double
        assert abs(shown - float(other.loss.upper())) < 1e-15


def test_the_sgd_curve_is_that_of_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    _, right = panels(monkeypatch, lambda: draw("sgd", Path("picture.png")))
    lines = named(right)
    rates, hits = lines["k = 20, dominating pair"]
    assert lines["blind guess"] == ([0, 1], [0, 1])
    run = one_run(10, POISSON["steps"], POISSON["sampling_probability"], None, None)
    account = Training(runs=(run,), n=50).account(20, 1e-6)
    drawn = dict(zip(rates, hits, strict=True))
    for rate in (fmpq(1, 100), fmpq(1, 10), fmpq(1, 2), fmpq(9, 10)):
        with ctx.workprec(128):
            true = 1 - missed(account, rate)
        # never below, and above by less than a line is wide
        assert float(true.lower()) <= drawn[float(rate)] <= float(true.upper()) + 2e-3
    assert np.all(np.diff(hits) >= 0)


@pytest.mark.parametrize(("group", "changed"), [(5, 5), (30, 10)])
def test_any_order_has_the_gaussian_curve(
    monkeypatch: pytest.MonkeyPatch, group: int, changed: int
) -> None:
    batches: dict[str, Any] = {
        "noise_multiplier": 40,
        "batch_size": 10,
        "steps": 16,
        "n": 100,
        "group": group,
    }
    left, right = panels(
        monkeypatch, lambda: plot.sgd(out="picture.png", sampling="any", **batches)
    )
    assert [name for name in named(left) if "=" not in name] == ["revealed schedule, exact"]
    rates, hits = named(right)[f"k = {group}, revealed schedule"]
    mu = 2 * changed * 4 / 40
    normal = NormalDist()
    for rate, hit in list(zip(rates, hits, strict=True))[10:-1:20]:
        # NormalDist is good to some 1e-9 in the inverse, whose slope here is below 1e3
        assert abs(normal.cdf(normal.inv_cdf(rate) + mu) - hit) < 1e-6


def test_random_batches_have_the_loss_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    batches: dict[str, Any] = {
        "noise_multiplier": 40,
        "batch_size": 10,
        "steps": 16,
        "n": 100,
        "group": 5,
    }
    _, right = panels(monkeypatch, lambda: plot.sgd(out="picture.png", **batches))
    rates, hits = named(right)["k = 5, false positive rate + loss"]
    loss = float(mipriv.sgd(**batches).loss.upper)
    for rate, hit in list(zip(rates, hits, strict=True))[1:-1]:
        assert hit == min(1.0, rate + loss)


def test_a_certain_loss_stays_at_one(monkeypatch: pytest.MonkeyPatch) -> None:
    left, right = panels(
        monkeypatch,
        lambda: plot.sgd(out="picture.png", noise_multiplier=1, n=10**6, **POISSON),
    )
    for sizes, losses in list(named(left).values()):
        assert (sizes[-1], losses[-1]) == (10**6, 1.0)
    assert left.get_ylim()[1] > 1
    rates, hits = next(iter(named(right).values()))
    assert (rates[0], hits[0]) == (0.0, 0.0)
    assert hits[1:] == [1.0] * (len(hits) - 1)


def test_a_small_loss_fills_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    left, _ = panels(
        monkeypatch,
        lambda: plot.sgd(out="picture.png", noise_multiplier="1e6", n=100, distance=1, **POISSON),
    )
    lines = named(left)
    assert "dominating pair, upper bound" in lines
    highest = max(max(losses) for _, losses in lines.values())
    assert highest < left.get_ylim()[1] < 1.2 * highest
