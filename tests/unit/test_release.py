"""Noise of a release: one draw an input under a key, or fresh draws."""

from __future__ import annotations

import copy
import hashlib
import math
import pickle

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import kstest

from mipriv.errors import ParameterError
from mipriv.learn.release import FreshNoise, PerInputNoise, ReleaseNoise, release_noise

Rows = NDArray[np.float64]
GRID = 1e-3
FALSE_ALARM = 1e-6  # chance that a right program fails one of the statistical tests, over its seed


@pytest.fixture
def rows() -> Rows:
    return np.random.default_rng(1).normal(size=(500, 4)) * [1.0, 10.0, 0.1, 3.0]


def keyed(rows: Rows, seed: int | None = 0) -> PerInputNoise:
    noise = release_noise("per-input", X=rows, grid=GRID, random_state=seed)
    assert isinstance(noise, PerInputNoise)
    return noise


def test_the_definition(rows: Rows) -> None:
    """A draw is the normal quantile of 53 bits of the keyed hash of the cell and the block."""
    noise = keyed(rows)
    drawn = noise.normals(rows[:3], 11)
    for row, found in zip(rows[:3], drawn, strict=True):
        packed = np.array([round(x / w) for x, w in zip(row, noise.cells, strict=True)], "<f8")
        for column in range(11):
            digest = hashlib.blake2b(
                packed.tobytes(),
                key=noise.key,
                person=b"mipriv release",
                salt=(column // 8).to_bytes(16, "little"),
            ).digest()
            word = int.from_bytes(digest[8 * (column % 8) :][:8], "little") >> 11
            assert found[column] == ndtri((word + 0.5) / 2**53)


def test_an_input_has_one_draw_whatever_else_is_asked(rows: Rows) -> None:
    noise = keyed(rows)
    whole = noise.normals(rows, 3)
    order = np.random.default_rng(2).permutation(len(rows))
    assert np.array_equal(noise.normals(rows[order], 3), whole[order])
    assert np.array_equal(noise.normals(rows[7:8], 3), whole[7:8])
    assert np.array_equal(noise.normals(np.vstack([rows, rows]), 3), np.vstack([whole, whole]))
    assert np.array_equal(noise.normals(np.asfortranarray(rows), 3), whole)
    assert noise.normals(rows[:0], 3).shape == (0, 3)


def test_more_columns_begin_with_those_of_fewer(rows: Rows) -> None:
    noise = keyed(rows)
    many = noise.normals(rows, 20)
    assert len(np.unique(many)) == many.size  # two alike: chance < 1e4^2/2^54 < 1e-8
    for columns in (0, 1, 8, 9):
        assert np.array_equal(noise.normals(rows, columns), many[:, :columns])


def test_a_cell_has_one_draw_and_its_neighbours_others(rows: Rows) -> None:
    noise = keyed(rows)
    centres = np.rint(rows / noise.cells) * noise.cells
    drawn = noise.normals(centres, 2)
    for part in (-0.49, 1e-9, 0.49):  # of a cell; half a cell is its edge
        assert np.array_equal(noise.normals(centres + part * noise.cells, 2), drawn)
    assert np.array_equal(noise.normals(np.nextafter(centres, np.inf), 2), drawn)
    for feature in range(rows.shape[1]):
        moved = centres.copy()
        moved[:, feature] += noise.cells[feature]
        assert not np.any(noise.normals(moved, 2) == drawn)


def test_zero_has_no_sign(rows: Rows) -> None:
    noise = keyed(rows)
    zero = np.zeros((1, 4))
    assert np.array_equal(noise.normals(zero, 8), noise.normals(-zero, 8))
    assert np.array_equal(noise.normals(zero, 8), noise.normals(zero - 0.1 * noise.cells, 8))


def test_another_key_changes_every_draw(rows: Rows) -> None:
    first, second = keyed(rows, 0), keyed(rows, 1)
    assert first.key != second.key
    assert len(first.key) == 32
    assert not np.any(first.normals(rows, 9) == second.normals(rows, 9))
    again = keyed(rows, 0)
    assert again.key == first.key
    assert np.array_equal(again.normals(rows, 9), first.normals(rows, 9))


def test_without_a_seed_the_key_is_the_systems(rows: Rows) -> None:
    state = np.random.get_state()[1].copy()  # type: ignore[index, union-attr]  # a tuple by default
    assert keyed(rows, None).key != keyed(rows, None).key
    assert np.array_equal(np.random.get_state()[1], state)  # type: ignore[index]  # as above


@pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng])
def test_a_generator_advances_and_its_numbers_are_not_the_key(rows: Rows, make: type) -> None:
    source = make(5)
    first = release_noise("per-input", X=rows, grid=GRID, random_state=source)
    second = release_noise("per-input", X=rows, grid=GRID, random_state=source)
    assert first.key != second.key
    assert first.key != make(5).bytes(32)


def test_the_key_does_not_show(rows: Rows) -> None:
    assert "key" not in repr(keyed(rows))


@pytest.mark.parametrize("kind", ["per-input", "fresh"])
def test_draws_are_standard_normal_and_independent(rows: Rows, kind: str) -> None:
    """Kolmogorov and Smirnov on each column; correlations of columns and of neighbouring cells."""
    noise = release_noise(kind, X=rows, grid=GRID, random_state=3)
    line = np.zeros((20000, 4))
    line[:, 1] = np.arange(20000) * 0.01 * rows[:, 1].std()  # ten cells apart
    drawn = noise.normals(line, 10)
    columns = drawn.shape[1]
    for column in range(columns):
        assert kstest(drawn[:, column], "norm").pvalue > FALSE_ALARM / columns
    # products of independent normals, over root N: normal to within terms of the order 1/N
    pairs = [(i, j) for i in range(columns) for j in range(i)]
    allowed = -ndtri(FALSE_ALARM / 4 / len(pairs)) / math.sqrt(len(line) - 1)
    for i, j in pairs:
        assert abs(np.mean(drawn[:, i] * drawn[:, j])) < allowed
    for column in range(columns):
        assert abs(np.mean(drawn[1:, column] * drawn[:-1, column])) < allowed


def test_fresh_noise_advances(rows: Rows) -> None:
    noise = release_noise("fresh", X=rows, grid=GRID, random_state=0)
    assert isinstance(noise, FreshNoise)
    assert noise.key is None
    first, second = noise.normals(rows, 2), noise.normals(rows, 2)
    assert first.shape == (500, 2)
    assert not np.any(first == second)
    again = release_noise("fresh", X=rows, grid=GRID, random_state=0)
    assert np.array_equal(again.normals(rows, 2), first)
    other = release_noise("fresh", X=rows, grid=GRID, random_state=None)
    assert not np.any(other.normals(rows, 2) == first)


@pytest.mark.parametrize("kind", ["per-input", "fresh"])
def test_a_copy_goes_on_alike(rows: Rows, kind: str) -> None:
    noise = release_noise(kind, X=rows, grid=GRID, random_state=0)
    assert isinstance(noise, ReleaseNoise)
    copies = [pickle.loads(pickle.dumps(noise)), copy.deepcopy(noise)]
    drawn = noise.normals(rows, 2)
    for other in copies:
        assert np.array_equal(other.normals(rows, 2), drawn)


def test_cells_are_wider_than_roundoff() -> None:
    """Of a feature far from zero, and of one that does not vary, where the spread says nothing."""
    far = 1e9 + np.array([0.0, 1e-6, 2e-6])
    X = np.column_stack([far, [0.1] * 3, [0.0] * 3])
    noise = keyed(X)
    assert noise.cells.tolist() == [2.0**-40 * far.max(), GRID * 0.1, GRID]
    assert noise.cells[0] > 1000 * np.spacing(far.max())


def test_inputs_beyond_all_floats_are_one_cell(rows: Rows) -> None:
    noise = keyed(rows)
    drawn = noise.normals(np.full((2, 4), 1.7e308) * [[1.0], [0.9]], 1)
    assert np.all(np.isfinite(drawn))


def test_bad_input(rows: Rows) -> None:
    with pytest.raises(ParameterError, match="noise=never: must be one of per-input, fresh"):
        release_noise("never", X=rows, grid=GRID, random_state=0)
    for grid in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(ParameterError, match="grid="):
            release_noise("per-input", X=rows, grid=grid, random_state=0)
    with pytest.raises(ParameterError, match="random_state=-1: must be >= 0"):
        release_noise("fresh", X=rows, grid=GRID, random_state=-1)
    with pytest.raises(ParameterError, match="random_state=seed: must be None"):
        release_noise("fresh", X=rows, grid=GRID, random_state="seed")
    with pytest.raises(ParameterError, match=r"must have the shape \(N, p\)"):
        release_noise("per-input", X=rows[:0], grid=GRID, random_state=0)
    for noise in (keyed(rows), release_noise("fresh", X=rows, grid=GRID, random_state=0)):
        with pytest.raises(ParameterError, match="columns=-1"):
            noise.normals(rows, -1)
    with pytest.raises(ParameterError, match=r"must have the shape \(N, 4\)"):
        keyed(rows).normals(rows[:, :3], 1)
