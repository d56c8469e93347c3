"""Machine-checked proofs in Coq (standard library only) and the gate in front of them."""

from proofs.check import Check
from proofs.coq import gate
from proofs.coq.gate import theorems

GATE = "coq.gate"

CHECKS: tuple[Check, ...] = (
    Check(
        GATE,
        "Thm 1, 2, 3, 5, 6, 7, 8, 9 over the reals, and the code's values as theorems",
        gate.run,
    ),
)

__all__ = ["CHECKS", "GATE", "theorems"]
