# %% [markdown]
# # Theorem 6: populations that are close to each other
#
# **The game.** A fair coin decides which of two populations, $P_0$ or $P_1$, the $n$ records of a data
# set are drawn from, independently. An $(\varepsilon,\delta)$-DP learner is trained on them, and an
# adversary who knows the learner and both populations guesses the coin from the output. The loss is its
# best advantage, the total variation between the output's laws under $P_0$ and under $P_1$.
#
# Theorem 2 found the worst case $\mathrm{TV}^*_n$ over *all* populations; it is attained by populations
# that have nothing in common, where all $n$ records differ. Real populations overlap. Let
# $\tau=\mathrm{TV}(P_0,P_1)$ be the total variation between the laws of *one* record.
#
# **The theorem.** The largest loss over all $(\varepsilon,\delta)$-DP learners and all pairs of
# populations at total variation $\tau$ is
#
# $$\mathbb{E}\,\mathrm{TV}^*_K,\qquad K\sim\mathrm{Bin}(n,\tau),$$
#
# the exact worst case at a random number of changed records. As long as $\mathrm{TV}^*_n<1$ this is, with
# $s=e^{-\varepsilon/2}$, $\sigma=1/\cosh\frac\varepsilon2$ and $c=1+\frac{2\delta}{e^\varepsilon-1}$,
#
# $$c\,\Bigl[\tfrac{1+\sigma}2\bigl(1-(1-\tau(1-s))^n\bigr)
#   +\tfrac{1-\sigma}2\bigl(1-(1-\tau(1+s))^n\bigr)\Bigr].$$

# %%
from functools import partial
from itertools import pairwise

import sympy
from flint import fmpq
from sympy import exp, log, oo, symbols

from mipriv.contexts.mp import mp
from mipriv.contexts.rational import RATIONAL, log_of
from mipriv.formulas.curves import laplace, laplace_population
from mipriv.formulas.population import mixture_weights, population, population_complement
from mipriv.formulas.theorem import theorem
from mipriv.formulas.worst_case import fixed_point, headroom, unclamped, worst_case
from mipriv.game import FinitePair, PopulationGame
from mipriv.guarantee import ApproxDP
from mipriv.loss.optimal import histograms
from mipriv.loss.population import swap
from proofs.derive import COLOURS, Table, holds, limit, picture, read, same, vanishes
from proofs.exact.definitions import binomial_mean, largest_gap

s, delta, tau = symbols("s delta tau", positive=True)
n, m = symbols("n m", positive=True, integer=True)
epsilon = -2 * log(s)  # s = e^(-eps/2)
E = s**-2
c = 1 + 2 * delta / (E - 1)

# %% [markdown]
# ## Step 1. Couple the two data sets
#
# A *coupling* draws a record $X$ of law $P_0$ and a record $Y$ of law $P_1$ together, not independently.
# There is one in which they differ with probability only $\tau$: where $P_0$ and $P_1$ overlap (this part
# has mass $1-\tau$) let $X=Y$; with the remaining probability $\tau$ draw $X$ and $Y$ independently from
# what sticks out of the overlap on either side. An example on three values, as a table of
# $\Pr[X=x,Y=y]$:

# %%
pair = FinitePair(
    (fmpq(1, 2), fmpq(1, 3), fmpq(1, 6)),
    (fmpq(1, 6), fmpq(1, 4), fmpq(7, 12)),
)
first, second = pair.first, pair.second
over = [max(p - q, fmpq(0)) for p, q in zip(first, second, strict=True)]
under = [max(q - p, fmpq(0)) for p, q in zip(first, second, strict=True)]
joint = [
    [over[i] * under[k] / pair.tau + (min(first[i], second[i]) if i == k else 0) for k in range(3)]
    for i in range(3)
]
laws = [sum(row) for row in joint] == list(first)
laws = laws and [sum(column) for column in zip(*joint, strict=True)] == list(second)
differ = sum(joint[i][k] for i in range(3) for k in range(3) if i != k)
holds(laws and differ == pair.tau, "the margins are the two laws, and X ≠ Y has probability τ")
Table(
    ["", "y = 1", "y = 2", "y = 3", "$P_0$"],
    [
        *[[f"x = {i + 1}", *joint[i], first[i]] for i in range(3)],
        ["$P_1$", *second, f"τ = {pair.tau}"],
    ],
)

# %% [markdown]
# Draw $n$ such pairs independently. The $X$'s form a data set $S_0$ from $P_0$, the $Y$'s a data set
# $S_1$ from $P_1$, and the number $K$ of places in which they differ has the law $\mathrm{Bin}(n,\tau)$.
# For any event $O$, given $K=k$, the probabilities of $O$ at $S_0$ and $S_1$ differ by at most
# $\mathrm{TV}^*_k$, by Theorem 2. Averaged over the pair,
#
# $$\Pr[A(S_1)\in O]-\Pr[A(S_0)\in O]\;\le\;\mathbb{E}\,\mathrm{TV}^*_K .$$
#
# The left side depends only on the laws of $S_0$ and $S_1$; so this bounds the loss. (Any other coupling
# of the two data sets does as well. If it changes $D$ records on average then, as $\mathrm{TV}^*_k$ is
# concave in $k$, the loss is at most $\mathrm{TV}^*$ interpolated at $D$; with $D=n\tau$ this is never
# better than the above.)

# %% [markdown]
# ## Step 2. The closed form
#
# Before the clamp at 1, Theorem 2 says $\mathrm{TV}^*_k=c\,T_k$ with $T_k=1-s^k$ for even $k$ and
# $T_k=1-\sigma s^k$ for odd $k$. One expression covers both parities, because $\frac{1+(-1)^k}2$ is 1 for
# even and 0 for odd $k$:
#
# $$T_k=1-\tfrac{1+\sigma}2\,s^k-\tfrac{1-\sigma}2\,(-s)^k .$$
#
# The two weights are the package's `mixture_weights`; we check them, and the expression, against the
# package's formula for Theorem 2 at $k=2m$ and at $k=2m+1$.

# %%
even, odd = mixture_weights(s, 1 - s)
sigma = 2 / (s + 1 / s)
same(even, (1 + sigma) / 2)
same(odd, (1 - sigma) / 2)
parities = [
    vanishes(c * (1 - even * s**k - odd * (-1) ** k * s**k) - read(unclamped, epsilon, delta, k))
    for k in (2 * m, 2 * m + 1)
]
holds(all(parities), "one expression for both parities")
Table(
    ["weight", "value"],
    [["$(1+\\sigma)/2$", sympy.factor(even)], ["$(1-\\sigma)/2$", sympy.factor(odd)]],
)

# %% [markdown]
# The mean of $T_K$ needs only the means of $s^K$ and of $(-s)^K$. A binomial $K$ is a sum of $n$
# independent bits, each 1 with probability $\tau$, so for every number $z$
#
# $$\mathbb{E}\,z^K=\prod_{i=1}^n\mathbb{E}\,z^{K_i}=(1-\tau+\tau z)^n .$$
#
# At $z=s$ this is $(1-\tau(1-s))^n$, at $z=-s$ it is $(1-\tau(1+s))^n$. With weights that sum to 1 the
# mean of $c\,T_K$ is the formula of the theorem, and it is what the package computes; its complement is a
# formula of its own, which keeps its digits when little remains hidden.

# %%
generating = [(1 - tau + tau * z) ** n for z in (s, -s)]
mean = c * (1 - even * generating[0] - odd * generating[1])
printed = c * (even * (1 - (1 - tau * (1 - s)) ** n) + odd * (1 - (1 - tau * (1 + s)) ** n))
same(even + odd, 1)
same(read(population, epsilon, delta, n, tau), printed)
same(printed, mean)
summed = read(population, epsilon, delta, n, tau) + read(
    population_complement, epsilon, delta, n, tau
)
holds(
    vanishes(summed - 1),
    "the two formulas of the package are the mean of $c T_K$ and its complement",
)

# %% [markdown]
# As long as $t_1S_n\le1$ no term is clamped and the closed form is the supremum. This is always so at
# $\delta=0$. Otherwise $\mathbb{E}\min(1,c\,T_K)\le\min(1,\mathbb{E}\,c\,T_K)$: the closed form,
# clamped, is an upper bound, and the package sums the binomial terms from the first clamped one
# separately.
#
# For the **Laplace mechanism** (Theorem 5) $\mathrm{TV}^*_k=1-s^k$ for both parities, and the mean is
# shorter:

# %%
same(read(laplace, epsilon, n), 1 - s**n)
found = same(read(laplace_population, epsilon, n, tau), 1 - generating[0]).rhs
sympy.Eq(sympy.Symbol(r"\mathbb{E}[1-s^{K}]"), found, evaluate=False)

# %% [markdown]
# ## Step 3. It is attained
#
# Choose two records $x_0\ne x_1$ and a law $Q$ without mass on either (so there must be a third possible
# record, unless $\tau=1$), and let
# $P_b=(1-\tau)\,Q+\tau\,(\text{point mass on }x_b)$. These have total variation $\tau$. Under $P_1$ the
# number $k_1$ of records equal to $x_1$ is $\mathrm{Bin}(n,\tau)$ and $k_0=0$; under $P_0$ it is the
# other way round. The learner computes $d=k_1-k_0$ and publishes a bit that is 1 with probability
#
# $$q(d)=\tfrac12\bigl(1+\mathrm{TV}^*_{d}\bigr),\quad q(-d)=1-q(d)\qquad(d\ge0).$$
#
# Its loss is $\mathbb{E}\,q(K)-\mathbb{E}\,q(-K)=\mathbb{E}\,\mathrm{TV}^*_K$, the bound of step 1. It
# remains to see that it is $(\varepsilon,\delta)$-DP. Changing one record may move $d$ by 2, when an
# $x_0$ becomes an $x_1$; so *two* units of $d$ must cost no more than one step of Theorem 2.
#
# They do not. $q(-k)=\frac12(1-\mathrm{TV}^*_k)$ is the start of the best chain of length $k$. The best
# chain of length $k+2$ is the same chain with one more step at either end: its start is
# $q(-k-2)=h(q(-k))$ with $h(x)=\max(0,\frac{x-\delta}E)$, $E=e^\varepsilon$. The package's `headroom` is
# $2q(-k)$ before the clamp:

# %%
j = symbols("j", nonnegative=True, integer=True)
for k in (2 * j, 2 * j + 1):
    start = read(headroom, epsilon, delta, k) / 2
    longer = read(headroom, epsilon, delta, k + 2) / 2
    same((start - delta) / E, longer)
single = read(headroom, epsilon, delta, sympy.Integer(1)) / 2
same(single, read(fixed_point, epsilon, delta))
nested = vanishes(E * single + delta - (1 - single))
holds(nested, "$q(-k-2) = h(q(-k))$ for both parities, and one step leads from q(−1) to q(1)")

# %% [markdown]
# So from $d$ to $d+2$ is at most one allowed step, for negative $d$ by this identity, for $d=-1$ by the
# last one, and for positive $d$ by symmetry. From $d$ to $d+1$ is less, because $q$ is nondecreasing. In
# the other direction the promise is trivial for the event "1" and follows for "0" in the same way.
#
# The argument can be checked without any of these words: for three values of a record, list all
# histograms, compare all neighbours, and compute the loss from the definition, in exact fractions.

# %%
growth, slip, closeness = fmpq(9, 4), fmpq(1, 20), fmpq(2, 7)


def chance(lead):
    """q(d) from the package's exact worst case."""
    gap = worst_case(RATIONAL, log_of(growth), slip, abs(lead))
    return (1 + gap) / 2 if lead >= 0 else (1 - gap) / 2


def moved(counts):
    """Histograms that differ in one record."""
    for i in range(3):
        for k in range(3):
            if i != k and counts[i]:
                yield tuple(count + (k == j) - (i == j) for j, count in enumerate(counts))


def private(records):
    """Whether the learner keeps its promise on all neighbours, for both events."""
    return all(
        after <= growth * before + slip
        for counts in histograms(records, 3)
        for other in moved(counts)
        for before, after in (
            (chance(counts[1] - counts[0]), chance(other[1] - other[0])),
            (1 - chance(counts[1] - counts[0]), 1 - chance(other[1] - other[0])),
        )
    )


rows = []
for records in range(1, 6):
    holds(private(records), "all neighbours")
    says_one = [
        binomial_mean(records, closeness, lambda k, sign=sign: chance(sign * k)) for sign in (-1, 1)
    ]
    loss = says_one[1] - says_one[0]
    defined = binomial_mean(records, closeness, partial(largest_gap, (growth, slip)))
    formula = population(RATIONAL, log_of(growth), slip, records, closeness)
    holds(loss == defined == formula, "the learner reaches the mean, and the formula is the mean")
    rows.append([records, loss, f"{float(loss):.5f}"])
Table(["n", "loss at E = 9/4, δ = 1/20, τ = 2/7", ""], rows)

# %% [markdown]
# ## What it means for the budget
#
# No $S_k$ exceeds $k$, so $\mathbb{E}\,\mathrm{TV}^*_K\le t_1\,\mathbb{E}K=n\tau\,t_1\le
# n\tau\,(\frac\varepsilon2+\delta)$. Conversely $T_k\ge1-s^k$, so the worst loss is at least
# $1-(1-\tau(1-s))^n\ge1-e^{-n\tau(1-s)}$. Therefore **a budget of order $\frac1{n\tau}$ is what a given
# loss requires**, not $\frac1n$: only the records that can tell the populations apart count. And no
# $\varepsilon$ makes the loss exceed $1-(1-\tau)^n$, the chance that any record differs at all. In the
# third limit below, the factor $(1-\tau(1+s))^n$ is at most 1 in absolute value, and its weight vanishes.

# %%
free = read(population, epsilon, 0, n, tau)
most = 1 - (1 - tau) ** n
same(free.subs(s, 0), most)
small = limit(read(population, epsilon, delta, n, tau), s, 1, n * tau * delta, "-").rhs
w = symbols("w", positive=True)
step = exp(-w / (2 * n * tau))  # s at eps = w/(n tau)
many = 1 - limit(generating[0].subs(s, step), n, oo, exp(-w / 2), "-").rhs
limit(odd.subs(s, step), n, oo, 0, "-")
lamda = symbols("lambda", positive=True)
rare = read(population, epsilon, 0, n, lamda / n)
poisson = 1 - even * exp(-lamda * (1 - s)) - odd * exp(-lamda * (1 + s))
limit(rare, n, oo, poisson, "-")
same(read(population, sympy.Integer(0), delta, n, tau), n * tau * delta)
same(read(population_complement, sympy.Integer(0), delta, n, tau), 1 - n * tau * delta)
Table(
    ["limit", "loss before the clamp"],
    [
        ["ε → 0", small],
        ["ε → ∞", most],
        ["n → ∞, nτε = w, δ = 0", many],
    ],
)

# %% [markdown]
# For rare differences, $n\to\infty$ with $n\tau=\lambda$ fixed, $K$ becomes a Poisson variable, and at
# $\delta=0$ the loss tends to

# %%
weight = symbols("sigma", positive=True)
shown = 1 - (1 + weight) / 2 * exp(-lamda * (1 - s)) - (1 - weight) / 2 * exp(-lamda * (1 + s))
same(shown.subs(weight, sigma), poisson)
shown

# %% [markdown]
# ## A hierarchy
#
# For one given pair of populations the loss may be smaller still. Swap pairs are an example:
# $P_0=(a,b,1-a-b)$ and $P_1=(b,a,1-a-b)$ on $(x_0,x_1,\text{rest})$ with $a\ge b$, so that $\tau=a-b$.
# Here the best loss can be computed. Let $\alpha(H)$ be the probability of an event, averaged over the
# orders of the records of a data set with histogram $H$; let $d=k_1-k_0$ in $H$, and let $H'$ be $H$
# with $k_0$ and $k_1$ exchanged. The loss is $\sum_H\bigl(P_1^n(H)-P_0^n(H)\bigr)\,\alpha(H)$, and the
# bracket changes its sign when $H$ becomes $H'$. Taken in pairs, with $d>0$ in $H$, the sum is
#
# $$\sum_{H:\,d>0}\bigl(P_1^n(H)-P_0^n(H)\bigr)\bigl(\alpha(H)-\alpha(H')\bigr).$$
#
# The first bracket is nonnegative, and $H$ and $H'$ differ in $d$ records, so that the second is at most
# $\mathrm{TV}^*_d$. The learner of step 3 has equality for all $H$ at once. So the best loss for the
# pair is $\mathbb{E}_{P_1^n}\bigl[\mathrm{sgn}(d)\,\mathrm{TV}^*_{|d|}\bigr]$. The table compares it,
# for $\varepsilon=\frac12$, $\delta=0$, $a=\frac12$, $b=\frac14$, with what less knowledge gives:
#
# $$\text{best for the pair}\;\le\;\min\bigl(\mathrm{TV}(P_0^n,P_1^n),\;\mathbb{E}\,\mathrm{TV}^*_K\bigr)
#   \;\le\;\mathrm{TV}^*_n\;\le\;B .$$

# %%
thirty = mp(30)
half = thirty.number("0.5")
masses = (fmpq(1, 4), fmpq(1, 2), fmpq(1, 4))  # of x_0, x_1 and the rest, under P_1
swapped = (masses[1], masses[0], masses[2])


def probability(counts, law):
    """Probability of a histogram."""
    ways, left = 1, sum(counts)
    for count in counts:
        ways *= sympy.binomial(left, count)
        left -= count
    value = fmpq(int(ways))
    for count, mass in zip(counts, law, strict=True):
        value *= mass**count
    return value


rows = []
for records in (1, 2, 5, 10, 20):
    specific, apart = thirty.number(0), fmpq(0)
    for counts in histograms(records, 3):
        here, there = probability(counts, masses), probability(counts, swapped)
        apart += max(here - there, fmpq(0))
        lead = counts[1] - counts[0]
        if lead > 0:
            gain = worst_case(thirty, half, 0, lead)
            specific += thirty.number(here - there) * gain
    game = PopulationGame(n=records, pair=FinitePair(masses, swapped))
    found = swap(ApproxDP(epsilon="0.5"), game, digits=12).value
    low, high = thirty.number(str(found.lower)), thirty.number(str(found.upper))
    holds(
        bool(low - thirty.number("1e-27") <= specific <= high + thirty.number("1e-27")), "enclosed"
    )
    refined = population(thirty, half, 0, records, half / 2)
    chain = [specific, min(thirty.number(apart), refined), worst_case(thirty, half, 0, records)]
    chain.append(theorem(thirty, half, 0, records))
    # equal in theory at n = 1; thirty digits leave a rounding
    ordered = all(x <= y + thirty.number("1e-27") for x, y in pairwise(chain))
    holds(ordered, "each is at most the next")
    shown = (specific, thirty.number(apart), refined, *chain[2:])
    rows.append([records, *(f"{float(value):.4f}" for value in shown)])
losses = ("\\mathrm{TV}(P_0^n, P_1^n)", "\\mathbb{E}\\,\\mathrm{TV}^*_K", "\\mathrm{TV}^*_n", "B")
Table(["n", "best for the pair", *(f"${loss}$" for loss in losses)], rows)

# %% [markdown]
# ## The picture
#
# Left, $n=1000$, $\delta=0$: the loss against $\varepsilon$. Each curve levels off at $1-(1-\tau)^n$,
# the chance that any record differs (thin lines). Right: the same curves against $n\tau\varepsilon$. As
# long as $n\tau$ is large the curves coincide with $1-e^{-n\tau\varepsilon/2}$.

# %%
figure, (left, right) = picture(2)
fifteen = mp(15)
grid = [10 ** (k / 20 - 4) for k in range(101)]
styles = (("1", 0, "-"), ("0.1", 1, "--"), ("0.01", 2, "-."), ("0.001", 3, ":"))
for closeness, colour, dash in styles:
    share = fifteen.number(closeness)
    losses = [float(population(fifteen, fifteen.number(k), 0, 1000, share)) for k in grid]
    left.plot(grid, losses, color=COLOURS[colour], ls=dash, label=f"τ = {closeness}")
    left.axhline(1 - (1 - float(closeness)) ** 1000, color=COLOURS[colour], lw=0.5)
    budgets = [k * 1000 * float(closeness) for k in grid]
    right.plot(budgets, losses, color=COLOURS[colour], ls=dash, label=f"τ = {closeness}")
left.set_xlabel("ε (nats)")
right.set_xlabel("n τ ε")
right.set_xlim(0.01, 100)
for axes in (left, right):
    axes.set_xscale("log")
    axes.set_ylabel("exact worst case, n = 1000")
right.legend(frameon=False, loc="upper left")
figure

# %% [markdown]
# **Status: proved.** Machine-checked in `proofs/coq`: the bound by coupling (`population_bound`), its
# attainment (`population_attained`), both as one statement (`population_max`) and the closed form
# (`population_form_exp`); in `proofs/smt` `smt.population`. Exact linear programs over all learners on
# small data sets (`lp.population`, `lp.population-pairs`, `lp.swap-pairs`) and the checks
# `exact.population`, `exact.population-clamped`, `exact.mixture-weights` and `exact.laplace-population`
# confirm the package's formulas instance by instance.
#
# *Sources.* Couplings for private lower bounds: Acharya, Sun and Zhang (2020); Lalanne, Garivier and
# Gribonval (2022).
