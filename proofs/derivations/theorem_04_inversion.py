# %% [markdown]
# # Theorem 4: how much ε a given loss allows
#
# A learner that is $(\varepsilon,\delta)$-DP is trained on $n$ records from one of two populations. By
# Theorem 2, an adversary who tells the populations apart from its output has an advantage of at most
#
# $$\mathrm{TV}^*_n=\min(1,\,t_1S_n),\qquad t_1=\frac{E-1+2\delta}{E+1},\qquad
#   S_n=\sum_{k=1}^nE^{-\lfloor k/2\rfloor},\qquad E=e^\varepsilon,$$
#
# and some learner leaks as much. Theorem 1 gives the cruder bound $B=c\tanh\frac{n\varepsilon}2$ with
# $c=1+\frac{2\delta}{E-1}$. In practice the question is asked the other way round: *the loss is to stay
# at or below a target $L$ with $0<L<1$; how large may $\varepsilon$ be?*
#
# **The claims** (a corollary of the two theorems).
#
# 1. At $\delta=0$ the largest $\varepsilon$ is $\varepsilon^*=-\frac2n\ln(1-L)$ for even $n$; for odd
#    $n$ it lies between $-\frac{2}{n+1}\ln(1-L)$ and $-\frac2n\ln(1-L)$. The bound $B$ allows
#    $\varepsilon_B=\frac2n\operatorname{artanh}L$.
# 2. For even $n$, $\;1\le\varepsilon^*/\varepsilon_B\le 2$; the ratio tends to 1 as $L\to0$ and to 2 as
#    $L\to1$: up to *twice the budget for the same loss*.
# 3. For $\delta>0$ some $\varepsilon$ is good enough if and only if $n\delta\le L$; then the good ones form
#    an interval $[0,\varepsilon^*]$.
# 4. The loss vanishes as $n$ grows if and only if $n\varepsilon\to0$ and $n\delta\to0$: *$\varepsilon$
#    must be $o(1/n)$*.
# 5. $\mathrm{TV}^*_n$ is nondecreasing and concave in $n$.

# %%
import sympy
from sympy import log, oo, symbols, tanh

from mipriv.calculator.inverse import epsilon as largest_epsilon
from mipriv.calculator.inverse import size as largest_size
from mipriv.contexts.mp import mp
from mipriv.errors import Infeasible
from mipriv.formulas.theorem import theorem
from mipriv.formulas.worst_case import unclamped
from proofs.derive import COLOURS, Table, holds, limit, picture, read, same

E, delta, L = symbols("E delta L", positive=True)
z = symbols("z", positive=True)  # 1/(1 - L) > 1
m = symbols("m", positive=True, integer=True)
n = symbols("n", positive=True, integer=True)
epsilon = log(E)

# %% [markdown]
# ## Claim 1: the inverses at $\delta=0$
#
# It is convenient to measure the target by $z=\frac1{1-L}$, which runs from 1 (no loss) to $\infty$
# (everything lost); then $L=1-\frac1z$.
#
# * *Exact, even $n=2m$.* $\;\mathrm{TV}^*_n=1-E^{-m}=1-\frac1z$ says $E^m=z$, so
#   $\varepsilon^*=\frac{\ln z}{m}=\frac2n\ln z$.
# * *The bound.* $\;\tanh\frac{n\varepsilon}2=\frac{E^n-1}{E^n+1}=1-\frac1z$ says $E^n=2z-1$, so
#   $\varepsilon_B=\frac1n\ln(2z-1)$, which is $\frac2n\operatorname{artanh}L$.
#
# Both are put back into the package's formulas, which must return the target:

# %%
target = 1 - 1 / z
exact_inverse = 2 * log(z) / n
bound_inverse = log(2 * z - 1) / n
same(read(unclamped, exact_inverse.subs(n, 2 * m), 0, 2 * m), target)
same(read(theorem, epsilon, delta, n), (1 + 2 * delta / (E - 1)) * (E**n - 1) / (E**n + 1))
same(read(theorem, bound_inverse, 0, n), target)
same(2 * sympy.atanh(target).rewrite(log) / n, bound_inverse)
Table(
    ["", "largest ε with a loss of at most $L = 1 - 1/z$"],
    [["exact, n even", exact_inverse], ["by the bound $B$", bound_inverse]],
)

# %% [markdown]
# *Odd $n=2m+1$.* Now $\mathrm{TV}^*_n=1-\frac{2E^{-m}}{1+E}$, and the equation is
# $\frac12E^m(1+E)=z$. The left side increases with $E$, so there is one root, but for $n>3$ there is no
# simple expression for it. It is easily bracketed: the mean of $1$ and $E$ lies between their geometric
# mean $\sqrt E$ and $E$, so $E^{m+1/2}\le z\le E^{m+1}$, that is
# $\frac{2}{n+1}\ln z\le\varepsilon^*\le\frac2n\ln z$.

# %%
odd_equation = E**m * (1 + E) / 2
same(1 / (1 - read(unclamped, epsilon, 0, 2 * m + 1)), odd_equation)
root = symbols("r", positive=True)  # e^(eps/2)
below = same(
    odd_equation.subs(E, root**2) - root ** (2 * m + 1), root ** (2 * m) * (root - 1) ** 2 / 2
)
above = same(E ** (m + 1) - odd_equation, E**m * (E - 1) / 2)
Table(
    ["gap", "with $r=e^{\\varepsilon/2}$"],
    [["above $E^{m+1/2}$", below.rhs], ["below $E^{m+1}$", above.rhs]],
)

# %% [markdown]
# Both gaps are nonnegative.
#
# ## Claim 2: at most twice the budget
#
# For even $n$ the ratio of the two budgets is $\frac{2\ln z}{\ln(2z-1)}$. Because $z^2$ exceeds $2z-1$ by a
# square, the ratio is at least 1; because $2z-1\ge z$ for $z\ge1$, it is at most 2. At the two ends:

# %%
ratio = 2 * log(z) / log(2 * z - 1)
same(z**2 - (2 * z - 1), (z - 1) ** 2)
same((2 * z - 1) - z, z - 1)
little = limit(ratio, z, 1, 1)
much = limit(ratio, z, oo, 2, "-")
Table(["target", "$\\varepsilon^*/\\varepsilon_B$"], [["L → 0", little], ["L → 1", much]])

# %% [markdown]
# For a small target the two agree to first order, $\varepsilon^*\approx\varepsilon_B\approx\frac{2L}n$:
# whoever wants a small loss gains nothing by the exact value. Whoever accepts a loss near 1 gains a factor
# of 2.

# %%
limit(n * exact_inverse / (2 * target), z, 1, 1)
limit(n * bound_inverse / (2 * target), z, 1, 1)
l_0 = sympy.Symbol("L")
sympy.Eq(sympy.Limit(n * sympy.Symbol("varepsilon^*") / (2 * l_0), l_0, 0), 1, evaluate=False)

# %% [markdown]
# ## Claim 3: which targets can be met when $\delta>0$
#
# Every $(\varepsilon,\delta)$-DP learner is $(\varepsilon',\delta)$-DP for all $\varepsilon'\ge\varepsilon$.
# The worst case over a larger class is no smaller, so $\mathrm{TV}^*_n$ does not decrease with
# $\varepsilon$. It is continuous, and its least value, at $\varepsilon=0$, is $\min(1,n\delta)$. Hence a
# target $L<1$ can be met if and only if $n\delta\le L$, and then exactly by the $\varepsilon$ of an
# interval $[0,\varepsilon^*]$; for $n\ge1$ the interval is bounded, because the loss tends to 1 as
# $\varepsilon\to\infty$. A promise with $\delta>L/n$ is too weak for the target, whatever its $\varepsilon$.
#
# For one record and for two the root is rational in $L$ and $\delta$:

# %%
rows = []
for size in (1, 2):
    (answer,) = sympy.solve(sympy.Eq(read(unclamped, epsilon, delta, sympy.Integer(size)), L), E)
    closed_form = (1 - 2 * delta) / (1 - L) if size == 2 else (1 + L - 2 * delta) / (1 - L)
    rows.append([size, same(answer, closed_form).rhs])
Table(["n", "$E^* = e^{\\varepsilon^*}$"], rows)

# %% [markdown]
# In general the package finds the root of the monotone loss with a certificate: a decimal at which the
# loss is proved to be at most $L$, and the next decimal, at which it is proved to be larger. Here for
# $L=\frac12$ and $n=10$; from $\delta=L/n=0.05$ on, nothing is left.

# %%
fifty = mp(50)


def inverse(**given):
    """The package's certified inverse as its two decimals, or why there is none."""
    try:
        found = largest_epsilon(digits=9, **given)
    except Infeasible:
        return None
    return found.lower, found.upper


closed = -fifty.numbers.log(fifty.number("0.5")) / 5
low, high = inverse(n=10, loss="0.5")
holds(bool(low <= closed <= high), "the certified root is -(2/n) ln(1 - L)")
closed = 2 * fifty.numbers.atanh(fifty.number("0.5")) / 10
low, high = inverse(n=10, loss="0.5", using="theorem")
holds(bool(low <= closed <= high), "and that of the bound is (2/n) artanh L")
rows = []
for slack in ("0", "0.001", "0.01", "0.03", "0.05", "0.06"):
    pair = [
        inverse(n=10, loss="0.5", delta=slack, using=kind) for kind in ("worst-case", "theorem")
    ]
    rows.append([slack, *("none" if found is None else str(found[0]) for found in pair)])
holds(rows[-1][1] == rows[-1][2] == "none", "above L/n no ε meets the target")
Table(["δ", "exact", "by the bound $B$"], rows)

# %% [markdown]
# ## Claim 4: the $o(1/n)$ law
#
# *Enough.* No term of $S_n$ exceeds 1, so $\mathrm{TV}^*_n\le n\,t_1$. Moreover
# $t_1=\tanh\frac\varepsilon2+\frac{2\delta}{E+1}\le\frac\varepsilon2+\delta$, since $\tanh x\le x$: the
# difference is 0 at $x=0$ and has a square as its derivative. Together,
# $\mathrm{TV}^*_n\le\frac{n\varepsilon}2+n\delta$.

# %%
x = symbols("x", positive=True)
t_1 = read(unclamped, epsilon, delta, sympy.Integer(1))
same(t_1.subs(E, root**2), (root**2 - 1) / (root**2 + 1) + 2 * delta / (root**2 + 1))
slope = same(sympy.diff(x - tanh(x), x), tanh(x) ** 2).rhs
sympy.Eq(sympy.Derivative(x - tanh(x), x), slope, evaluate=False)

# %% [markdown]
# *Necessary.* The worst case is attained, and it is at least its value at $\delta=0$, which by claim 1 is
# at least $1-e^{-n\varepsilon/2}$ for either parity; and it is at least its value at $\varepsilon=0$,
# which is $\min(1,n\delta)$. So
#
# $$\max\bigl(1-e^{-n\varepsilon/2},\;\min(1,n\delta)\bigr)\;\le\;\mathrm{TV}^*_n\;\le\;
#   \frac{n\varepsilon}2+n\delta .$$
#
# The loss tends to 0 if and only if both $n\varepsilon$ and $n\delta$ do. Note that the bound $B$ by itself
# shows only that $\varepsilon=o(1/n)$ is *enough*; that it is *necessary* needs a learner that leaks this
# much, and Theorem 2 has one. For a fixed positive target, $\varepsilon$ of order $1/n$ is right.

# %%
w = symbols("w", positive=True)
even = limit(read(unclamped, w / (2 * m), 0, 2 * m), m, oo, 1 - sympy.exp(-w / 2), "-").rhs
odd = limit(read(unclamped, w / (2 * m + 1), 0, 2 * m + 1), m, oo, even, "-").rhs
limit(read(unclamped, epsilon, delta, 2 * m), E, 1, 2 * m * delta)
limit(read(unclamped, epsilon, delta, 2 * m), E, oo, 1, "-")
Table(
    ["limit, δ = 0", "$\\mathrm{TV}^*_n$"],
    [
        ["ε → 0", sympy.Integer(0)],
        ["ε → ∞", sympy.Integer(1)],
        ["n → ∞, nε = w, n even", even],
        ["n → ∞, nε = w, n odd", odd],
    ],
)

# %% [markdown]
# ## Claim 5: concavity in $n$
#
# One record more adds $t_1E^{-\lfloor(n+1)/2\rfloor}$ to $t_1S_n$. This is nonnegative, and it does not
# grow with $n$: it stays the same from odd $n$ to $n+1$ and falls by the factor $E$ from even $n$ to
# $n+1$. So $t_1S_n$ is nondecreasing and concave, and so is its minimum with 1.

# %%


def added(size):
    """What record size + 1 adds to the package's formula before the clamp."""
    return read(unclamped, epsilon, delta, size + 1) - read(unclamped, epsilon, delta, size)


first = (E - 1 + 2 * delta) / (E + 1)
same(added(2 * m), first * E**-m)
same(added(2 * m + 1), first * E ** -(m + 1))
same(added(2 * m + 2), first * E ** -(m + 1))
Table(
    ["n", "record n + 1 adds"],
    [
        [size, first * E**-power]
        for size, power in zip((2 * m, 2 * m + 1, 2 * m + 2), (m, m + 1, m + 1), strict=True)
    ],
)

# %% [markdown]
# The loss does not fall when $n$ grows, so at fixed $\varepsilon$ and $\delta$ the sizes that meet a
# target are $0,1,\dots,n^*$. At $\delta=0$ the largest even one is the largest even number that does not
# exceed $\frac{2}{\varepsilon}\ln z$, and by claim 1 no odd one exceeds it either. For $\varepsilon=0.01$
# and $L=\frac12$ we have $\frac2\varepsilon\ln z=138.6…$:

# %%
found = largest_size(epsilon="0.01", loss="0.5").value
real = -2 * fifty.numbers.log(fifty.number("0.5")) / fifty.number("0.01")
holds(isinstance(found, int) and bool(found <= real < found + 2), f"the package finds n = {found}")

# %% [markdown]
# ## The picture
#
# Left: the total budget $n\varepsilon$ that a target allows, at $\delta=0$: towards the right edge the
# exact value is twice the other. Right: the largest $\varepsilon$ for $L=\frac12$ against $n$. With
# $\delta=0$ it is a straight line of slope $-1$; with $\delta=10^{-4}$ it breaks off at
# $n=L/\delta=5000$, beyond which no $\varepsilon$ is small enough.

# %%
figure, (left, right) = picture(2)
grid = [k / 400 for k in range(1, 400)]
numbers = fifty.numbers
exact = [float(-2 * numbers.log1p(-loss)) for loss in grid]
bound = [float(2 * numbers.atanh(loss)) for loss in grid]
left.plot(grid, exact, color=COLOURS[0], label="exact, n even")
left.plot(grid, bound, color=COLOURS[1], ls="--", label="by the bound $B$")
left.set(xlabel="target loss L", ylabel="budget n ε (nats)")
left.legend(frameon=False)
sizes = [10, 30, 100, 300, 1000, 2000, 3000, 4000, 4600, 4900, 4990]
for slack, marker, dash, last in (("0", "o", "-", 10_000), ("0.0001", "^", ":", 4990)):
    counts = [size for size in sizes if size <= last] + ([last] if last > sizes[-1] else [])
    for kind, colour in (("worst-case", 0), ("theorem", 1)):
        roots = [
            largest_epsilon(n=k, loss="0.5", delta=slack, using=kind, digits=6) for k in counts
        ]
        name = "exact" if kind == "worst-case" else "by $B$"
        right.plot(
            counts,
            [float(root.lower) for root in roots],
            color=COLOURS[colour],
            marker=marker,
            ms=4,
            mfc=COLOURS[colour] if kind == "worst-case" else "white",
            ls=dash,
            label=f"{name}, δ = {'0' if slack == '0' else '0.0001'}",
        )
right.axvline(5000, color="0.6", lw=1)
right.set_xscale("log")
right.set_yscale("log")
right.set(xlabel="records n", ylabel="largest ε for L = 1/2 (nats)")
right.legend(frameon=False, loc="lower left")
figure

# %% [markdown]
# **Status: proved.** The claims follow from Theorem 2 and Theorem 1 by the algebra above. Machine-checked
# counterparts: `exact_gap_is_maximum`, `pure_bound_even`, `pure_bound_odd` and `poster_bound` in
# `proofs/coq`; monotonicity in `proofs/smt` (`smt.monotone-epsilon`, `smt.monotone-delta`,
# `smt.monotone-records`).
#
# *Sources.* That $\varepsilon$ has to be $o(1/n)$: Wang, Zhang and Jia (AAAI 2021), from $B$. Attack-aware
# choice of the noise from a target on the attacker: Kulynych et al. (2024).
