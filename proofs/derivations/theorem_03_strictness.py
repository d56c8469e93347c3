# %% [markdown]
# # Theorem 3: where the group-privacy bound is not tight
#
# Two numbers bound the loss of every $(\varepsilon,\delta)$-DP learner on $n$ records, that is, the
# advantage of the best adversary who tells from the learner's output which of two populations the records
# came from. With $E=e^\varepsilon$, $m=\lfloor n/2\rfloor$ and $c=1+\frac{2\delta}{E-1}$ they are
#
# $$B = c\,\tanh\frac{n\varepsilon}{2}\quad\text{(Theorem 1)},\qquad
#   \mathrm{TV}^*_n=\min(1,\;c\,T_n)\quad\text{(Theorem 2)},$$
#
# where $T_n=1-E^{-m}$ for even $n$ and $T_n=1-\frac{2E^{-m}}{1+E}$ for odd $n$. The second is *attained* by
# a learner; it is the true worst case. The first was announced as tight.
#
# **The claim** (a corollary of the two). $\min(1,B)=\mathrm{TV}^*_n$ if and only if $n\le1$, or
# $\varepsilon=0$, or $\mathrm{TV}^*_n=1$. Everywhere else the group-privacy bound is strictly too large.
# The ratio $B/\mathrm{TV}^*_n$ does not depend on $\delta$ while $\mathrm{TV}^*_n<1$; there it is below
# $\frac{1+\sqrt2}{2}\approx1.2071$ for odd $n$, and for even $n$ it has this value at exactly one point,
# $n\varepsilon=2\ln(1+\sqrt2)$.
#
# So the bound is never off by more than 21 per cent, and what it says about orders of magnitude stands.

# %%
from fractions import Fraction

import sympy
from flint import fmpq
from sympy import log, oo, sqrt, symbols

from mipriv.contexts.mp import mp
from mipriv.contexts.rational import RATIONAL, log_of
from mipriv.formulas.prior import shrink
from mipriv.formulas.theorem import group_delta, theorem
from mipriv.formulas.worst_case import fixed_point, unclamped, worst_case
from proofs.derive import COLOURS, Table, holds, limit, picture, read, same
from proofs.exact.definitions import breakpoints, grown

E, delta = symbols("E delta", positive=True)
m = symbols("m", positive=True, integer=True)
epsilon = log(E)
c = 1 + 2 * delta / (E - 1)

# %% [markdown]
# ## Why: group privacy forgets all but the first and the last step
#
# Fix an event, and let $p_0$ be its probability under one data set and $p_n$ under another at distance
# $n$. One changed record takes a probability $a$ to at most
#
# $$g(a)=\min\Bigl(1,\;\;Ea+\delta,\;\;1-\tfrac{1-\delta-a}{E}\Bigr),$$
#
# so $p_n\le g^n(p_0)$, with $g^n=g\circ\dots\circ g$ ($n$ times), and all of this is attainable. Take
# $\delta=0$ for a moment. Then $g$ has two pieces, of slope $E$ below the fixed point
# $a^*=\frac1{1+E}$ of $1-g$ and of slope $1/E$ above it. A start far below $a^*$ takes the steep piece in
# each of the $n$ steps and has slope $E^n$; one that passes $a^*$ after $i$ steps takes the flat piece in
# the other $n-i$ steps and has slope $E^{i}E^{-(n-i)}$. So $g^n$ is a chain of **$n+1$ linear pieces**, of
# slopes $E^n, E^{n-2},\dots,E^{-n}$. Group privacy knows only the promise
# $p_n\le E^np_0$ and its mirror image: these are the first and the last piece, prolonged until they meet.
# The $n-1$ pieces between them are forgotten. In exact fractions, for $E=\frac32$ and $n=6$:

# %%
growth, nothing, records = fmpq(3, 2), fmpq(0), 6
corners = sorted(breakpoints((growth, nothing), records))
heights = [grown((growth, nothing), corner, records) for corner in corners]
slopes = []
for k in range(len(corners) - 1):
    slope = (heights[k + 1] - heights[k]) / (corners[k + 1] - corners[k])
    if not slopes or slope != slopes[-1]:
        slopes.append(slope)
expected = [growth ** (records - 2 * k) for k in range(records + 1)]
holds(slopes == expected, "n + 1 = 7 pieces, of slopes $E^6, E^4, E^2, 1, E^{-2}, E^{-4}, E^{-6}$")

# %% [markdown]
# The kinks between these pieces lie at the vertices $(h^i(a^*),\;h^{n-1-i}(a^*))$, $0\le i<n$, of the
# trade-off curve $1-g^n$, where $h(x)=\max(0,(x-\delta)/E)$ leads one step back. The package computes both
# $a^*$ and $h^i$; each vertex lies on the true curve.

# %%
middle = fixed_point(RATIONAL, log_of(growth), nothing)
vertices = [
    tuple(shrink(RATIONAL, log_of(growth), nothing, middle, k) for k in (i, records - 1 - i))
    for i in range(records)
]
on_curve = all(1 - grown((growth, nothing), a, records) == missed for a, missed in vertices)
holds(on_curve, "the 6 vertices lie on the true curve")

# %% [markdown]
# An advantage is read off such a curve at the point where it has slope $-1$. There the true curve has a
# piece of slope exactly $-1$ (even $n$) or a vertex (odd $n$), and the prolonged pieces cut deeper.

# %%
slip = fmpq(1, 50)


def group_curve(claim, a, n):
    """Least miss rate that the group's promise alone allows at false alarm rate a."""
    big = claim[0] ** n
    lost = group_delta(RATIONAL, log_of(claim[0]), claim[1], n)
    return max(fmpq(0), 1 - lost - big * a, (1 - lost - a) / big)


figure, panels = picture(2)
levels = [fmpq(k, 300) for k in range(301)]
for axes, amount, title in zip(panels, (nothing, slip), ("δ = 0", "δ = 1/50"), strict=True):
    claim = (growth, amount)
    exact = [float(1 - grown(claim, a, records)) for a in levels]
    group = [float(group_curve(claim, a, records)) for a in levels]
    holds(all(x >= y for x, y in zip(exact, group, strict=True)), "the group region is larger")
    places = [float(a) for a in levels]
    axes.plot(places, exact, color=COLOURS[0], label="true curve, n = 6")
    axes.plot(places, group, color=COLOURS[1], ls="--", label="group privacy, n = 6")
    axes.fill_between(places, group, exact, color=COLOURS[1], alpha=0.15, lw=0)
    one = [float(1 - grown(claim, a, 1)) for a in levels]
    axes.plot(places, one, color=COLOURS[2], ls="-.", label="one record")
    axes.set_title(f"E = 3/2, {title}", fontsize=10)
    axes.set(xlabel="false alarm rate", ylabel="least miss rate")
    axes.legend(frameon=False)
panels[0].plot(
    *zip(*[(float(a), float(b)) for a, b in vertices], strict=True), "o", ms=4, color=COLOURS[0]
)
figure

# %% [markdown]
# ## How much: the difference, factored
#
# Write $M=E^m\ge1$. For both parities the package's two formulas (before they are clamped at 1) differ by
# $c$ times a fraction whose factors can be read off:

# %%


def gap(base, power):
    """B - TV*_n divided by c, for even and for odd n, with power = base^m."""
    even = (power - 1) ** 2 / (power * (power**2 + 1))
    odd = 2 * (power - 1) * (base * power - 1)
    return even, odd / (power * (base + 1) * (base * power**2 + 1))


M = symbols("M", positive=True)
rows = []
for n, difference, shown in zip((2 * m, 2 * m + 1), gap(E, E**m), gap(E, M), strict=True):
    same(read(theorem, epsilon, delta, n) - read(unclamped, epsilon, delta, n), c * difference)
    rows.append([n, shown])
Table(["n", "$(B-\\mathrm{TV}^*_n)/c$ with $M=E^m$"], rows)

# %% [markdown]
# Let $E=1+x$ and $M=1+y$. If $\varepsilon>0$ and $n\ge2$ then $x>0$ and $y>0$; with these, numerator and
# denominator are sums of positive terms only, and $c\ge1$. Therefore $B>\mathrm{TV}^*_n$ whenever
# $\mathrm{TV}^*_n<1$, and then $\min(1,B)>\mathrm{TV}^*_n$ too.

# %%
x, y = symbols("x y", positive=True)
signs = []
for difference in gap(1 + x, 1 + y):
    numerator, denominator = sympy.fraction(sympy.cancel(difference))
    for part in (numerator, denominator):
        polynomial = sympy.Poly(part, x, y)
        signs.append(all(coefficient > 0 for coefficient in polynomial.coeffs()))
holds(all(signs), "every coefficient is positive, for even and for odd n")

# %% [markdown]
# In the remaining cases the two are equal:
#
# * $n=0$ and $n=1$ (then $m=0$ and $M=1$): every numerator vanishes.
# * $\varepsilon=0$: both are $\min(1,n\delta)$.
# * $\mathrm{TV}^*_n=1$: then $B\ge1$ as well, and both are 1 after the clamp.

# %%
one_record = sympy.Integer(1)
same(read(theorem, epsilon, delta, one_record), read(unclamped, epsilon, delta, one_record))
single = same(read(theorem, epsilon, delta, one_record), (E - 1 + 2 * delta) / (E + 1)).rhs
level = all(
    min(theorem(RATIONAL, log_of(1), slip, n), fmpq(1)) == worst_case(RATIONAL, log_of(1), slip, n)
    for n in range(60)
)
holds(level, "at ε = 0 the two agree")
sympy.Eq(sympy.Symbol("B"), single)

# %% [markdown]
# (The value at $n=1$, for both.)
#
# ## The ratio
#
# The factor $c$ carries all of $\delta$ and cancels: while $\mathrm{TV}^*_n<1$,
# $B/\mathrm{TV}^*_n=\tanh\frac{n\varepsilon}2\,/\,T_n$. For **even** $n$ put $M=e^{n\varepsilon/2}$; the
# ratio is a function of $M$ alone.

# %%
ratio = M * (M + 1) / (M**2 + 1)
quotient = read(theorem, epsilon, delta, 2 * m) / read(unclamped, epsilon, delta, 2 * m)
same(quotient, ratio.subs(M, E**m))
sympy.Eq(sympy.Symbol(r"\frac{B}{\mathrm{TV}^{*}_{n}}"), ratio, evaluate=False)

# %% [markdown]
# What is missing to $\frac{1+\sqrt2}2$ is a square over a positive number. So the ratio never exceeds this
# value, and equals it only at $M=1+\sqrt2$, that is $n\varepsilon=2\ln(1+\sqrt2)\approx1.763$.

# %%
top = (1 + sqrt(2)) / 2
same(top - ratio, (sqrt(2) - 1) * (M - 1 - sqrt(2)) ** 2 / (2 * (M**2 + 1)))

# %% [markdown]
# For **odd** $n$ put again $M=e^{n\varepsilon/2}$, which is $E^{m+1/2}$ now, and
# $\sigma=1/\cosh(\varepsilon/2)$. Then $T_n=1-\sigma/M$ where it was $1-1/M$ before, and $\sigma<1$. The
# denominator of the ratio is larger, so the ratio is *smaller* than for even $n$ at the same $M$, and
# stays strictly below $\frac{1+\sqrt2}2$. As $\varepsilon\to0$ with $M$ fixed (and so $n\to\infty$),
# $\sigma\to1$ and the difference disappears: no smaller constant would do for all odd $n$.

# %%
root = symbols("r", positive=True)  # e^(eps/2)
sigma = 2 / (root + 1 / root)
half_power = root ** (2 * m + 1)
odd_total = 1 - sigma / half_power
quotient = read(theorem, 2 * log(root), delta, 2 * m + 1)
quotient = quotient / read(unclamped, 2 * log(root), delta, 2 * m + 1)
same(quotient, (half_power**2 - 1) / (half_power**2 + 1) / odd_total)
same(1 - sigma, (root - 1) ** 2 / (root**2 + 1))

# %% [markdown]
# The last line shows $1-\sigma$, with $r=e^{\varepsilon/2}$: a square over a positive number.
#
# ## Limits
#
# The ratio tends to 1 for $n\varepsilon\to0$ and for $n\varepsilon\to\infty$. With
# $n\varepsilon=w$ fixed and $n\to\infty$ it tends to $\frac{M(M+1)}{M^2+1}$ with $M=e^{w/2}$, for both
# parities.

# %%
w = symbols("w", positive=True)
odd = 2 * m + 1
scaled = read(theorem, w / odd, 0, odd) / read(unclamped, w / odd, 0, odd)
many = limit(scaled, m, oo, ratio.subs(M, sympy.exp(w / 2)), "-").rhs
for n in (sympy.Integer(4), sympy.Integer(5)):
    pure = read(theorem, epsilon, 0, n) / read(unclamped, epsilon, 0, n)
    limit(pure, E, 1, 1)
    limit(pure, E, oo, 1, "-")
limit(ratio, M, 1, 1)
limit(ratio, M, oo, 1, "-")
sympy.Eq(sympy.Symbol(r"\lim_{n\to\infty}\frac{B}{\mathrm{TV}^{*}_{n}}"), many, evaluate=False)

# %% [markdown]
# ## The picture
#
# Left: the two bounds at $\delta=0$ against $n\varepsilon$. Right: their ratio. Even $n$ share one curve,
# whose top is $\frac{1+\sqrt2}{2}$; odd $n$ lie below it and approach it from below. On the left the curve
# for $n=1$ lies on that of $B$.

# %%
thirty = mp(30)


def values(formula, n, grid):
    """The package's formula at δ = 0 for n ε in a grid."""
    return [formula(thirty, thirty.number(budget) / n, 0, n) for budget in grid]


figure, (left, right) = picture(2)
grid = [Fraction(k, 10) for k in range(1, 121)]
places = [float(budget) for budget in grid]
left.plot(places, values(theorem, 2, grid), color=COLOURS[1], ls="--", label="$B$, every n")
for n, colour, dash in ((2, 0, "-"), (3, 2, "-."), (1, 3, ":")):
    label = "exact, every even n" if n == 2 else f"exact, n = {n}"
    left.plot(places, values(worst_case, n, grid), color=COLOURS[colour], ls=dash, label=label)
left.set_ylabel("loss, δ = 0")
left.legend(frameon=False, loc="lower right")
peak = 2 * thirty.numbers.log(1 + thirty.numbers.sqrt(2))
at_peak = theorem(thirty, peak / 4, 0, 4) / worst_case(thirty, peak / 4, 0, 4)
highest = (1 + thirty.numbers.sqrt(2)) / 2
holds(bool(abs(at_peak - highest) < thirty.numbers.mpf(10) ** -25), "the top, to 25 digits")
for n, colour, dash in ((2, 0, "-"), (9, 4, (0, (5, 1))), (5, 2, "--"), (3, 3, "-."), (1, 5, ":")):
    pairs = zip(values(theorem, n, grid), values(worst_case, n, grid), strict=True)
    quotients = [float(bound / exact) for bound, exact in pairs]
    holds(max(quotients) < 1.20711, "no ratio above (1 + √2)/2")
    label = "every even n" if n == 2 else f"n = {n}"
    right.plot(places, quotients, color=COLOURS[colour], ls=dash, label=label)
right.plot([float(peak)], [float(highest)], "o", color=COLOURS[0])
right.annotate("(1 + √2)/2", (float(peak), float(highest)), (6, 2), textcoords="offset points")
right.set_ylim(0.995, 1.225)
right.set_ylabel("bound over exact worst case")
right.legend(frameon=False)
for axes in (left, right):
    axes.set_xlabel("total budget n ε")
figure

# %% [markdown]
# **Status: proved.** Machine-checked in `proofs/coq`: the strict inequality for all $n\ge2$,
# $\varepsilon>0$, $\delta\ge0$ (`exact_lt_poster`), the cases of equality (`exact_eq_poster_one`,
# `exact_eq_poster_single`) and all of it as one equivalence (`tight_iff`); that the exact value is attained
# is `tv_attained`.
#
# *Sources.* The bound: Wang, Zhang and Jia (AAAI 2021). Group privacy as composition of trade-off curves:
# Dong, Roth and Su (2022).
