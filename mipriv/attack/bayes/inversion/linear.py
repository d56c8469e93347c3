"""The best guess of a sign in a Gaussian record, from linear answers with normal noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from flint import arb, fmpq

from mipriv.attack.bayes.inversion.answers import FRESH, independent
from mipriv.errors import require
from mipriv.populations.joint import GaussianJoint
from mipriv.rigor.decimals import exact, nonnegative

Row = tuple[fmpq, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PosteriorMean:
    """E[x_s | seen] = intercept + <coefficients, seen>, with the variance about it; all exact.

    Attributes:
        coefficients: of the mean of the answers, the known attributes, and the label if it is seen;
            0 for what the others before it determine.
        intercept: constant.
        variance: of x_s given all that is seen.
    """

    coefficients: Row
    intercept: fmpq
    variance: fmpq


@dataclass(frozen=True, kw_only=True)
class LinearInversion:
    """The inversion game on a Gaussian record: guess the sign of x_s.

    An answer is <coefficients, x> + offset + N(0, variance).  The attacker knows the model, the law
    of the records and of the noise, and so undoes every known scale and shift.

    Attributes:
        joint: law of the records.
        sensitive: s, an attribute of positive variance.
        coefficients: a, exact, one an attribute.
        variance: v_z >= 0 of the noise of one answer; 0: deterministic.
        offset: exact.
        known: attributes seen as side information.
        label: whether y is seen too.
        queries: q, answers seen to the record, >= 1.
        noise: `fresh`: independent in each answer, so that their mean has variance v_z/q;
            `per-input`: the same in all.
    """

    joint: GaussianJoint
    sensitive: int
    coefficients: Row
    variance: fmpq = fmpq(0)
    offset: fmpq = fmpq(0)
    known: tuple[int, ...] = ()
    label: bool = False
    queries: int = 1
    noise: str = FRESH

    def __post_init__(self) -> None:
        d = self.joint.attributes
        row = tuple(exact(value, "coefficients") for value in self.coefficients)
        require(len(row) == d, must=f"be {d}, one an attribute", coefficients=len(row))
        known = tuple(self.known)
        valid = len(set(known)) == len(known) and all(0 <= axis < d for axis in known)
        require(valid, must=f"be different attributes from 0 to {d - 1}", known=known)
        require(0 <= self.sensitive < d, must=f"lie from 0 to {d - 1}", sensitive=self.sensitive)
        require(self._own > 0, must="have a positive variance", sensitive=self.sensitive)
        independent(self.queries, self.noise)
        object.__setattr__(self, "coefficients", row)
        object.__setattr__(self, "known", known)
        object.__setattr__(self, "variance", nonnegative(self.variance, "variance"))
        object.__setattr__(self, "offset", exact(self.offset, "offset"))

    @property
    def _own(self) -> fmpq:
        return self.joint.covariance[self.sensitive][self.sensitive]

    @property
    def noise_variance(self) -> fmpq:
        """Variance of the noise of the mean answer, the sufficient statistic: v_z/q or v_z."""
        return self.variance / independent(self.queries, self.noise)

    def correlation_squared(self) -> fmpq:
        """Squared multiple correlation of x_s with all that is seen, exact, in [0, 1]."""
        return 1 - self.posterior().variance / self._own

    def base_correlation_squared(self) -> fmpq:
        """Squared multiple correlation of x_s with the side information, exact, in [0, 1]."""
        return self._regress(self._side).explained / self._own

    def posterior(self) -> PosteriorMean:
        """Law of x_s given all that is seen: normal, with this mean and variance."""
        found = self._regress([self._answer, *self._side])
        return PosteriorMean(
            coefficients=found.coefficients,
            intercept=-found.coefficients[0] * self.offset,
            variance=self._own - found.explained,
        )

    def success(self) -> arb:
        """Best success at the sign of x_s, an enclosure: 1/2 + arcsin(rho)/pi; exactly 1 at rho = 1.

        The best guess is the sign of the posterior mean, whose correlation with x_s is rho.

        Source: orthant probability of two normal numbers, Sheppard 1899.

        >>> from mipriv.populations.joint import equicorrelated
        >>> pair = equicorrelated(dimension=2, correlation=0)
        >>> game = LinearInversion(joint=pair, sensitive=0, coefficients=(1, 1))
        >>> game.correlation_squared(), game.success().overlaps(arb("0.75"))
        (1/2, True)
        """
        return _sign_success(self.correlation_squared())

    def base(self) -> arb:
        """Best success at the sign of x_s from the side information alone, an enclosure."""
        return _sign_success(self.base_correlation_squared())

    def gain(self) -> arb:
        """(success - base)/(1 - base), an enclosure; 0 where the base is 1."""
        if self.base_correlation_squared() == 1:
            return arb(0)
        base = self.base()
        return (self.success() - base) / (1 - base)

    def information(self) -> arb:
        """I(X; answers) in nats, an enclosure: log(1 + Var<a, x>/noise)/2; inf without noise."""
        signal = self.joint.covariance_of(self.coefficients, self.coefficients)
        return _half_log(signal + self.noise_variance, self.noise_variance)

    def conditional_information(self) -> arb:
        """I(x_s; answers | known attributes) in nats, an enclosure; inf where an answer tells x_s.

        It is half the logarithm of the answers' variance given the known attributes over that given
        x_s too; the label is not conditioned on.
        """
        known = [_Seen.attribute(self.joint, axis) for axis in self.known]
        own = _Seen.attribute(self.joint, self.sensitive)
        answer = self._answer
        without, with_own = (
            answer.variance - _regression(self.joint, seen, answer.row).explained
            for seen in (known, [*known, own])
        )
        return _half_log(without, with_own)

    @property
    def _answer(self) -> _Seen:
        return _Seen(self.joint, self.coefficients, self.noise_variance)

    @cached_property
    def _side(self) -> list[_Seen]:
        seen = [_Seen.attribute(self.joint, axis) for axis in self.known]
        if self.label:
            seen.append(_Seen(self.joint, self.joint.coefficients, self.joint.noise**2))
        return seen

    def _regress(self, seen: list[_Seen]) -> _Regression:
        return _regression(self.joint, seen, _unit(self.joint, self.sensitive))


@dataclass(frozen=True)
class _Seen:
    """A number <row, x> + independent noise."""

    joint: GaussianJoint
    row: Row
    noise: fmpq

    @classmethod
    def attribute(cls, joint: GaussianJoint, axis: int) -> _Seen:
        return cls(joint, _unit(joint, axis), fmpq(0))

    @property
    def variance(self) -> fmpq:
        return self.joint.covariance_of(self.row, self.row) + self.noise


@dataclass(frozen=True)
class _Regression:
    """Coefficients of the best linear guess of a number, and the variance of that guess."""

    coefficients: Row
    explained: fmpq


def _unit(joint: GaussianJoint, axis: int) -> Row:
    return tuple(fmpq(int(place == axis)) for place in range(joint.attributes))


def _regression(joint: GaussianJoint, seen: Sequence[_Seen], target: Row) -> _Regression:
    """Regress <target, x> on what is seen, by exact elimination.

    What the numbers before it determine has pivot 0 and is passed over: its covariance with the
    target is 0 too after elimination, as the joint covariance is semidefinite.
    """
    size = len(seen)
    table = [
        [
            joint.covariance_of(first.row, second.row) + (first.noise if i == j else 0)
            for j, second in enumerate(seen)
        ]
        + [joint.covariance_of(first.row, target)]
        for i, first in enumerate(seen)
    ]
    explained = fmpq(0)
    for k in range(size):
        pivot = table[k][k]
        if pivot == 0:
            continue
        explained += table[k][size] ** 2 / pivot
        for i in range(k + 1, size):
            factor = table[i][k] / pivot
            table[i] = [a - factor * b for a, b in zip(table[i], table[k], strict=True)]
    coefficients = [fmpq(0)] * size
    for k in reversed(range(size)):
        if table[k][k] != 0:
            rest = sum((table[k][j] * coefficients[j] for j in range(k + 1, size)), fmpq(0))
            coefficients[k] = (table[k][size] - rest) / table[k][k]
    return _Regression(tuple(coefficients), explained)


def _sign_success(squared: fmpq) -> arb:
    """1/2 + arcsin(rho)/pi; as an arctangent, which is defined on a ball around any rho < 1."""
    if squared == 1:
        return arb(1)
    return fmpq(1, 2) + arb(squared / (1 - squared)).sqrt().atan() / arb.pi()


def _half_log(total: fmpq, noise: fmpq) -> arb:
    """log(total/noise)/2; inf for a signal without noise, 0 without signal."""
    if total == noise:
        return arb(0)
    if noise == 0:
        return arb.pos_inf()
    return arb(total / noise).log() / 2
