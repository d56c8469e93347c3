"""Pictures: written in every format, from the numbers they claim to show."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mipriv
from mipriv import plot
from mipriv.errors import MissingExtra, ParameterError

MAGIC = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


def draw(kind: str, out: Path) -> str:
    if kind == "loss":
        return plot.loss(out=str(out), n=[1, 10], delta="1e-5", tau="0.1")
    if kind == "epsilon":
        return plot.epsilon(out=str(out), loss="0.5", delta="1e-4")
    return plot.tradeoff(out=str(out), epsilon="0.5", delta="0.01", n=4)


@pytest.mark.parametrize("kind", ["loss", "epsilon", "tradeoff"])
@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_every_format_is_written(kind: str, suffix: str, tmp_path: Path) -> None:
    out = tmp_path / f"picture.{suffix}"
    assert draw(kind, out) == str(out)
    assert out.read_bytes().startswith(MAGIC[suffix])


def captured(monkeypatch: pytest.MonkeyPatch, kind: str) -> Any:
    """The axes a picture draws on."""
    from matplotlib.figure import Figure

    axes: list[Any] = []

    def keep(drawing: Any, out: str) -> str:
        axes.append(Figure().add_subplot())
        drawing(axes[0])
        return out

    monkeypatch.setattr(plot, "_save", keep)
    draw(kind, Path("picture.png"))
    return axes[0]


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
    assert len(set(plot.COLOURS)) == len(plot.COLOURS)


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
