"""n-fold losses of trade-off curves that have a closed form."""

from __future__ import annotations

from typing import Any

from mipriv.contexts import Context


def gaussian(k: Context, mu: Any, n: Any) -> Any:
    """mu-GDP: TV*_n = 2 Phi(n mu/2) - 1 = erf(n mu / sqrt 8); attained by the Gaussian mechanism."""
    return k.erf(n * mu / k.sqrt(8))


def gaussian_complement(k: Context, mu: Any, n: Any) -> Any:
    """1 - TV*_n = erfc(n mu / sqrt 8)."""
    return k.erfc(n * mu / k.sqrt(8))


def gaussian_missed(k: Context, mu: Any, n: Any, fpr: Any) -> Any:
    """Least false negative rate at false positive rate A, 0 < A < 1: Phi(Phi^-1(1-A) - n mu)."""
    return k.erfc(n * mu / k.sqrt(2) - k.erfcinv(2 * fpr)) / 2


def laplace_missed(k: Context, epsilon: Any, n: Any, fpr: Any) -> Any:
    """Least false negative rate at false positive rate A under a Laplace shift of w = n eps.

    1 - A e^w while A e^w <= 1/2, then e^(-w)/(4 A) up to A = 1/2, then (1-A) e^(-w); the first two
    are 1/(4 max(z, 1/2)) + 1/2 - min(z, 1/2) with z = A e^w.
    """

    def rare() -> Any:
        z = fpr * k.exp(n * epsilon)
        return 1 / (4 * k.maximum(z, 1 / (z * 0 + 2))) + (1 - k.minimum(2 * z, 1)) / 2

    return k.select(fpr * 2 <= 1, rare, lambda: (1 - fpr) * k.exp(-n * epsilon))


def laplace(k: Context, epsilon: Any, n: Any) -> Any:
    """Laplace mechanism of scale 1/eps and sensitivity 1: 1 - e^(-n eps/2)."""
    return -k.expm1(-n * epsilon / 2)


def laplace_complement(k: Context, epsilon: Any, n: Any) -> Any:
    """e^(-n eps/2)."""
    return k.exp(-n * epsilon / 2)


def laplace_population(k: Context, epsilon: Any, n: Any, tau: Any) -> Any:
    """E over K ~ Bin(n, tau) of 1 - e^(-K eps/2): 1 - (1 - tau (1 - e^(-eps/2)))^n."""
    return k.one_minus_power(-tau * k.expm1(-epsilon / 2), n)


def zcdp_budget(k: Context, advantage: Any) -> Any:
    """Least D with KL(P||Q) <= D and KL(Q||P) <= D at total variation t: 2 t atanh(t).

    The two error rates of an event satisfy both binary inequalities; their region is convex and
    symmetric, so the largest gap has p = 1 - q = (1+t)/2, where both divergences are 2 t atanh(t).
    """
    return 2 * advantage * k.atanh(advantage)


def binary_kl(k: Context, p: Any, q: Any) -> Any:
    """KL between two coins, p log(p/q) + (1-p) log((1-p)/(1-q)), in nats, 0 < p, q < 1."""
    return p * k.log(p / q) + (1 - p) * k.log((1 - p) / (1 - q))
