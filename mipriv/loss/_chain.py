"""Iterating a piecewise-linear trade-off curve n times at the cost of its pieces.

For a symmetric curve f write h(y) = f(1 - y): one more changed record turns a test that keeps a
chance y of failing into one that keeps h(y).  On [0, 1 - a*], with a* the fixed point of f, h is a
maximum of lines a y + b with 0 < a <= 1 and b <= 0, and its iterates are computed by jumping along
one line as far as it is the active one.  Any choice of line gives a lower bound on h, so a jump is
never above the truth; how far below it may be is bounded by the excess of the other lines at the
two ends of the jump (affine functions: what holds at both ends holds between), times the number of
steps, as h does not expand distances.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb, fmpq

from mipriv.rigor.enclosure import Number, ball, floor


@dataclass(frozen=True, slots=True)
class Line:
    """y -> a y + b of h, given so that powers of a keep their accuracy."""

    rate: Number  # -log a >= 0
    offset: Number  # b <= 0; a fmpq where a = 1
    root: Number  # -b/a, where the line is 0

    @property
    def level(self) -> bool:
        """Whether a = 1, so that steps are exact shifts."""
        return isinstance(self.rate, fmpq) and self.rate == 0

    @property
    def slope(self) -> arb:
        return (-ball(self.rate)).exp()

    def at(self, y: Number) -> Number:
        return y + self.offset if self.level else self.slope * (y - self.root)

    def inverse_at(self, p: Number) -> Number:
        """(p - b)/a: the same piece read as growth of a detection probability."""
        if isinstance(p, fmpq) and p == 0:
            return self.root  # exact where the row is: ties at p = 0 stay ties
        return p - self.offset if self.level else p / self.slope + self.root


def dp_line(epsilon: fmpq, delta: fmpq) -> Line:
    """Line of an (epsilon, delta) row: (y - delta)/e^epsilon, or its mirror image for epsilon < 0."""
    if epsilon == 0:
        return Line(fmpq(0), -delta, delta)
    if epsilon > 0:
        return Line(epsilon, -delta * (-arb(epsilon)).exp(), delta)
    offset = -arb(epsilon).expm1() - delta
    return Line(-epsilon, offset, -offset * (-arb(epsilon)).exp())


def chord(first: tuple[fmpq, fmpq], second: tuple[fmpq, fmpq]) -> Line | None:
    """Line of h under the edge of a polygonal curve f between two vertices; None if too steep."""
    slope = (first[1] - second[1]) / (second[0] - first[0])
    if slope > 1 or slope <= 0:
        return None
    offset = first[1] - slope * (1 - first[0])
    rate: Number = fmpq(0) if slope == 1 else -arb(slope).log()
    return Line(rate, offset, -offset / slope)


def fixed_point(lines: list[Line]) -> Number:
    """a* = f(a*): the largest of the lines' own fixed points (a + b)/(1 + a)."""
    best: Number = fmpq(0)
    for line in lines:
        point = (
            (1 + line.offset) / 2 if line.level else (line.slope + line.offset) / (1 + line.slope)
        )
        best = _larger(best, point)
    return best


def descend(lines: list[Line], y: Number, steps: int) -> Number:
    """h iterated `steps` times from y in [0, 1 - a*], as a ball or exactly."""
    while steps > 0:
        if _dead(lines, y):
            return fmpq(0)
        if isinstance(y, arb) and not y.is_finite():
            return y
        line = _active(lines, y)
        count, last = _reach(lines, line, y, steps)
        end = _jump(line, y, count)
        slack = _slack(lines, line, y).max(_slack(lines, line, last))
        if slack > 0:
            end = ball(end) + arb(0).union(slack * count)
        y, steps = _positive(end), steps - count
    return y


def climb(lines: list[Line], p: Number, steps: int) -> Number:
    """1 - g^steps(p), g = 1 - f: what is missing of the best detection rate at false alarm rate p.

    Below the fixed point the steep half of the curve acts, the mirror image of the lines; from
    there on the complement descends along them.
    """
    limit = fixed_point(lines)
    while steps > 0 and ball(p).mid() < ball(limit).mid():
        line = _growing(lines, p)
        count, end = _rise(lines, line, p, limit, steps)
        if count == 0:
            return 1 - p  # p = 0 and delta = 0: nothing ever moves
        excess = _growth_slack(lines, line, p).max(
            _growth_slack(lines, line, _before(line, p, count))
        )
        if excess > 0:
            # each step may overshoot by `excess`, later ones multiply it by at most 1/a
            end = ball(end) - arb(0).union(excess * count * _power(line, -count))
        p, steps = end, steps - count
    return descend(lines, 1 - p, steps)


def _active(lines: list[Line], y: Number) -> Line:
    """The line with the largest value at y; of those that tie, the one that acts below y."""
    values = [ball(line.at(y)) for line in lines]
    best = max(value.mid() for value in values)
    tied = [line for line, value in zip(lines, values, strict=True) if not value < best]
    return max(tied, key=lambda line: ball(line.rate).mid())


def _growing(lines: list[Line], p: Number) -> Line:
    """The steep piece with the least growth at p; of those that tie, the one that acts above p."""
    values = [ball(line.inverse_at(p)) for line in lines]
    best = min(value.mid() for value in values)
    tied = [line for line, value in zip(lines, values, strict=True) if not value > best]
    return min(tied, key=lambda line: ball(line.rate).mid())


def _dead(lines: list[Line], y: Number) -> bool:
    """Whether h(y) = 0 for certain; exact numbers decide ties exactly."""
    if isinstance(y, fmpq):
        return all(y <= line.root for line in lines)
    return all(line.at(y) <= 0 for line in lines)


def _reach(lines: list[Line], line: Line, y: Number, steps: int) -> tuple[int, Number]:
    """How many steps to take along a line from y, and the point the last of them starts from.

    Found at midpoints: an error costs width, which `_slack` measures, and never truth.
    """
    here = ball(y).mid()
    target = ball(line.root).mid()
    for other in lines:
        flatter = ball(other.rate).mid() > ball(line.rate).mid()
        if flatter:
            crossing = _crossing(line, other)
            if target < crossing < here:
                target = crossing
    count = _count(line, here, target, steps)
    return count, y if count == 1 else _jump(line, y, count - 1)


def _crossing(line: Line, other: Line) -> arb:
    gap = line.slope - other.slope
    return ((ball(other.offset) - ball(line.offset)) / gap).mid()


def _count(line: Line, here: arb, target: arb, steps: int) -> int:
    """Least j >= 1 with the j-th point at or below target, at most `steps`."""
    if line.level:
        drop = -ball(line.offset).mid()
        real = (here - target) / drop if drop > 0 else arb.pos_inf()
    else:
        rest = _rest(line)
        above = target - rest
        real = ((here - rest) / above).log() / ball(line.rate) if above > 0 else arb.pos_inf()
    if not real.is_finite() or real >= steps:
        return steps
    return min(max(floor(real) + 1, 1), steps)


def _rest(line: Line) -> arb:
    """Fixed point b/(1-a) of y -> a y + b, where the descent along it would end."""
    return (ball(line.offset) / -(-ball(line.rate)).expm1()).mid()


def _power(line: Line, count: int) -> arb:
    return (-count * ball(line.rate)).exp()


def _jump(line: Line, y: Number, count: int) -> Number:
    """Apply y -> a y + b `count` times: a^j y + b (1 - a^j)/(1 - a); also for count < 0."""
    if line.level:
        return y + count * line.offset
    if abs(count) == 1:
        return line.at(y) if count > 0 else line.inverse_at(y)
    rate = ball(line.rate)
    return _power(line, count) * y + line.offset * (-count * rate).expm1() / (-rate).expm1()


def _slack(lines: list[Line], line: Line, y: Number) -> arb:
    """Upper bound on how far h(y) exceeds the line at y; 0 if it certainly does not."""
    value = line.at(y)
    worst = _excess(fmpq(0), value)
    for other in lines:
        if other is not line:
            worst = worst.max(_excess(other.at(y), value))
    return worst


def _excess(x: Number, y: Number) -> arb:
    """Upper bound on max(0, x - y); rationals are compared exactly, so that ties stay exact."""
    gap = x - y
    if gap <= 0:
        return arb(0)
    return ball(gap).upper()


def _rise(
    lines: list[Line], line: Line, p: Number, limit: Number, steps: int
) -> tuple[int, Number]:
    """Steps to take along one steep piece from p, and where they lead; 0 steps if p never moves."""
    here = ball(p).mid()
    target = ball(limit).mid()
    for other in lines:
        flatter = ball(other.rate).mid() < ball(line.rate).mid()
        if flatter:
            # the flatter growth takes over where the two growths are equal
            gap = 1 / line.slope - 1 / other.slope
            crossing = (
                (ball(line.offset) / line.slope - ball(other.offset) / other.slope) / gap
            ).mid()
            if here < crossing < target:
                target = crossing
    if line.level:
        lift = -ball(line.offset).mid()
        real = (target - here) / lift if lift > 0 else arb.pos_inf()
        moves = lift > 0
    else:
        rest = _rest(line)
        moves = here > rest
        real = ((target - rest) / (here - rest)).log() / ball(line.rate) if moves else arb.pos_inf()
    if not moves:
        return 0, p
    whole = real.is_finite() and real < steps
    count = min(max(floor(real) + 1, 1), steps) if whole else steps
    return count, _jump(line, p, -count)


def _before(line: Line, p: Number, count: int) -> Number:
    return p if count == 1 else _jump(line, p, -(count - 1))


def _growth_slack(lines: list[Line], line: Line, p: Number) -> arb:
    """Upper bound on how far the line's growth from p exceeds g(p)."""
    value = line.inverse_at(p)
    worst = arb(0)
    for other in lines:
        worst = worst.max(_excess(value, 1 - other.at(1 - p)))  # the other half of the curve
        if other is not line:
            worst = worst.max(_excess(value, other.inverse_at(p)))
    return worst


def _positive(y: Number) -> Number:
    if isinstance(y, fmpq):
        return max(y, fmpq(0))
    return y if y > 0 else y.max(arb(0))


def _larger(x: Number, y: Number) -> Number:
    if isinstance(x, fmpq) and isinstance(y, fmpq):
        return max(x, y)
    return ball(x).max(ball(y))
