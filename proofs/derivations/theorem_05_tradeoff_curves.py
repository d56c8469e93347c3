# %% [markdown]
# # Theorem 5: the worst case under a general trade-off curve
#
# **The game.** A fair coin decides which of two populations the $n$ records of a data set are drawn from;
# a learner $A$ is trained on them; an adversary who knows the learner and both populations guesses the
# coin from the output. The loss is the best adversary's advantage: the chance of guessing 1 when 1 is
# true, less the chance of guessing 1 when 0 is true.
#
# **The promise.** What a learner promises about one record is often known in more detail than by two
# numbers $\varepsilon,\delta$. Let $S$ and $S'$ be data sets that differ in one record, and let $O$ be an
# event of the output (and of the tester's own coins), used as a test: on $O$ the tester says "it was $S'$".
# The *false alarm rate* is $\alpha=\Pr[A(S)\in O]$, the *miss rate* is $1-\Pr[A(S')\in O]$. A function
# $f:[0,1]\to[0,1]$ is a *trade-off curve* of the learner if no test of any two neighbours does better:
#
# $$1-\Pr[A(S')\in O]\;\ge\;f\bigl(\Pr[A(S)\in O]\bigr)$$
#
# for all ordered pairs of neighbours and all events. Such a curve may be taken to be convex, continuous and
# nonincreasing with $f(\alpha)\le1-\alpha$; and because the promise holds for $(S,S')$ and for $(S',S)$, it
# may be taken to be its own inverse, $f=f^{-1}$ with $f^{-1}(b)$ the least $a$ at which $f(a)\le b$: its
# graph is symmetric about the diagonal.
#
# **The theorem.** Put $m=\lfloor n/2\rfloor$ and $h(x)=f(1-x)$. The largest loss over all learners with
# the curve $f$ and all pairs of populations is
#
# $$\mathrm{TV}^*_n(f)=1-2\,h^m(x_0),\qquad
#   x_0=\tfrac12\text{ for even }n,\qquad x_0=f(x_0)\text{ for odd }n .$$
#
# It is attained. Here $h^m$ means: $h$ applied $m$ times.

# %%
from itertools import pairwise

import sympy
from sympy import Max, Piecewise, Rational, Symbol, erf, erfinv, exp, log, oo, sqrt, symbols

from mipriv.contexts.mp import mp
from mipriv.formulas import curves
from mipriv.formulas.prior import shrink
from mipriv.formulas.worst_case import fixed_point, unclamped
from mipriv.game import PopulationGame
from mipriv.guarantee import ApproxDP, ConcentratedDP, GaussianDP, LaplaceDP, TradeOffCurve
from mipriv.loss.worst_case import worst_case
from proofs.derive import COLOURS, Table, holds, limit, picture, read, same, vanishes

E, delta, epsilon, mu, x, y = symbols("E delta epsilon mu x y", positive=True)
n, m = symbols("n m", positive=True, integer=True)
z = symbols("z", real=True)

# %% [markdown]
# ## The upper bound: a chain, made symmetric
#
# As in Theorem 2, averaging over the two draws reduces the question to two fixed data sets that differ in
# at most $n$ records, and one changes the records one at a time. Let $p_0,\dots,p_n$ be the probabilities
# of one event along this path. The promise says $1-p_{k+1}\ge f(p_k)$, that is
#
# $$p_{k+1}\le g(p_k),\qquad g=1-f . \qquad\qquad (1)$$
#
# * *Averages of chains are chains*, because $g$ is concave ($f$ is convex): if two sequences obey (1),
#   then so does their mean.
# * *Reversed chains are chains.* Let $q_k=1-p_{n-k}$. A nonincreasing $f=f^{-1}$ satisfies $f(a)\le
#   b\iff f(b)\le a$. Take $a=p_k$ and $b=1-p_{k+1}$: the condition (1), which is $f(p_k)\le1-p_{k+1}$,
#   becomes $f(1-p_{k+1})\le p_k$, and this is (1) for the reversed chain.
#
# So the average of a best chain and its reversal is a best chain with $p_{n-k}=1-p_k$, and
# $p_n-p_0=1-2p_0$. Its middle is $p_m=\frac12$ for even $n$. For odd $n$ the middle step leads from $p_m$
# to $1-p_m$, so that $f(p_m)\le p_m$; the least such value is the point $x_0=f(x_0)$ where the curve
# crosses the diagonal. Every step towards the start obeys $f(p_k)\le1-p_{k+1}$, hence $p_k\ge
# f(1-p_{k+1})=h(p_{k+1})$. As $h$ is nondecreasing, $p_0\ge h^m(x_0)$. This is the bound.
#
# ## It is attained
#
# Take $p_k=h^{m-k}(x_0)$ for $k\le m$, and the mirror image $1-p_{n-k}$ for the other half. It is a
# chain, because $f(h(p))=f(f(1-p))\le1-p$ (and, for odd $n$, because the middle step leads from $x_0$ to
# $1-x_0=g(x_0)$); it increases, because $f(\alpha)\le1-\alpha$ gives $h(p)\le p$.
#
# Let the two populations be the point masses on two records $a$ and $b$. Let the learner count the records
# equal to $b$ and publish a bit that is 1 with probability $p_\kappa$ at count $\kappa$. For neighbouring
# counts the best tests of a bit are mixtures of three: never, on the event "1", always. Their false alarm
# and miss rates are $(0,1)$, $(p_k,1-p_{k+1})$ and $(1,0)$, all on or above the convex curve $f$, hence so
# are the mixtures; exchanging the two data sets gives the mirror images. So the learner has the curve $f$,
# and its loss is $p_n-p_0$.

# %% [markdown]
# ## Case 1: $(\varepsilon,\delta)$-DP
#
# Here $f(\alpha)=\max\bigl(0,\;1-\delta-E\alpha,\;(1-\delta-\alpha)/E\bigr)$ with $E=e^\varepsilon$. On
# the part that is used, $1-x\ge\frac12$, the third term is the larger of the last two, so that
# $h(x)=\max\bigl(0,\frac{x-\delta}E\bigr)$: the package's `shrink` at one step. The crossing with the
# diagonal is $a^*=\frac{1-\delta}{1+E}$, its `fixed_point`. So Theorem 5 contains Theorem 2:

# %%
third = (1 - delta - (1 - x)) / E
same(read(shrink, log(E), delta, x, 1).args[1], third)
holds(
    read(shrink, log(E), delta, x, 1) == Max(0, sympy.expand(third)), "h is the step of Theorem 2"
)
crossing = read(fixed_point, log(E), delta)
same(1 - delta - E * crossing, crossing)
agree = []
for size, start in ((2 * m, Rational(1, 2)), (2 * m + 1, crossing)):
    (end,) = (term for term in read(shrink, log(E), delta, start, m).args if term != 0)
    agree.append(vanishes(1 - 2 * end - read(unclamped, log(E), delta, size)))
holds(all(agree), "$h$ and, before the clamp, $1-2h^m(x_0)$ are those of Theorem 2")

# %% [markdown]
# ## Case 2: noise added to a count
#
# Let $F$ be the distribution function of a law that is symmetric about 0, $F(-u)=1-F(u)$, with a density
# $\varphi$ for which $\varphi(u-w)/\varphi(u)$ does not decrease with $u$ (a log-concave density). A
# learner that publishes "count plus noise" changes by a shift of $w$ when one record changes. By the
# lemma of Neyman and Pearson the best tests are thresholds: say "$S'$" when the output exceeds $t$. Then
# $\alpha=1-F(t)=F(-t)$ and the miss rate is $F(t-w)$:
#
# $$f(\alpha)=F\bigl(F^{-1}(1-\alpha)-w\bigr),\qquad\text{hence}\qquad h(F(u))=F(u-w).$$
#
# **On the scale of $u$, the step $h$ is a shift by $-w$.** Even $n$: start at $x_0=\frac12=F(0)$ and
# arrive at $F(-mw)=F(-\frac{nw}2)$. Odd $n$: $F(u)=f(F(u))=F(-u-w)$ holds at $u=-\frac w2$, and $m$
# shifts lead from there to $-\frac w2-mw=-\frac{nw}2$ as well. For both parities
#
# $$\mathrm{TV}^*_n=1-2F\bigl(-\tfrac{nw}2\bigr),$$
#
# which is the loss of the noisy count itself when all $n$ records change: no learner with this curve
# leaks more. The same argument at any false alarm rate $A$ gives the least miss rate $F(F^{-1}(1-A)-nw)$.
#
# **Gaussian noise ($\mu$-GDP).** $F=\Phi$, the standard normal distribution, and $w=\mu$. With
# $\Phi(u)=\frac12\bigl(1+\operatorname{erf}\frac u{\sqrt2}\bigr)$ the package's formulas `gaussian`,
# `gaussian_complement` and `gaussian_missed` are what the theorem asks for (the last at
# $A=1-\Phi(z)=\Phi(-z)$, where its value must be $\Phi(z-n\mu)$).

# %%


def normal(u):
    """Standard normal distribution function."""
    return (1 + erf(u / sqrt(2))) / 2


same(sympy.diff(normal(z), z), exp(-(z**2) / 2) / sqrt(2 * sympy.pi))
limit(normal(z), z, -oo, 0)
same(normal(z) + normal(-z), 1)
hidden = read(curves.gaussian_complement, mu, n).rewrite(erf)
same(hidden, 2 * normal(-n * mu / 2))
missed = read(curves.gaussian_missed, mu, n, normal(-z)).rewrite(erfinv).rewrite(erf)
same(missed, normal(z - n * mu))
loss = same(read(curves.gaussian, mu, n), 1 - 2 * normal(-n * mu / 2)).rhs
sympy.Eq(Symbol(r"\mathrm{TV}^{*}_{n}"), loss, evaluate=False)

# %% [markdown]
# **Laplace noise of scale $1/\varepsilon$.** In units of the scale, $F(u)=\frac12e^{u}$ for $u\le0$,
# $1-\frac12e^{-u}$ for $u\ge0$, and $w=\varepsilon$. The loss is
# $1-2F(-\frac{n\varepsilon}2)=1-e^{-n\varepsilon/2}$:

# %%
lower_half = exp(z) / 2
limit(lower_half, z, -oo, 0)
same(lower_half.subs(z, 0), Rational(1, 2))
same(read(curves.laplace_complement, epsilon, n), 2 * lower_half.subs(z, -n * epsilon / 2))
loss = same(read(curves.laplace, epsilon, n), 1 - 2 * lower_half.subs(z, -n * epsilon / 2)).rhs
sympy.Eq(Symbol(r"\mathrm{TV}^{*}_{n}"), loss, evaluate=False)

# %% [markdown]
# This is, for even $n$, the worst case over *all* pure $\varepsilon$-DP learners: already the Laplace
# mechanism is as bad as any. For odd $n$ canonical noise leaks a little more. The difference is a square
# over a positive number, times a factor that vanishes as $n\varepsilon$ grows ($r=e^{\varepsilon/2}$):

# %%
root = symbols("r", positive=True)
same(read(unclamped, epsilon, 0, 2 * m), read(curves.laplace, epsilon, 2 * m))
gap = read(unclamped, 2 * log(root), 0, 2 * m + 1) - read(curves.laplace, 2 * log(root), 2 * m + 1)
same(gap, (root - 1) ** 2 / ((root**2 + 1) * root ** (2 * m + 1))).rhs

# %% [markdown]
# The miss rate at false alarm rate $A$ is $F(F^{-1}(1-A)-w)$ with $w=n\varepsilon$; which halves of $F$
# are met depends on $A$, and the formula has three parts:
#
# 1. $A\le\frac12$ and $Ae^{w}\le\frac12$: the threshold is $t=-\ln 2A\ge w$, and the value
#    $1-\frac12e^{w-t}=1-Ae^w$;
# 2. $A\le\frac12$ and $Ae^w\ge\frac12$: still $t=-\ln2A$, now $t\le w$, and the value is
#    $\frac12e^{t-w}=\frac{1}{4A}e^{-w}$;
# 3. $A\ge\frac12$: $F(t)=1-A$ with $t\le0$, and the value is $F(t)\,e^{-w}=(1-A)e^{-w}$.
#
# The package writes the first two as one expression of $Ae^w$. In each part it agrees:

# %%
w = n * epsilon
formula = read(curves.laplace_missed, epsilon, n, x)
(rare, condition), (common, _) = formula.args
holds(isinstance(formula, Piecewise) and condition == (x <= Rational(1, 2)), "split at A = 1/2")
below, above = 1 / (2 * (1 + y)), (1 + y) / 2  # values of A e^w on either side of 1/2
agree = [
    vanishes(rare.subs(x, below * exp(-w)) - (1 - below)),
    vanishes(rare.subs(x, above * exp(-w)) - exp(-w) / (4 * above * exp(-w))),
    vanishes(common - (1 - x) * exp(-w)),
]
holds(all(agree), "all three parts")

# %% [markdown]
# ## Case 3: several curves at once
#
# A learner often satisfies several promises $(\varepsilon_i,\delta_i)$. Each is a trade-off curve $f_i$,
# and $f=\max_if_i$ is one as well: a maximum of convex, symmetric curves is convex and symmetric. It uses
# all promises *in every step* of the chain, whereas $\min_i\mathrm{TV}^*_n(\varepsilon_i,\delta_i)$, which
# is valid too, uses one promise for the whole chain. The first is never larger, and often smaller. An
# example with three promises, at 30 digits, by iterating $h=\max_ih_i$ literally; the package's enclosure,
# which jumps along the linear pieces, must contain the value.

# %%
thirty = mp(30)
promises = (("0", "0.08"), ("0.15", "0.02"), ("0.4", "0"))
pairs = [(thirty.number(budget), thirty.number(slack)) for budget, slack in promises]


def iterated(size):
    """1 - 2 h^m(x_0) for the maximum of the curves, step by step."""
    middles = [fixed_point(thirty, *pair) for pair in pairs]
    value = max(middles) if size % 2 else thirty.number("0.5")
    for _ in range(size // 2):
        value = max(shrink(thirty, *pair, value, 1) for pair in pairs)
    return 1 - 2 * value


rows = []
for size in (1, 2, 4, 8, 16):
    both = iterated(size)
    curve = worst_case(TradeOffCurve(rows=promises), PopulationGame(n=size)).value
    low, high = (thirty.number(str(end)) for end in (curve.lower, curve.upper))
    # thirty digits, a few roundings in each of at most 8 steps
    slop = thirty.number("1e-27")
    holds(bool(low - slop <= both <= high + slop), "the package encloses it")
    single = [
        worst_case(ApproxDP(epsilon=budget, delta=slack), PopulationGame(n=size)).value.upper
        for budget, slack in promises
    ]
    best = thirty.number(str(min(single)))
    holds(bool(both <= best + slop), "never more than the best single promise")
    rows.append([size, *(f"{float(value):.4f}" for value in (*single, min(single), both))])
names = [f"({budget}, {slack})" for budget, slack in promises]
Table(["n", *names, "least of the three", "together"], rows)

# %% [markdown]
# ## Case 4: $\rho$-zCDP
#
# A learner is $\rho$-zCDP if for neighbours every Rényi divergence of order $a>1$ is at most $\rho a$;
# then $n$ changed records give $n^2\rho$-zCDP (Bun and Steinke 2016). Letting $a\to1$, the
# Kullback–Leibler divergence between the two outputs is at most $D=n^2\rho$ in both directions.
# Divergences do not increase when the output is reduced to "the event happens or not": if its
# probabilities are $p$ and $p'$, then both $\mathrm{kl}(p\,\|\,p')\le D$ and $\mathrm{kl}(p'\,\|\,p)\le
# D$, with $\mathrm{kl}(p\,\|\,q)=p\ln\frac pq+(1-p)\ln\frac{1-p}{1-q}$, the package's `binary_kl`.
#
# The set of pairs $(p,p')$ with both inequalities is convex, as divergences are jointly convex, and it does
# not change when $(p,p')$ is replaced by $(1-p',1-p)$: this exchanges the two inequalities. By the same
# averaging as above the largest $p'-p$ has $p'=1-p=\frac{1+t}2$, where both divergences equal

# %%
t = symbols("t", positive=True)
up, down = (1 + t) / 2, (1 - t) / 2
inside = y / (1 + y)  # t in (0, 1)
divergence = read(curves.binary_kl, up, down)
same(divergence.subs(t, inside), read(curves.binary_kl, 1 - down, 1 - up).subs(t, inside))
same(read(curves.zcdp_budget, t).subs(t, inside), divergence.subs(t, inside))
sympy.Eq(Symbol(r"\mathrm{kl}{(p\,\|\,p')}"), read(curves.zcdp_budget, t), evaluate=False)

# %%
p, q = symbols("p q", positive=True)
swapped = read(curves.binary_kl, p, q).subs({p: 1 - q, q: 1 - p}, simultaneous=True)
same(read(curves.binary_kl, p, q), p * log(p / q) + (1 - p) * log((1 - p) / (1 - q)))
exchanged = vanishes(swapped - read(curves.binary_kl, q, p))
holds(exchanged, "replacing (p, q) by (1 − q, 1 − p) exchanges kl(p‖q) and kl(q‖p)")

# %% [markdown]
# So the loss is at most the root $t$ of $2t\operatorname{artanh}t=n^2\rho$. It exists and is unique: the
# left side increases from 0 to $\infty$. For small $D$ it is $t\approx\sqrt{D/2}$ (Pinsker's inequality;
# since $\operatorname{artanh}t\ge t$, the root is never larger than this). It is an upper bound, not the
# supremum: the orders $a>1$ have not been used.

# %%
spent = read(curves.zcdp_budget, t)
holds(sympy.limit(spent, t, 1, "-") == oo, "no budget is enough for certainty")
limit(spent / (2 * t**2), t, 0, 1)

# %% [markdown]
# ## A warning: curves that hold in one direction only
#
# The theorem needs $f=f^{-1}$. If $f$ holds for all ordered pairs but is not symmetric, $\max(f,f^{-1})$
# holds too and is to be used. If it is known for one order only (a record is added; the removal has the
# curve $f^{-1}$), then neither may be put into the formula. Certainly valid for both orders is
# $\min(f,f^{-1})$, and below it the convex hull, to which the theorem applies.
#
# *Example.* One step of a learner that includes each record with probability $q=\frac1{10}$ and
# publishes a count with Gaussian noise of deviation $\sigma=\frac7{10}$: $N(0,\sigma^2)$ without the
# record, $(1-q)N(0,\sigma^2)+qN(1,\sigma^2)$ with it. Two records are added, $n=2$.
#
# * $f$ put into the formula: $1-2f(\frac12)$, threshold at 0, gives $q\,(1-2\Phi(-\frac1\sigma))$.
# * The truth for this learner: the distance between $N(0,\sigma^2)$ and the mixture of $N(k,\sigma^2)$
#   with weights $(1-q)^2$, $2q(1-q)$, $q^2$, at the threshold where the two densities are equal.
# * The hull at $\frac12$ is its piece of slope $-1$, which touches $f$ and $f^{-1}$ where they have this
#   slope; it gives twice the loss of one record, $2q\,(2\Phi(\frac1{2\sigma})-1)$.

# %%
numbers = thirty.numbers
share, spread = numbers.mpf(1) / 10, numbers.mpf(7) / 10
weights = [(1 - share) ** 2, 2 * share * (1 - share), share**2]


def excess(u):
    """Density with both records less density without."""
    bells = [numbers.exp(-((u - k) ** 2) / (2 * spread**2)) for k in range(3)]
    return sum(weight * bell for weight, bell in zip(weights, bells, strict=True)) - bells[0]


threshold = numbers.findroot(excess, 0.5)
with_both = sum(weight * numbers.ncdf((threshold - k) / spread) for k, weight in enumerate(weights))
truth = numbers.ncdf(threshold / spread) - with_both
naive = share * (1 - 2 * numbers.ncdf(-1 / spread))
hull = 2 * share * (2 * numbers.ncdf(1 / (2 * spread)) - 1)
holds(bool(naive < truth < hull), "the naive value is below the truth, the hull above it")
names = ("$f$ put into the formula: wrong", "this learner", "hull of $\\min(f, f^{-1})$: valid")
values = (f"{float(value):.4f}" for value in (naive, truth, hull))
Table(["", "n = 2"], zip(names, values, strict=True))

# %% [markdown]
# ## Limits
#
# With the total budget fixed ($n\mu=w$, or $n\varepsilon=w$) Gaussian and Laplace losses do not depend on
# $n$ at all. They vanish with the budget and tend to 1 as it grows; for small budgets they are about
# $\frac{w}{\sqrt{2\pi}}$ and $\frac w2$.

# %%
budget = symbols("w", positive=True)
rows = []
for name, formula, rate in (
    ("Gaussian", curves.gaussian, 1 / sqrt(2 * sympy.pi)),
    ("Laplace", curves.laplace, Rational(1, 2)),
):
    curve = read(formula, budget / n, n)
    holds(not curve.has(n), "only the product counts")
    limit(curve, budget, 0, 0)
    limit(curve, budget, oo, 1, "-")
    limit(curve / budget, budget, 0, rate)
    rows.append([name, curve, rate])
Table(["noise", "loss at total budget w", "slope at 0"], rows)

# %% [markdown]
# ## The picture
#
# Left: what one changed record allows under three promises, and the chain for $n=6$ under $\mu$-GDP, as a
# staircase between $g=1-f$ and the diagonal. Right: the exact worst case against $n$ for promises of
# comparable strength, and the upper bound for zCDP with the same $\rho=\mu^2/2$ as Gaussian noise. (Laplace
# lies on pure DP, up to a little at odd $n$.)

# %%
figure, (left, right) = picture(2)
fifteen = mp(15)
strength = fifteen.number("0.6")
levels = [k / 200 for k in range(1, 200)]


def pure_missed(k, budget, _, alarms):
    """Least miss rate of pure DP, one record."""
    return max(1 - k.exp(budget) * alarms, (1 - alarms) / k.exp(budget))


left.plot([0, 1], [0, 1], color="0.6", lw=1, label="diagonal")
for label, rate, colour, dash in (
    ("pure DP, ε = 0.6", pure_missed, 0, "-"),
    ("Laplace, ε = 0.6", curves.laplace_missed, 2, "-."),
    ("Gaussian, μ = 0.6", curves.gaussian_missed, 1, "--"),
):
    values = [float(1 - rate(fifteen, strength, 1, fifteen.number(a))) for a in levels]
    left.plot(levels, values, color=COLOURS[colour], ls=dash, label=label)
steps = [float(fifteen.numbers.ncdf(strength * (k - 3))) for k in range(7)]
corners = [point for a, b in pairwise(steps) for point in ((a, a), (a, b))]
corners.append((steps[-1], steps[-1]))
left.plot(*zip(*corners, strict=True), color="0.2", lw=1, ls=":", marker="o", ms=2.5)
left.set(xlabel="probability of the event", ylabel="after one more changed record")
left.legend(frameon=False, loc="lower right")
sizes = [1, 2, 3, 5, 8, 12, 20, 30, 40, 60]
for label, claim, colour, mark in (
    ("pure DP, ε = 0.1", ApproxDP(epsilon="0.1"), 0, "o-"),
    ("Laplace, ε = 0.1", LaplaceDP(epsilon="0.1"), 2, "^-."),
    ("Gaussian, μ = 0.1", GaussianDP(mu="0.1"), 1, "s--"),
    ("zCDP, ρ = 0.005", ConcentratedDP(rho="0.005"), 3, "v:"),
):
    losses = [float(worst_case(claim, PopulationGame(n=k), digits=8).value.upper) for k in sizes]
    right.plot(sizes, losses, mark, ms=3.5, color=COLOURS[colour], label=label)
right.set(xlabel="records n", ylabel="exact worst case (zCDP: bound)")
right.legend(frameon=False)
figure

# %% [markdown]
# **Status: proved** (zCDP: an upper bound). Machine-checked in `proofs/coq`: the chain
# (`curve_gap_is_maximum`), learners (`curve_tv_bound`, `curve_tv_attained`), the maximum of curves
# (`trade_off_max`) and the case $(\varepsilon,\delta)$ (`dp_curve_gap`); exact linear programs in
# `lp.tradeoff`. The closed forms are confirmed against the densities they come from, by rigorous
# integration, in `exact.gaussian`, `exact.laplace` and `exact.concentrated`.
#
# *Sources.* Trade-off curves, Gaussian DP, composition along a path: Dong, Roth and Su (2022). Canonical
# noise for a curve: Awan and Vadhan (2023). zCDP and its group privacy: Bun and Steinke (2016).
