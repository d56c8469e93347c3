"""Gaussian and Laplace noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from flint import arb, fmpq

from mipriv.errors import require
from mipriv.laws._values import double, over
from mipriv.rigor.decimals import exact
from mipriv.roles import Number

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class GaussianLaw:
    """Normal law of mean 0.

    Attributes:
        standard_deviation: finite, > 0.
    """

    lattice: ClassVar[bool] = False
    log_concave: ClassVar[bool] = True

    standard_deviation: fmpq

    def __post_init__(self) -> None:
        _put_positive(self, "standard_deviation")

    def cdf(self, x: Number) -> arb:
        """Pr[noise <= x] = erfc(-x/(s sqrt 2))/2, a ball of small relative error on either side."""
        return (-arb(x) / (self.standard_deviation * arb(2).sqrt())).erfc() / 2

    def density(self, x: Number) -> arb:
        """exp(-x^2/(2 s^2))/(s sqrt(2 pi)), a ball."""
        scaled = arb(x) / self.standard_deviation
        return (-scaled * scaled / 2).exp() / (self.standard_deviation * (2 * arb.pi()).sqrt())

    def sample(self, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
        """Doubles near draws of the law; for experiments, not for release."""
        return rng.normal(scale=double(self.standard_deviation, "standard_deviation"), size=shape)

    def rises(self, shift: fmpq) -> bool:
        """Whether density(x - shift)/density(x) is known to rise with x, for a shift >= 0: always."""
        return shift >= 0


@dataclass(frozen=True, kw_only=True)
class LaplaceLaw:
    """Double exponential law: density e^(-|x|/b)/(2b).

    Attributes:
        scale: b, finite, > 0.
    """

    lattice: ClassVar[bool] = False
    log_concave: ClassVar[bool] = True

    scale: fmpq

    def __post_init__(self) -> None:
        _put_positive(self, "scale")

    def cdf(self, x: Number) -> arb:
        """Pr[noise <= x], a ball: e^(x/b)/2 up to 0 and 1 - e^(-x/b)/2 from there."""
        return over(self._cdf, x)

    def _cdf(self, x: fmpq) -> arb:
        tail = arb(-abs(x) / self.scale).exp() / 2
        return tail if x < 0 else 1 - tail

    def density(self, x: Number) -> arb:
        """e^(-|x|/b)/(2b), a ball."""
        return (-abs(arb(x)) / self.scale).exp() / (2 * self.scale)

    def sample(self, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
        """Doubles near draws of the law; for experiments, not for release."""
        return rng.laplace(scale=double(self.scale, "scale"), size=shape)

    def rises(self, shift: fmpq) -> bool:
        """Whether density(x - shift)/density(x) is known to rise with x, for a shift >= 0: always."""
        return shift >= 0


def _put_positive(law: object, name: str) -> None:
    value = exact(getattr(law, name), name)
    require(value > 0, must="be finite and > 0", **{name: value})
    object.__setattr__(law, name, value)
