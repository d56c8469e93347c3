"""mipriv: how much does a trained model tell about the population it was trained on?

>>> import mipriv
>>> print(mipriv.bound(epsilon="0.1", delta="0.01", n=10, digits=6).worst_case.value)
[0.468294, 0.468295]
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mipriv.accounting.mechanisms import (
        ExponentialMechanism,
        GaussianMechanism,
        GeometricMechanism,
        LaplaceMechanism,
        RandomisedResponse,
    )
    from mipriv.accounting.renyi import RenyiDP
    from mipriv.arrays import Sweep, sweep
    from mipriv.calculator.bound import Bound, bound
    from mipriv.calculator.curves import CurveLoss, curve, gaussian, laplace, zcdp
    from mipriv.calculator.information import InformationLoss, information
    from mipriv.calculator.inverse import Inverse, delta, epsilon, size
    from mipriv.calculator.mechanisms import MechanismLoss, mechanism
    from mipriv.calculator.renyi import RdpLoss, rdp
    from mipriv.calculator.sgd import noise, sgd
    from mipriv.calculator.sgd_answers import NoiseMultiplier, SgdLoss
    from mipriv.errors import (
        Infeasible,
        ParameterError,
        PrecisionError,
        UnsupportedGuarantee,
    )
    from mipriv.loss.optimal import optimal

__version__ = "0.1.0"

_HOME = {
    "Bound": "calculator.bound",
    "CurveLoss": "calculator.curves",
    "ExponentialMechanism": "accounting.mechanisms",
    "GaussianMechanism": "accounting.mechanisms",
    "GeometricMechanism": "accounting.mechanisms",
    "Infeasible": "errors",
    "InformationLoss": "calculator.information",
    "Inverse": "calculator.inverse",
    "LaplaceMechanism": "accounting.mechanisms",
    "MechanismLoss": "calculator.mechanisms",
    "NoiseMultiplier": "calculator.sgd_answers",
    "ParameterError": "errors",
    "PrecisionError": "errors",
    "RandomisedResponse": "accounting.mechanisms",
    "RdpLoss": "calculator.renyi",
    "RenyiDP": "accounting.renyi",
    "SgdLoss": "calculator.sgd_answers",
    "Sweep": "arrays",
    "UnsupportedGuarantee": "errors",
    "bound": "calculator.bound",
    "curve": "calculator.curves",
    "delta": "calculator.inverse",
    "epsilon": "calculator.inverse",
    "gaussian": "calculator.curves",
    "information": "calculator.information",
    "laplace": "calculator.curves",
    "mechanism": "calculator.mechanisms",
    "noise": "calculator.sgd",
    "optimal": "loss.optimal",
    "rdp": "calculator.renyi",
    "sgd": "calculator.sgd",
    "size": "calculator.inverse",
    "sweep": "arrays",
    "zcdp": "calculator.curves",
}

__all__ = [
    "Bound",
    "CurveLoss",
    "ExponentialMechanism",
    "GaussianMechanism",
    "GeometricMechanism",
    "Infeasible",
    "InformationLoss",
    "Inverse",
    "LaplaceMechanism",
    "MechanismLoss",
    "NoiseMultiplier",
    "ParameterError",
    "PrecisionError",
    "RandomisedResponse",
    "RdpLoss",
    "RenyiDP",
    "SgdLoss",
    "Sweep",
    "UnsupportedGuarantee",
    "bound",
    "curve",
    "delta",
    "epsilon",
    "gaussian",
    "information",
    "laplace",
    "mechanism",
    "noise",
    "optimal",
    "rdp",
    "sgd",
    "size",
    "sweep",
    "zcdp",
]


def __getattr__(name: str) -> Any:
    """Import a public name on first use, so that `import mipriv` costs nothing."""
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'mipriv' has no attribute {name!r}")
    value = getattr(import_module(f"mipriv.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
