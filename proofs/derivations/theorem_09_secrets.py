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
# # Theorem 9: guessing one of $K$ secrets
#
# One of $K$ equiprobable secrets decides from which of $K$ populations the $n$ training records
# are drawn. An attacker sees what an $(\varepsilon,\delta)$-DP learner releases and names a secret.
# How often can the guess be right, whatever the learner and the populations?
#
# **Statement.** Write $E=e^{\varepsilon}$.
#
# 1. *Replace-one, $\delta=0$:* the largest success is exactly
#    $$1-\frac{K-1}{\min_{0\le j\le n}\left(E^{j}+(K-1)E^{n-j}\right)}.$$
# 2. *Add-remove, any $\delta\ge 0$:* the largest success is exactly $g^{n}(1/K)$, where
#    $g(a)=\min\left(1,\;Ea+\delta,\;1-(1-\delta-a)/E\right)$ is what one more record can do to an event.
# 3. *Replace-one, $\delta>0$:* a bound through data sets of up to three symbols, which has a derivation
#    of its own (`theorem_09_secrets_delta`).
#
# The upper bounds are a few lines each. The work is in the mechanisms that attain the first two.

# %%
import sympy

from mipriv.contexts.rational import RATIONAL, log_of
from mipriv.contexts.sym import SYMPY
from mipriv.formulas.secrets import secrets, secrets_complement
from proofs.derive import Table, holds, limit, named, same
from proofs.exact.definitions import grown
from proofs.exact.secrets_mechanism import kept, replace_one

E, alpha = sympy.symbols("E alpha", positive=True)
K, n, j, t = sympy.symbols("K n j t", positive=True, integer=True)
eps = sympy.log(E)

# %% [markdown]
# ## 1. The upper bound
#
# Fix a learner and an attacker. Together they are a randomised map from data sets to guesses, still
# $(\varepsilon,\delta)$-DP, because the guess is computed from the release alone. Let $S_k$ be a data
# set drawn from population $k$, and let $p_{ok}$ be the chance that the guess is $o$ when the secret
# is $k$. The success is $p=\frac1K\sum_k p_{kk}$.
#
# Let $\delta=0$. Take two secrets $k\ne l$ and any data set of each: the one becomes the other by replacing
# at most $n$ records. After the first $j$ replacements, starting from $l$, the chance of the guess $k$ has
# grown at most by the factor $E^{j}$. Coming from $k$, the chance of *missing* $k$ has grown at most by
# $E^{n-j}$. At the data set in the middle the two chances add up to 1. Averaged over the draws of the two
# data sets, whose laws enter linearly:
# $$E^{j}\,p_{kl}+E^{n-j}\,(1-p_{kk})\;\ge\;1\qquad\text{for every } 0\le j\le n.$$
# Averaging over all ordered pairs $k\ne l$ turns $p_{kl}$ into $\alpha=\frac{1-p}{K-1}$, the mean chance
# of one particular wrong guess, and $1-p_{kk}$ into $1-p=(K-1)\alpha$. So
# $\alpha\,\left(E^{j}+(K-1)E^{n-j}\right)\ge 1$. The code's `secrets_complement` is the chance of a wrong
# guess at which this is an equality, and `secrets` is the success that remains.

# %%
miss = secrets_complement(SYMPY, eps, 0, n, K, j)
both = E**j + (K - 1) * E ** (n - j)
same(secrets(SYMPY, eps, 0, n, K, j), 1 - (K - 1) / both)
named("{1-p}", miss, (K - 1) / both)

# %% [markdown]
# Every $j$ gives a bound, so the best $j$ gives the least one. Which is it? Moving from $j$ to $j+1$
# changes $E^{j}+(K-1)E^{n-j}$ by a positive multiple of $E^{2j+1-n}-(K-1)$:

# %%
weight = 1 / (miss / (K - 1))
step = weight.subs(j, j + 1) - weight
rise = (E - 1) * E ** (n - j - 1) * (E ** (2 * j + 1 - n) - (K - 1))
named(r"\text{sum at }j+1\text{, less sum at }j", step, rise)

# %% [markdown]
# so the sum falls while $E^{2j+1-n}<K-1$ and rises afterwards. With $t=2j-n$, a minimiser satisfies
# $$E^{t-1}\;\le\;K-1\;\le\;E^{t+1},$$
# where the left inequality is void if $j=0$ and the right one if $j=n$. The *largest* minimiser has
# $t\ge0$: either $j=n$, or the sum rises from $j$ on, so that $E^{t+1}>K-1\ge1$.
#
# Limits: for $\varepsilon\to0$ nothing is learnt, for $\varepsilon\to\infty$ (then $t\le1$) everything; for
# fixed $n\varepsilon$ and large $n$ the integer $j$ no longer matters and the bound tends to the one that a
# real $j$ gives, where $E^{2j-n}=K-1$:

# %%
x = sympy.Symbol("x", positive=True)
real = sympy.Symbol("j", real=True)
best = sympy.log(K - 1) / (2 * eps) + n / 2
smooth = secrets(SYMPY, eps, 0, n, K, real).subs(real, best)
w = sympy.Symbol("w", positive=True)
total = 1 - sympy.sqrt(K - 1) * sympy.exp(-w / 2) / 2
many = same(smooth.subs(E, sympy.exp(w / n)), total).rhs
none = same(secrets(SYMPY, sympy.Integer(0), 0, n, K, j), 1 / K).rhs
odd = limit(secrets(SYMPY, eps, 0, 2 * t + 1, K, t + 1), E, sympy.oo, 1, "-").rhs
even = limit(secrets(SYMPY, eps, 0, 2 * t, K, t), E, sympy.oo, odd, "-").rhs
Table(["ε → 0", "ε → ∞", "n → ∞, nε = w"], [[none, even, many]])

# %% [markdown]
# (The last form is for $e^{n\varepsilon}\ge K-1$; otherwise $j=n$ and the success is
# $e^{n\varepsilon}/(e^{n\varepsilon}+K-1)$.) So to hide one of $K$ secrets $n\varepsilon$ has to stay below
# about $\log K$: **many secrets do not change the order $\varepsilon=O(1/n)$**, they add a logarithm.
#
# ## 2. A mechanism that attains it ($\delta=0$, $K\ge3$)
#
# For $K=2$ this is Theorem 2. Let $K\ge 3$, let all populations be point masses on $K$ symbols, and
# read each record as a **vote** for a symbol; $x_o$ is the number of votes for $o$. Secret $k$ makes
# the vote unanimous. Let $j$ be the largest minimiser, $t=2j-n\ge0$ and $W=E^{t}+K-1$. The mechanism
# has three parts.
#
# **Far.** If some symbol $k$ has $x_k\ge j$ votes, each other answer has probability
# $E^{-(x_k-j)}/W$ and $k$ has the rest. At a unanimous vote a given wrong answer thus has probability
# $E^{-(n-j)}/W$:

# %%
corner = E ** (-(n - j)) / (E ** (2 * j - n) + K - 1)
same((K - 1) * corner, miss)

# %% [markdown]
# which is the bound. One vote more for $k$ divides each wrong answer by $E$, which DP allows. The right
# answer grows from $1-(K-1)z$ to $1-(K-1)z/E$ with $z\le 1/W$; DP asks for
# $1-(K-1)z/E\le E\,(1-(K-1)z)$, an inequality whose slack decreases with $z$. At $z=1/W$ the slack is

# %%
W = E**t + K - 1
slack = E * (1 - (K - 1) / W) - (1 - (K - 1) / (E * W))
same(slack, (E - 1) / (E * W) * (E ** (t + 1) - (K - 1)))
sympy.Eq(
    sympy.Symbol(r"E\left(1-\frac{K-1}{W}\right)-\left(1-\frac{K-1}{EW}\right)"),
    sympy.Symbol(r"\frac{E-1}{EW}\left(E^{t+1}-(K-1)\right)"),
    evaluate=False,
)

# %% [markdown]
# and it is not negative exactly under the condition $K-1\le E^{t+1}$ that the best $j$ satisfies if $j<n$;
# if $j=n$ there is no vote more. Two symbols have $j$ votes each only if $n=2j$, $t=0$; then all answers
# have probability $1/K$ by either rule.
#
# **Keeping $t$ votes.** If no symbol has more than $j$ votes, stack the votes of each symbol and keep
# the $t$ highest of all $n$ (votes of equal height in a fixed order of the symbols). Replacing one record
# takes one vote out of the stacks and puts one in, always at the top of a stack, so at most one of the
# kept $t$ is replaced: *the kept votes are neighbours again, or the same.* If symbol $k$ has exactly
# $j$ votes, the others have at most $n-j$ each, and the $t=j-(n-j)$ highest votes are all for $k$.

# %%
holds(kept((7, 2, 1), 4) == (4, 0, 0), "of 7, 2 and 1 votes (j = 7, n = 10), the 4 highest agree")

# %% [markdown]
# **Near.** It remains to answer from $t$ votes when $E^{t-1}\le K-1$. With $\eta=E-1$, draw a subset
# $A$ of the votes with weight $\eta^{|A|}$; all subsets together weigh $(1+\eta)^{t}=E^{t}$. Add a weight
# $K-1$ for ignoring the votes, so that the total is $W$.
#
# - votes ignored, or $A$ empty: any symbol, all alike (weight 1 for each);
# - $A$ holds votes for one symbol only: that symbol;
# - $A$ holds votes for two symbols: any **other** symbol, all alike;
# - $A$ holds votes for three or more symbols: any symbol, all alike.
#
# If all $t$ votes are for $k$, the answer $k$ has weight $E^{t}$ and each other answer has weight 1,
# which is the far rule at $x_k=j$: there both rules apply and agree. Now take two neighbours. If one has
# more than $j$ votes for some $k$, the other has at least $j$ for the same $k$, and both are answered by
# the far rule; otherwise both are answered by the near rule, from kept votes of which at most one differs.
# So what is left to show is that the near rule is $\varepsilon$-DP.
#
# ### Why the near rule is private
#
# Write $g_o(A)$ for the chance of the answer $o$ given $A$, with $g_o(\varnothing)=1$ to account for
# the ignored votes. One vote changes from $a$ to $b$. Splitting the subsets by whether they hold this
# vote, the answer $o$ has weight $\sum_B\eta^{|B|}\left(g_o(B)+\eta\,g_o(B\cup a)\right)$ before and
# the same with $b$ after, where $B$ runs over subsets of the other $t-1$ votes. "After is at most $E$
# times before" is, as $1-E=-\eta$ and after division by $\eta$ (for $\eta=0$ the votes do not
# matter),
# $$\sum_B\eta^{|B|}\,D_o(B)\le 0,\qquad D_o(B)=g_o(B\cup b)-E\,g_o(B\cup a)-g_o(B).$$
# $D_o(B)$ depends only on which symbols occur in $B$. Here it is for every kind of $B$ and of $o$
# ($l$, $l'$ are symbols other than $a$, $b$, $o$). If $B$ holds three or more, $D_o(B)=-\frac EK$ always.


# %%
def chance(o: str, symbols: frozenset[str]) -> sympy.Expr:
    """g_o of a subset whose votes are for these symbols."""
    if len(symbols) <= 1:
        return sympy.Integer(o in symbols or not symbols)
    if len(symbols) == 2:
        return sympy.Integer(0) if o in symbols else 1 / (K - 2)
    return 1 / K


def change(o: str, symbols: str) -> sympy.Expr:
    """D_o(B)."""
    held = frozenset(symbols)
    after, before = chance(o, held | {"b"}), chance(o, held | {"a"})
    return sympy.factor(after - E * before - chance(o, held))


KINDS = ("", "o", "a", "b", "l", "oa", "ob", "ol", "ab", "al", "bl", "lm", "abl", "oab", "olm")


def kinds(o: str) -> list[str]:
    """Kinds of B; o, a and b may coincide."""
    return [kind for kind in KINDS if o == "o" or "o" not in kind]


def latex(expression: sympy.Expr) -> str:
    """For a cell of a table."""
    return f"${sympy.latex(expression)}$"


def said(kind: str) -> str:
    """A kind of B in print."""
    letters = ", ".join(kind.replace("m", "'")).replace(", '", ", l'")
    return f"${letters}$" if kind else "none"


Table(
    ["symbols in $B$", "$o=a$", "$o=b$", "$o$ neither"],
    [
        [said(kind), *(latex(change(o, kind)) if kind in kinds(o) else "" for o in "abo")]
        for kind in KINDS
    ],
)

# %% [markdown]
# Few entries are positive. Their signs, for all $E\ge1$ and $K\ge3$ (put $E=1+x$, $K=3+y$):

# %%
y = sympy.Symbol("y", nonnegative=True)


def never_positive(expression: sympy.Expr) -> bool:
    """Whether -expression has no negative coefficient in E - 1 and K - 3, over a positive base."""
    shifted = sympy.together(-expression.subs({E: 1 + x, K: 3 + y}))
    top, base = sympy.fraction(sympy.cancel(shifted))
    good = [sympy.Poly(part, x, y).coeffs() for part in (top, base)]
    flipped = [[-c for c in part] for part in good]
    return any(all(c >= 0 for part in signs for c in part) for signs in (good, flipped))


positive = {
    o: [kind for kind in kinds(o) if not never_positive(change(o, kind))] for o in ("a", "b", "o")
}
holds(
    positive == {"a": ["l", "al"], "b": [], "o": ["a", "oa"]},
    "positive: for $o=a$ the kinds $l$ and $a,l$; for $o$ neither $a$ and $o,a$; none for $o=b$",
)

# %% [markdown]
# Nonempty subsets of the votes for a symbol $l$ weigh $x_l=E^{c_l}-1$ together, $c_l$ being the number
# of those votes among the $t-1$ others, and $U_l=1+x_l$. The product of all $U_l$ is $E^{t-1}\le K-1$,
# hence
# $$\sum_{l}x_l\;\le\;\prod_l(1+x_l)-1\;\le\;K-2 .$$
# This is the only place where $E^{t-1}\le K-1$ is used.
#
# *Answer $b$:* every entry is at most 0. Done.
#
# *Answer $a$:* $B$ empty or of kind $a$ gives $-(E+1)$ with total weight $U_a$; the positive entries are
# $\frac1{K-2}$ with weight $\sum_l x_l$ and $\frac1K\le\frac1{K-2}$ with weight $x_a\sum_l x_l$. Together
# at most $U_a\left(-(E+1)+\frac{1}{K-2}\sum_l x_l\right)\le -E\,U_a<0$.
#
# *Any other answer $o$:* $B$ empty or of kind $o$ gives $-1$ with total weight $U_o$; the positive
# entries are $\frac1{K-2}$ with weight $x_a$ and $\frac1K$ with weight $x_o x_a$. Together at most
# $U_o\left(-1+\frac{x_a}{K-2}\right)\le0$. $\qquad\blacksquare$

# %%
xa, xl, xo = sympy.symbols("x_a x_l x_o", nonnegative=True)
sums = {
    "a": (1 + xa) * change("a", "a") + xl * change("a", "l") + xa * xl * change("a", "al"),
    "o": (1 + xo) * change("o", "o") + xa * change("o", "a") + xo * xa * change("o", "oa"),
}
bounds = {
    "a": (1 + xa) * (-(E + 1) + xl / (K - 2)),
    "o": (1 + xo) * (-1 + xa / (K - 2)),
}
spare = {"a": xa * xl, "o": xo * xa}
rest = {o: same(bounds[o] - sums[o], spare[o] * (1 / (K - 2) - 1 / K)).rhs for o in spare}
holds(all(change(o, "") == change(o, o) for o in spare), "equal entries, so that $U$ collects both")
Table(["answer", "bound less sum"], [[f"${o}$", rest[o]] for o in spare])

# %% [markdown]
# The condition cannot be dropped: beyond $E^{t-1}=K-1$ the near rule is not private, and the best $j$
# is another. The mechanism is also checked as it stands in `proofs/exact/secrets_mechanism.py`: over all
# data sets of dozens of $(K,n,E)$ it is a probability law, obeys the DP inequality between all
# neighbours as fractions, and reaches the formula exactly.
#
# ## 3. Add-remove: through the empty data set
#
# When neighbours differ by an added or removed record, the empty data set is $n$ steps from every data
# set of $n$ records. Let $q_k$ be the chance of the guess $k$ there; $\sum_k q_k\le1$. The function $g$ is
# concave and nondecreasing, hence so is $g^n$, and
# $$p=\frac1K\sum_k p_{kk}\;\le\;\frac1K\sum_k g^{n}(q_k)\;\le\;g^{n}\Bigl(\frac1K\sum_k q_k\Bigr)
# \;\le\;g^{n}(1/K).$$
# It is attained: let the lead of a vote be the number of votes by which the most frequent symbol is
# ahead of the next, at most $n$. With a lead of $i$ answer the leader with probability $g^{i}(1/K)$
# and the others alike. An added or removed record moves the lead by at most one; a change of leader
# passes through a tie, where all answers are alike. Between $i$ and $i+1$ the event "the leader"
# changes as $g$ allows, and the rest of the law is a function of that event, so that
# $(\varepsilon,\delta)$-DP follows for all events.
#
# For $K=2$ this is $g^n(\frac12)=\frac12\left(1+\mathrm{TV}^*_{2n}\right)$, Theorem 7. For $K\ge3$
# the bound of section 1 with $2n$ steps is still true but **not attained**, for instance at $n=1$,
# $K=3$, $E=\frac32$:

# %%
claim = (RATIONAL.exp(log_of(3)) / 2, 0)
two_steps = min(secrets(RATIONAL, log_of(claim[0]), 0, 2, 3, i) for i in range(3))
through_empty = grown(claim, claim[0] * 0 + RATIONAL.exp(0) / 3, 1)
holds(
    through_empty < two_steps,
    f"{through_empty} through the empty data set, {two_steps} by section 1 with two steps",
)

# %% [markdown]
# ## 4. What it means
#
# The table shows the largest success for replace-one at $\delta=0$, next to the best mechanism's own
# success at a unanimous vote, computed independently by the mechanism of section 2.

# %%
rows = []
for growth, count, records in ((2, 3, 3), (2, 5, 3), (3, 4, 2), (2, 10, 4), (5, 3, 2)):
    unit = RATIONAL.exp(0)
    bound = min(secrets(RATIONAL, log_of(growth), 0, records, count, i) for i in range(records + 1))
    reached = replace_one(growth * unit, (records, *([0] * (count - 1))))[0]
    holds(bool(bound == reached), f"attained at E = {growth}, K = {count}, n = {records}")
    rows.append([growth, count, records, f"1/{count}", bound, reached])
Table(["$E$", "$K$", "$n$", "blind guess", "bound", "reached by the mechanism"], rows)

# %% [markdown]
# **Status.** Parts 1 and 2: proved, bound and attainment, and checked by Coq
# (`substitution_secrets_max`, `add_remove_secrets_max`). Further machine counterparts:
# `exact.secrets-lines`, `exact.secrets-attained`, `exact.secrets-condition`,
# `exact.secrets-add-remove`, the linear programs `lp.secrets` and `lp.add-remove-secrets`, and
# `smt.secrets-bound`. Sources: the bound is the packing argument of private Fano inequalities
# (Acharya, Sun, Zhang 2020) made exact; $n=1$ is $K$-ary randomised response (Kairouz, Oh, Viswanath
# 2015). The mechanisms of sections 2 and 3 are this project's.
