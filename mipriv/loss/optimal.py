"""The exact optimum for two given finite populations: a linear program over histograms.

Four reductions, none of which loses anything, make the question finite:

* The loss is the largest Pr[event | P_1^n] - Pr[event | P_0^n], so a learner of one bit suffices.
  With q = Pr[bit = 1], (epsilon, delta)-DP says q(S) <= g(q(S')) for every ordered pair of
  neighbours, g(a) = min(1, E a + delta, 1 - (1 - delta - a)/E) and E = e^epsilon.
* P^n does not see the order of records, so the learner may be averaged over all orders: its bit
  depends on the histogram alone.
* Symbols of one likelihood ratio P_1/P_0 may be merged.  A learner on merged symbols is one on the
  original symbols; the converse draws each original record from its class, record by record,
  which keeps neighbours neighbours, and the law within a class is the same under P_0 and P_1.
  A symbol of mass 0 under both may be read as any other, so it is dropped.
* The learner also answers on data sets that the game never draws: other sizes, when neighbours
  differ by an added record.  Let d be the distance in the graph of all data sets, and suppose that
  q(S) <= g^d(S,T)(q(T)) for all S, T of the game.  Then min over T of g^d(S,T)(q(T)) extends q to
  every S (McShane's extension): it is q on the game's data sets, and a step changes each d by at
  most one, so neighbours satisfy q <= g(q'), g being nondecreasing.  For replace-one, d counts
  replacements, and the rows for d = 1 imply the others.  For add-remove the game's data sets all
  have n records, d is twice the number of replacements (through size n - 1 or n + 1 alike), and
  the rows q <= g(g(q')) across one replacement imply the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

from flint import arb, ctx, fmpq

from mipriv.errors import UnsupportedGuarantee, require
from mipriv.game import Adjacency, FinitePair, PopulationGame
from mipriv.game import adjacency as read_adjacency
from mipriv.guarantee import ApproxDP, Kind, Loss
from mipriv.loss._linear_program import Program, Row, Vertex, solve
from mipriv.loss._ranking import ranking
from mipriv.loss.group import ApproxDPGroup
from mipriv.rigor.decimals import exact, unit, whole
from mipriv.rigor.enclosure import DEFAULT_DIGITS, Enclosure, bits_for, checked_digits
from mipriv.rigor.histograms import histograms as histograms
from mipriv.rigor.histograms import multinomial

MAX_HISTOGRAMS = 250
MAX_MASS_BITS = 20_000  # of a product of n masses
_MAX_PIVOTS = 2_000
_MAX_BITS = 2_048  # of the bracket of e^epsilon
_MAX_EPSILON = 1_024  # above it e^epsilon lies between e^1024 and infinity
_FLOAT_GROWTH = 64  # largest E at which the float solver sees q/E beside q


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A learner and a proof that none does better, both exact.

    Attributes:
        growth: E = e^epsilon, rational, >= 1.
        delta: in [0, 1].
        n: records.
        pair: the two populations, symbols of equal likelihood ratio merged.
        adjacency: which data sets are neighbours.
        lower: loss of the learner `primal`.
        upper: what `dual` proves no learner exceeds; equal to `lower` at the optimum.
        primal: probability of the bit 1 for each of `histograms(n, symbols of pair)`.
        dual: weight >= 0 of each privacy constraint.
    """

    growth: fmpq
    delta: fmpq
    n: int
    pair: FinitePair
    adjacency: Adjacency
    lower: fmpq
    upper: fmpq
    primal: tuple[fmpq, ...]
    dual: tuple[fmpq, ...]

    def verify(self) -> bool:
        """Whether both points are feasible and worth what they claim, recomputed from the pair."""
        program = _program(self.growth, self.delta, self.n, self.pair, self.adjacency)
        return (
            program.feasible(self.primal)
            and program.value(self.primal) == self.lower
            and len(self.dual) == len(program.links)
            and all(weight >= 0 for weight in self.dual)
            and program.ceiling(self.dual) == self.upper
        )


def optimal(claim: ApproxDP, game: PopulationGame, *, digits: int = DEFAULT_DIGITS) -> Loss:
    """Exact supremum of the MI privacy loss for the two populations of the game.

    max over q of sum_h (P_1^n(h) - P_0^n(h)) q(h), h the histograms of n records, q in [0, 1] and
    q(h) <= g(q(h')) across every replacement (g(g(.)) for add-remove adjacency).

    Args:
        claim: (epsilon, delta)-DP of the learner.
        game: two equiprobable secrets, with `pair` given; at most MAX_HISTOGRAMS histograms, with
            symbols of equal likelihood ratio counted once.
        digits: significant decimal digits, 1 to 10,000.

    Returns:
        The value, exact; `wide` if it, or its complement, has fewer digits than asked for: where
        that needs e^epsilon to more than 2,048 bits, or epsilon > 1024 with 1 - value that small.

    Raises:
        ParameterError: no pair, tau below that of the pair, or too many histograms.
        UnsupportedGuarantee: another claim, a prior, or more than two secrets.

    Numerics:
        HiGHS guesses the tight constraints; a vertex and its multipliers are then solved for in
        rational arithmetic and pivoted until they are optimal, and both are checked against every
        constraint.  E = e^epsilon is irrational for epsilon > 0; the optimum grows with E, so its
        values at the ends of a rational bracket enclose it.

    Source:
        Linear programming duality; McShane, Bull. AMS 40 (1934), for the extension; Dong, Roth and
        Su (2022) for g.  The start: Huangfu and Hall, Math. Prog. Comp. 10 (2018).

    >>> from mipriv.game import FinitePair
    >>> pair = FinitePair(["0.5", "0.3", "0.2"], ["0.3", "0.5", "0.2"])
    >>> loss = optimal(ApproxDP(epsilon=1), PopulationGame(n=3, pair=pair), digits=6)
    >>> print(loss.value)
    [0.191973, 0.191974]
    """
    digits = checked_digits(digits)
    pair = _populations(claim, game)
    lower, upper = _bracket(claim, game.n, pair, digits)
    return Loss(
        value=_between(lower, upper, digits),
        complement=_between(1 - upper, 1 - lower, digits),
        kind=Kind.EXACT,
        method="linear program over histograms",
        vacuous=_is_one(claim, game.n, pair, lower, upper),
        wide=not _resolved(lower, upper, digits),
    )


def optimal_rational(
    growth: fmpq,
    delta: fmpq,
    n: int,
    pair: FinitePair,
    *,
    adjacency: Adjacency = Adjacency.REPLACE_ONE,
) -> Certificate:
    """Exact optimum for a rational E = e^epsilon, with its proof.

    Args:
        growth: E >= 1.
        delta: in [0, 1].
        n: records, >= 0.
        pair: the two populations.
        adjacency: which data sets are neighbours.

    Returns:
        Certificate with lower = upper, unless 2,000 pivots did not reach the optimum; then a
        rigorous bracket.

    Raises:
        ParameterError: an input out of range, or more than MAX_HISTOGRAMS histograms.

    >>> found = optimal_rational(fmpq(2), fmpq(0), 3, FinitePair([1, 0], [0, 1]))
    >>> found.lower, found.upper, found.verify()
    (2/3, 2/3, True)
    """
    growth, delta = exact(growth, "growth"), unit(delta, "delta")
    require(growth >= 1, must="be >= 1", growth=growth)
    n = whole(n, "n", at_least=0)
    pair = merged(pair)
    _require_size(n, pair)
    question = _Question(delta, n, pair, read_adjacency(adjacency))
    return question.certificate(growth, question.solve(growth, None))


def merged(pair: FinitePair) -> FinitePair:
    """Pair with symbols of equal likelihood ratio merged, and those without mass dropped."""
    classes: dict[fmpq, tuple[fmpq, fmpq]] = {}
    for p, q in zip(pair.first, pair.second, strict=True):
        if p + q > 0:
            before = classes.get(q / (p + q), (fmpq(0), fmpq(0)))
            classes[q / (p + q)] = (before[0] + p, before[1] + q)
    ordered = [classes[ratio] for ratio in sorted(classes)]
    return FinitePair([p for p, _ in ordered], [q for _, q in ordered])


def _populations(claim: ApproxDP, game: PopulationGame) -> FinitePair:
    """Check that the question is one the program answers, and return its pair, merged."""
    if not isinstance(claim, ApproxDP) or not isinstance(game, PopulationGame):
        raise UnsupportedGuarantee(
            "the linear program answers (epsilon, delta)-DP claims in the population game only"
        )
    if game.prior is not None or game.secrets != 2:
        raise UnsupportedGuarantee(
            "the linear program answers two equiprobable secrets: leave prior and secrets out"
        )
    require(game.pair is not None, must="be given: the program is about two populations", pair=None)
    pair = game.pair or FinitePair([1], [1])
    require(
        game.tau is None or game.tau >= pair.tau,
        must=f"be at least the total variation {pair.tau} of the pair",
        tau=game.tau,
    )
    pair = merged(pair)
    _require_size(game.n, pair)
    return pair


def _require_size(n: int, pair: FinitePair) -> None:
    symbols = len(pair.first)
    require(
        comb(n + symbols - 1, symbols - 1) <= MAX_HISTOGRAMS,
        must=f"give C(n + symbols - 1, n) <= {MAX_HISTOGRAMS} histograms",
        n=n,
        symbols=symbols,
    )
    bits = max(mass.height_bits() for mass in (*pair.first, *pair.second))
    require(
        symbols == 1 or n * bits <= MAX_MASS_BITS,
        must=f"give products of n masses of at most {MAX_MASS_BITS} bits; round the masses",
        n=n,
        bits=bits,
    )


def _caps(growth: fmpq, delta: fmpq, adjacency: Adjacency) -> list[tuple[fmpq, fmpq]]:
    """Slopes and offsets of the lines whose minimum with 1 bounds q(h) in terms of q(h').

    The two lines of g for replace-one.  For add-remove those of g(g(.)): the steep line after the
    flat one is left out, as it lies above the flat one after the steep one; and the inner
    minimum with 1 never binds, since both lines are at least 1 there.
    """
    steep = (growth, delta)
    flat = (1 / growth, 1 - (1 - delta) / growth)
    if adjacency is Adjacency.REPLACE_ONE:
        return [steep, flat]
    return [
        (outer[0] * inner[0], outer[0] * inner[1] + outer[1])
        for outer, inner in ((steep, steep), (flat, steep), (flat, flat))
    ]


def _program(growth: fmpq, delta: fmpq, n: int, pair: FinitePair, adjacency: Adjacency) -> Program:
    """Return the linear program, one variable a histogram."""
    symbols = range(len(pair.first))
    place = {h: k for k, h in enumerate(histograms(n, len(pair.first)))}
    objective = tuple(multinomial(h, pair.second) - multinomial(h, pair.first) for h in place)
    caps = _caps(growth, delta, adjacency)
    links = [
        Row(k, fmpq(1), place[_replaced(h, old, new)], -slope, offset)
        for h, k in place.items()
        for old in symbols
        for new in symbols
        if old != new and h[old] > 0
        for slope, offset in caps
    ]
    return Program(objective, tuple(links))


def _replaced(histogram: tuple[int, ...], old: int, new: int) -> tuple[int, ...]:
    counts = list(histogram)
    counts[old] -= 1
    counts[new] += 1
    return tuple(counts)


@dataclass(frozen=True, slots=True)
class _Question:
    """Everything but E."""

    delta: fmpq
    n: int
    pair: FinitePair
    adjacency: Adjacency

    def program(self, growth: fmpq) -> Program:
        return _program(growth, self.delta, self.n, self.pair, self.adjacency)

    def solve(self, growth: fmpq, near: Vertex | None) -> Vertex:
        """Optimal vertex at E = growth, from the one of a nearby E or from a float solution."""
        program = self.program(growth)
        if near is None:
            order = ranking(_program(*self._tamed(growth), self.n, self.pair, self.adjacency))
        else:
            order = [*near.basis, *range(len(program.rows))]
        return solve(program, order, max_pivots=_MAX_PIVOTS)

    def _tamed(self, growth: fmpq) -> tuple[fmpq, fmpq]:
        """Values of E and delta whose program doubles can solve, with much the same tight rows.

        In the limit of small E - 1 and delta only their ratio matters, and from some E on the tight
        rows stay the same.  The guess may be wrong; only the number of pivots depends on it.
        """
        spread = growth - 1 + 2 * self.delta
        least = fmpq(1, 8 * max(self.n, 1))
        if 0 < spread < least:
            return 1 + (growth - 1) * least / spread, self.delta * least / spread
        return min(growth, fmpq(_FLOAT_GROWTH)), self.delta

    def certificate(self, growth: fmpq, vertex: Vertex) -> Certificate:
        """Both points of a vertex, the learner made feasible should the pivots have been cut short.

        The constant 1/2 always is private, so the learner can be mixed with it.
        """
        program = self.program(growth)
        primal = program.pulled_inside(vertex.point)
        return Certificate(
            growth=growth,
            delta=self.delta,
            n=self.n,
            pair=self.pair,
            adjacency=self.adjacency,
            lower=program.value(primal),
            upper=program.ceiling(vertex.weights),
            primal=primal,
            dual=vertex.weights,
        )


def _bracket(claim: ApproxDP, n: int, pair: FinitePair, digits: int) -> tuple[fmpq, fmpq]:
    """Rationals around the optimum, as close as the digits ask for if 2,048 bits allow it."""
    question = _Question(claim.delta, n, pair, claim.adjacency)
    if claim.epsilon == 0:
        certificate = question.certificate(fmpq(1), question.solve(fmpq(1), None))
        return certificate.lower, certificate.upper
    # The loss may be proportional to E - 1: a small epsilon needs its own digits of E.
    small = int(claim.epsilon.q.bit_length()) - int(claim.epsilon.p.bit_length())
    bits = bits_for(digits) + max(small, 0)
    vertex: Vertex | None = None
    while True:
        bits = min(bits, _MAX_BITS)
        low, high = _growth(claim.epsilon, bits)
        vertex = question.solve(low, vertex)
        lower = question.certificate(low, vertex).lower
        if high is None:
            # no learner exceeds the total variation of the n-fold populations
            program = question.program(low)
            return lower, program.ceiling([fmpq(0)] * len(program.links))
        upper = question.certificate(high, question.solve(high, vertex)).upper
        if _resolved(lower, upper, digits) or bits == _MAX_BITS:
            return lower, upper
        bits *= 2


def _growth(epsilon: fmpq, bits: int) -> tuple[fmpq, fmpq | None]:
    """Rationals around e^epsilon; None for an upper end too large to write."""
    with ctx.workprec(bits):
        ball = arb(min(epsilon, fmpq(_MAX_EPSILON))).exp()
        low, high = max(fmpq(1), ball.lower().fmpq()), ball.upper().fmpq()
    return low, high if epsilon <= _MAX_EPSILON else None


def _resolved(lower: fmpq, upper: fmpq, digits: int) -> bool:
    """Whether the value and its complement are known to the digits asked for."""
    room = 10**digits * (upper - lower)
    return bool(room <= lower and room <= 1 - upper)


def _between(lower: fmpq, upper: fmpq, digits: int) -> Enclosure:
    ends = Enclosure.of(lower, digits).lower, Enclosure.of(upper, digits).upper
    return Enclosure(*ends).within(0, 1)


def _is_one(claim: ApproxDP, n: int, pair: FinitePair, lower: fmpq, upper: fmpq) -> bool:
    """Whether the optimum is exactly 1.

    Then q is 1 wherever P_1^n has mass and 0 wherever P_0^n has, so the populations share no
    symbol and all n records differ: the pair is two point masses, and the loss that of Theorem 2.
    """
    if lower == 1 or upper < 1:
        return bool(lower == 1)
    if pair.tau < 1 or claim.delta == 0:
        return False
    return ApproxDPGroup(claim).saturated(claim.adjacency.edits(n))
