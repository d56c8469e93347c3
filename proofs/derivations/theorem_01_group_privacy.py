# %% [markdown]
# # Theorem 1: the group-privacy bound
#
# **The game.** A fair coin decides which of two populations, $P_0$ or $P_1$, the $n$ records of a data set
# $S$ are drawn from. A learner $A$ is trained on $S$. An adversary who knows $A$, $P_0$ and $P_1$ sees the
# output and guesses the coin. The *loss* is the best adversary's advantage, the chance of guessing 1 when
# 1 is true less the chance of guessing 1 when 0 is true; it is the total variation distance between the
# laws of the output under $P_0$ and under $P_1$.
#
# **The promise.** $A$ is $(\varepsilon,\delta)$-DP: for data sets $S$, $S'$ that differ in one record and
# for every event $O$ of outputs,
#
# $$\Pr[A(S')\in O] \;\le\; e^{\varepsilon}\,\Pr[A(S)\in O] + \delta. \qquad\qquad (1)$$
#
# **The theorem** (Wang, Zhang and Jia 2021). The loss is at most $\min(1,B)$ with
#
# $$B(\varepsilon,\delta,n) = \frac{e^{n\varepsilon}-1}{e^{n\varepsilon}+1}
#   + \frac{2\,(e^{n\varepsilon}-1)}{(e^{n\varepsilon}+1)(e^{\varepsilon}-1)}\;\delta$$
#
# for $\varepsilon>0$, and with its limit $B=n\delta$ for $\varepsilon=0$.
#
# The source states this bound without its derivation. What follows is a reconstruction in two moves:
# first the promise for one record is turned into a promise for $n$ records, then the promise for $n$
# records into a total variation. Throughout, $E = e^{\varepsilon}$.

# %%
from itertools import pairwise

import sympy
from flint import fmpq
from sympy import Rational, exp, log, oo, symbols, tanh

from mipriv.contexts.mp import mp
from mipriv.contexts.rational import RATIONAL, log_of
from mipriv.formulas.theorem import group_delta, theorem
from mipriv.formulas.worst_case import worst_case
from proofs.derive import COLOURS, Table, holds, limit, picture, read, same

E, delta = symbols("E delta", positive=True)
n = symbols("n", positive=True, integer=True)
epsilon = log(E)

# %% [markdown]
# ## Step 1. From one record to $n$: group privacy
#
# Let $D_0, D_1, \dots, D_n$ be data sets, each of which differs from the one before in at most one record
# (between equal data sets (1) is trivial), and write $p_k=\Pr[A(D_k)\in O]$. Suppose that after $k$ changes
#
# $$p_k \le E_k\, p_0+\delta_k .$$
#
# For $k=0$ this is true with $E_0=1$ and $\delta_0=0$. One more change multiplies by $E$ and adds
# $\delta$, by (1):
#
# $$p_{k+1}\;\le\; E\,p_k+\delta\;\le\;E\,(E_k\,p_0+\delta_k)+\delta
#   \;=\;(E\,E_k)\,p_0+(E\,\delta_k+\delta).$$
#
# So $E_{k+1}=E\,E_k$, which gives $E_n=E^n$, and $\delta_{k+1}=E\,\delta_k+\delta$. The package writes
# the solution of the second recursion as `group_delta`. We verify that it starts at 0 and satisfies the
# recursion; by induction it is $\delta_n$ for every $n$.

# %%
delta_n = read(group_delta, epsilon, delta, n)
delta_next = read(group_delta, epsilon, delta, n + 1)
holds(read(group_delta, epsilon, delta, sympy.Integer(0)) == 0, "nothing changed, nothing lost")
same(delta_next, E * delta_n + delta)
sympy.Eq(sympy.Symbol("delta_n"), same(delta_n, delta * (E**n - 1) / (E - 1)).rhs)

# %% [markdown]
# The allowance $\delta_n=\delta\,(1+E+\dots+E^{n-1})$ is much more than $n\delta$ when $n\varepsilon$ is
# large: what slips through at an early step is multiplied by $E$ at each later one.

# %% [markdown]
# ## Step 2. From a promise to a total variation
#
# Two data sets that are linked by $n$ such changes now satisfy a promise of the form (1) with $E_n$ and
# $\delta_n$ in place of $E$ and $\delta$. Write $p$ and $p'$ for the probabilities of the same event under
# the one and the other, and $t=p'-p$ for the advantage of the adversary who guesses by this event. The
# promise, for the event and for its complement (with the data sets exchanged), reads
#
# $$p'\le E_n\,p+\delta_n,\qquad\qquad 1-p\le E_n(1-p')+\delta_n .$$
#
# Add the two. Only $t$ remains: $\;1+t\le E_n(1-t)+2\delta_n$. Solved for $t$ at equality:

# %%
t, E_n, slip = symbols("t E_n delta_n", positive=True)
(largest,) = sympy.solve(sympy.Eq(1 + t, E_n * (1 - t) + 2 * slip), t)
sympy.Eq(t, largest)

# %% [markdown]
# The left side grows and the right side falls with $t$, so every advantage lies at or below this value. It
# is the most that *this promise alone* allows: if $\delta_n\le1$, both inequalities are equalities at
# $p=\frac{1-\delta_n}{1+E_n}$, $p'=1-p$. (That both can be equalities for data sets that are linked by
# $n$ small steps is another matter; Theorem 3 shows that they cannot.)

# %%
corner = (1 - slip) / (1 + E_n)
same(E_n * corner + slip, 1 - corner)
same(1 - 2 * corner, largest)

# %% [markdown]
# ## Step 3. From data sets to populations
#
# The records of a data set are random. Draw $S_0\sim P_0^n$ and $S_1\sim P_1^n$ independently. The
# advantage of an event $O$ is the average of $\Pr[A(S_1)\in O]-\Pr[A(S_0)\in O]$ over the two draws, and
# two data sets of $n$ records are always linked by $n$ changes of at most one record. An average of numbers
# that are at most $B$ is at most $B$; so the bound for two data sets is the bound for two populations. The
# best adversary is an event: the outputs that are likelier under $P_1$.
#
# Put $E_n=E^n$ and $\delta_n$ into step 2. The result is the printed bound, and it is what the package
# computes: its formula `theorem` is written with negative exponents, so that it neither overflows nor
# cancels, and it is the same function.

# %%
B = (E**n - 1) / (E**n + 1) + 2 * (E**n - 1) / ((E**n + 1) * (E - 1)) * delta
same(largest.subs({E_n: E**n, slip: delta_n}), B)
same(read(theorem, epsilon, delta, n), B)

# %% [markdown]
# On the left stands the package's formula as it is written, on the right the printed one. With hyperbolic
# functions it is short: $\delta$ enters through one factor, $c=1+\frac{2\delta}{E-1}$, and
# $B=c\,\tanh\frac{n\varepsilon}{2}$.

# %%
c = 1 + 2 * delta / (E - 1)
as_tanh = tanh(n * epsilon / 2).rewrite(exp).rewrite(sympy.Pow)
same(B, c * as_tanh)
sympy.Eq(sympy.Symbol("B"), c * tanh(n * sympy.Symbol("varepsilon") / 2))

# %% [markdown]
# ## When the bound says nothing
#
# A loss is at most 1 in any case, so a value $B\ge1$ says nothing. This happens exactly when the group's
# allowance $\delta_n$ reaches 1, because

# %%
same(B - 1, 2 * (delta_n - 1) / (E**n + 1))
sympy.Eq(sympy.Symbol("B") - 1, 2 * (slip - 1) / (E**n + 1))

# %% [markdown]
# Where $B\le1$, the bound increases with $\varepsilon$, $\delta$ and $n$, as it should:
# $1-B=2\,(1-\delta_n)/(E^n+1)$ is a product of two nonnegative factors neither of which increases. So
# $\min(1,B)$ is monotone. The raw $B$ is not: beyond 1 it may fall as $\varepsilon$ grows. With $n=10$ and
# $\delta=\frac12$ it falls from 5 towards 1:

# %%
slack = fmpq(1, 2)
growths = (fmpq(1), fmpq(11, 10), fmpq(3, 2), fmpq(2), fmpq(10), fmpq(1000))
raw = [theorem(RATIONAL, log_of(growth), slack, 10) for growth in growths]
falls = all(after < before for before, after in pairwise(raw))
holds(falls and min(raw) > 1, "raw B falls with ε here, and stays above 1")
Table(
    ["$E = e^\\varepsilon$", "raw $B$, n = 10, δ = 1/2"],
    [[growth, f"{float(value):.6f}"] for growth, value in zip(growths, raw, strict=True)],
)

# %%
limit(read(theorem, epsilon, Rational(1, 2), sympy.Integer(10)), E, 1, 5)
limit(read(theorem, epsilon, Rational(1, 2), sympy.Integer(10)), E, oo, 1, "-")
holds(raw[0] == 5, "at ε = 0 the value is nδ = 5; it tends to 1 as ε grows")

# %% [markdown]
# An example with modest parameters: $\varepsilon=0.001$, $\delta=10^{-5}$, $n=10\,000$. The allowance of
# one record is tiny, but $\delta_n$ is not, and the bound exceeds 1: it is vacuous. This is no weakness of
# the bound alone: the exact worst case of Theorem 2 is 1 here as well.

# %%
fifty = mp(50)
inputs = [fifty.number("0.001"), fifty.number("1e-5"), 10_000]
example = theorem(fifty, *inputs)
holds(bool(example > 1 and worst_case(fifty, *inputs) == 1), "both say 1: anything may be lost")
Table(
    ["quantity", "value"],
    [
        ["$B$", fifty.numbers.nstr(example, 9)],
        ["$\\delta_n$", fifty.numbers.nstr(group_delta(fifty, *inputs), 6)],
        ["$\\min(1, B)$", fifty.numbers.nstr(min(1, example), 6)],
        ["$\\mathrm{TV}^*_n$ (Theorem 2)", fifty.numbers.nstr(worst_case(fifty, *inputs), 6)],
    ],
)

# %% [markdown]
# ## Limits
#
# As $\varepsilon\to0$ the bound tends to $n\delta$, which is the package's value at $\varepsilon=0$; as
# $\varepsilon\to\infty$ it tends to 1. The telling limit is the one of many records with a fixed total
# budget: with $w=n\varepsilon$ and $d=n\delta$ fixed and $n\to\infty$ the bound tends to
# $(1+\frac{2d}w)\tanh\frac w2$. It does not vanish: to keep the loss small, $n\varepsilon$ and $n\delta$
# must be small (Theorem 4).

# %%
w, d = symbols("w d", positive=True)
m = symbols("m", positive=True, integer=True)
limit(read(theorem, epsilon, delta, n), E, 1, n * delta)
limit(read(theorem, epsilon, delta, 2 * m), E, oo, 1, "-")
limit(read(theorem, w / n, d / n, n), n, oo, (1 + 2 * d / w) * tanh(w / 2), "-")
Table(
    ["limit", "$B$"],
    [
        ["ε → 0", n * delta],
        ["ε → ∞", sympy.Integer(1)],
        ["n → ∞, with nε = w and nδ = d", (1 + 2 * d / w) * tanh(w / 2)],
    ],
)

# %% [markdown]
# ## The picture
#
# Left, $\delta=0$: the bound against $\varepsilon$ for several $n$. The curves are one curve, moved:
# $\tanh(n\varepsilon/2)$. Right, $n=10$: with a positive $\delta$ the raw bound may exceed 1; what is
# meant is $\min(1,B)$, drawn thick.

# %%
figure, (left, right) = picture(2)
grid = [10 ** (k / 40 - 4) for k in range(201)]
fifteen = mp(15)


def bound(budget, slack, records):
    """B in floating point, from the package's formula."""
    return float(theorem(fifteen, fifteen.number(budget), fifteen.number(slack), records))


for records, colour, dash in ((1, 0, "-"), (10, 1, "--"), (100, 2, "-."), (1000, 3, ":")):
    values = [bound(budget, 0, records) for budget in grid]
    left.plot(grid, values, color=COLOURS[colour], ls=dash, label=f"n = {records}")
left.set_xscale("log")
left.set_ylabel("bound on the loss, δ = 0")
left.legend(frameon=False)
for slack, colour, dash in (("0.5", 1, "--"), ("0.05", 2, "-."), ("0.005", 0, "-")):
    values = [bound(budget, slack, 10) for budget in grid]
    capped = [min(1.0, value) for value in values]
    right.plot(grid, capped, color=COLOURS[colour], ls=dash, lw=2.4, label=f"δ = {slack}")
    right.plot(grid, values, color=COLOURS[colour], ls=dash, lw=0.9)
right.set_xscale("log")
right.set_ylim(-0.05, 2.05)
right.set_ylabel("bound on the loss, n = 10")
right.legend(frameon=False)
for axes in (left, right):
    axes.set_xlabel("ε (nats)")
figure

# %% [markdown]
# **Status: proved; reconstruction.** The bound is stated in the source without a derivation; this one
# reproduces it. Machine-checked counterparts: in `proofs/coq` `poster_bound` (with `poster_gap_printed`,
# the printed form, and `poster_tanh`), in `proofs/smt` `smt.group-step` and `smt.tv-map`; the check
# `exact.group-privacy` compares the package's formula with the recursion of step 1, fraction by fraction.
#
# *Sources.* The bound: Wang, Zhang and Jia (AAAI 2021). Group privacy for $\delta>0$: Vadhan (2017). DP as
# a constraint on two error rates: Wasserman and Zhou (2010); Kairouz, Oh and Viswanath (2015).
