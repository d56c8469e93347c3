"""A benchmark, its result, and the run they are stored in."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from mipriv.errors import ParameterError, require

STORE = Path(__file__).with_name("results.json")
_PACKAGES = (
    "numpy",
    "python-flint",
    "torch",
    "dp-accounting",
    "riskcal",
    "prv-accountant",
    "opacus",
    "scikit-learn",
)

Measure = Callable[[int], float]


class Relation(StrEnum):
    """On which side of the target a measurement must lie."""

    AT_MOST = "<="
    AT_LEAST = ">="

    def holds(self, measured: float, target: float) -> bool:
        """Whether the target is met; a NaN meets none."""
        return measured <= target if self is Relation.AT_MOST else measured >= target


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """One ratio and its target.

    Attributes:
        name: as `--only` takes it.
        what: what is measured.
        peer: what it is measured against.
        relation, target: the target.
        repeat: measurements of each side, unless `--repeat` says otherwise.
        measure: returns the ratio from the number of measurements.
    """

    name: str
    what: str
    peer: str
    relation: Relation
    target: float
    repeat: int
    measure: Measure

    def run(self, repeat: int | None = None) -> Result:
        """Measure; the ratio is kept to four decimals, and judged as it is kept."""
        measured = round(self.measure(self.repeat if repeat is None else repeat), 4)
        return Result(
            name=self.name,
            what=self.what,
            ratio=measured,
            target=self.target,
            relation=self.relation,
            met=self.relation.holds(measured, self.target),
            peer=self.peer,
        )


def listed(*rows: tuple[str, str, int, Measure, str, str]) -> tuple[Benchmark, ...]:
    """Benchmarks from rows of name, target as "<= 8", repeat, measure, what, against what."""
    found = []
    for name, aim, repeat, measure, what, peer in rows:
        relation, target = aim.split()
        found.append(
            Benchmark(
                name=name,
                what=what,
                peer=peer,
                relation=Relation(relation),
                target=float(target),
                repeat=repeat,
                measure=measure,
            )
        )
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A measured ratio beside its target."""

    name: str
    what: str
    ratio: float
    target: float
    relation: Relation
    met: bool
    peer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Results of one run, and where they were measured.

    Attributes:
        date: day of the run, ISO 8601, UTC.
        cpus: processors of the machine.
        versions: of Python and the packages that take part; None where one is not installed.
        results: in the order of the benchmarks.
    """

    date: str
    cpus: int | None
    versions: dict[str, str | None]
    results: tuple[Result, ...]

    @classmethod
    def of(cls, results: list[Result]) -> Run:
        """Results just measured here."""
        found = {"python": platform.python_version()} | {name: _version(name) for name in _PACKAGES}
        today = datetime.now(UTC).date().isoformat()
        return cls(date=today, cpus=os.cpu_count(), versions=found, results=tuple(results))

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def read(cls, path: Path) -> Run:
        """Read a stored run.

        Raises:
            ParameterError: there is none, or the file is not one.
        """
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            results = tuple(_result(fields) for fields in found.pop("results"))
            return cls(results=results, **found)
        except FileNotFoundError:
            raise ParameterError(f"{path.name}: no results are stored; run with --store") from None
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            raise ParameterError(f"{path.name}: must be a file that --store wrote") from None

    def missed(self) -> list[str]:
        """Names of the benchmarks whose target is missed."""
        return [result.name for result in self.results if not result.met]


def _result(fields: dict[str, Any]) -> Result:
    result = Result(**fields | {"relation": Relation(fields["relation"])})
    honest = result.met == result.relation.holds(result.ratio, result.target)
    require(honest, must="follow from ratio and target", met=result.met)
    return result


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
