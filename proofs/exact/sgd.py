"""DP-SGD's dominating pairs against mixtures in the plane and in space."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from math import isqrt

from flint import acb, arb, ctx, fmpq

from mipriv.accounting.sgd.pairs import side
from proofs.check import Check, demand
from proofs.exact.balls import agree, precise
from proofs.exact.sgd_mixtures import (
    Mixture,
    balls,
    below,
    binomial,
    divergence,
    line_divergence,
    on_a_line,
    pair,
)

_BITS = 64
GAMMAS = (fmpq(1, 3), fmpq(1), fmpq(5, 2))
RATES = (fmpq(1, 4), fmpq(2, 3))


def configuration(k: int, q: fmpq, sigma: fmpq, dimension: int, dice: random.Random) -> Mixture:
    """One side of a step: for every set A of sampled records any centre of norm at most |A|."""
    found = []
    for sampled in product((0, 1), repeat=k):
        size = sum(sampled)
        weight = q**size * (1 - q) ** (k - size)
        arrow = [dice.randint(-9, 9) for _ in range(dimension)]
        norm = isqrt(sum(x * x for x in arrow)) + 1  # above the norm: stays within |A|
        found.append((weight, [fmpq(size * x, norm) / sigma for x in arrow]))
    return found


def configurations(
    k: int, dimension: int, rates: Sequence[fmpq]
) -> Iterator[tuple[fmpq, Mixture, Mixture]]:
    """Pairs of random sides, one for each sampling probability."""
    dice = random.Random(1000 * k + dimension)
    for q in rates:
        yield (
            q,
            configuration(k, q, fmpq(1), dimension, dice),
            configuration(k, q, fmpq(1), dimension, dice),
        )


def _dominated(k: int, dimension: int, rates: Sequence[fmpq]) -> int:
    with ctx.workprec(_BITS):
        for number, (q, p, other) in enumerate(configurations(k, dimension, rates)):
            for gamma in GAMMAS:
                bound = line_divergence(*pair(k, q, fmpq(1)), gamma)
                found = divergence(p, other, gamma, enough=bound)
                where = f"k = {k}, q = {q}, gamma = {gamma}, number {number}"
                demand(found <= bound, f"{found.str(5)} is not below {bound.str(5)} at {where}")
    return len(rates) * len(GAMMAS)


def pair_dominates_in_the_plane() -> str:
    """One and two records, centres anywhere in the plane: all certainly below the pair."""
    return f"{_dominated(1, 2, RATES * 2) + _dominated(2, 2, RATES)} divergences"


def pair_dominates_in_space() -> str:
    """Three records in the plane and two in space."""
    return f"{_dominated(3, 2, RATES) + _dominated(2, 3, RATES[1:])} divergences"


def opposite(k: int, q: fmpq, sigma: fmpq) -> tuple[Mixture, Mixture]:
    """Gradients along (3, 4)/5 on one side and against it on the other: the pair, turned."""
    turned = (fmpq(3, 5), fmpq(4, 5))
    up = [(w, [i * c / sigma for c in turned]) for i, w in enumerate(binomial(k, q))]
    return up, [(w, [-c for c in centre]) for w, centre in up]


def wrong_pairs_fail() -> str:
    """The pair of insertion, and centres at half the distance, are certainly exceeded."""
    fine, shown = fmpq(1, 40), 0
    with ctx.workprec(_BITS):
        for k, q in ((1, fmpq(2, 3)), (2, fmpq(1, 4))):
            weights = binomial(k, q)
            found = divergence(*opposite(k, q, fmpq(1)), fmpq(1), tolerance=fine)
            wrong = {
                "insertion": (on_a_line(weights, fmpq(1)), on_a_line([fmpq(1)], fmpq(1))),
                "half": (on_a_line(weights, fmpq(1, 2)), on_a_line(weights, fmpq(-1, 2))),
            }
            for name, (p, other) in wrong.items():
                bound = line_divergence(p, other, fmpq(1))
                demand(found > bound, f"{name}: {found.str(5)} is not above {bound.str(5)}")
                shown += 1
            right = line_divergence(*pair(k, q, fmpq(1)), fmpq(1))
            demand(found.overlaps(right), "turning the pair changes it")
    return f"{shown} pairs exceeded"


def softplus_derivative(
    centres: Sequence[fmpq], speeds: Sequence[fmpq], signed: Sequence[fmpq], s: fmpq
) -> tuple[arb, arb]:
    """d/dt of E F_s(sum of c_u M_u), F_s(x) = s log(1 + e^(x/s)), on the line, in two ways.

    First with the derivative inside, as F_s' sum c_u M_u x_u' (z - x_u); second by the formula,
    (1/2) sum G'_uv c_u c_v E[F_s'' M_u M_v].  Beyond |z| = 16 the integrands are below
    |c_u x_u'| |z - x_u| n(z - x_u), and c_u c_v n(z - x_u - x_v) e^(x_u x_v)/(4 s).
    """
    edge, atoms = arb(16), range(len(centres))

    def factors(z: acb) -> tuple[acb, list[acb]]:
        terms = [c * (z * x - x * x / 2).exp() for c, x in zip(signed, centres, strict=True)]
        total = sum(terms, acb(0)) / s
        if total.real > 0:
            return 1 / (1 + (-total).exp()), terms
        return total.exp() / (1 + total.exp()), terms

    def density(z: acb) -> acb:
        return (-z * z / 2).exp() / acb(2 * arb.pi()).sqrt()

    def inside(z: acb, _: bool) -> acb:
        slope, terms = factors(z)
        moved = [m * v * (z - x) for m, v, x in zip(terms, speeds, centres, strict=True)]
        return slope * sum(moved, acb(0)) * density(z)

    def formula(z: acb, _: bool) -> acb:
        slope, terms = factors(z)
        total = acb(0)
        for u in atoms:
            for v in atoms:
                turn = speeds[u] * centres[v] + centres[u] * speeds[v]
                total += turn * terms[u] * terms[v]
        return slope * (1 - slope) / s * total / 2 * density(z)

    near = (edge - 2 * max(abs(x) for x in centres)).lower()
    mass = 2 * (near / arb(2).sqrt()).erfc() + 2 * (-near * near / 2).exp()
    size = sum(abs(c) for c in signed) * (1 + max(abs(v) for v in speeds))
    growth = arb(max(x * x for x in centres)).exp() * (1 + max(abs(x) for x in centres)) / s
    rest = (mass * (size + size * size * growth)).upper()
    return tuple(  # type: ignore[return-value]
        acb.integral(f, -edge, edge).real + (-rest).union(rest) for f in (inside, formula)
    )


PATHS = (
    ((fmpq(1, 2), fmpq(-1), fmpq(1, 3)), (fmpq(1), fmpq(1, 2), fmpq(-2))),
    ((fmpq(0), fmpq(3, 2), fmpq(-1, 2)), (fmpq(1), fmpq(-1), fmpq(1))),
)
SIGNED = (fmpq(2, 5), fmpq(3, 5), fmpq(-3, 2))


def derivative_is_the_formula() -> str:
    """Two atoms against one, smoothed: both integrals are proved to 1e-20 and meet."""
    shown = 0
    with ctx.workprec(96):
        for centres, speeds in PATHS:
            for s in (fmpq(1, 2), fmpq(1, 8)):
                found, formula = softplus_derivative(centres, speeds, SIGNED, s)
                thin = max(found.rad(), formula.rad()) < arb("1e-20")
                meet = found.overlaps(formula)
                demand(thin and meet, f"{found.str(20)} is not {formula.str(20)} at s = {s}")
                shown += 1
    return f"{shown} derivatives"


def _affinity(p: Mixture, q: Mixture) -> arb:
    """Upper bound on the integral of sqrt(p q) on the line; weights need not sum to 1.

    On a cell it is at most sqrt(P Q) of the cell (Cauchy and Schwarz).
    """

    def masses(mixture: Mixture) -> list[arb]:
        atoms = balls(mixture)
        inner = [
            sum((w * below(fmpq(x, 8) - c) for w, (c,) in atoms), arb(0))
            for x in range(-20 * 8, 50 * 8)
        ]
        ends = [arb(0), *inner, sum((arb(w) for w, _ in atoms), arb(0))]
        return [(b - a).upper() for a, b in pairwise(ends)]

    cells = zip(masses(p), masses(q), strict=True)
    return sum(((up * down).sqrt() for up, down in cells), arb(0)).upper()


def dropped_atoms_are_bounded() -> str:
    """The package's bound on the affinity of the atoms it leaves out, with either other side."""
    shown = 0
    with ctx.workprec(2 * _BITS):
        for k, q, sigma in ((30, fmpq(1, 3), fmpq(1)), (60, fmpq(1, 2), fmpq(5))):
            kept = side(q, sigma, k, 8)
            atoms = on_a_line(binomial(k, q), 1 / sigma)
            out = [a for i, a in enumerate(atoms) if not kept.first <= i <= kept.last]
            demand(out, f"no atom of {k} is left out")
            for other in ([(fmpq(1), (fmpq(0),))], on_a_line(binomial(k, q), -1 / sigma)):
                found = _affinity(out, other)
                where = f"k = {k}, q = {q}, sigma = {sigma}"
                demand(found <= kept.dropped, f"{found.str(5)} is left out at {where}")
                shown += 1
    return f"{shown} affinities"


@precise
def package_uses_the_pair() -> str:
    """mipriv.accounting.sgd.pairs.side against the mixture's density, at points of the line."""
    shown = 0
    for k, q, sigma in (
        (1, fmpq(1, 7), fmpq(1)),
        (5, fmpq(1, 3), fmpq(3, 2)),
        (3, fmpq(1), fmpq(2)),
    ):
        found = side(q, sigma, k, 300)
        for x in (fmpq(-2), fmpq(0), fmpq(7, 3)):
            defined = sum(
                (
                    w * arb(i * x / sigma - fmpq(i * i, 2) / sigma**2).exp()
                    for i, w in enumerate(binomial(k, q))
                ),
                arb(0),
            )
            log, _ = found.log_factor(arb(x))
            agree(log, defined.log(), f"side({q}, {sigma}, {k}) at {x}")
            shown += 1
    return f"{shown} values"


CHECKS = (
    Check(
        "exact.sgd-replace-pair",
        "no step in the plane exceeds the pair for replacing one or two records",
        pair_dominates_in_the_plane,
    ),
    Check(
        "exact.sgd-replace-pair-space",
        "nor any with three records, nor with two in space",
        pair_dominates_in_space,
    ),
    Check(
        "exact.sgd-wrong-pairs",
        "insertion's pair and half the distance do not dominate replacement",
        wrong_pairs_fail,
    ),
    Check(
        "exact.sgd-derivative",
        "the derivative of a smoothed divergence along a path is (1/2) sum G' c c E[F'' M M]",
        derivative_is_the_formula,
        quick=True,
    ),
    Check(
        "exact.sgd-side",
        "the package's sides are the mixtures of the pair",
        package_uses_the_pair,
        quick=True,
    ),
    Check(
        "exact.sgd-dropped",
        "atoms left out of a side add at most its `dropped` to an affinity",
        dropped_atoms_are_bounded,
    ),
)
