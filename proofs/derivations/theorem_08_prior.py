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
# # Theorem 8: two secrets that are not equally likely
#
# **The game.** A secret $s\in\{0,1\}$ is drawn with $\Pr[s=1]=\pi$. The learner $A$ trains on $n$ records
# drawn independently from the population $P_s$ and publishes its output. The adversary knows $\pi$, $A$ and
# both populations, sees the output and guesses $s$. How small can the chance of a wrong guess be, over
# all $(\varepsilon,\delta)$-DP learners and all pairs of populations? (Neighbours are data sets that differ
# in one record. For records that are added or removed, read $2n$ for $n$, as in Theorem 7.)
#
# **The theorem.** Write $E=e^{\varepsilon}$, $a^*=\frac{1-\delta}{1+E}$ and
# $h(x)=\max\left(0,\frac{x-\delta}{E}\right)$. The least chance of a wrong guess is the smallest of
#
# $$(1-\pi)\,h^{i}(a^*)+\pi\,h^{n-1-i}(a^*)\qquad(0\le i<n)$$
#
# and the four numbers $\pi\,(1-g^n(0))$, $(1-\pi)\,(1-g^n(0))$, $\pi$ and $1-\pi$,
# where $g$ is what one more changed record can do to the probability of an event (defined in step 2).
# For $\delta=0$ this is
# $\min\left(\pi,\;1-\pi,\;\min_i\frac{(1-\pi)E^{-i}+\pi E^{-(n-1-i)}}{1+E}\right)$.
#
# The plan: an adversary is a point in the plane of two error rates; the points that DP leaves possible
# form a polygon; the prior is a direction; and a linear function on a polygon is least at a vertex.

# %%
import sympy
from flint import fmpq
from sympy import Rational, cosh, exp, log, oo, sqrt, symbols

from mipriv.contexts.rational import RATIONAL, log_of
from mipriv.formulas.prior import bayes_error, shrink
from mipriv.formulas.worst_case import complement, fixed_point, headroom
from proofs.derive import COLOURS, Table, holds, limit, named, picture, read, same
from proofs.exact.definitions import grown, least_error

E, pi = symbols("E pi", positive=True)
delta = symbols("delta", nonnegative=True)
n, m = symbols("n m", positive=True, integer=True)
i = symbols("i", nonnegative=True, integer=True)
epsilon = log(E)
half = Rational(1, 2)

# %% [markdown]
# ## Step 1. An adversary is a point, a prior is a direction
#
# Whatever the adversary does, two numbers describe it: the *false positive rate* $\alpha$, the chance
# that it guesses 1 when $s=0$, and the *miss rate* $\beta$, the chance that it guesses 0 when $s=1$. Its
# guess is wrong with probability
#
# $$(1-\pi)\,\alpha+\pi\,\beta.\qquad\qquad(1)$$
#
# Two adversaries need no output at all: the one who always guesses 0 is the point $(0,1)$ and errs with
# probability $\pi$; the one who always guesses 1 is $(1,0)$ and errs with probability $1-\pi$. The best
# adversary (the *Bayes* adversary) guesses the secret of larger posterior probability.
#
# ## Step 2. Which points DP leaves possible
#
# Let $p$ be the probability that the adversary guesses 1 on some fixed data set. After one record is
# replaced it is at most
#
# $$g(p)=\min\left(1,\;Ep+\delta,\;1-\tfrac{1-\delta-p}{E}\right),$$
#
# which is the DP inequality for the event "guess 1" and for its complement. After $n$ records it is at most
# $g^n(p)$, so that for two fixed data sets of $n$ records
#
# $$\beta\;\ge\;F_n(\alpha):=1-g^n(\alpha).\qquad\qquad(2)$$
#
# The function $g$ is a minimum of nondecreasing affine functions, hence concave and nondecreasing; so is
# every iterate, and $F_n$ is **convex**. For data sets *drawn* from populations, $\alpha$ and $\beta$ are
# averages of such pairs. An average of points above a convex curve lies above it, so (2) holds for
# populations as well.
#
# Conversely every point of the curve is reached. Let the populations be point masses at two different
# records, and let the learner publish 1 with probability $g^{k}(\alpha)$ if $k$ of its records are of the
# second kind. One replaced record moves $k$ by at most one, and $g^{k+1}(\alpha)=g(g^k(\alpha))$ is
# within what DP allows. Between no record and all $n$ this learner has error rates
# $(\alpha,F_n(\alpha))$.
#
# So the least chance of a wrong guess is the minimum of the linear function (1) over the convex region (2).
#
# ## Step 3. The region is a polygon; its vertices
#
# $g$ has slope $E$ up to $a^*$, where its two lines cross, and slope $1/E$ beyond, until it reaches 1. As
# long as 1 is not reached, the slope of $g^n$ at $\alpha$ is, by the chain rule, $E$ to the power of the
# number of iterates $\alpha,g(\alpha),\dots,g^{n-1}(\alpha)$ below $a^*$, less the number of those above.
# The iterates grow, so they pass $a^*$ once, and the slope changes exactly where one of them *hits*
# $a^*$.
#
# Which $\alpha$ hits $a^*$ after $i$ steps? The inverse of the first line is $h$, so $\alpha=h^i(a^*)$.
# And what is $F_n$ there? Three facts, all at $a^*$:
#
# * $g^i\left(h^i(a^*)\right)=a^*$, the definition of the point;
# * $g(a^*)=1-a^*$, as $a^*$ lies where the curve $1-g$ meets the diagonal;
# * $g(1-x)=1-h(x)$ for $x\le a^*$, because the second line of $g$ is the first one turned by $180°$.
#
# So $g^n\left(h^i(a^*)\right)=g^{n-1-i}(1-a^*)=1-h^{n-1-i}(a^*)$, and the vertices are
#
# $$V_i=\left(h^{i}(a^*),\;h^{n-1-i}(a^*)\right),\qquad 0\le i<n.$$
#
# Now the package's formulas. `fixed_point` is $a^*$, and `shrink` is the closed form of $h^j(x)$ with its
# cut-off at zero. Writing $\ell_j(x)$ for what stands inside the cut-off, we check that it is $h$
# iterated, that $h$ undoes the first line of $g$, and the two facts about $g$:

# %%
y = symbols("y", positive=True)
middle = read(fixed_point, epsilon, delta)


def level(start, steps):
    """The iterate of h inside its cut-off at 0."""
    cut = read(shrink, epsilon, delta, start, steps)
    return next(part for part in cut.args if part != 0) if isinstance(cut, sympy.Max) else cut


first, second = E * y + delta, 1 - (1 - delta - y) / E
same(level(y, i + 1), (level(y, i) - delta) / E)
same(read(shrink, sympy.Integer(0), delta, y, i), sympy.Max(0, y - i * delta))
same(level(first, 1), y)
same(first.subs(y, middle), second.subs(y, middle))
same(first.subs(y, middle), 1 - middle)
same(second.subs(y, 1 - y), 1 - level(y, 1))
named(r"\ell_{i}(y)", level(y, i), y * E**-i - delta * (1 - E**-i) / (E - 1))

# %% [markdown]
# The edge from $V_{i+1}$ to $V_i$ goes a distance $\ell_i-\ell_{i+1}$ to the right and
# $\ell_{n-2-i}-\ell_{n-1-i}$ down. As $h$ is affine with slope $1/E$, these distances shrink by $E$ with
# each step:

# %%
across = level(middle, i) - level(middle, i + 1)
down = across.subs(i, n - 2 - i)
same(across, (middle - level(middle, 1)) * E**-i)
same(down, across * E ** (2 * i + 2 - n))
named(
    r"\frac{\ell_{n-2-i}-\ell_{n-1-i}}{\ell_i-\ell_{i+1}}",
    sympy.simplify(down / across),
    E ** (2 * i + 2 - n),
)

# %% [markdown]
# so the slopes of the edges, from left to right, are $-E^{n},-E^{n-2},\dots,-E^{2-n},-E^{-n}$; the edge
# to the left of $V_i$ has slope $-E^{2i+2-n}$ and the one to the right has slope $-E^{2i-n}$.
#
# **Ends.** For $\delta=0$ the outermost edges end in $(0,1)$ and $(1,0)$, the two adversaries who guess
# blindly. For $\delta>0$ they end on the axes already in $(0,F_n(0))$ and $(F_n(0),0)$: an event of
# probability 0 may get the probability $g^n(0)>0$. If $h^i(a^*)$ is cut off at 0 for some $i$, then
# "$V_i$" is a point on an axis at or above that end; it belongs to the region (then $g^i(0)\ge a^*$,
# so that $g^n(0)\ge1-h^{n-1-i}(a^*)$), and listing it does no harm.
#
# ## Step 4. The least error is at a vertex
#
# Every point of the polygon's lower boundary is a mixture of two neighbouring vertices, and the value of
# the linear function (1) is the same mixture of its values there. So it is least at a vertex. With $V_i$
# put into (1) this is the package's `bayes_error`; for $\delta=0$ it reads as follows.

# %%
vertex = read(bayes_error, epsilon, 0, n, pi, i)
pure = ((1 - pi) * E**-i + pi * E ** -(n - 1 - i)) / (1 + E)
named("R_{i}", vertex, pure)

# %% [markdown]
# For $\delta>0$ it is the same combination of the cut-off values:

# %%
exact = (1 - pi) * read(shrink, epsilon, delta, middle, i)
exact += pi * read(shrink, epsilon, delta, middle, n - 1 - i)
holds(
    read(bayes_error, epsilon, delta, n, pi, i) == exact,
    "`bayes_error` is the value of (1) at $V_i$, cut-offs included",
)

# %% [markdown]
# **Which vertex?** The lines of equal error have slope $-\frac{1-\pi}{\pi}$. The best vertex is the one
# at which the boundary passes this slope: $E^{2i-n}\le\frac{1-\pi}{\pi}\le E^{2i+2-n}$. Equivalently,
# $R_i$ falls with $i$ as long as the odds exceed $E^{2i+2-n}$:

# %%
rise = (E - 1) * E ** (-i - 1) / (1 + E) * (pi * E ** (2 * i + 2 - n) - (1 - pi))
named("R_{i+1}-R_{i}", vertex.subs(i, i + 1) - vertex, rise)

# %% [markdown]
# **When is the output useless?** At $\delta=0$ the leftmost edge, from $(0,1)$ to $V_{n-1}$, has slope
# $-E^n$. If the odds $\frac{1-\pi}{\pi}$ exceed $E^n$, guessing 0 blindly is optimal: an adversary whose
# prior log-odds exceed $n\varepsilon$ cannot be moved by any output.

# %%
start = read(shrink, epsilon, 0, 1 / (1 + E), n - 1)
named(r"\frac{a^*-1}{h^{n-1}(a^*)}", (1 / (1 + E) - 1) / start, -(E**n))

# %%
named(r"R_{n-1}-\pi", vertex.subs(i, n - 1) - pi, (1 - pi - pi * E**n) * E ** (1 - n) / (1 + E))

# %% [markdown]
# **A formula without $i$.** Let $i$ be real for a moment. The error $R_i$ is convex in $i$ and least at
# $i=\frac{n-1}{2}+\frac{1}{2\varepsilon}\log\frac{1-\pi}{\pi}$, which is where the package looks for the
# best integer. The least value is a lower bound for all integers:

# %%
real = symbols("i", real=True)
smooth = pure.subs(i, real)
best = (n - 1) / 2 + log((1 - pi) / pi) / (2 * epsilon)
floor = sqrt(pi * (1 - pi)) * E ** (-n / 2) / cosh(epsilon / 2).rewrite(exp)
same(sympy.diff(smooth, real).subs(real, best).simplify(), 0)
same(sympy.simplify(sympy.powdenest(smooth.subs(real, best).rewrite(exp) / floor, force=True)), 1)
sympy.Eq(
    sympy.Symbol(r"\min_{i\,\mathrm{real}}R_{i}"),
    sqrt(pi * (1 - pi)) * E ** (-n / 2) / cosh(symbols("varepsilon") / 2),
)

# %% [markdown]
# The nearest integer is at most $\frac12$ away, and at distance $t$ from the minimum $R_i$ is larger by the
# factor $\cosh(t\varepsilon)$. So while a vertex is optimal, the least error lies between this value and
# $\sqrt{\pi(1-\pi)}\,e^{-n\varepsilon/2}$.
#
# ## Step 5. Equal priors give back Theorem 2
#
# At $\pi=\frac12$ the error should be $\frac12(1-\mathrm{TV}^*_n)$, half of what the package calls
# `complement`, the cut-off of `headroom`. For odd $n=2m+1$ the middle vertex $V_m$ is optimal and lies on
# the diagonal; for even $n=2m$ the edge between $V_{m-1}$ and $V_m$ has slope $-1$ and both are optimal.
# In both cases, for every $\delta$, inside the cut-offs:

# %%
same(level(middle, m), read(headroom, epsilon, delta, 2 * m + 1) / 2)
same((level(middle, m) + level(middle, m - 1)) / 2, read(headroom, epsilon, delta, 2 * m) / 2)
same(level(half, m), (level(middle, m) + level(middle, m - 1)) / 2)
named(r"R_{m}\big|_{\pi=1/2,\;n=2m,\;\delta=0}", pure.subs({n: 2 * m, i: m, pi: half}), E**-m / 2)

# %% [markdown]
# ## Populations at a known distance
#
# If $P_0$ and $P_1$ have total variation distance $\tau$, couple the records as in Theorem 6, so that
# $K\sim\mathrm{Bin}(n,\tau)$ of them differ. The error is the mean of (1) over the coupled pairs of data
# sets, and for $K=k$ it is at least the least error for $k$ records; the mean of that over $K$ is a lower
# bound. It is attained at $\pi=\frac12$ and for $\tau\in\{0,1\}$; else the package calls it a bound.
#
# ## Limits
#
# *No leak*, $\varepsilon\to0$ at $\delta=0$: all vertices move to $(\frac12,\frac12)$, and blind
# guessing, of error $\min(\pi,1-\pi)\le\frac12$, is best.

# %%
limit(pure, E, 1, half)

# %% [markdown]
# *No privacy*, $\varepsilon\to\infty$: every vertex gives an error that tends to 0. For $n=2m+3$ the
# middle one, of index $m+1$, gives an error of order $E^{-(m+2)}$, whatever the prior:

# %%
limit(pure.subs({n: 2 * m + 3, i: m + 1}) * E ** (m + 2), E, oo, 1)

# %% [markdown]
# *Many records*, $n\to\infty$ with $n\varepsilon=w$ fixed and $i=xn$, $0\le x\le1$: the polygon turns
# into a smooth curve, $\alpha\beta=\frac14e^{-w}$ between the ends.

# %%
w, x = symbols("w x", positive=True)
rates = [
    limit(read(shrink, w / n, 0, read(fixed_point, w / n, 0), steps), n, oo, value)
    for steps, value in ((x * n, exp(-x * w) / 2), ((1 - x) * n, exp(-(1 - x) * w) / 2))
]
named(r"\lim_{n\to\infty}\alpha\beta", rates[0].rhs * rates[1].rhs, exp(-w) / 4)

# %% [markdown]
# The least error is then $\sqrt{\pi(1-\pi)}\,e^{-w/2}$ for log-odds between $-w$ and $w$, and
# $\min(\pi,1-\pi)$ otherwise.

# %%
curve = (1 - pi) * exp(-x * w) / 2 + pi * exp(-(1 - x) * w) / 2
stationary = half + log((1 - pi) / pi) / (2 * w)
same(sympy.diff(curve, x).subs(x, stationary).simplify(), 0)
same(sympy.simplify(curve.subs(x, stationary) / sqrt(pi * (1 - pi)) * exp(w / 2)), 1)
limit(floor.subs(E, exp(w / n)), n, oo, sqrt(pi * (1 - pi)) * exp(-w / 2))

# %% [markdown]
# ## The vertices against the definition
#
# Exact arithmetic over fractions: the vertices and blind guesses, from the package's formulas, against the
# least value of (1) over *all* starting points $\alpha$ of the chain $\alpha,g(\alpha),\dots,g^n(\alpha)$.

# %%
CLAIMS = [
    (fmpq(2), fmpq(0)),
    (fmpq(3, 2), fmpq(1, 50)),
    (fmpq(5), fmpq(1, 9)),
    (fmpq(1), fmpq(1, 7)),
]
PRIORS = [fmpq(1, 2), fmpq(3, 10), fmpq(1, 10), fmpq(3, 100), fmpq(4, 5)]
SIZES = range(1, 8)


def options(claim, records, prior):
    """All candidates of the theorem, in the order of the vertices, then the ends, then blind ones."""
    growth, slip = log_of(claim[0]), claim[1]
    missed = 1 - grown(claim, fmpq(0), records)
    ends = [prior * missed, (1 - prior) * missed, prior, 1 - prior]
    vertices = [bayes_error(RATIONAL, growth, slip, records, prior, v) for v in range(records)]
    return vertices + ends


holds(
    all(
        bool(min(options(claim, records, prior)) == least_error(claim, records, prior))
        for claim in CLAIMS
        for records in SIZES
        for prior in PRIORS
    ),
    f"{len(CLAIMS) * len(PRIORS) * len(SIZES)} claims, sizes and priors: a candidate is the minimum, exactly",
)

# %% [markdown]
# For $n=4$, $E=2$, $\delta=0$: the least error, the vertex that gives it, the error of the best blind
# guess, and the simpler bound $\min(\pi,1-\pi)\,(1-\mathrm{TV}^*_n)$ that uses nothing but the advantage.
# The simpler bound is equal at $\pi=\frac12$ only.

# %%
claim, records = CLAIMS[0], 4
hidden = complement(RATIONAL, log_of(claim[0]), fmpq(0), records)
rows = []
for prior in (*PRIORS[:4], fmpq(1, 17)):
    found = options(claim, records, prior)
    least, blind = min(found), min(prior, 1 - prior)
    simple = blind * hidden
    holds(bool(simple < least) or prior == fmpq(1, 2), "the simple bound is strictly below")
    touched = [f"$V_{v}$" for v in range(records) if found[v] == least]
    touched += ["$(0, 1)$"] * (least == prior)
    rows.append([prior, least, " and ".join(touched), blind, simple])
Table(["$\\pi$", "least error", "attained at", "blind guess", "from the advantage"], rows)

# %% [markdown]
# ## The picture
#
# Left: the region of error rates for $n=4$, $E=2$, $\delta=0$ (shaded: possible). Each line joins points
# of equal error for one prior, at the least value that the region allows: it touches the polygon. For
# $\pi=0.03<\frac1{1+E^4}$ it touches in the corner $(0,1)$: the adversary ignores the output. Right: the
# least error as a function of the prior, the blind guess, and the formula without $i$.

# %%
figure, (left, right) = picture(2)
outline = [(0.0, 1.0)]
outline += [
    tuple(
        float(shrink(RATIONAL, log_of(2), fmpq(0), fmpq(1, 3), steps))
        for steps in (v, records - 1 - v)
    )
    for v in reversed(range(records))
]
outline += [(1.0, 0.0)]
left.fill([*(a for a, _ in outline), 1], [*(b for _, b in outline), 1], color="0.93")
left.plot(*zip(*outline, strict=True), "o-", color="black", ms=4, lw=1.4)
for prior, dash, colour in zip(PRIORS[:4], ("-", "--", "-.", ":"), COLOURS, strict=False):
    least = min(options(claim, records, prior))
    reach = [float(least / (1 - prior)), float(least / prior)]
    left.plot([0, reach[0]], [reach[1], 0], dash, color=colour, label=f"π = {float(prior)}")
left.set_xlim(-0.02, 0.62)
left.set_ylim(-0.02, 1.04)
left.set_xlabel("false positive rate α")
left.set_ylabel("miss rate β")
left.legend(frameon=False)
grid = [fmpq(v, 200) for v in range(1, 200)]
axis = [float(prior) for prior in grid]
right.plot(
    axis,
    [float(min(options(claim, records, prior))) for prior in grid],
    color=COLOURS[0],
    label="least error",
)
right.plot(axis, [min(p, 1 - p) for p in axis], "--", color="0.4", label="blind guess")
inner = [p for p in axis if 1 / 17 <= p <= 16 / 17]
right.plot(
    inner,
    [float(floor.subs({E: 2, n: records, pi: p})) for p in inner],
    ":",
    color=COLOURS[1],
    label="formula without i",
)
right.set_ylim(0, 0.3)
right.set_xlabel("prior π of secret 1")
right.set_ylabel("chance of a wrong guess")
right.legend(frameon=False)
figure

# %% [markdown]
# **Status: proved.** Machine-checked in `proofs/coq` for every $\delta$ (`least_delta_error_is_minimum` for
# chains, `least_guess_error` for learners) and in closed form for $\delta=0$ (`least_error_pure`,
# `least_error_is_minimum`); the lines and vertices by `smt.prior-lines` and `smt.prior-vertices`; instances
# by the linear programs `lp.priors` and the checks `exact.prior` and `exact.shrink`. *Sources.* DP as a
# region of two error rates: Wasserman and Zhou (2010), Kairouz, Oh and Viswanath (2015). Trade-off curves:
# Dong, Roth and Su (2022). Threshold tests: Neyman and Pearson (1933). The vertices for $n$ records are
# this project's.
