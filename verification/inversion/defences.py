"""From the learner's table of a campaign to an estimator, its name in tables, and its role."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flint import fmpq

from mipriv.errors import ParameterError, require
from verification.inversion.worlds import World
from verification.parts import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Defence:
    """A defence to be fitted.

    Attributes:
        estimator: not yet fitted.
        title: in tables and pictures.
        role: in comparisons.
        setting: its parameters, in words.
    """

    estimator: Any
    title: str
    role: Role
    setting: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Making:
    """What a table is read in."""

    world: World
    seed: int
    factor: float

    def inside(self, spec: Any) -> Any:
        """The estimator that a defence is put around, from the table `of`."""
        if not isinstance(spec, Mapping):
            raise ParameterError(f"of={spec}: must be the table of a learner")
        return _built(spec, self)

    @property
    def categorical(self) -> dict[str, Any]:
        return {} if self.world.arities is None else {"categorical": "all"}


def defence(spec: Mapping[str, Any], place: World, *, seed: int, factor: fmpq) -> Defence:
    """The defence of a campaign's table.

    Args:
        spec: `name` and parameters; `of` holds the table of a learner inside.
        place: where its records come from.
        seed: of the defence's own randomness.
        factor: of the standard deviation of its noise, 1 unless it is wrong on purpose.

    Raises:
        ParameterError: an unknown name, or parameters it does not take.
    """
    name = spec["name"]
    require(name in _KINDS, must=f"be one of {', '.join(_KINDS)}", learner=name)
    title, role, _ = _KINDS[name]
    rest = {key: value for key, value in spec.items() if key not in ("name", "of")}
    setting = ", ".join(f"{key}={value}" for key, value in rest.items())
    making = _Making(world=place, seed=seed, factor=int(factor.p) / int(factor.q))
    estimator = _built(spec, making)
    wanted = "regressor" if place.regression else "classifier"
    kind = _type(estimator)
    require(kind in (None, wanted), must=f"be a {wanted} here", learner=name)
    named = ", ".join([title, *_kind(name, rest)])
    return Defence(estimator=estimator, title=named, role=Role(role), setting=setting)


def _kind(name: str, rest: Mapping[str, Any]) -> list[str]:
    """What makes two defences of one name different ones, whatever their settings."""
    found = []
    if name == "mid-linear":
        found = [rest.get("estimator", "gaussian"), rest.get("release", "noisy")]
    if name == "output-noise":
        found = [rest.get("law", "gaussian"), *(["shrunk"] if rest.get("shrink") else [])]
    if name == "flipped-label" or "noise" in rest:
        found.append(rest.get("noise", "per-input"))
    if name in ("mid-linear", "mid-tree") and rest.get("sensitive") is not None:
        found.append("secret only")
    return list(map(str, found))


def _type(estimator: Any) -> str | None:
    """What scikit-learn takes it for; None where it is no estimator of its kind."""
    from sklearn.utils import get_tags

    if not hasattr(estimator, "__sklearn_tags__"):
        return None
    return str(get_tags(estimator).estimator_type)


def _built(spec: Mapping[str, Any], making: _Making) -> Any:
    given = {key: _read(value) for key, value in spec.items() if key != "name"}
    name = spec["name"]
    require(name in _KINDS, must=f"be one of {', '.join(_KINDS)}", learner=name)
    if "of" in given:
        given["estimator"] = making.inside(spec["of"])
        del given["of"]
    try:
        return _KINDS[name][2](making, **given)
    except TypeError as error:
        raise ParameterError(f"learner={name}: {error}") from None


def _read(value: Any) -> Any:
    """A decimal of a campaign, which is kept as a text, is a double for an estimator."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return tuple(map(_read, value)) if isinstance(value, list) else value


def _least_squares(making: _Making) -> Any:  # noqa: ARG001  # as all makers
    from sklearn.linear_model import LinearRegression

    return LinearRegression()


def _mid_linear(making: _Making, **given: Any) -> Any:
    from mipriv.learn.mid.linear import MIDLinearRegression

    model = MIDLinearRegression(**given, random_state=making.seed)
    return model if making.factor == 1 else _Quieter(model, factor=making.factor)


def _output_noise(making: _Making, *, estimator: Any, scale: float, **given: Any) -> Any:
    from mipriv.learn.baselines.wrap import OutputNoise

    seed = making.seed
    return OutputNoise(estimator, scale=scale * making.factor, random_state=seed, **given)


def _wrapped(module: str, name: str) -> Callable[..., Any]:
    def make(making: _Making, *, estimator: Any, **given: Any) -> Any:  # noqa: ARG001  # as all
        return _class(module, name)(estimator, **given)

    return make


def _seeded(module: str, name: str) -> Callable[..., Any]:
    def make(making: _Making, **given: Any) -> Any:
        inside = (given.pop("estimator"),) if "estimator" in given else ()
        return _class(module, name)(*inside, random_state=making.seed, **given)

    return make


def _plain(module: str, name: str) -> Callable[..., Any]:
    def make(making: _Making, **given: Any) -> Any:  # noqa: ARG001  # as all makers
        return _class(module, name)(**given)

    return make


def _tree(module: str, name: str) -> Callable[..., Any]:
    def make(making: _Making, **given: Any) -> Any:
        return _class(module, name)(**making.categorical, **given)

    return make


def _dp_tree(making: _Making, **given: Any) -> Any:
    from mipriv.learn.baselines.dp_tree import DPTreeClassifier

    arities, classes = making.world.arities, making.world.classes
    if arities is None or classes is None:
        raise ParameterError("learner=dp-tree: must be trained on records of codes")
    return DPTreeClassifier(
        domains=[tuple(range(values)) for values in arities],
        classes=tuple(range(classes)),
        random_state=making.seed,
        **given,
    )


def _noisy_records(making: _Making, *, scale: float) -> Any:
    from verification.inversion.raw import NoisyRecords

    return NoisyRecords(scale=scale * making.factor, random_state=making.seed)


def _flipped(making: _Making, *, estimator: Any, keep: float, **given: Any) -> Any:
    from mipriv.learn.baselines.flip import FlippedLabel

    kept = 1 - (1 - keep) * making.factor
    return FlippedLabel(estimator, keep=kept, random_state=making.seed, **given)


def _class(module: str, name: str) -> Any:
    from importlib import import_module

    return getattr(import_module(f"mipriv.learn.{module}"), name)


class _Quieter:
    """A regression whose release holds a share of its own noise: wrong on purpose."""

    def __init__(self, model: Any, *, factor: float) -> None:
        self.model, self.factor = model, factor

    def fit(self, X: Any, y: Any) -> Any:
        """The fitted model, its noise scaled."""
        fitted = self.model.fit(X, y)
        fitted.noise_variance_ *= self.factor**2
        return fitted


_BASE = "baselines."
_KINDS: dict[str, tuple[str, str, Callable[..., Any]]] = {
    "least-squares": ("none (least squares)", "undefended", _least_squares),
    "mid-linear": ("MID", "mid", _mid_linear),
    "ridge": ("ridge", "baseline", _plain(_BASE + "ridge", "RidgeRegression")),
    "constant-mean": ("constant", "constant", _plain(_BASE + "constant", "ConstantRegressor")),
    "constant-class": ("constant", "constant", _plain(_BASE + "constant", "ConstantClassifier")),
    "output-noise": ("output noise", "baseline", _output_noise),
    "rounding": ("rounding", "baseline", _wrapped(_BASE + "wrap", "Rounding")),
    "hard-label": ("label only", "baseline", _wrapped(_BASE + "wrap", "HardLabel")),
    "top-k": ("top k", "baseline", _wrapped(_BASE + "wrap", "TopK")),
    "flipped-label": ("flipped label", "baseline", _flipped),
    "drop-sensitive": ("drop sensitive", "baseline", _wrapped(_BASE + "drop", "DropSensitive")),
    "purification": ("purification", "baseline", _seeded(_BASE + "purify", "Purification")),
    "id3": ("none (ID3)", "undefended", _tree("mid.tree", "MIDTreeClassifier")),
    "mid-tree": ("MID", "mid", _tree("mid.tree", "MIDTreeClassifier")),
    "shallow-tree": ("shallow ID3", "baseline", _tree("mid.tree", "MIDTreeClassifier")),
    "priority-tree": ("Priority", "baseline", _tree(_BASE + "priority", "PriorityTreeClassifier")),
    "net": ("none (plain net)", "undefended", _seeded(_BASE + "net", "NetClassifier")),
    "vib": ("MID", "mid", _seeded("mid.vib", "VIBClassifier")),
    "dp-linear": ("DP", "dp", _seeded(_BASE + "dp_linear", "DPLinearRegression")),
    "dp-tree": ("DP", "dp", _dp_tree),
    "dp-net": ("DP", "dp", _seeded(_BASE + "dp_net", "DPNetClassifier")),
    "noisy-records": ("noisy records", "baseline", _noisy_records),
}
