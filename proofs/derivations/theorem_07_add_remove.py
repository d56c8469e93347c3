# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     name: python3
# ---

# %% [markdown]
# # Theorem 7: records that are added or removed
#
# **The two kinds of neighbour.** A promise about one record compares two data sets. Under
# *replace-one* they have the same size and differ in one record. Under *add-remove* one of them has
# one record more than the other. In both cases a learner $A$ is $(\varepsilon,\delta)$-DP if
#
# $$\Pr[A(D')\in O]\;\le\;E\,\Pr[A(D)\in O]+\delta,\qquad E=e^{\varepsilon},$$
#
# for every event $O$ and for every ordered pair $D,D'$ of neighbours. This page is about add-remove,
# which is the kind that most accountants for noisy gradient descent report.
#
# **The game.** A fair coin $b$ picks one of two populations $P_0$, $P_1$; the learner trains on $n$
# records drawn independently from $P_b$; the adversary sees the output and guesses $b$. The loss is
# the best advantage, which is the total variation distance between the two laws of the output. Let
# $\tau$ be the total variation distance between $P_0$ and $P_1$ themselves; $\tau=1$ if nothing is known.
#
# **The theorem.** Let $\mathrm{TV}^*_k$ be the worst loss across $k$ neighbour steps (Theorem 2). Over all
# $(\varepsilon,\delta)$-DP learners under add-remove, the largest loss is
#
# $$\mathrm{TV}^*_{2n}\quad(\tau=1),\qquad\qquad
#   \mathbb{E}_{K\sim\mathrm{Bin}(n,\tau)}\bigl[\mathrm{TV}^*_{2K}\bigr]\quad\text{(any }\tau).$$
#
# While $\mathrm{TV}^*_{2n}<1$, the second equals
# $\left(1+\frac{2\delta}{E-1}\right)\left(1-\left(1-\tau+\frac{\tau}{E}\right)^{n}\right)$. To turn the
# promise into a replace-one promise first, as is often done, is valid and, for $\varepsilon>0$ and below
# saturation, loses something for every odd $n$, and for every $n\ge1$ as soon as $0<\tau<1$.

# %%
from functools import partial

import sympy
from flint import fmpq
from sympy import cosh, exp, log, oo, sqrt, symbols

from mipriv.contexts.rational import RATIONAL, log_of
from mipriv.formulas.population import (
    population,
    population_add_remove,
    population_add_remove_complement,
)
from mipriv.formulas.prior import shrink
from mipriv.formulas.theorem import theorem
from mipriv.formulas.worst_case import unclamped, worst_case
from proofs.derive import COLOURS, Table, holds, limit, named, picture, read, same
from proofs.exact.definitions import binomial_mean, grow, grown

E, tau, x = symbols("E tau x", positive=True)
delta = symbols("delta", nonnegative=True)
n, K, m = symbols("n K m", positive=True, integer=True)
epsilon = log(E)
c = 1 + 2 * delta / (E - 1)

# %% [markdown]
# ## Step 1. A replaced record is two steps
#
# Let $S$ and $S'$ be two data sets of $n$ records that differ in $k$ of them. Under add-remove they are
# not neighbours, even if $k=1$. A path of neighbours from $S$ to $S'$ removes a record of $S$, adds the
# record of $S'$ in its place, and so on: $2k$ steps. Theorem 2 speaks of any path of neighbours and does
# not ask what a neighbour is, so no event can gain more than $\mathrm{TV}^*_{2k}$ in probability.
#
# Since $2k$ is even, only one branch of Theorem 2 matters. The sum $t_1S_{2k}$ that the package calls
# `unclamped` is, with $c=1+\frac{2\delta}{E-1}$ and $\varepsilon>0$:

# %%
named("t_1S_{2K}", read(unclamped, epsilon, delta, 2 * K), c * (1 - E**-K))

# %% [markdown]
# It is the loss itself as long as it does not exceed 1. At $\varepsilon=0$ each step adds $\delta$:

# %%
named(
    r"t_1S_{2K}\big|_{\varepsilon=0}",
    read(unclamped, sympy.Integer(0), delta, 2 * K),
    2 * K * delta,
)

# %% [markdown]
# ## Step 2. How many records differ
#
# If the populations are not far apart, most records say nothing about $b$. A *coupling* makes this
# precise: draw $X\sim P_0$ and $X'\sim P_1$ jointly so that they are equal as often as possible. For the
# best such coupling, $\Pr[X\ne X']=\tau$; this is one of the definitions of total variation. Couple the
# $n$ records of the two data sets independently in this way. The number $K$ of positions in which the
# data sets $S\sim P_0^n$ and $S'\sim P_1^n$ differ is then a sum of $n$ independent indicators of
# probability $\tau$: it has the law $\mathrm{Bin}(n,\tau)$. Given $K$, an event gains at most
# $\mathrm{TV}^*_{2K}$, so on average it gains at most $\mathbb{E}[\mathrm{TV}^*_{2K}]$.
#
# **The mean in closed form.** By step 1 only the mean of $E^{-K}$ is needed. The definition of the
# binomial law, $K=B_1+\dots+B_n$ with independent $B_i\in\{0,1\}$, turns it into a product:
#
# $$\mathbb{E}\bigl[E^{-K}\bigr]=\prod_{i=1}^{n}\mathbb{E}\bigl[E^{-B_i}\bigr]
#   =\left((1-\tau)\cdot E^{0}+\tau\cdot E^{-1}\right)^{n}.$$
#
# This is the package's `population_add_remove`. One less it, which is what remains hidden, is a formula
# of its own, so that it keeps its digits where the loss is close to 1.

# %%
mean = c * (1 - (1 - tau + tau / E) ** n)
code = read(population_add_remove, epsilon, delta, n, tau)
same(read(population_add_remove_complement, epsilon, delta, n, tau), 1 - mean)
named(r"\mathbb{E}[t_1S_{2K}]", code, mean)

# %% [markdown]
# The same by induction, one record at a time, with nothing but the law of that one record. With
# probability $1-\tau$ a further record is the same in both data sets and nothing changes; with
# probability $\tau$ it differs, $K$ becomes $K+1$, and $1-t_1S_{2K}/c=E^{-K}$ is divided by $E$. So the
# formula $F_n$ for $n$ records has to satisfy
# $F_{n+1}=(1-\tau)F_n+\tau\,c\left(1-\frac{1-F_n/c}{E}\right)$ and $F_0=0$, which the package's does:

# %%
same(code.subs(n, n + 1), (1 - tau) * code + tau * c * (1 - (1 - code / c) / E))
same(code.subs(n, 0), 0)
holds(
    all(
        sympy.expand(
            code.subs(n, size)
            - sum(
                sympy.binomial(size, k) * tau**k * (1 - tau) ** (size - k) * c * (1 - E**-k)
                for k in range(size + 1)
            )
        ).equals(0)
        for size in range(5)
    ),
    r"for $n=0,\dots,4$ the sum over $K$, term by term, is the closed form, for all $E$, $\delta$, $\tau$",
)

# %% [markdown]
# At $\varepsilon=0$ the mean of $2K\delta$ is $2n\tau\delta$:

# %%
zero = (sympy.Integer(0), delta, n, tau)
same(read(population_add_remove_complement, *zero), 1 - 2 * n * tau * delta)
named(
    r"\mathbb{E}[t_1S_{2K}]\big|_{\varepsilon=0}",
    read(population_add_remove, *zero),
    2 * n * tau * delta,
)

# %% [markdown]
# Where some $t_1S_{2k}$ exceeds 1, which needs $\delta>0$, the loss is $\mathbb{E}[\min(1,t_1S_{2K})]$.
# The closed form is then an upper bound of it, and the package sums the clamped terms instead.
#
# ## Step 3. A learner that attains it, for all $\tau$ at once
#
# Take three possible records $x_0$, $x_1$, $\ast$ and the populations
# $P_b=(1-\tau)\,[\ast]+\tau\,[x_b]$, where $[x]$ is the point mass at $x$. Their distance is $\tau$. Let
# $d=\#x_1-\#x_0$ be the difference of the two counts in a data set. Adding or removing a record moves
# $d$ by at most one. Under $P_1$ it is $d=K$, under $P_0$ it is $d=-K$, with $K\sim\mathrm{Bin}(n,\tau)$.
#
# The learner publishes one bit, which is 1 with probability $q(d)$, where
#
# $$q(-k)=h^{k}\left(\tfrac12\right),\qquad q(k)=1-q(-k),\qquad
#   h(x)=\max\left(0,\tfrac{x-\delta}{E}\right).$$
#
# These numbers form the best chain of Theorem 2 for an even number of steps, whose middle value is
# $\frac12$; each obeys the DP inequalities against the next, in both directions. Longer chains
# *contain* the shorter ones, because all even ones have the same middle. So this one learner is the
# worst for every $K$ at the same time, and its advantage is
# $\mathbb{E}[q(K)-q(-K)]=\mathbb{E}[1-2h^{K}(\tfrac12)]=\mathbb{E}[\mathrm{TV}^*_{2K}]$. (Under
# replace-one the odd $K$ need a different middle, and the learner of Theorem 6 is less simple.)
#
# The following is exact arithmetic over fractions: the learner's privacy for every step of $d$, and its
# advantage at $n=5$, against the package's formula, for claims that do and do not saturate.

# %%
CLAIMS = [
    (fmpq(3, 2), fmpq(0)),
    (fmpq(3, 2), fmpq(1, 50)),
    (fmpq(6, 5), fmpq(1, 4)),
    (fmpq(1), fmpq(1, 9)),
]
SIZE = 5


def chance(claim, d):
    """q(d), by the package's iterate of h."""
    left = shrink(RATIONAL, log_of(claim[0]), claim[1], fmpq(1, 2), abs(d))
    return left if d <= 0 else 1 - left


def gain(claim, k):
    return chance(claim, k) - chance(claim, -k)


def worst_of(claim, k):
    return worst_case(RATIONAL, log_of(claim[0]), claim[1], 2 * k)


def private(claim):
    """Every step of d by one, up and down, for the published bit and for its complement."""
    steps = [(chance(claim, d), chance(claim, d + 1)) for d in range(-SIZE, SIZE)]
    return all(
        b <= grow(claim, a) and a <= grow(claim, b) and 1 - a <= grow(claim, 1 - b)
        for a, b in steps
    )


rows = []
for claim in CLAIMS:
    growth, slip = claim
    holds(private(claim), f"the learner is private at E = {growth}, delta = {slip}")
    for distance in (fmpq(1, 3), fmpq(1)):
        reached = binomial_mean(SIZE, distance, partial(gain, claim))
        worst = binomial_mean(SIZE, distance, partial(worst_of, claim))
        holds(bool(reached == worst), "attained")
        closed = population_add_remove(RATIONAL, log_of(growth), slip, SIZE, distance)
        saturated = unclamped(RATIONAL, log_of(growth), slip, 2 * SIZE) > 1
        holds(bool(closed == worst) or bool(saturated and closed > worst), "closed form")
        note = "a bound: some terms exceed 1" if saturated else "equal"
        rows.append([growth, slip, distance, f"{float(reached):.6f}", f"{float(closed):.6f}", note])
Table(["$E$", "$\\delta$", "$\\tau$", "learner's advantage", "closed form", ""], rows)

# %% [markdown]
# ## Step 4. Why not convert the promise first
#
# Removing a record and adding another one is a replacement, so an add-remove promise implies a
# replace-one promise. Using the inequality twice,
# $p''\le E\,p'+\delta\le E(E\,p+\delta)+\delta=E^2p+(1+E)\delta$, one finds
# $(2\varepsilon,(1+E)\delta)$-DP, and Theorem 2 with $n$ steps of this new promise is a valid bound.
# Compare it with the $2n$ steps of the old promise.
#
# **Even $n=2m$.** The two agree, for every $\delta$:

# %%
direct = partial(read, unclamped, epsilon, delta)
converted = partial(read, unclamped, 2 * epsilon, (1 + E) * delta)
same(converted(2 * m), direct(4 * m))
named(
    r"\mathrm{TV}^*_{n}\left(2\varepsilon,(1+E)\delta\right)=\mathrm{TV}^*_{2n}(\varepsilon,\delta)",
    converted(2 * m),
    c * (1 - E ** (-2 * m)),
)

# %% [markdown]
# **Odd $n=2m+1$.** The converted bound is larger by the following amount, which is positive for every
# $E>1$:

# %%
odd_gap = c * E ** (-2 * m - 1) * (E - 1) ** 2 / (E**2 + 1)
same(1 - 1 / cosh(epsilon).rewrite(exp), (E - 1) ** 2 / (E**2 + 1))
holds(odd_gap.subs(E, 1 + x).subs(delta, 0).is_positive, "the gap is positive at $E=1+x$, $x>0$")
named(
    r"\mathrm{TV}^*_{n}\left(2\varepsilon,(1+E)\delta\right)-\mathrm{TV}^*_{2n}(\varepsilon,\delta)",
    converted(2 * m + 1) - direct(4 * m + 2),
    odd_gap,
)

# %% [markdown]
# *Why odd $n$ only?* Two steps of the old promise take a probability $a$ to $g(g(a))$, whose graph has
# **three** slopes: $E^2$, then 1, then $E^{-2}$. The converted promise keeps the outer two pieces and
# prolongs them until they meet (left picture below). The corner that it adds lies in the middle, where a
# middle step jumps from $a$ to $1-a$. A best chain with an odd number of converted steps has such a
# middle step. A chain with an even number has the value $\frac12$ in its middle and never uses the corner.
#
# **When $0<\tau<1$** the number $K$ of differing records is random, odd with positive probability, and the
# conversion loses for *every* $n\ge1$:

# %%
spread = (1 - tau + tau / E) ** n - (1 - tau - tau / E) ** n
mean_gap = c * (E - 1) ** 2 / (2 * (E**2 + 1)) * spread
same(read(population, 2 * epsilon, (1 + E) * delta, n, tau) - code, mean_gap)
u, v = symbols("u v")
sympy.Eq(
    sympy.Symbol(
        r"\mathbb{E}\left[\mathrm{TV}^*_{K}(2\varepsilon,(1+E)\delta)-\mathrm{TV}^*_{2K}(\varepsilon,\delta)\right]"
    ),
    mean_gap.subs(spread, u**n - v**n),
    evaluate=False,
)

# %% [markdown]
# Here $u=1-\tau+\tau/E$ and $v=1-\tau-\tau/E$. As $u-v=2\tau/E>0$ and $u+v=2(1-\tau)>0$, $u>|v|$, and the
# last factor is positive. At $\tau=1$, $u=-v$ and it vanishes for even $n$.
#
# For a single record the converted bound is nothing but the published bound $B$ for a group of two, and
# the most that conversion can cost there is a factor $\frac{1+\sqrt2}{2}\approx1.207$, at
# $E=1+\sqrt2$ (Theorem 3 with $n=2$):

# %%
same(converted(1), read(theorem, epsilon, delta, 2))
ratio = sympy.cancel((converted(1) / direct(2)).subs(delta, 0))
same(ratio, E * (E + 1) / (E**2 + 1))
peak = sympy.solve(sympy.diff(ratio, E), E)
holds(peak == [1 + sqrt(2)], r"the only stationary point with $E>0$ is $E=1+\sqrt2$")
named(r"\max_{E}\frac{\text{converted}}{\text{exact}}", ratio.subs(E, peak[0]), (1 + sqrt(2)) / 2)

# %% [markdown]
# ## Limits
#
# *Little privacy loss per record*, $\varepsilon\to0$: at $\delta=0$ the loss vanishes like
# $n\tau\varepsilon$, against $n\tau\varepsilon/2$ under replace-one; with $\delta>0$ it tends to the value
# at $\varepsilon=0$. *No privacy*, $\varepsilon\to\infty$: the adversary wins unless all records happen to
# be alike. *Many records*, $n\to\infty$ with $n\varepsilon=w$ and $n\delta=\eta$ held fixed: the loss
# depends on $\tau w$, the privacy budget of the records that differ, and does not vanish; $\varepsilon$ has
# to be of smaller order than $1/(n\tau)$, as under replace-one. In the same limit the cost of conversion at
# odd $n$ disappears like $1/n^2$: it is a matter of few records and large $\varepsilon$.

# %%
eps, w, eta = symbols("varepsilon w eta", positive=True)
loss = partial(read, population_add_remove)
size = 2 * m + 1
cost = (size**2 * odd_gap.subs(delta, 0).subs(E, exp(w / size))).simplify()
many = (1 + 2 * eta / w) * (1 - exp(-tau * w))
found = [
    limit(loss(eps, 0, n, tau) / eps, eps, 0, n * tau),
    limit(loss(eps, delta, n, tau), eps, 0, 2 * n * tau * delta),
    limit(loss(epsilon, 0, n, tau), E, oo, 1 - (1 - tau) ** n),
    limit(loss(w / n, eta / n, n, tau), n, oo, many),
    limit(cost, m, oo, w**2 * exp(-w) / 2),
]
names = [
    "loss / ε as ε → 0, δ = 0",
    "loss before the clamp, as ε → 0",
    "loss as ε → ∞",
    "loss before the clamp, as n → ∞",
    "$n^2$ times the cost of conversion, as n → ∞, δ = 0",
]
Table(["", "limit"], [[name, line.rhs] for name, line in zip(names, found, strict=True)])

# %% [markdown]
# ## The picture
#
# Left, at $E=2$, $\delta=\frac1{20}$: two steps of the old promise against one step of the converted
# promise. Right, at $E=2$, $\delta=0$: what conversion adds to the loss, as a function of $\tau$. At
# $\tau=1$ the even sizes cost nothing and the odd ones do; below, all do.

# %%
base, slip = fmpq(2), fmpq(1, 20)
old, new = (base, slip), (base**2, (1 + base) * slip)
points = [fmpq(i, 200) for i in range(201)]
holds(
    all(bool(grown(old, a, 2) <= grow(new, a)) for a in points),
    "conversion never claims too little",
)
figure, (left, right) = picture(2)
left.plot([0, 1], [0, 1], color="0.6", lw=1, label="diagonal")
left.plot(
    [float(a) for a in points],
    [float(grown(old, a, 2)) for a in points],
    color=COLOURS[0],
    label="$g(g(a))$, two steps",
)
left.plot(
    [float(a) for a in points],
    [float(grow(new, a)) for a in points],
    color=COLOURS[1],
    ls="--",
    label="one converted step",
)
left.set_xlabel("probability of an event, $a$")
left.set_ylabel("after one replaced record")
left.legend(frameon=False, loc="lower right")
shares = [i / 100 for i in range(101)]
for records, dash, colour in ((1, "-", 0), (2, "--", 1), (3, "-.", 2), (4, ":", 3)):
    curve = sympy.lambdify(tau, mean_gap.subs({delta: 0, E: 2, n: records}))
    right.plot(
        shares, [curve(s) for s in shares], dash, color=COLOURS[colour], label=f"n = {records}"
    )
right.set_xlabel("distance of the populations, τ")
right.set_ylabel("converted bound less exact loss")
right.legend(frameon=False)
figure

# %%
rows = []
for records in (1, 2, 3, 4, 5, 8, 9):
    exact = unclamped(RATIONAL, log_of(base), fmpq(0), 2 * records)
    bound = unclamped(RATIONAL, 2 * log_of(base), fmpq(0), records)
    holds(bool(bound > exact) if records % 2 else bool(bound == exact), "worse for odd n only")
    rows.append([records, exact, bound, bound - exact])
Table(["$n$", "exact, $2n$ steps", "converted, $n$ steps", "lost"], rows)

# %% [markdown]
# **Status: proved.** Machine-checked in `proofs/coq` for all $\varepsilon$, $\delta$, $n$ and $\tau$:
# `add_remove_bound`, `add_remove_attained`, `add_remove_population_max`; the closed form of the mean by
# `smt.population-add-remove`, and over fractions by `exact.population`. *Sources.* Group privacy: Vadhan
# (2017). Composition of trade-off curves along a path: Dong, Roth and Su (2022). Maximal couplings are
# classical. The comparison with conversion and the learner of step 3 are this project's.
