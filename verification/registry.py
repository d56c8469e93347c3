"""From the tables of a campaign to populations and learners, by name.

A learner that is wrong on purpose adds `factor` times the noise that its claim is computed from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flint import fmpq

from mipriv import laws, learn
from mipriv.errors import ParameterError, require
from mipriv.learn.noisy_sum import NoisySum
from mipriv.learn.spherical import SphericalLaplace
from mipriv.populations import finite
from mipriv.populations.finite import FiniteFamily
from mipriv.rigor.decimals import exact, whole

Spec = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a learner's table is read in.

    Attributes:
        n: records.
        family: the populations.
        factor: of the noise, 1 unless the learner is wrong on purpose.
    """

    n: int
    family: FiniteFamily
    factor: fmpq = fmpq(1)


def populations(spec: Spec) -> FiniteFamily:
    """The populations of a table.

    Raises:
        ParameterError: an unknown name, or parameters it does not take.
    """
    given = dict(spec)
    name = given.pop("name")
    rule = f"be one of {', '.join(sorted(_POPULATIONS))}"
    require(name in _POPULATIONS, must=rule, population=name)
    try:
        return _POPULATIONS[name](**given)
    except TypeError as error:
        raise ParameterError(f"population={name}: {error}") from None


def learner(spec: Spec, setting: Setting) -> Any:
    """The learner of a table, with the setting's noise.

    Raises:
        ParameterError: an unknown name, or parameters it does not take.
    """
    given = _Read(spec)
    name = given["name"]
    require(name in _LEARNERS, must=f"be one of {', '.join(sorted(_LEARNERS))}", learner=name)
    try:
        found = _LEARNERS[name](given, setting)
    except KeyError as error:
        raise ParameterError(f"learner={name}: {error.args[0]}: must be given") from None
    given.finish(f"learner={name}")
    return found


class _Read(dict[str, Any]):
    """A table that knows what was read of it, so that nothing stated goes unused."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self._used: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        self._used.add(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """The value if there is one."""
        return self[key] if key in self else default  # noqa: SIM401  # it is counted as read

    def finish(self, where: str) -> None:
        """Raise ParameterError if anything was not read."""
        for key in self:
            if key not in self._used:
                raise ParameterError(f"{where}: {key}: must be left out; it is not used")


def _gaussian_signs(*, tau: object) -> FiniteFamily:
    """Signs of a normal record whose mean is moved by a shift of total variation tau.

    The sign along the shift is the best bit of a record: as far apart as the records themselves.
    """
    half = exact(tau, "tau") / 2
    return finite.bernoulli(p0=fmpq(1, 2) - half, p1=fmpq(1, 2) + half)


def _points(*, secrets: int) -> FiniteFamily:
    """One record for each secret, always drawn: as far apart as populations can be."""
    count = whole(secrets, "secrets", at_least=2)
    rows = tuple(tuple(fmpq(int(i == j)) for j in range(count)) for i in range(count))
    return FiniteFamily(rows)


def _labelled(*, tau: object, agreement: object) -> FiniteFamily:
    """Records (x, y) of two bits, in the order 00, 01, 10, 11; the secret b moves the label.

    x is a fair coin, and Pr[y = 1 | x] is agreement + or - tau/2 for x = 1, and 1 - agreement + or -
    tau/2 for x = 0, with + for b = 1: y tells of x in the same way whatever b.
    """
    half, right = exact(tau, "tau") / 2, exact(agreement, "agreement")
    rows = []
    for shift in (-half, half):
        ones = (1 - right + shift, right + shift)
        for chance in ones:
            require(0 <= chance <= 1, must="leave Pr[y = 1 | x] in [0, 1]", tau=tau)
        rows.append(tuple(mass / 2 for one in ones for mass in (1 - one, one)))
    return FiniteFamily(tuple(rows))


_POPULATIONS: dict[str, Callable[..., FiniteFamily]] = {
    "bernoulli": finite.bernoulli,
    "categorical": finite.categorical,
    "swap": finite.swap,
    "extremal": finite.extremal,
    "identities": finite.identities,
    "gaussian-signs": _gaussian_signs,
    "points": _points,
    "labelled": _labelled,
}


def _noise(spec: Spec, factor: fmpq) -> Any:
    """A law of noise, shrunk by the factor."""
    given = _Read(spec)
    name = given["law"]

    def of(key: str) -> fmpq:
        return exact(given[key], key)

    if name == "gaussian":
        found: Any = laws.GaussianLaw(standard_deviation=of("standard_deviation") * factor)
    elif name == "laplace":
        found = laws.LaplaceLaw(scale=of("scale") * factor)
    elif name == "discrete-laplace":
        found = laws.DiscreteLaplace(epsilon=of("epsilon") / factor)
    elif name == "discrete-gaussian":
        found = laws.DiscreteGaussian(sigma_squared=of("sigma_squared") * factor * factor)
    elif name == "tulap":
        delta = exact(given.get("delta", 0), "delta")
        found = laws.Tulap(epsilon=of("epsilon") / factor, delta=delta)
    elif name == "spherical-laplace":
        found = SphericalLaplace(scale=of("scale") * factor)
    else:
        raise ParameterError(f"law={name}: must be the name of a law of noise")
    given.finish(f"law={name}")
    return found


def _extremal(spec: dict[str, Any], setting: Setting) -> Any:
    epsilon = exact(spec["epsilon"], "epsilon") / setting.factor
    return learn.ExtremalCount(
        epsilon=epsilon,
        delta=exact(spec.get("delta", 0), "delta"),
        symbols=setting.family.symbols,
        adjacency=spec.get("adjacency", "replace"),
    )


def _noisy_sum(spec: dict[str, Any], setting: Setting) -> Any:
    return NoisySum(scores=tuple(spec["scores"]), noise=_noise(spec["noise"], setting.factor))


def _response(spec: dict[str, Any], setting: Setting) -> Any:
    epsilon = exact(spec["epsilon"], "epsilon") / setting.factor
    return learn.RandomisedResponse(epsilon=epsilon, symbols=setting.family.symbols, n=setting.n)


def _exponential(spec: dict[str, Any], setting: Setting) -> Any:
    epsilon = exact(spec["epsilon"], "epsilon") / setting.factor
    utilities = tuple(tuple(row) for row in spec["utilities"])
    return learn.ExponentialMechanism(epsilon=epsilon, utilities=utilities)


def _beta(spec: dict[str, Any], setting: Setting) -> Any:
    rest = {key: exact(spec[key], key) for key in ("alpha", "beta") if key in spec}
    return learn.BetaBernoulli(a=exact(spec["a"], "a"), n=setting.n, **rest)


def _naive_bayes(spec: dict[str, Any], setting: Setting) -> Any:
    return learn.HistogramNaiveBayes(
        classes=spec["classes"],
        levels=tuple(spec["levels"]),
        noise=_noise(spec["noise"], setting.factor),
    )


def _records(spec: dict[str, Any]) -> tuple[Any, ...]:
    return tuple((tuple(x), y) for x, y in spec["records"])


def _statistics(spec: dict[str, Any], setting: Setting) -> Any:
    return learn.PerturbedStatistics(
        records=_records(spec),
        feature_bound=spec["feature_bound"],
        label_bound=spec["label_bound"],
        noise=_noise(spec["noise"], setting.factor),
    )


def _problem(spec: dict[str, Any], setting: Setting) -> Any:
    return learn.LogisticProblem(
        records=_records(spec),
        n=setting.n,
        regularisation=spec["regularisation"],
        norm_bound=spec.get("norm_bound", 1),
    )


def _output(spec: dict[str, Any], setting: Setting) -> Any:
    noise = _noise(spec["noise"], setting.factor)
    return learn.OutputPerturbedLogistic(
        problem=_problem(spec, setting), noise=noise, unit=spec.get("unit")
    )


def _objective(spec: dict[str, Any], setting: Setting) -> Any:
    noise = _noise(spec["noise"], setting.factor)
    return learn.ObjectivePerturbedLogistic(problem=_problem(spec, setting), noise=noise)


def _dp_sgd(spec: dict[str, Any], setting: Setting) -> Any:
    from mipriv.learn.sgd import models
    from mipriv.learn.sgd.train import DPSGD
    from mipriv.learn.sgd.transcript import Transcript

    kinds: dict[str, Callable[..., models.Model]] = {
        "linear": models.LinearLoss,
        "mean": models.MeanLoss,
        "logistic": models.LogisticRegression,
        "regression": models.LinearRegression,
        "perceptron": models.Perceptron,
    }
    require(spec["model"] in kinds, must=f"be one of {', '.join(kinds)}", model=spec["model"])
    records = tuple((tuple(float(v) for v in x), float(y)) for x, y in spec["records"])
    trained = DPSGD(
        model=kinds[spec["model"]](features=len(records[0][0])),
        n=setting.n,
        noise_multiplier=exact(spec["noise_multiplier"], "noise_multiplier") * setting.factor,
        steps=whole(spec["steps"], "steps", at_least=1),
        learning_rate=spec["learning_rate"],
        sampling_probability=spec.get("sampling_probability"),
        batch_size=spec.get("batch_size"),
        clip=spec.get("clip", 1.0),
    )
    return Transcript(learner=trained, records=records)


def _published(spec: dict[str, Any], setting: Setting) -> Any:
    from verification.inversion.models import published

    return published(spec, symbols=setting.family.symbols, n=setting.n)


def _last_iterate(spec: dict[str, Any], setting: Setting) -> Any:
    from mipriv.learn.sgd.final import LastIterate

    return LastIterate(transcript=_dp_sgd(spec, setting))


_LEARNERS: dict[str, Callable[[dict[str, Any], Setting], Any]] = {
    "extremal": _extremal,
    "published": _published,
    "noisy-sum": _noisy_sum,
    "randomised-response": _response,
    "exponential": _exponential,
    "beta-bernoulli": _beta,
    "naive-bayes": _naive_bayes,
    "perturbed-statistics": _statistics,
    "logistic-output": _output,
    "logistic-objective": _objective,
    "dp-sgd": _dp_sgd,
    "dp-sgd-last-iterate": _last_iterate,
}
