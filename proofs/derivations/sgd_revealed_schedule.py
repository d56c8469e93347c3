# %% [markdown]
# # DP-SGD: the revealed-schedule bound
#
# **The setting.** DP-SGD runs $T$ steps on $n$ records. Which records form the batch of step $t$ is decided
# by a *schedule*, drawn in any way that looks neither at the data nor at the releases: Poisson sampling,
# random batches, shuffled epochs, balls in bins, a fixed order. Each sampled record contributes its clipped
# gradient to a sum, which is released with noise $N(0,\sigma^2I)$; the next model is computed from what was
# released. Two data sets differ in some of their places. If a record is changed, then its clipped gradient
# changes by at most $D$, at every model; $D\le2$ always, as clipped gradients have norm at most 1, and
# $D<2$ if the records are known to be near each other.
#
# **The theorem.** Let $A_t$ be the number of changed records in batch $t$, counted as often as they occur.
# The attacker's advantage from all releases is at most
#
# $$\mathrm{TV}\;\le\;2\,\Phi\Bigl(\frac{D\sqrt{\textstyle\sum_t\mathbb{E}A_t^2}}{2\sigma}\Bigr)-1 .$$
#
# The dependence between batches does not matter, only the second moment of each count:
#
# | batches | $\mathbb{E}A_t^2$ |
# |---|---|
# | Poisson, $k$ changed | $(kq)^2+kq(1-q)$ |
# | $b$ of $n$ at random, or shuffled, $k$ changed | $(b\frac kn)^2+b\frac kn(1-\frac kn)\frac{n-b}{n-1}$ |
# | any order of distinct records, each once an epoch, $k$ changed | $\sum_tA_t^2\le k\min(k,b)$ an epoch |
# | $b$ distinct records, any order, each differs with probability $\tau$ | $(b\tau)^2+b\tau(1-\tau)$ |
# | Poisson, each differs with probability $\tau$ | $(nq\tau)^2+nq\tau(1-q\tau)$ |
#
# For batches of a fixed size and $k=n$ the bound with $D=2$ is attained.

# %%
from fractions import Fraction

import sympy
from flint import ctx, fmpq
from sympy import Rational, erf, exp, pi, sqrt, symbols

from mipriv.formulas.schedule import batch_square, binomial_square, revealed
from proofs.derive import COLOURS, Table, holds, named, picture, read, same
from proofs.exact import sgd_schedule
from proofs.exact.sgd_mixtures import line_divergence, pair

S, a, D, sigma, q, tau = symbols("S a D sigma q tau", positive=True)
n, k, b = symbols("n k b", positive=True)
u = symbols("u", real=True)

# %% [markdown]
# ## Step 1. Tell the attacker the schedule
#
# Let $\omega$ be the schedule, with the same law under both data sets. An attacker who sees it as well can
# only gain; in formulas, the output is a mixture over $\omega$ on both sides, and the total variation of
# two mixtures with the same weights is at most the mean of the total variations:
#
# $$\mathrm{TV}\;\le\;\mathbb{E}_\omega\,\mathrm{TV}(\omega).$$
#
# *Here the schedule must not depend on the data, nor on the releases:* otherwise $\omega$ would have two
# laws, and would itself tell the data sets apart.
#
# ## Step 2. Given the schedule, all is Gaussian
#
# Now $A_t$ is a number. Given what was released before step $t$, the release is Gaussian under both data
# sets. Its mean is the sum of the gradients of the batch; the two means differ by at most $DA_t$, and the
# gradients of unchanged records cancel, as the model is the same. By the closed form of two Gaussians,
# whose divergence rises with their distance (derivation `sgd_replace_pair`, step 4), the step is dominated
# by $N(DA_t/\sigma,1)$ against $N(0,1)$, whatever was released before. By step 6 there, all steps together
# are dominated by the product: Gaussians in $\mathbb{R}^T$ at distance
#
# $$\mu(\omega)=\frac D\sigma\sqrt{\textstyle\sum_tA_t^2},\qquad
#   \mathrm{TV}(\omega)\le2\Phi\bigl(\tfrac{\mu(\omega)}2\bigr)-1
#   =\operatorname{erf}\bigl(a\sqrt S\bigr),\quad
#   S=\sum_tA_t^2,\quad a=\frac D{2\sqrt2\,\sigma}.$$

# %%
Phi = (1 + erf(u / sqrt(2))) / 2
root = D * sqrt(S) / sigma
form = erf(a * sqrt(S))
same(read(revealed, D, S, sigma), form.subs(a, D / (2 * sqrt(2) * sigma)))
named(r"2\Phi(\mu/2)-1", 2 * Phi.subs(u, root / 2) - 1, form.subs(a, D / (2 * sqrt(2) * sigma)))

# %% [markdown]
# ## Step 3. The mean over schedules
#
# $S\mapsto\operatorname{erf}(a\sqrt S)$ is concave: its derivative is a product of two positive factors that
# fall.

# %%
slope = sympy.diff(form, S)
same(slope, a * exp(-(a**2) * S) / sqrt(pi * S))
named(
    r"\frac{d}{dS}\log\frac{d}{dS}\operatorname{erf}(a\sqrt{S})",
    sympy.diff(sympy.expand_log(sympy.log(slope), force=True), S),
    -(a**2) - 1 / (2 * S),
)

# %% [markdown]
# Both terms are negative, so the slope falls for all $S>0$. By Jensen's inequality
#
# $$\mathrm{TV}\le\mathbb{E}\operatorname{erf}\bigl(a\sqrt S\bigr)\le
#   \operatorname{erf}\bigl(a\sqrt{\mathbb{E}S}\bigr),\qquad\mathbb{E}S=\sum_t\mathbb{E}A_t^2,$$
#
# and the mean of a sum needs no independence. This is the theorem. ∎
# (Steps with different noise $\sigma_t$: the same with $S=\sum_tA_t^2/\sigma_t^2$ and $\sigma=1$.)
#
# **Only at $\varepsilon=0$.** The divergence of two Gaussians at $\gamma=e^\ell$ has the slope
# $n(\frac\mu2-\frac\ell\mu)$ in $\mu$, with the unit normal density $n$ (derivation `sgd_replace_pair`). As
# a function of $S$, $\mu=2\sqrt2\,a\sqrt S$, the logarithm of its slope changes at the rate

# %%
ell = symbols("ell", positive=True)
mu = 2 * sqrt(2) * a * sqrt(S)
density = exp(-((mu / 2 - ell / mu) ** 2) / 2) / sqrt(2 * pi)
rate = sympy.diff(sympy.expand_log(sympy.log(density * sympy.diff(mu, S)), force=True), S)
same(rate, -(a**2) - 1 / (2 * S) + ell**2 / (16 * a**2 * S**2))
holds(
    rate.subs({a: 1, ell: 4, S: Rational(1, 4)}) == 13,
    "for $\\ell\\ne0$ and small $S$ the slope rises: there the divergence is not concave in $S$",
)

# %% [markdown]
# So for $\varepsilon\ne0$ the mean $\mathbb{E}_\omega H_\gamma$ is still a bound, but it must not be
# replaced by its value at $\mathbb{E}S$.
#
# ## Step 4. The second moments
#
# A count $A=\sum_iB_i$ of indicators has $\mathbb{E}A^2=(\mathbb{E}A)^2+\operatorname{Var}A$, and
# $\operatorname{Var}A=\sum_i\operatorname{Var}B_i+\sum_{i\ne j}\operatorname{Cov}(B_i,B_j)$.
#
# * **Poisson.** $k$ independent indicators of mean $q$: variance $kq(1-q)$.
# * **Random batches of $b$ distinct records.** Each place of the batch holds a changed record with
#   probability $p=\frac kn$, and two places hold two of them with probability $\frac kn\frac{k-1}{n-1}$. The
#   covariance is $-\frac{p(1-p)}{n-1}$, and

# %%
p = k / n
pairs = p * (k - 1) / (n - 1)
same(pairs - p**2, -p * (1 - p) / (n - 1))
hypergeometric = b * p + b * (b - 1) * pairs
named(
    r"\mathbb{E}A^2",
    hypergeometric,
    (b * p) ** 2 + b * p * (1 - p) * (n - b) / (n - 1),
)
same(hypergeometric, batch_square(k, n, b))
same(hypergeometric.subs(b, n), k**2)
same(hypergeometric.subs(k, n), b**2)

# %% [markdown]
#   (For $b=n$ the count is $k$, also for $n=1$; for $k=n$ it is $b$.) In a *shuffled* epoch every batch by
#   itself is a uniformly random set, so each has this moment, however dependent they are; a smaller last
#   batch has its own $b$. *Balls in bins*, each record in one of $B$ bins an epoch: every bin by itself is a
#   Poisson batch with $q=\frac1B$.
# * **Any order, each record once an epoch, the changed places unknown.** $A_t\le\min(k,b)$ and
#   $\sum_tA_t=k$ in an epoch, so that $\sum_tA_t^2\le\min(k,b)\sum_tA_t=k\min(k,b)$. Equality if $k\le b$
#   and one batch holds them all, or if $b$ divides $k$.
# * **Populations.** Let the records be independent pairs $(Z_i,Z_i')$, coupled so that $Z_i\ne Z_i'$ with
#   probability $\tau$, the total variation of the two populations (a maximal coupling). Tell the attacker
#   also which pairs differ and what they are: by convexity, step 1 holds with $\omega$ and this coupling
#   together, provided the schedule is independent of the data. In any batch of $b$ distinct records $A_t$ is
#   then $\mathrm{Bin}(b,\tau)$. In a Poisson batch a record is drawn and differs with probability $q\tau$,
#   so that $A_t\sim\mathrm{Bin}(n,q\tau)$.

# %%
first = n * q * tau
same(binomial_square(n, q * tau), first**2 + first * (1 - q * tau))
# n indicators and n (n - 1) ordered pairs of them
same(binomial_square(n, q), n * q + n * (n - 1) * q**2)

# %% [markdown]
# These are `revealed`, `binomial_square` and `batch_square` of `mipriv.formulas.schedule`. Every one, and
# every batch of a shuffled epoch, is compared with a full enumeration over fractions; so is the bound on a
# fixed order:

# %%
evidence = [sgd_schedule.moments_are_right(), sgd_schedule.fixed_orders_are_bounded()]
holds(len(evidence) == 2, "; ".join(evidence))

# %% [markdown]
# ## Step 5. Exact when all records change
#
# Let $k=n$ and let every batch hold $b$ records. Then $A_t=b$ for every schedule. Take a linear loss with
# gradient $+1$ at all records of one data set and $-1$ at those of the other. The $T$ releases are
# independent, $N(+b,\sigma^2)$ against $N(-b,\sigma^2)$: Gaussians at distance $2b\sqrt T$ in
# $\mathbb{R}^T$. The advantage is $2\Phi(b\sqrt T/\sigma)-1$, and so is the bound at $D=2$:

# %%
T = symbols("T", positive=True, integer=True)
direct = 2 * Phi.subs(u, b * sqrt(T) / sigma) - 1
same(form.subs(a, D / (2 * sqrt(2) * sigma)).subs({D: 2, S: T * b**2}), direct)
holds(bool(sgd_schedule.whole_batches_attain()), "two Gaussians on the line have this divergence")

# %% [markdown]
# *At $k=n$ sampling does not help*: no schedule of fixed batches hides which of the two data sets was used.
# For batches of sizes $b_t$ the same holds with $\sum_tb_t^2$ in place of $Tb^2$.
#
# ## How far from the truth it is
#
# For Poisson sampling the exact worst case is known: one step of the pair of `sgd_replace_pair` (here
# $\sigma=2$). The bound is above it everywhere and close when $kq$ is large; for small $kq$ it loses up to
# a factor $1/\sqrt{kq}$, because it grants the attacker the batch.

# %%
rows, curves = [], {}
with ctx.workprec(96):
    for rate in (Fraction(1, 100), Fraction(1, 10), Fraction(1, 2), Fraction(1)):
        line = []
        for size in (1, 2, 4, 8):
            exact = line_divergence(
                *pair(size, fmpq(rate.numerator, rate.denominator), fmpq(2)), fmpq(1)
            )
            squares = binomial_square(size, rate)
            bound = sgd_schedule.bound(squares, Fraction(2), Fraction(2))
            # at q = 1 the two agree, and their balls meet
            holds(exact <= bound or (rate == 1 and exact.overlaps(bound)), "the bound is above")
            line.append((float(exact.mid()), float(bound.mid())))
            rows.append([rate, size, *(f"{value:.5f}" for value in line[-1])])
        curves[rate] = line
Table(["$q$", "$k$", "exact, one step", "revealed schedule"], rows)

# %%
figure, axis = picture()
for (rate, line), colour in zip(curves.items(), COLOURS, strict=False):
    axis.semilogy((1, 2, 4, 8), [v for v, _ in line], "o-", color=colour, label=f"q = {rate}")
    axis.semilogy((1, 2, 4, 8), [v for _, v in line], "--", color=colour)
axis.set_xlabel("changed records k")
axis.set_ylabel("advantage after one step; dashed: the bound")
axis.legend(frameon=False)
figure

# %% [markdown]
# **Status: proved** for every schedule that does not look at the data. `exact.sgd-moments` and
# `exact.sgd-fixed-order` enumerate the moments, `exact.sgd-revealed` compares the bound with rigorous
# divergences (Poisson, random batches, a shuffled epoch), `exact.sgd-whole-batches` with the case $k=n$. The
# exact Poisson side is what `mipriv.accounting.sgd` computes.
#
# *Sources.* Gaussian differential privacy and its adaptive composition: Dong, Roth and Su (2022). Dominating
# pairs: Zhu, Dong and Wang (2022). Moments of the hypergeometric law: Feller (1968).
