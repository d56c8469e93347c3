# %% [markdown]
# # Theorem 2: the exact worst case over all private learners
#
# **The game.** A secret bit $b$ is drawn by a fair coin. It decides which of two populations $P_0$, $P_1$
# the training records come from: $n$ records are drawn independently from $P_b$ and make up the data set
# $S$. A learner $A$ is trained on $S$ and publishes its output. The adversary knows $A$, $P_0$ and $P_1$,
# sees the output, and guesses $b$. Its *advantage* is the chance that it says 1 when $b = 1$, less the
# chance that it says 1 when $b = 0$; the best advantage is the total variation distance between the
# output under $P_0$ and the output under $P_1$. This is the loss studied here.
#
# **The promise.** The learner is $(\varepsilon,\delta)$-DP: for any two data sets $S$, $S'$ of $n$ records
# that differ in one record, and any event $O$ of outputs,
#
# $$\Pr[A(S')\in O] \;\le\; e^{\varepsilon}\,\Pr[A(S)\in O] + \delta\quad(\varepsilon\ge0,\,0\le\delta\le1).$$
#
# **The theorem.** Write $E = e^{\varepsilon}$. The largest loss over *all* such learners and *all* pairs
# of populations is
#
# $$\mathrm{TV}^*_n = \min(1,\; t_1 S_n), \qquad t_1 = \frac{E-1+2\delta}{E+1}, \qquad
#   S_n = \sum_{k=1}^{n} E^{-\lfloor k/2\rfloor},$$
#
# and it is attained. The derivation has five steps: from populations to two data sets; from data sets to
# a chain of $n+1$ numbers; a symmetric chain is enough; the best symmetric chain in closed form; and a
# learner that attains it.

# %%
from itertools import pairwise

import sympy
from flint import fmpq
from sympy import Rational, exp, log, oo, symbols

from mipriv.contexts.rational import RATIONAL, log_of
from mipriv.formulas.prior import shrink
from mipriv.formulas.worst_case import fixed_point, headroom, unclamped, worst_case
from proofs.derive import COLOURS, Table, holds, limit, picture, read, same
from proofs.exact.definitions import grow, largest_gap

E, delta, p, p_next = symbols("E delta p p'", positive=True)
m = symbols("m", positive=True, integer=True)
j = symbols("j", nonnegative=True, integer=True)
epsilon = log(E)
half = Rational(1, 2)

# %% [markdown]
# ## Step 1. From populations to two data sets
#
# Fix an event $O$ and write $A(S)[O]$ for $\Pr[A(S)\in O]$. Under population $P_b$ the output lies in $O$
# with probability $\mathbb{E}_{S\sim P_b^n}\,A(S)[O]$. Draw a data set $S_0\sim P_0^n$ and, independently,
# a data set $S_1\sim P_1^n$; then the advantage of the adversary who says 1 exactly on $O$ is
#
# $$\mathbb{E}_{S_1}A(S_1)[O]-\mathbb{E}_{S_0}A(S_0)[O]
#   \;=\;\mathbb{E}_{S_0,S_1}\bigl(A(S_1)[O]-A(S_0)[O]\bigr).$$
#
# An average never exceeds its largest term, so no pair of populations is worse than the worst pair of
# data sets. Conversely, two populations that always yield the same record, $x_0$ or $x_1$, *are* a pair
# of fixed data sets, and these differ in all $n$ records. So the question is: how much can the probability
# of one event differ between two data sets that differ in at most $n$ records?
#
# ## Step 2. From data sets to a chain
#
# Change the differing records one at a time. This gives data sets $S_0 = D_0, D_1, \dots, D_n = S_1$, each
# a neighbour of the one before (if fewer than $n$ records differ, some stay put). Let $p_k = A(D_k)[O]$.
# The promise, used for $O$ and for its complement, bounds $p' = p_{k+1}$ by $p = p_k$ in two ways:
#
# $$p' \le E p+\delta, \qquad 1-p \le E\,(1-p')+\delta. \qquad\qquad (1)$$
#
# The second solved for $p'$ gives another upper bound. The two bounds cross where both equal $1-p$, at the
# point that the package calls `fixed_point`, $a^*=(1-\delta)/(1+E)$.

# %%
steep = E * p + delta
flat = sympy.solve(sympy.Eq(1 - p, E * (1 - p_next) + delta), p_next)[0]
crossing = sympy.solve(sympy.Eq(steep, flat), p)[0]
same(flat, 1 - (1 - delta - p) / E)
same(steep.subs(p, crossing), 1 - crossing)
same(read(fixed_point, epsilon, delta), crossing)
sympy.Eq(sympy.Symbol("a^*"), crossing)

# %% [markdown]
# Together with $p'\le 1$ this says $p_{k+1}\le g(p_k)$ with the nondecreasing function
#
# $$g(a)=\min\Bigl(1,\;\; E a+\delta,\;\; 1-\tfrac{1-\delta-a}{E}\Bigr).$$
#
# Any learner therefore has a loss of at most the value of this small optimisation problem:
#
# $$\text{maximise } p_n-p_0 \text{ over } p_0,\dots,p_n\in[0,1]
#   \text{ with } p_{k+1}\le g(p_k)\text{ for all } k. \qquad (2)$$
#
# A chain remembers much less than a learner, namely one event along one path. Step 5 will show that
# nothing was lost by this.

# %% [markdown]
# ## Step 3. A symmetric chain is enough
#
# Two observations about problem (2).
#
# *Reversal.* Replace $(p,p')$ by $(1-p',\,1-p)$: the two inequalities in (1) change places. So if
# $p_0,\dots,p_n$ is a feasible chain, then $q_k = 1-p_{n-k}$ is a feasible chain too, and its value
# $q_n-q_0=p_n-p_0$ is the same.
#
# *Averaging.* The constraints (1) are linear, so the average of two feasible chains is feasible, and its
# value is the average of their values.
#
# Average a best chain with its reversal. The result is feasible, has the same value, and is symmetric:
# $p_{n-k}=1-p_k$. (In the language of curves: the $n$-fold trade-off curve $F_n=1-g\circ\dots\circ g$ is
# convex and equal to its own inverse, hence it has a tangent of slope $-1$ on the diagonal.)

# %%
first = E * p + delta - p_next
second = E * (1 - p_next) + delta - (1 - p)
reversed_first = first.subs({p: 1 - p_next, p_next: 1 - p}, simultaneous=True)
same(reversed_first, second)
holds(reversed_first == second, "the first inequality of (1), reversed, is the second")

# %% [markdown]
# For a symmetric chain $p_n-p_0=1-2p_0$, so we now look for the *smallest* start $p_0$. Read the chain
# from its middle to its start, with $m=\lfloor n/2\rfloor$ steps:
#
# * **$n=2m$ even.** The middle value satisfies $p_m=1-p_m$: it is $\tfrac12$.
# * **$n=2m+1$ odd.** The two middle values are $p_m$ and $p_{m+1}=1-p_m$, and one step joins them:
#   $1-p_m\le E p_m+\delta$, that is $p_m\ge a^*$. So the smallest possible middle value is $a^*$.
# * **Every step towards the start** obeys $p_{k+1}\le E p_k+\delta$ and $p_k\ge 0$, that is
#   $p_k\ge h(p_{k+1})$ with $h(x)=\max\bigl(0,\,(x-\delta)/E\bigr)$. As $h$ is nondecreasing,
#   $p_0\ge h(h(\cdots h(x_0)))=h^m(x_0)$, where $x_0$ is the middle value, $\tfrac12$ or $a^*$.
#
# Hence $p_n-p_0\le 1-2h^m(x_0)$ for every feasible chain.
#
# Equality holds for the chain that makes each of these steps as large as allowed, $p_k=h^{m-k}(x_0)$ for
# $k\le m$, completed by symmetry. Is it feasible? It obeys the first inequality of (1) by construction;
# the second must be verified. With $p=(p'-\delta)/E$ and $p'\le\tfrac12$, its slack is as follows.

# %%
slack = second.subs(p, (p_next - delta) / E)
same(slack, (E - 1) * (E + delta - (E + 1) * p_next) / E)

# %% [markdown]
# Both factors are nonnegative, because $p'\le\tfrac12\le\frac{E}{E+1}$. Where $h$ is cut off at $p=0$, we
# have $p'\le\delta$, and the slack $E(1-p')+\delta-1\ge E(1-p')+p'-1$ is again nonnegative:

# %%
same(second.subs({p: 0, delta: p_next}), (E - 1) * (1 - p_next))

# %% [markdown]
# For odd $n$ the middle step, from $a^*$ to $1-a^*$, uses both inequalities up. In the right half of the
# chain the two inequalities change places (reversal), so it is feasible as well.
# The value of problem (2) is therefore **exactly** $\;1-2h^m(x_0)$.

# %% [markdown]
# ## Step 4. The closed form
#
# The package computes $h^m$ by the closed form `shrink`. What it writes inside the maximum with 0 starts
# at $x$ and satisfies the recursion of $h$; by induction it is the unclamped iterate. (Clamping once at
# the end is the same as clamping at each step: a value at or below 0 only falls further.)

# %%
x = symbols("x", positive=True)


def below(start, steps):
    """The argument of max(0, .) in the package's `shrink`."""
    clamped = read(shrink, epsilon, delta, start, steps)
    (value,) = (term for term in clamped.args if term != 0)
    holds(clamped == sympy.Max(0, value), "shrink is clamped at 0")
    return value


same(read(shrink, epsilon, delta, x, 0), x)
same((below(x, j) - delta) / E, below(x, j + 1))
iterate = same(below(x, j), x / E**j - delta * (1 - E**-j) / (E - 1)).rhs
sympy.Eq(sympy.Symbol("{h^{j}}(x)"), sympy.Max(0, iterate), evaluate=False)

# %% [markdown]
# Now put the middle values in. The package's formula `unclamped` is $1-2h^m(x_0)$ without the clamp, and
# its formula `headroom` is the complement $2h^m(x_0)$, written so that it keeps its digits when it is
# tiny. Both are checked here for even and for odd $n$, with $m$ a symbol.

# %%
middle = {2 * m: half, 2 * m + 1: read(fixed_point, epsilon, delta)}
closed = {2 * m: E**-m - 2 * delta * (1 - E**-m) / (E - 1)}
closed[2 * m + 1] = 2 * E**-m * (1 - delta) / (1 + E) - 2 * delta * (1 - E**-m) / (E - 1)
for n, start in middle.items():
    same(read(unclamped, epsilon, delta, n), 1 - 2 * below(start, m))
    same(read(headroom, epsilon, delta, n), 2 * below(start, m))
    same(read(headroom, epsilon, delta, n), closed[n])
Table(["n", "complement of the loss, before the clamp"], closed.items())

# %% [markdown]
# The theorem states the same number as a sum. Each further record adds
# $t_1E^{-\lfloor (n+1)/2\rfloor}$, which is what the sum $t_1S_n$ does as well, and for $n=0$ both are 0:

# %%
t_1 = (E - 1 + 2 * delta) / (E + 1)


def added(n):
    """What record n + 1 adds to the package's formula."""
    return read(unclamped, epsilon, delta, n + 1) - read(unclamped, epsilon, delta, n)


holds(read(unclamped, epsilon, delta, sympy.Integer(0)) == 0, "no record, no loss")
same(added(2 * m), t_1 * E**-m)
same(added(2 * m + 1), t_1 * E ** -(m + 1))
Table(["n", "record n + 1 adds"], [[2 * m, t_1 * E**-m], [2 * m + 1, t_1 * E ** -(m + 1)]])

# %% [markdown]
# For $\varepsilon>0$ the geometric sums give a form in which $\delta$ enters only through one factor,
# $\mathrm{TV}^*_n=\min(1,\,c\,T_n)$ with $c=1+\frac{2\delta}{E-1}$ and, in terms of $E^m$,

# %%
c = 1 + 2 * delta / (E - 1)
T = {2 * m: 1 - E**-m, 2 * m + 1: 1 - 2 * E**-m / (1 + E)}
root = symbols("r", positive=True)  # e^(eps/2)
hyperbolic = 1 - root ** -(2 * m + 1) * 2 / (root + 1 / root)
for n, value in T.items():
    same(read(unclamped, epsilon, delta, n), c * value)
same(T[2 * m + 1].subs(E, root**2), hyperbolic)
Table(["n", "$T_n$"], [[n, value] for n, value in T.items()])

# %% [markdown]
# The odd case is $1-e^{-n\varepsilon/2}/\cosh(\varepsilon/2)$, the even case $1-e^{-n\varepsilon/2}$; so
# for large $n$ and small $\varepsilon$ the parity makes no difference.

# %% [markdown]
# ## Step 5. A learner that attains it
#
# Let the populations be the two point masses on $x_0$ and $x_1$, and let the learner count: $\kappa$ is
# the number of records equal to $x_1$. It publishes one bit, which is 1 with probability $p_\kappa$, where
# $p_0\le\dots\le p_n$ is the best chain of step 3. Neighbouring data sets have counts that differ by at
# most one; a bit has only the events $\{1\}$ and $\{0\}$ besides the trivial ones; and for these the
# promise of $(\varepsilon,\delta)$-DP is (1), read upwards, and trivial downwards, because the chain
# increases. So the learner is $(\varepsilon,\delta)$-DP, and its loss is $p_n-p_0=\mathrm{TV}^*_n$. **The
# bound is attained, for every $n$, $\varepsilon$ and $\delta$.**
#
# This learner is no oddity. It is *a count with noise, compared with $n/2$*. The noise is the canonical
# one (Tulap noise; Awan and Slavković 2020): $N=D+U$, with $D$ an integer of law
# $\Pr[D=k]=\frac{E-1}{E+1}E^{-|k|}$ and $U$ uniform on $(-\tfrac12,\tfrac12)$. We verify this. The tail
# $\Pr[D\ge k]$, $k\ge 0$, is found by adding masses: it falls by $\Pr[D=k]$ from $k$ to $k+1$ and tends
# to 0.

# %%
mass = (E - 1) / (E + 1) * E**-j


def tail(k):
    """Pr[D >= k] for k >= 0."""
    return E ** (1 - k) / (E + 1)


excess = symbols("x", positive=True)  # E = 1 + x > 1
Table(
    ["", ""],
    [
        ["falls by the mass", same(tail(j) - tail(j + 1), mass)],
        ["tends to 0, with $E=1+x$", limit(tail(m).subs(E, 1 + excess), m, oo, 0, "-")],
        ["total mass", same(2 * tail(1) + mass.subs(j, 0), 1)],
    ],
)

# %% [markdown]
# Let the count be $\kappa=m-j$. The noisy count exceeds $n/2$ when
#
# * ($n=2m$) $N>j$: either $D\ge j+1$, or $D=j$ and $U>0$, which has probability $\frac12$;
# * ($n=2m+1$) $N>j+\frac12$: exactly when $D\ge j+1$.
#
# At $\delta=0$ these probabilities are the chain's, $h^j(\tfrac12)$ and $h^j(a^*)$. For $\delta>0$ the
# noise is *truncated*: its two ends, of probability $q/2$ each with $q=\frac{2\delta}{E-1+2\delta}$, are
# cut off. A chance $P$ of exceeding then becomes $\max\bigl(0,\frac{P-q/2}{1-q}\bigr)$, and this is the
# chain again.

# %%
q = 2 * delta / (E - 1 + 2 * delta)
exceeds = {2 * m: tail(j + 1) + mass / 2, 2 * m + 1: tail(j + 1)}
for n, chance in exceeds.items():
    same(chance, below(middle[n], j).subs(delta, 0))
    same((chance - q / 2) / (1 - q), below(middle[n], j))
rows = [[n, sympy.simplify(chance)] for n, chance in exceeds.items()]
rows = [[*row, shown] for row, shown in zip(rows, ("$h^j(1/2)$", "$h^j(a^*)$"), strict=True)]
Table(["n", "chance of exceeding n/2 at δ = 0", "and at δ > 0"], rows)

# %% [markdown]
# At $\varepsilon=0$ the canonical noise is uniform on an interval of length $1/\delta$, and a chance of
# exceeding is $\max(0,\tfrac12-j\delta)$ or $\max(0,\tfrac{1-\delta}2-j\delta)$: the chain for $E=1$, of
# loss $\min(1,n\delta)$.

# %% [markdown]
# ## The chain against brute force
#
# Problem (2) can be solved without any insight: $g\circ\dots\circ g$ is piecewise linear, so its largest
# distance from the diagonal is at one of its breakpoints. In exact fractions, with $E=2$ and
# $\delta=\frac1{50}$, the package's formula agrees with the largest value over *all* breakpoints, and the
# learner of step 5 has a chain that uses the whole of its allowance in every step.

# %%
growth, slip = fmpq(2), fmpq(1, 50)


def chain(n):
    """Probabilities p_0 <= ... <= p_n of the extremal learner, from the package's formulas."""
    start = fixed_point(RATIONAL, log_of(growth), slip) if n % 2 else fmpq(1, 2)
    left = [shrink(RATIONAL, log_of(growth), slip, start, n // 2 - k) for k in range(n // 2 + 1)]
    return left[: (n + 1) // 2] + [1 - value for value in reversed(left)]


rows = []
for n in range(1, 9):
    loss = worst_case(RATIONAL, log_of(growth), slip, n)
    steps = chain(n)
    holds(loss == largest_gap((growth, slip), n), f"no chain of length {n} does better")
    holds(steps[-1] - steps[0] == loss and len(steps) == n + 1, "the extremal chain attains it")
    used = all(b == grow((growth, slip), a) for a, b in pairwise(steps))
    holds(used, "every step is as large as allowed")
    shown = ", ".join(f"{float(value):.3f}" for value in steps)
    rows.append([n, loss, f"{float(loss):.5f}", shown])
Table(["n", "$\\mathrm{TV}^*_n$", "", "the chain $p_0, …, p_n$"], rows)

# %% [markdown]
# ## Limits
#
# Small $\varepsilon$: the loss tends to $n\delta$, the value that the package returns at
# $\varepsilon=0$. Large $\varepsilon$: it tends to 1. Large $n$ with a fixed total budget $w=n\varepsilon$
# and $d=n\delta$: it tends to $(1+\frac{2d}{w})(1-e^{-w/2})$, clamped at 1, for both parities. So it is
# the product $n\varepsilon$ that decides.

# %%
w, d = symbols("w d", positive=True)
for n in (2 * m, 2 * m + 1):
    limit(read(unclamped, epsilon, delta, n), E, 1, n * delta)
    limit(read(unclamped, epsilon, delta, n), E, oo, 1, "-")
    scaled = read(unclamped, w / n, d / n, n)
    fixed_budget = limit(scaled, m, oo, (1 + 2 * d / w) * (1 - exp(-w / 2)), "-").rhs
    same(read(unclamped, sympy.Integer(0), delta, n), n * delta)
    same(read(headroom, sympy.Integer(0), delta, n), 1 - n * delta)
at_zero = read(shrink, sympy.Integer(0), delta, x, j) == sympy.Max(0, x - j * delta)
holds(at_zero, "at ε = 0 the step h is a shift by δ, and the loss is nδ before the clamp")
Table(
    ["limit", "loss before the clamp"],
    [
        ["ε → 0", delta * symbols("n")],
        ["ε → ∞", sympy.Integer(1)],
        ["n → ∞, with nε = w and nδ = d", fixed_budget],
    ],
)

# %% [markdown]
# ## The picture
#
# Left: the best chain for $n=8$, $E=\frac32$, $\delta=\frac1{50}$ as a staircase between $g$ and the
# diagonal. It starts as low as it can so that it passes through $\frac12$ in the middle. Right: the same
# chain, and the one for $n=9$, are values of one function: the chance that a count, moved by $\kappa-n/2$
# from the threshold, exceeds it under truncated Tulap noise.

# %%
growth = fmpq(3, 2)


def exceeding(shift):
    """Chance that truncated Tulap noise plus `shift` is positive."""
    b, rounded = 1 / float(growth), round(-abs(shift))
    low = b**-rounded / (1 + b) * (b + (-abs(shift) - rounded + 0.5) * (1 - b))
    cut = 2 * float(slip) / (float(growth) - 1 + 2 * float(slip))
    low = max(0.0, (low - cut / 2) / (1 - cut))
    return low if shift <= 0 else 1 - low


figure, (left, right) = picture(2)
levels = [k / 200 for k in range(201)]
left.plot([0, 1], [0, 1], color="0.6", lw=1, label="diagonal")
after = [float(grow((growth, slip), fmpq(k, 200))) for k in range(201)]
left.plot(levels, after, color=COLOURS[0], label="$g$, one record more")
steps = [float(value) for value in chain(8)]
corners = [point for a, b in pairwise(steps) for point in ((a, a), (a, b))]
corners.append((steps[-1], steps[-1]))
left.plot(*zip(*corners, strict=True), color=COLOURS[1], ls="--", label="best chain")
left.plot(steps, steps, "o", ms=4, color=COLOURS[1])
left.set(xlabel="probability of the event", ylabel="after one more changed record")
left.legend(frameon=False, loc="lower right")
shifts = [k / 40 - 5.5 for k in range(441)]
right.plot(shifts, [exceeding(shift) for shift in shifts], color="0.5", lw=1.2, label="Tulap noise")
for n, marker, colour in ((8, "o", COLOURS[1]), (9, "^", COLOURS[2])):
    values = [float(value) for value in chain(n)]
    places = [k - n / 2 for k in range(n + 1)]
    right.plot(places, values, marker, color=colour, ms=5, label=f"chain, n = {n}")
right.set(xlabel="count less the threshold, κ − n/2", ylabel="probability of publishing 1")
right.legend(frameon=False)
figure

# %% [markdown]
# **Status: proved.** Machine-checked in `proofs/coq`: the bound (`tv_bound`), its attainment
# (`tv_attained`, `substitution_sharp`) and, for chains, both as one statement (`exact_gap_is_maximum`).
# Exact linear programs over chains and over all learners on small data sets (`lp.chains`, `lp.mechanisms`,
# `lp.outputs`) and the check `exact.worst-case` confirm the package's formula instance by instance.
#
# *Sources.* Composition of trade-off curves along a path: Dong, Roth and Su (2022). DP as a region of two
# error rates: Kairouz, Oh and Viswanath (2015). Canonical noise: Awan and Slavković (2020); Awan and
# Vadhan (2023).
