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
# # Theorem 10: from mutual information to a guess
#
# A model's answer $Y$ depends on a secret $S$. Someone has bounded the mutual information
#
# $$I(S;Y)=\sum_{s,y}p(s,y)\,\log_2\frac{p(s,y)}{p(s)\,p(y)}\quad\text{bits},$$
#
# (for continuous answers the sum over $y$ is an integral), and we want to know how well an attacker who
# sees $Y$ can guess $S$.
#
# **The theorem.** Let $h_2(p)=-p\log_2p-(1-p)\log_2(1-p)$ be the entropy of a coin and
# $d_2(p\,\|\,r)=p\log_2\frac pr+(1-p)\log_2\frac{1-p}{1-r}$ the relative entropy of two coins, in bits.
#
# 1. *Two equiprobable secrets.* Let $t$ be the best advantage, that is the total variation distance of the
#    laws of $Y$ given the one secret and given the other. Then
#    $$1-h_2\left(\frac{1-t}{2}\right)\;\le\;I(S;Y)\;\le\;t,$$
#    and each side is attained by a channel. So $I(S;Y)\le I_0$ bits gives
#    $t\le1-2h_2^{-1}(1-I_0)$, with $h_2^{-1}$ into $[0,\frac12]$, and nothing better holds.
# 2. *$K$ equiprobable secrets.* If the attacker is right with probability $p\ge\frac1K$, then
#    $I(S;Y)\ge\log_2K-h_2(p)-(1-p)\log_2(K-1)$, and a channel attains it.
# 3. *Any prior with largest mass $r$.* If $p\ge r$, then $I(S;Y)\ge d_2(p\,\|\,r)$. This is valid and not
#    attained in general.

# %%
import random
from itertools import pairwise

import sympy
from sympy import Rational, log, symbols

from mipriv.contexts.mp import mp
from mipriv.formulas.information import (
    binary_information,
    divergence,
    entropy,
    fano_information,
    xlogx,
)
from proofs.derive import COLOURS, Table, holds, limit, named, picture, read, same

t, T, w, p, r, x = symbols("t T w p r x", positive=True)
K = symbols("K", positive=True, integer=True)
half = Rational(1, 2)
least = read(binary_information, t)


def information(joint):
    """I in bits of a joint law, a list of rows, by the definition."""
    columns = [sum(column) for column in zip(*joint, strict=True)]
    return sum(
        cell * log(cell / (sum(row) * column), 2)
        for row in joint
        for cell, column in zip(row, columns, strict=True)
        if cell != 0
    )


# %% [markdown]
# ## Part 1. Two equiprobable secrets
#
# **One answer at a time.** Suppose the attacker sees the answer $y$, which occurs with probability $w$.
# Its belief then is $\Pr[S=1\mid y]=\frac{1+\theta}{2}$ for some $\theta\in[-1,1]$; let $T=|\theta|$.
# Two things can be said about this answer.
#
# *Advantage.* $p(1,y)-p(0,y)=w\,\theta$. The total variation distance is
# $\frac12\sum_y|p(y\mid1)-p(y\mid0)|$, and $p(y\mid s)=2p(s,y)$, so it is $t=\sum_y w_y\,T_y$: **the
# advantage is the mean of $T$.**
#
# *Information.* The two cells of the joint law that belong to $y$ contribute
# $\sum_s p(s,y)\log_2\frac{p(s,y)}{\frac12w}$. This equals $w$ times a function of $T$ alone:

# %%
cells = [w * (1 + T) / 2, w * (1 - T) / 2]
contribution = sum(cell * log(cell / (w / 2), 2) for cell in cells)
iota = read(binary_information, T)
named(r"\sum_s p(s,y)\,\log_2\frac{p(s,y)}{w/2}", contribution, w * iota)

# %% [markdown]
# The function is the package's `binary_information`; call it $\iota$. It is the distance of one bit
# from the entropy of the belief, $\iota(T)=1-h_2\left(\frac{1-T}{2}\right)$, and so **the information
# is the mean of $\iota(T)$**: $I(S;Y)=\sum_y w_y\,\iota(T_y)$. The package writes it with
# $\operatorname{artanh}$, because one less an entropy close to one loses its digits at small $T$.

# %%
same(iota, 1 - read(entropy, (1 - T) / 2))
named(r"1-h_2\left(\frac{1-T}{2}\right)", 1 - read(entropy, (1 - T) / 2), iota)

# %% [markdown]
# In words: *every channel with a binary input is a mixture of binary symmetric channels.* Seeing $y$ is
# like first learning a number $T$, which says nothing about $S$, and then reading $S$ through a channel
# that flips it with probability $\frac{1-T}{2}$. Advantage and information are averages over the
# mixture. The only question left is what $\mathbb{E}\,\iota(T)$ can be when $\mathbb{E}\,T=t$ is given,
# and that is a question about the shape of $\iota$.
#
# **The shape of $\iota$.** It is 0 at 0 and 1 at 1, increases, and is strictly convex:

# %%
limit(least, t, 1, 1, side="-")
Table(
    ["", "value"],
    [
        ["$\\iota(0)$", same(least.subs(t, 0), 0).rhs],
        ["$\\lim_{t\\to1}\\iota(t)$", sympy.Integer(1)],
        ["$\\iota'(t)$", same(sympy.diff(least, t), sympy.atanh(t) / log(2)).rhs],
        ["$\\iota''(t)$", same(sympy.diff(least, t, 2), 1 / ((1 - t**2) * log(2))).rhs],
    ],
)

# %% [markdown]
# (At $t=1$ the expression with $\operatorname{artanh}$ has no value, and the package returns 1, its limit.)
#
# **The lower bound.** A convex function's mean is at least its value at the mean (Jensen's inequality):
# $I=\mathbb{E}\,\iota(T)\ge\iota(\mathbb{E}\,T)=\iota(t)$. Equality holds if $T$ is constant: a single
# **binary symmetric channel** that flips the secret with probability $\frac{1-t}{2}$. From the
# definition:

# %%
symmetric = [[(1 + t) / 4, (1 - t) / 4], [(1 - t) / 4, (1 + t) / 4]]
named(r"I_{\text{symmetric}}", information(symmetric), least)

# %% [markdown]
# **The upper bound.** A convex function lies below its chord, and the chord from $(0,0)$ to $(1,1)$ is the
# diagonal: $I=\mathbb{E}\,\iota(T)\le\mathbb{E}\,T=t$. Equality holds if $T$ is always 0 or 1: an **erasure
# channel**, which shows the secret with probability $t$ and otherwise a blank. From the definition:

# %%
erasure = [[t / 2, 0, (1 - t) / 2], [0, t / 2, (1 - t) / 2]]
named(r"I_{\text{erasure}}", information(erasure), t)

# %% [markdown]
# **The inverse.** Since $\iota$ increases from 0 to 1, $\iota(t)\le I\le I_0$ says
# $t\le\iota^{-1}(I_0)=1-2h_2^{-1}(1-I_0)$. The symmetric channel with $\iota(t)=I_0$ attains it.
#
# For an attacker the symmetric channel is the best use of few bits, and the erasure channel the worst.
# A tenth of a bit may mean an advantage of 0.37 or of 0.1.
#
# ### Why not Pinsker's inequality
#
# The usual route is $t\le\sqrt{2\ln2\cdot I}$, that is $I\ge\frac{t^2}{2\ln2}$. It is weaker for
# *every* $I>0$: the difference $\Delta(t)=\iota(t)\ln2-\frac{t^2}{2}$ vanishes at 0 together with its
# first derivative, and its second derivative is positive.

# %%
excess = least * log(2) - t**2 / 2
same(excess.subs(t, 0), 0)
named(r"\Delta'(t)", sympy.diff(excess, t), sympy.atanh(t) - t)

# %%
same(sympy.diff(excess, t).subs(t, 0), 0)
named(r"\Delta''(t)", sympy.diff(excess, t, 2), t**2 / (1 - t**2))

# %% [markdown]
# So $\Delta$ is strictly convex with a minimum of 0 at 0. Its power series shows how much is lost; all
# terms are positive, and $\frac{t^{2k}}{2k(2k-1)}$ is the general one, because $t^{2k-1}/(2k-1)$ is
# that of $\operatorname{artanh}t$:

# %%
series = sympy.series(excess, t, 0, 12).removeO()
same(series, sum(t ** (2 * k) / (2 * k * (2 * k - 1)) for k in range(2, 6)))
sympy.Eq(
    sympy.Symbol(r"\Delta(t)"),
    sympy.Add(series, sympy.Order(t**12), evaluate=False),
    evaluate=False,
)

# %% [markdown]
# To leading order at $t=0$ Pinsker is right, and at the other end it is useless, as it allows $t>1$ from
# $I=\frac{1}{2\ln2}\approx0.72$ bits on:

# %%
limit(least / t**2, t, 0, 1 / (2 * log(2)))

# %% [markdown]
# ## Part 2. $K$ equiprobable secrets
#
# **The bound.** Mutual information is a relative entropy: it compares the true joint law $P$ of $(S,Y)$
# with the law $Q$ under which $S$ and $Y$ have the same marginals and are independent. Look at one
# event only, *the guess $\hat s(Y)$ is right*. Under $P$ its probability is $p$. Under $Q$ the guess
# knows nothing of $S$, and its probability is $\frac1K$. To look at one event only cannot increase a
# relative entropy (data processing), so
#
# $$I(S;Y)=D(P\,\|\,Q)\;\ge\;d_2\left(p\,\|\,\tfrac1K\right).$$
#
# This is Fano's inequality. The package's `fano_information` is `divergence` at $r=\frac1K$; written out:

# %%
fano = read(fano_information, p, K)
same(fano, read(divergence, p, 1 / K))
written = log(K) / log(2) - read(entropy, p) - (1 - p) * log(K - 1) / log(2)
named(r"d_2\left(p\,\|\,\frac{1}{K}\right)", fano, written)

# %% [markdown]
# Data processing for one event is the log-sum inequality: over the cells in which the guess is right,
# $\sum P\log\frac PQ\ge\left(\sum P\right)\log\frac{\sum P}{\sum Q}$ by the convexity of $x\log x$, and
# likewise over the others.
#
# **The bound grows with $p$**, so that an upper bound on $I$ is an upper bound on $p$: the derivative
# is 0 at the blind guess $p=\frac1K$ and positive beyond.

# %%
slope = sympy.diff(fano, p)
same(slope.subs(p, 1 / K), 0)
named(r"\frac{\partial}{\partial p}d_2", slope, log(p * (K - 1) / (1 - p)) / log(2))

# %% [markdown]
# **Attained** by the symmetric channel with $K$ answers: the answer is right with probability $p$, and
# otherwise any of the $K-1$ wrong ones alike. All answers are equally likely, so the definition has $K$
# cells of one kind and $K(K-1)$ of another:

# %%
right, wrong = p / K, (1 - p) / (K * (K - 1))
defined = K * right * log(right * K**2, 2) + K * (K - 1) * wrong * log(wrong * K**2, 2)
same(defined, fano)
sympy.Eq(sympy.Symbol("I_{K}"), sympy.Symbol(r"d_2\left(p\,\|\,\frac{1}{K}\right)"), evaluate=False)

# %% [markdown]
# **$K=2$** is part 1, with $p=\frac{1+t}{2}$:

# %%
named(
    r"d_2\left(\frac{1+t}{2}\,\|\,\frac{1}{2}\right)",
    read(fano_information, (1 + t) / 2, 2),
    least,
)

# %% [markdown]
# **Many secrets.** Being right with a fixed probability $p$ takes a share $p$ of the $\log_2K$ bits:

# %%
limit(fano * log(2) / log(K), K, sympy.oo, p)

# %% [markdown]
# ## Part 3. Any prior
#
# Let the secret have the law $\pi$, with largest mass $r$. The argument of part 2 goes through, except
# that under $Q$ the guess is right with probability $\sum_y p(y)\,\pi_{\hat s(y)}=:r'\le r$, which
# depends on the attacker. As long as $r'\le r\le p$, replacing $r'$ by $r$ makes $d_2$ smaller, since
# $d_2(p\,\|\,\cdot)$ decreases up to $p$:

# %%
named(
    r"\frac{\partial}{\partial r}d_2(p\,\|\,r)",
    sympy.diff(read(divergence, p, r), r),
    (r - p) / (r * (1 - r) * log(2)),
)

# %% [markdown]
# so $I(S;Y)\ge d_2(p\,\|\,r)$. The boundary values are limits ($x\log x$ is read as 0 at 0, as in the
# package's `xlogx`): certainty costs $\log_2\frac1r$ bits.

# %%
same(read(xlogx, sympy.Integer(0)), 0)
certain = limit(read(divergence, p, r), p, 1, -log(r) / log(2), side="-").rhs
sympy.Eq(sympy.Symbol(r"\lim_{p\to1}d_2(p\,\|\,r)"), certain, evaluate=False)

# %% [markdown]
# **Not tight.** Take two secrets, the likelier one of prior $r>\frac12$. Let $q_y$ be the belief in it
# after the answer $y$. By the definition $I(S;Y)=\mathbb{E}\,d_2(q_Y\,\|\,r)$, and the attacker, who is
# right with probability $\max(q,1-q)=q+\max(0,1-2q)$, gains $p-r=\mathbb{E}\max(0,1-2q_Y)$ on average,
# because $\mathbb{E}\,q_Y=r$. Only answers with $q<\frac12$ change the guess, and these have a price:
# the least information per unit of success, $\frac{d_2(q\,\|\,r)}{1-2q}$. Its derivative has the sign
# of $\psi(q)=(1-2q)\frac{\partial d_2}{\partial q}+2d_2$, which increases for $q<\frac12$ and vanishes
# at $q=1-r$:

# %%
q = symbols("q", positive=True)
price = read(divergence, q, r)
psi = (1 - 2 * q) * sympy.diff(price, q) + 2 * price
same(sympy.diff(psi, q), (1 - 2 * q) / (q * (1 - q) * log(2)))
same(psi.subs(q, 1 - r), 0)
named(
    r"\min_{q<1/2}\frac{d_2(q\,\|\,r)}{1-2q}",
    price.subs(q, 1 - r) / (2 * r - 1),
    log(r / (1 - r)) / log(2),
)

# %% [markdown]
# Hence also $I(S;Y)\ge(p-r)\log_2\frac{r}{1-r}$. This is linear in $p-r$, whereas $d_2(p\,\|\,r)$
# starts quadratically, so for small gains the bound of part 3 cannot be attained. The table compares,
# at $r=\frac34$, the two bounds with a channel of two answers (the one of a grid that costs least): the
# true least information lies between the larger bound and the channel.

# %%
MP = mp(30)
PRIOR = MP.number("0.75")


def cost(success, belief):
    """I of the channel with two answers, this success, and this belief after the contrary one."""
    contrary = (success - PRIOR) / (1 - 2 * belief)
    other = (PRIOR - contrary * belief) / (1 - contrary)
    return contrary * divergence(MP, belief, PRIOR) + (1 - contrary) * divergence(MP, other, PRIOR)


def cheapest(success):
    """Least cost over a grid of beliefs that keep the other belief below 1."""
    grid = [MP.number(k) / 1000 for k in range(500)]
    return min(
        cost(success, belief)
        for belief in grid
        if (success - PRIOR) * (1 - belief) <= (1 - 2 * belief) / 4
    )


rows = []
for success in map(MP.number, ("0.76", "0.8", "0.85", "0.9", "0.95")):
    bound, channel_cost = divergence(MP, success, PRIOR), cheapest(success)
    line = (success - PRIOR) * MP.log(MP.number(3)) / MP.log(MP.number(2))
    holds(bool(max(bound, line) < channel_cost), "both bounds are valid for the channel")
    rows.append([f"{float(v):.4f}" for v in (success, bound, line, channel_cost)])
Table(
    ["success $p$", "$d_2(p\\,\\|\\,\\frac{3}{4})$", "$(p-\\frac{3}{4})\\log_2 3$", "best channel"],
    rows,
)

# %% [markdown]
# ## The picture
#
# Left: information against advantage for two equiprobable secrets. Every channel lies in the shaded
# region between the symmetric channels (lower edge) and the erasure channels (upper edge); the dots are
# channels with four answers drawn at random from a fixed seed. Pinsker's parabola runs outside the
# region. Right: Fano's bound for several $K$, as the share of $\log_2K$ bits that a success $p$
# requires at least.

# %%
shares = [MP.number(k) / 100 for k in range(101)]
edge = [float(binary_information(MP, share)) for share in shares]
axis = [float(share) for share in shares]
holds(all(a < b for a, b in pairwise(edge)), "the lower edge increases")


def channel(generator):
    """Advantage and information of a random channel with four answers, from the joint law."""
    draws = [[generator.random() ** 3 for _ in range(4)] for _ in range(2)]
    joint = [[MP.number(mass) / (2 * MP.number(sum(row))) for mass in row] for row in draws]
    weights = [a + b for a, b in zip(*joint, strict=True)]
    advantage = sum(abs(a - b) for a, b in zip(*joint, strict=True))
    bits = 1 - sum(mass * entropy(MP, a / mass) for mass, a in zip(weights, joint[0], strict=True))
    return advantage, bits


generator = random.Random(10)
clouds = [channel(generator) for _ in range(150)]
holds(
    all(binary_information(MP, a) <= bits <= a for a, bits in clouds),
    "150 random channels lie between the two edges",
)
figure, (left, right) = picture(2)
left.fill_between(axis, edge, axis, color="0.92")
left.plot(*zip(*[(float(a), float(b)) for a, b in clouds], strict=True), ".", color="0.55", ms=4)
left.plot(axis, axis, "--", color=COLOURS[1], label="erasure channel, $I=t$")
left.plot(axis, edge, color=COLOURS[0], label="symmetric channel, $I=\\iota(t)$")
left.plot(
    axis,
    [a * a / float(2 * log(2)) for a in axis],
    ":",
    color="black",
    label="Pinsker, $t^2/(2\\ln2)$",
)
left.set_xlabel("advantage t")
left.set_ylabel("information in bits")
left.legend(frameon=False, loc="upper left")
for count, dash, colour in ((2, "-", 0), (3, "--", 1), (10, "-.", 2), (1000, ":", 3)):
    grid = [MP.number(1) / count + (1 - MP.number(1) / count) * k / 100 for k in range(101)]
    bits = MP.log(MP.number(count)) / MP.log(MP.number(2))
    right.plot(
        [float(g) for g in grid],
        [float(fano_information(MP, g, count) / bits) for g in grid],
        dash,
        color=COLOURS[colour],
        label=f"K = {count}",
    )
right.set_xlabel("success p, from the blind guess 1/K on")
right.set_ylabel("least information, share of $\\log_2 K$")
right.legend(frameon=False)
figure

# %% [markdown]
# **Status: proved**, tight for equiprobable secrets. The informations of the symmetric channels are
# recomputed from their joint laws with certified balls by `exact.information`, and entropy and
# divergence by `exact.entropy`. *Sources.* $I\le t$: Hellman and Raviv (1970). Part 2: Fano (1961).
# Part 3, data processing of the event of a right guess: Cover and Thomas (2006), chapter 2. Symmetric
# and erasure channels as the two extremes of binary-input channels are classical in information
# combining (Land and Huber, 2006).
