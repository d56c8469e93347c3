"""Closed forms of the optimum where the output is normal under every secret, or a ratio of normals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flint import arb, ctx, fmpq

from mipriv.attack.bayes._game import GUARD_BITS, as_advantage, checked_prior
from mipriv.errors import require
from mipriv.rigor.decimals import exact, nonnegative, whole


def means_success(
    *, means: Sequence[Any], variance: Any, prior: Sequence[Any] | None = None
) -> arb:
    """Best success against one output of N(m_s, v): sum_s prior_s Pr[s | guessed where it leads].

    Secret s leads between the thresholds t_su = (m_s + m_u)/2 + v log(prior_s/prior_u)/(m_u - m_s)
    with all others.

    Args:
        means: one a secret, exact.
        variance: v, finite, > 0.
        prior: probability of each secret, exact, summing to 1; None: equal.

    Returns:
        An enclosure at the current precision.
    """
    spread = _positive(variance, "variance")
    shares: dict[fmpq, fmpq] = {}
    for mean, share in zip(means, checked_prior(prior, len(means)), strict=True):
        place = exact(mean, "means")  # of equal means only the likeliest secret is ever guessed
        shares[place] = max(share, shares.get(place, fmpq(0)))
    places = sorted(place for place in shares if shares[place] > 0)
    total = arb(0)
    with ctx.extraprec(GUARD_BITS):
        root = arb(spread).sqrt()
        for here in places:
            low, high = arb.neg_inf(), arb.pos_inf()
            for there in places:
                if there == here:
                    continue
                odds = arb(shares[here] / shares[there]).log()
                border = (here + there) / 2 + spread * odds / (there - here)
                low = low.max(border) if there < here else low
                high = high.min(border) if there > here else high
            led = _below((high - here) / root) - _below((low - here) / root)
            total += shares[here] * led.nonnegative_part()
    return total * 1


def noisy_mean_advantage(
    *, n: int, shift: Any, noise_variance: Any, record_variance: Any = 1
) -> arb:
    """Best advantage against the mean of n normal records plus normal noise, in any dimension.

    The populations are N(m_s, r I), `shift` apart; the output is N(m_s, (r/n + v) I), and the
    advantage erf(shift/sqrt(8 (r/n + v))).

    Args:
        n: records, >= 1.
        shift: Euclidean distance of the two means, >= 0.
        noise_variance: v of each coordinate, >= 0.
        record_variance: r of each coordinate, >= 0; not both 0.
    """
    records = whole(n, "n", at_least=1)
    own, added = nonnegative(record_variance, "record_variance"), nonnegative(noise_variance, "v")
    variance = own / records + added
    require(variance > 0, must="be > 0 where the records have none", noise_variance=noise_variance)
    return (nonnegative(shift, "shift") / (8 * arb(variance)).sqrt()).erf()


def covariance_advantage(*, difference: Sequence[Any], covariance: Sequence[Sequence[Any]]) -> arb:
    """Total variation of two normal vectors of one covariance C, means d apart.

    It is erf(sqrt(d C^-1 d)/sqrt 8).

    Args:
        difference: d, exact.
        covariance: C, exact, symmetric positive definite.

    Raises:
        ParameterError: a covariance that is not.
    """
    d = [exact(entry, "difference") for entry in difference]
    rows = [[exact(entry, "covariance") for entry in row] for row in covariance]
    square = len(rows) == len(d) >= 1 and all(len(row) == len(d) for row in rows)
    require(square, must=f"be {len(d)} rows of {len(d)}", covariance=covariance)
    squared = _form(d, rows)
    return (arb(squared).sqrt() / arb(8).sqrt()).erf()


def _form(d: list[fmpq], rows: list[list[fmpq]]) -> fmpq:
    """d C^-1 d by exact elimination; C is positive definite if and only if all pivots are > 0."""
    size = len(d)
    symmetric = all(rows[i][j] == rows[j][i] for i in range(size) for j in range(i))
    require(symmetric, must="be symmetric", covariance=rows)
    table, left, total = [list(row) for row in rows], list(d), fmpq(0)
    for i in range(size):
        pivot = table[i][i]
        require(bool(pivot > 0), must="be positive definite", covariance=rows)
        total += left[i] * left[i] / pivot
        for j in range(i + 1, size):
            factor = table[j][i] / pivot
            left[j] -= factor * left[i]
            table[j] = [a - factor * b for a, b in zip(table[j], table[i], strict=True)]
    return total


def normal_success(
    *, means: Sequence[Any], variances: Sequence[Any], prior: Sequence[Any] | None = None
) -> arb:
    """Best success between N(m_0, v_0) and N(m_1, v_1).

    The log posterior odds are a quadratic a x^2 + b x + c; between its roots, if it has any, one
    secret leads and outside the other.

    Args:
        means: m_0, m_1, exact.
        variances: v_0, v_1, exact, > 0.
        prior: probability of each secret, exact, summing to 1; None: equal.

    Returns:
        An enclosure at the current precision.
    """
    require(len(means) == len(variances) == 2, must="be two", means=means, variances=variances)
    first, second = (exact(mean, "means") for mean in means)
    wide, narrow = (_positive(variance, "variances") for variance in variances)
    odds = checked_prior(prior, 2)
    if wide == narrow:
        return means_success(means=means, variance=wide, prior=prior)
    if odds[0] == 0 or odds[1] == 0:
        return arb(1)
    with ctx.extraprec(GUARD_BITS):
        a = (1 / wide - 1 / narrow) / 2
        b = second / narrow - first / wide
        c = arb(odds[1] / odds[0]).log() + arb(wide / narrow).log() / 2
        c += first * first / (2 * wide) - second * second / (2 * narrow)
        # without roots, those of discriminant 0 enclose nothing, which is right
        half = (b * b - 4 * a * c).nonnegative_part().sqrt() / (2 * abs(a))
        low, high = -b / (2 * a) - half, -b / (2 * a) + half
        inside = [
            _below((high - mean) / arb(v).sqrt()) - _below((low - mean) / arb(v).sqrt())
            for mean, v in ((first, wide), (second, narrow))
        ]
        inner = 0 if a > 0 else 1
        total = odds[1 - inner] * (1 - inside[1 - inner]) + odds[inner] * inside[inner]
    return total * 1


def normal_advantage(*, means: Sequence[Any], variances: Sequence[Any]) -> arb:
    """Total variation of N(m_0, v_0) and N(m_1, v_1); args as for `normal_success`."""
    with ctx.extraprec(GUARD_BITS):
        value = as_advantage(normal_success(means=means, variances=variances))
    return arb(value) * 1


def scale_advantage(*, variances: Sequence[Any], dimension: int = 1) -> arb:
    """Total variation of N(0, a I) and N(0, b I): what squared length tells.

    The densities cross at the length r with r^2 = d a b log(b/a)/(b - a), and with P the
    regularised incomplete gamma function it is P(d/2, r^2/(2a)) - P(d/2, r^2/(2b)) for a < b.

    Args:
        variances: a and b, exact, > 0.
        dimension: d >= 1.
    """
    require(len(variances) == 2, must="be two", variances=variances)
    a, b = sorted(_positive(variance, "variances") for variance in variances)
    d = whole(dimension, "dimension", at_least=1)
    if a == b:
        return arb(0)
    with ctx.extraprec(GUARD_BITS):
        squared = d * a * b / (b - a) * arb(b / a).log()
        shape = arb(fmpq(d, 2))
        inner, outer = ((squared / (2 * v)).gamma_lower(shape, regularized=1) for v in (a, b))
        total = (inner - outer).nonnegative_part()
    return total * 1


def least_squares_advantage(*, n: int, dimension: int, shift: Any, noise: Any = 1) -> arb:
    """Best advantage against the least-squares coefficients of n records, released as they are.

    Records x ~ N(0, I), y = <x, beta_s> + N(0, s^2), the two beta `shift` apart.  The error of the
    coefficients is s Z/sqrt(chi^2_k), k = n - d + 1, in law: its length in a fixed direction given
    the records is s sqrt(u (X'X)^-1 u), and 1/(u (X'X)^-1 u) is chi^2_k.  Its density falls with the
    distance from 0, so that the advantage is Pr[|error along the shift| <= shift/2]:
    I_z(1/2, k/2) with q = shift^2/(4 s^2), z = q/(1 + q), I the regularised incomplete beta
    function.

    Args:
        n: records, >= dimension.
        dimension: d >= 1.
        shift: Euclidean distance of the coefficients, >= 0.
        noise: s, > 0.

    Source: inverse of a Wishart matrix, Muirhead, Aspects of Multivariate Statistical Theory, 1982.
    """
    d = whole(dimension, "dimension", at_least=1)
    records = whole(n, "n", at_least=d)
    q = (nonnegative(shift, "shift") / (2 * _positive(noise, "noise"))) ** 2
    with ctx.extraprec(GUARD_BITS):
        share = arb(q / (1 + q))
        total = share.beta_lower(arb(fmpq(1, 2)), arb(fmpq(records - d + 1, 2)), 1)
    return total * 1


def _below(x: arb) -> arb:
    """Standard normal distribution function; 0 and 1 at the infinities."""
    if x.is_finite():
        return (-x / arb(2).sqrt()).erfc() / 2
    return arb(1) if x > 0 else arb(0)


def _positive(value: object, name: str) -> fmpq:
    ratio = exact(value, name)
    require(ratio > 0, must="be finite and > 0", **{name: value})
    return ratio
