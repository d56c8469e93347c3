"""What a user of dp-accounting writes for the advantage against a group; run as a script.

`python peer.py EPSILON DELTA N` prints the total variation between the outputs on two data sets
that differ in N records.  dp-accounting has no group privacy, so its user turns (epsilon, delta)
into the group's pair by the textbook formula, (N epsilon, delta expm1(N epsilon)/expm1(epsilon)),
builds the privacy loss distribution of that pair and reads delta at epsilon 0, which is the total
variation.  The library refuses a delta above 1, which the formula readily gives: the user clamps it.
"""

from __future__ import annotations

import math
import sys

from dp_accounting.pld import common, privacy_loss_distribution


def advantage(epsilon: float, delta: float, n: int) -> float:
    """Published group-privacy bound on the advantage, in [0, 1]; float64, rounded pessimistically."""
    group_delta = min(1.0, delta * math.expm1(n * epsilon) / math.expm1(epsilon))
    pair = common.DifferentialPrivacyParameters(n * epsilon, group_delta)
    distribution = privacy_loss_distribution.from_privacy_parameters(pair)
    return float(distribution.get_delta_for_epsilon(0.0))


if __name__ == "__main__":
    print(advantage(float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
