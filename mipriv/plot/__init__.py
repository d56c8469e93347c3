"""Pictures of what a training tells, written to a file (needs the extra `plot`)."""

from mipriv.plot.claims import epsilon, loss, tradeoff
from mipriv.plot.training import sgd

__all__ = ["epsilon", "loss", "sgd", "tradeoff"]
