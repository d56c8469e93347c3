"""Compositions with a closed form: no sampling, a single step, and groups told apart for certain."""

from __future__ import annotations

from flint import arb, ctx, fmpq

from mipriv.accounting.sgd.pairs import Pair
from mipriv.accounting.sgd.steps import PoissonSteps
from mipriv.errors import PrecisionError

SATURATED = fmpq(1, 2**300)  # below it, 1 - loss is bounded rather than computed


def gaussian_shared(distance: arb, epsilon: arb) -> arb:
    """int min(N(0,1), e^epsilon N(mu,1)) at mu = distance >= 0; 1 - TV = erfc(mu/sqrt 8) at 0."""
    if distance.is_zero():
        return epsilon.exp().min(arb(1))
    root = arb(2).sqrt()
    near, far = distance / 2 - epsilon / distance, distance / 2 + epsilon / distance
    return ((near / root).erfc() + epsilon.exp() * (far / root).erfc()) / 2


def gaussian_distance(runs: list[PoissonSteps], changed: int) -> arb:
    """mu of runs without sampling, the sum of the gradients moving by `changed` clip norms."""
    total = sum((run.steps / run.noise_multiplier**2 for run in runs), fmpq(0))
    return changed * arb(total).sqrt()


def one_step_shared(pair: Pair, epsilon: arb) -> arb:
    """int min(P, e^epsilon Q) of one step: L rises, so the better guess is a threshold.

    The mass of P below the threshold and that of Q above it; any threshold gives a value above
    the least, so at a ball around the best one the value is enclosed.
    """
    x = _crossing(pair, epsilon)
    shared = pair.up.below(x) + epsilon.exp() * pair.down.below(-x)
    left_out = (pair.up.dropped + pair.down.dropped) * (epsilon / 2).exp()
    shared += arb(0).union(left_out)
    return shared.max(arb(0)).min(arb(1)).min(epsilon.exp())


def _crossing(pair: Pair, epsilon: arb) -> arb:
    """The x with L(x) = epsilon, as a ball; L rises, so two signs enclose it."""
    if pair.symmetric and epsilon.is_zero():
        return arb(0)

    def excess(x: arb) -> tuple[arb, arb]:
        log_a, up = pair.up.log_factor(x)
        log_b, down = pair.down.log_factor(-x)
        return log_a - log_b - epsilon, up + down

    low, high = arb(-1), arb(1)
    for _ in range(80):
        if excess(low)[0] < 0:
            break
        low *= 2
    for _ in range(80):
        if excess(high)[0] > 0:
            break
        high *= 2
    for _ in range(4 * ctx.prec):
        x = ((low + high) / 2).mid()
        value, slope = excess(x)
        step = (x - value / slope).mid()
        trial = step if low < step < high else x
        here = excess(trial)[0]
        if here < 0:
            low = trial
        elif here > 0:
            high = trial
        else:
            break
        gap = (here / slope).abs_upper() * 2
        for end in (trial - gap, trial + gap):
            value = excess(end.mid())[0]
            if low < end.mid() < high and value < 0:
                low = end.mid()
            elif low < end.mid() < high and value > 0:
                high = end.mid()
        if (high - low) < arb(2) ** (-ctx.prec // 2 + 8):
            break
    ball: arb = low.union(high)
    if not ball.is_finite():
        raise PrecisionError("the best threshold of one step was not found")
    return ball


def certain(run: PoissonSteps, inserted: int, deleted: int) -> arb:
    """Upper bound on the shared mass of a run, from one crude test of each step.

    The test counts: below half the expected distance it says Q.  P falls short of m atoms with
    probability at most e^(-k KL(m/k || q)) (Chernoff); from m on only a normal of that distance can
    cross.  The affinity of one step with shared mass F is at most sqrt(F (2 - F)), and affinities
    multiply.
    """
    q, spacing = run.sampling_probability, 1 / run.noise_multiplier
    tests = []
    for k in (inserted, deleted):
        m = int(k * q * fmpq(3, 4))
        tests.append((m * spacing, _short(k, q, m)))
    (up, short_up), (down, short_down) = tests
    half = arb(up + down) / 2
    cross = (half / arb(2).sqrt()).erfc()
    shared = (cross + short_up + short_down).min(arb(1))
    affinity = (shared * (2 - shared)).sqrt()
    return (affinity.log() * run.steps).exp().min(shared).upper()


def _short(k: int, q: fmpq, m: int) -> arb:
    """Upper bound on Pr[Bin(k, q) < m]."""
    if m == 0 or q == 1:
        return arb(0)
    share = fmpq(m, k)
    divergence = share * arb(share / q).log() + (1 - share) * arb((1 - share) / (1 - q)).log()
    return (-k * divergence).exp()


def least_affinity(run: PoissonSteps, inserted: int, deleted: int) -> arb:
    """Lower bound on the log affinity of a run: -T E[(a+b)^2] s^2/8, by concavity and Jensen."""
    q = run.sampling_probability
    means = inserted * q, deleted * q
    spread = (inserted + deleted) * q * (1 - q)
    square = spread + (means[0] + means[1]) ** 2
    return -arb(run.steps * square / run.noise_multiplier**2) / 8
