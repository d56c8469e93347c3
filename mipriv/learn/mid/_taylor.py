"""Linear MID for any inputs: least squares with the Taylor estimate of the information."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize

from mipriv.estimate.mixture import Taylor

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STEPS = 6  # of the weight, each twice the one before


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalised:
    """|a - a_0|^2 + lam I(a): excess squared error and penalty of the prediction basis @ a.

    In units of the standard deviation of the least-squares prediction, so that |a_0| = 1.

    Attributes:
        basis: shape (N, r), mean square 1 of each column.
        fitted: a_0, shape (r,), of norm 1.
        taylor: the estimate of the entropy.
        points: where it is evaluated; None: at every record.
    """

    basis: NDArray[np.float64]
    fitted: NDArray[np.float64]
    taylor: Taylor
    points: NDArray[np.intp] | None

    def objective(
        self, coordinates: NDArray[np.float64], lam: float
    ) -> tuple[float, NDArray[np.float64]]:
        """Value, but for a constant, and gradient."""
        entropy, pulls = self.taylor.gradient(self.basis @ coordinates, points=self.points)
        miss = coordinates - self.fitted
        return float(miss @ miss) + lam * entropy, 2 * miss + lam * (self.basis.T @ pulls)

    def minimise(self, *, lam: float, max_iter: int) -> tuple[NDArray[np.float64], int, bool]:
        """A local minimum: the better of two, since the penalty is not convex.

        One is followed from least squares while the weight doubles up to lam; the other starts from
        the constant prediction.  For given numbers the result is always the same.

        Args:
            lam: weight, >= 0, in units of the variance.
            max_iter: iterations of L-BFGS at each weight.

        Returns:
            Coordinates, iterations in all, whether each last search has converged.
        """
        if lam == 0:
            return self.fitted, 0, True
        weights = [lam * 0.5**step for step in reversed(range(_STEPS))]
        paths = [(self.fitted, weights), (np.zeros_like(self.fitted), weights[-1:])]
        found, iterations, converged = [], 0, True
        for start, path in paths:
            for weight in path:
                result = minimize(
                    self.objective,
                    start,
                    args=(weight,),
                    jac=True,
                    method="L-BFGS-B",
                    options={"maxiter": max_iter, "ftol": 1e-12, "gtol": 1e-7},
                )
                start, iterations = result.x, iterations + int(result.nit)
            found.append((float(result.fun), start))
            converged = converged and result.status != 1
        return min(found, key=lambda pair: pair[0])[1], iterations, converged
