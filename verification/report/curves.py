"""What trade-off pictures and tables show: each setting's measures, together over replicates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from statistics import fmean

from verification import signflip, tradeoff
from verification.frontier import CONFIDENCE
from verification.measures import Point, gain
from verification.parts import Better, Information, Kind, Role
from verification.report.record import Record


@dataclass(frozen=True, slots=True)
class Spread:
    """A mean over replicates and where it lies.

    Attributes:
        mean: over the replicates; inf if one is.
        lower, upper: with six replicates or more the sign-flip interval of the mean; with fewer
            the least and the greatest; of one its own interval.
        interval: whether they are that sign-flip interval.
    """

    mean: float
    lower: float
    upper: float
    interval: bool = False

    @classmethod
    def of(cls, values: Sequence[float], own: tuple[float, float] | None = None) -> Spread:
        """The spread of some values, at least one.

        Args:
            values: one a replicate.
            own: interval of the first, if it has one.
        """
        mean = fmean(values)
        if len(values) == 1 and own is not None:
            return cls(mean, *own)
        if all(map(isfinite, values)) and len(values) <= signflip.MOST:
            ends = signflip.interval(values, confidence=CONFIDENCE)
            if ends is not None:
                return cls(mean, min(ends.lower, mean), max(ends.upper, mean), interval=True)
        return cls(mean, min(values), max(values))


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a defence, in all replicates."""

    points: tuple[Point, ...]

    @property
    def defence(self) -> str:
        """The defence's name."""
        return self.points[0].defence

    @property
    def name(self) -> str:
        """The setting in words."""
        return self.points[0].setting

    @property
    def role(self) -> Role:
        """The defence's role."""
        return self.points[0].role

    @property
    def utility(self) -> Spread:
        """Utility on test records."""
        return Spread.of([one.utility.value for one in self.points])

    @property
    def attack(self) -> Spread:
        """Success of the strongest level on records of the population."""
        first = self.points[0].attack
        return Spread.of([one.attack.value for one in self.points], (first.lower, first.upper))

    @property
    def levels(self) -> dict[str, float]:
        """Mean success of each level that all replicates have."""
        shared = set.intersection(*(set(one.attacks) for one in self.points))
        return {
            level: fmean(one.attacks[level].value for one in self.points)
            for level in self.points[0].attacks
            if level in shared
        }

    @property
    def metrics(self) -> dict[str, float]:
        """Means of the further figures that all replicates have; on training records so named."""
        every = [
            dict(one.metrics)
            | {f"{name}, training": value for name, value in _trained(one).items()}
            for one in self.points
        ]
        shared = set.intersection(*(set(one) for one in every))
        return {name: fmean(one[name] for one in every) for name in every[0] if name in shared}

    @property
    def base(self) -> float:
        """Mean success without a model."""
        return fmean(one.base for one in self.points)

    @property
    def gain(self) -> float:
        """Mean gain over that."""
        return fmean(one.gain for one in self.points)

    @property
    def train(self) -> Spread | None:
        """Success on the training records, if all replicates have it."""
        found = [one.train.attack for one in self.points if one.train is not None]
        if len(found) < len(self.points):
            return None
        return Spread.of([one.value for one in found], (found[0].lower, found[0].upper))

    @property
    def train_utility(self) -> float | None:
        """Mean utility on the training records, if all replicates have it."""
        found = [one.train.utility for one in self.points if one.train is not None]
        return fmean(found) if len(found) == len(self.points) else None

    @property
    def memorised(self) -> float | None:
        """Mean gain on training records less the gain on the population.

        Source: theory.md, section 1, the inversion game.
        """
        pairs = [(one.train.attack.value, one) for one in self.points if one.train is not None]
        if len(pairs) < len(self.points):
            return None
        return fmean(gain(success, one.base) - one.gain for success, one in pairs)

    def best(self, kind: Kind) -> float | None:
        """Mean success of the best possible attack, or ceiling on it, if all replicates have it."""
        known = [one.bayes for one in self.points if one.bayes is not None]
        found = [one.upper for one in known if one.kind is kind]
        return fmean(found) if len(found) == len(self.points) else None

    @property
    def bound(self) -> float | None:
        """Mean bound from the information, if all replicates have it."""
        found = [one.bound.value for one in self.points if one.bound is not None]
        return fmean(found) if len(found) == len(self.points) else None

    @property
    def readings(self) -> list[Information]:
        """Of the information, if all replicates have one."""
        found = [one.information for one in self.points if one.information is not None]
        return found if len(found) == len(self.points) else []

    @property
    def information(self) -> Spread | None:
        """In nats; None if it was not read."""
        found = self.readings
        if not found:
            return None
        return Spread.of([one.value for one in found], (found[0].lower, found[0].upper))

    @property
    def bounded(self) -> bool:
        """Whether the reading is an upper bound rather than an estimate."""
        return any(one.bound for one in self.readings)

    @property
    def epsilon(self) -> float | None:
        """The largest epsilon of any replicate; None without."""
        found = [one.epsilon for one in self.points if one.epsilon is not None]
        return max(found) if found else None


@dataclass(frozen=True, slots=True)
class Panel:
    """All settings of a panel, by defence, in the campaign's order."""

    name: str
    curves: dict[str, tuple[Setting, ...]]

    @property
    def settings(self) -> list[Setting]:
        """Of all defences."""
        return [one for curve in self.curves.values() for one in curve]

    @property
    def utility(self) -> str:
        """The axis of utilities in words."""
        found = self.settings[0].points[0].utility
        good = "lower" if found.better is Better.LOW else "higher"
        return f"{found.name} ({good} is better)"

    @property
    def attack(self) -> str:
        """The axis of the attack's success in words."""
        return f"attack: {self.settings[0].points[0].attack.name}"

    @property
    def base(self) -> float:
        """Mean success without a model, over all points."""
        return fmean(one.base for each in self.settings for one in each.points)

    @property
    def replicates(self) -> int:
        """The largest number that a setting has."""
        return max(len(one.points) for one in self.settings)


def panels(record: Record) -> list[Panel]:
    """The panels of a run, in order."""
    return [
        Panel(panel.name, _curves(panel.points))
        for panel in tradeoff.panels([row.line for row in record.cells])
    ]


def _curves(points: Sequence[Point]) -> dict[str, tuple[Setting, ...]]:
    found: dict[str, dict[str, list[Point]]] = {}
    for one in points:
        found.setdefault(one.defence, {}).setdefault(one.setting, []).append(one)
    return {
        defence: tuple(Setting(tuple(each)) for each in settings.values())
        for defence, settings in found.items()
    }


def _trained(point: Point) -> Mapping[str, float]:
    return {} if point.train is None else point.train.metrics


def finite(setting: Setting) -> bool:
    """Whether the setting's information was read and is finite."""
    return setting.information is not None and setting.information.mean < inf
