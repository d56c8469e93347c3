"""Defences that need no mutual information: what MID has to beat, and the release of any model.

Estimators in scikit-learn's conventions whose `answer` is the protected release; `answers_of` asks
any model.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mipriv.learn.baselines.answers import answers_of
    from mipriv.learn.baselines.constant import ConstantClassifier, ConstantRegressor
    from mipriv.learn.baselines.dp_linear import DPLinearRegression
    from mipriv.learn.baselines.dp_net import DPNetClassifier
    from mipriv.learn.baselines.dp_tree import DPTreeClassifier
    from mipriv.learn.baselines.drop import DropSensitive
    from mipriv.learn.baselines.flip import FlippedLabel
    from mipriv.learn.baselines.net import NetClassifier, NetRegressor
    from mipriv.learn.baselines.priority import PriorityTreeClassifier
    from mipriv.learn.baselines.purify import Purification
    from mipriv.learn.baselines.ridge import RidgeRegression
    from mipriv.learn.baselines.wrap import HardLabel, OutputNoise, Rounding, TopK

__all__ = [
    "ConstantClassifier",
    "ConstantRegressor",
    "DPLinearRegression",
    "DPNetClassifier",
    "DPTreeClassifier",
    "DropSensitive",
    "FlippedLabel",
    "HardLabel",
    "NetClassifier",
    "NetRegressor",
    "OutputNoise",
    "PriorityTreeClassifier",
    "Purification",
    "RidgeRegression",
    "Rounding",
    "TopK",
    "answers_of",
]

_HOME = {
    "ConstantClassifier": "constant",
    "ConstantRegressor": "constant",
    "DPLinearRegression": "dp_linear",
    "DPNetClassifier": "dp_net",
    "DPTreeClassifier": "dp_tree",
    "DropSensitive": "drop",
    "FlippedLabel": "flip",
    "HardLabel": "wrap",
    "NetClassifier": "net",
    "NetRegressor": "net",
    "OutputNoise": "wrap",
    "PriorityTreeClassifier": "priority",
    "Purification": "purify",
    "RidgeRegression": "ridge",
    "Rounding": "wrap",
    "TopK": "wrap",
    "answers_of": "answers",
}


def __getattr__(name: str) -> Any:
    """Import a baseline on first use."""
    if name not in _HOME:
        raise AttributeError(f"module 'mipriv.learn.baselines' has no attribute {name!r}")
    return getattr(import_module(f"mipriv.learn.baselines.{_HOME[name]}"), name)
