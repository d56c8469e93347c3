"""Ball arithmetic: every result encloses the exact value (python-flint's Arb)."""

from __future__ import annotations

from flint import arb, fmpq

from mipriv.contexts._scalar import ScalarContext

Real = arb | fmpq | int

_FAR = 1


class ArbContext(ScalarContext):
    """Balls at the precision of `flint.ctx`; exact rationals are converted on use."""

    def exp(self, x: Real) -> arb:
        return arb(x).exp()

    def expm1(self, x: Real) -> arb:
        return arb(x).expm1()

    def log(self, x: Real) -> arb:
        return arb(x).log()

    def log1p(self, x: Real) -> arb:
        return arb(x).log1p()

    def atanh(self, x: Real) -> arb:
        return arb(x).atanh()

    def sqrt(self, x: Real) -> arb:
        return arb(x).sqrt()

    def erf(self, x: Real) -> arb:
        return arb(x).erf()

    def erfc(self, x: Real) -> arb:
        x = arb(x)
        if x > _FAR:  # Arb loses all digits of an inexact argument; erfc falls, so the ends enclose
            return x.lower().erfc().union(x.upper().erfc())
        return x.erfc()

    def erfcinv(self, x: Real) -> arb:
        return arb(x).erfcinv()

    def minimum(self, x: Real, y: Real) -> arb:
        return arb(x).min(arb(y))

    def maximum(self, x: Real, y: Real) -> arb:
        return arb(x).max(arb(y))

    def one_minus_power(self, z: Real, n: int) -> arb:
        ball = arb(z)
        if ball < arb(fmpq(1, 2)):
            return -(n * (-ball).log1p()).expm1()
        return 1 - power(1 - ball, n)

    def complement_power(self, z: Real, n: int) -> arb:
        return power(1 - arb(z), n)


def power(base: arb, n: int) -> arb:
    """base^n for a whole n >= 0 of any size.

    Through the logarithm, which costs one exponential where repeated squaring would lose a bit of
    accuracy for each bit of n; a base of unknown sign gives a ball around 0.
    """
    if n == 0:
        return arb(1)
    if base > 0:
        return (n * base.log()).exp()
    if base < 0:
        magnitude = (n * (-base).log()).exp()
        return -magnitude if n % 2 else magnitude
    reach = power(base.abs_upper(), n) if not base.is_zero() else arb(0)
    return (-reach).union(reach)


ARB = ArbContext()
