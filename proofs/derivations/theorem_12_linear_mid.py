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
# # Theorem 12: mutual-information regularisation of a linear model
#
# **The setting.** A record is a pair $(X,y)$; $X$ is Gaussian, and $y$ is a linear function of $X$ plus
# independent noise. The best prediction in the mean square is $m=\mathbb{E}[y\mid X]$, a linear
# function of $X$ and hence Gaussian, with mean $\bar m$ and variance $v>0$. A model answers $\hat Y$,
# computed from $X$ and possibly private coins. Two things are asked of it:
#
# * **utility**: a small excess error $d=\mathbb{E}(y-\hat Y)^2-\mathbb{E}(y-m)^2$;
# * **privacy**: a small *rate* $R=I(X;\hat Y)$, the mutual information of record and answer, here in nats.
#
# Mutual-information regularisation (MID) trains with error plus $\lambda$ times rate. What is the best
# it can do?
#
# **The theorem.**
#
# 1. No answer of excess error $d$, $0<d\le v$, has a rate below $R(d)=\frac12\log\frac vd$.
# 2. The answer $\hat Y=\bar m+c\,(m-\bar m)+N(0,\,c(1-c)v)$ with $c=1-e^{-2R}$ has rate $R$ and error
#    $d=v\,e^{-2R}$, and so attains it.
# 3. Additive noise that nobody rescales, $m+N(0,d)$, has rate $\frac12\log\left(1+\frac vd\right)$,
#    which is more by $\frac12\log\left(1+\frac dv\right)$.
# 4. But the optimal answer **is** additive noise followed by optimal shrinkage. An attacker who
#    rescales sees no difference between the two.
# 5. Without released noise, $R=\infty$, however small $c$ is.
#
# Nothing changes if a constant is added to $m$ and $\hat Y$ together, so from here on $\bar m=0$.

# %%
import sympy
from flint import fmpq
from sympy import Rational, exp, log, oo, pi, sqrt, symbols

from mipriv.contexts.mp import mp
from mipriv.formulas.mid import mid_distortion, mid_gain, mid_rate, noise_rate
from proofs.derive import COLOURS, Table, holds, limit, named, picture, read, same

v, d, z, w, R, lam = symbols("v d z w R lambda", positive=True)
c = symbols("c", positive=True)
u = symbols("u", real=True)
half = Rational(1, 2)

# %% [markdown]
# ## Step 1. Error and information of an answer
#
# **Error.** Write $y-\hat Y=(y-m)+(m-\hat Y)$. Given $X$, the first part has mean zero and is
# independent of the answer, which sees $X$ alone. So the mixed term vanishes, and the excess error is
# $d=\mathbb{E}(m-\hat Y)^2$. Only $m$ matters, not the other directions of $X$.
#
# **Information.** $I(X;\hat Y)\ge I(m;\hat Y)$ since $m$ is a function of $X$ (data processing, Theorem
# 11), with equality if the answer is computed from $m$ and coins.
#
# **Entropy of a Gaussian.** The differential entropy of a variable with density $f$ is
# $h=-\int f\log f$. For a Gaussian of variance $z$, by integration:

# %%
density = exp(-(u**2) / (2 * z)) / sqrt(2 * pi * z)
entropy = sympy.integrate(density * (log(2 * pi * z) / 2 + u**2 / (2 * z)), (u, -oo, oo))
same(log(density), -(log(2 * pi * z) / 2 + u**2 / (2 * z)))
named(r"h\left(N(0,z)\right){}", entropy, log(2 * pi * sympy.E * z) / 2)

# %% [markdown]
# Of all laws with the same second moment it has the largest entropy: the mean of $-\log f$ under any
# law $g$ of second moment $z$ is the same number, $\frac12\log(2\pi z)+\frac{\mathbb{E}u^2}{2z}$, and
# exceeds $h(g)$ by the relative entropy of $g$ and $f$, which is not negative.
#
# ## Step 2. No answer does better (converse)
#
# Let $\hat Y$ be *any* answer of excess error $d$, linear or not. (If its information is infinite there is
# nothing to show.) Then
#
# $$I(m;\hat Y)\;=\;h(m)-h(m\mid\hat Y)\;=\;h(m)-h(m-\hat Y\mid\hat Y)$$
#
# $$\ge\;h(m)-h(m-\hat Y)\;\ge\;\tfrac12\log(2\pi ev)-\tfrac12\log(2\pi ed).$$
#
# The first equality is the definition of mutual information. The second shifts $m$ by a number that is
# known given $\hat Y$. Then a condition is dropped, which cannot lower the entropy. Last, $m-\hat Y$
# has second moment $d$, so its entropy is at most the Gaussian one. The right side is the package's
# `mid_rate`:

# %%
gaussian = log(2 * pi * sympy.E * z) / 2
rate = read(mid_rate, v, d)
named("R(d)", gaussian.subs(z, v) - gaussian.subs(z, d), rate)

# %% [markdown]
# For $d\ge v$ nothing needs to be said: the constant answer $\bar m$ has error $v$ and rate 0.
#
# ## Step 3. The best linear release
#
# Take $\hat Y=c\,m+N(0,z)$ with noise independent of $X$. Its variance is $c^2v+z$; given $X$ it is
# $z$. So its rate is a difference of two Gaussian entropies, and its error follows from
# $m-\hat Y=(1-c)m-N(0,z)$:

# %%
linear_rate = log(1 + c**2 * v / z) / 2
error = (1 - c) ** 2 * v + z
named(r"I(X;\hat{Y})", gaussian.subs(z, c**2 * v + z) - gaussian, linear_rate)

# %% [markdown]
# Fix the error $d$. The noise is then $z=d-(1-c)^2v$, and the rate is a function of $c$ alone, to be
# made small. As the logarithm increases, this is to minimise the ratio of signal to noise,
# $\frac{c^2v}{d-(1-c)^2v}$. Its derivative has one zero with $c>0$:

# %%
ratio = c**2 * v / (d - (1 - c) ** 2 * v)
zeros = sympy.solve(sympy.numer(sympy.together(sympy.diff(ratio, c))), c)
holds(len(zeros) == 1, "the derivative of the ratio has one zero with $c>0$")
named("c", zeros[0], 1 - d / v)

# %% [markdown]
# It is the minimum: with $a=\frac dv$ and $c=1-a+s$, the ratio exceeds the one at $s=0$ by a positive
# multiple of $s^2$. (The denominator is the noise $z/v$, which must be positive.)

# %%
a, s = symbols("a s", real=True)
shifted = ratio.subs({d: a * v, c: 1 - a + s})
noise_share = a - (a - s) ** 2
named(r"\frac{c^2v}{z}-\frac{1-a}{a}", shifted - (1 - a) / a, s**2 / (a * noise_share))

# %% [markdown]
# So the best gain is $c=1-\frac dv$. The noise that goes with it is $z=c(1-c)v$, the error is
# $d=(1-c)v$, and the rate is $\frac12\log\frac vd$: the lower bound of step 2 is attained.

# %%
noise = c * (1 - c) * v
same(error.subs(z, noise), (1 - c) * v)
same(ratio.subs(c, 1 - d / v), (v - d) / d)
best = linear_rate.subs(z, noise).subs(c, 1 - d / v)
named(r"I(X;\hat{Y})\big|_{c=1-d/v}", best, rate)

# %% [markdown]
# Solved for the rate: $d=v\,e^{-2R}$ is the package's `mid_distortion`, and $c=1-e^{-2R}$ its `mid_gain`.

# %%
distortion, gain = read(mid_distortion, v, R), read(mid_gain, R)
same(rate.subs(d, distortion), R)
same(gain, 1 - distortion / v)
same(error.subs(z, noise).subs(c, gain), distortion)
named("d(R)", distortion, v * exp(-2 * R))

# %%
named("c(R)", gain, 1 - exp(-2 * R))

# %% [markdown]
# **What $\lambda$ does.** MID minimises $d+\lambda R$. Along the optimal curve this is
# $v\,e^{-2R}+\lambda R$, a convex function of $R$, least where $d=\frac\lambda2$. So $\lambda$ is twice
# the error that the best answer will have. From $\lambda=2v$ on, the best answer is the constant.

# %%
objective = distortion + lam * R
optimum = sympy.solve(sympy.diff(objective, R), R)[0]
same(sympy.diff(objective, R, 2), 4 * distortion)
same(distortion.subs(R, optimum), lam / 2)
named(r"c(\lambda)", gain.subs(R, optimum), 1 - lam / (2 * v))

# %% [markdown]
# ## Step 4. Against additive noise
#
# The plain alternative releases $m+N(0,d)$: gain 1, error $d$. Its rate is the package's `noise_rate`,
# step 3's rate at $c=1$:

# %%
plain = read(noise_rate, v, d)
named("R_{\\text{noise}}(d)", linear_rate.subs({c: 1, z: d}), plain)

# %% [markdown]
# It exceeds the optimum by

# %%
gap = log(1 + d / v) / 2
named(r"R_{\text{noise}}(d)-R(d)", plain - rate, gap)

# %% [markdown]
# which is positive for $0<d\le v$. It vanishes for accurate answers and is largest at $d=v$. There MID
# answers with a constant and says nothing, while the noisy answer still carries $\frac12\log2$ nats,
# half a bit:

# %%
limit(plain / rate, d, 0, 1)
limit(gap, d, 0, 0)

# %%
named(r"(R_{\text{noise}}-R)\big|_{d=v}", gap.subs(d, v), log(2) / 2)

# %% [markdown]
# ## Step 5. The two are the same channel
#
# Pull the gain out of the optimal answer:
#
# $$c\,m+N\left(0,\,c(1-c)v\right)\;=\;c\,\left(m+N\left(0,\,w\right)\right),\qquad
#   w=\frac{(1-c)\,v}{c}.$$
#
# So it is the answer with additive noise of variance $w$, multiplied by $c$. And $c$ is exactly the
# factor that a user of the noisy answer would apply to estimate $m$ in the mean square,
# $\frac{\operatorname{Cov}}{\operatorname{Var}}=\frac{v}{v+w}$:

# %%
width = (1 - c) * v / c
same(c**2 * width, noise)
named(r"\frac{v}{v+w}", v / (v + width), c)

# %% [markdown]
# The rate of the noisy answer is that of MID, because multiplying an answer by a known number other
# than 0 neither adds nor removes information. The error left after shrinking, $\frac{vw}{v+w}$, is that
# of MID as well:

# %%
noisy_rate = read(noise_rate, v, w).subs(w, width)
same(noisy_rate, linear_rate.subs(z, noise))
same(noisy_rate.subs(c, gain), R)
scale = symbols("k", positive=True)
same(linear_rate.subs({c: scale * c, z: scale**2 * noise}), linear_rate.subs(z, noise))
named(r"\frac{vw}{v+w}", v * width / (v + width), (1 - c) * v)

# %% [markdown]
# **What this means.** MID beats additive noise only for a user who takes the noisy answer at face
# value. A user who rescales gets MID's error from the noisy answer. An *attacker* who rescales,
# dividing MID's answer by $c$, gets the noisy answer: everything that it can infer from the one it can
# infer from the other, at the same $R$ and the same useful error. A fair comparison of MID with output
# noise must therefore draw "noise with optimal shrinkage" as a third curve, and that curve coincides
# with MID's.
#
# The squared correlation of answer and prediction, which no rescaling changes, is $c$ for both:

# %%
named(r"\operatorname{corr}^{2}(m,\hat{Y})", (c * v) ** 2 / (v * (c**2 * v + noise)), c)

# %% [markdown]
# ## Step 6. Shrinkage without noise hides nothing
#
# Minimising a *smoothed* estimate of the information during training shrinks the weights but releases
# $\hat Y=c\,m$ without noise. Its rate is infinite for every $c\ne0$, and an attacker who divides by
# $c$ has $m$ itself:

# %%
limit(linear_rate, z, 0, oo)

# %% [markdown]
# What protects is the noise that is released, not the shrinkage.
#
# ## Limits
#
# *No information*, $R\to0$: the answer becomes the constant, the error $v$. *Much information*,
# $R\to\infty$: the answer becomes $m$, and each further nat divides the error by $e^2$ (each bit by 4).

# %%
share = same(distortion.subs(R, R + log(2)) / distortion, Rational(1, 4)).rhs
Table(
    ["", "R → 0", "R → ∞"],
    [
        ["error $d$", limit(distortion, R, 0, v).rhs, limit(distortion, R, oo, 0, "-").rhs],
        ["gain $c$", limit(gain, R, 0, 0).rhs, limit(gain, R, oo, 1, "-").rhs],
        ["error after one more bit, $\\frac{d(R+\\log2)}{d(R)}$", share, share],
    ],
)

# %% [markdown]
# ## The picture
#
# Left: rate against excess error (as a share of $v$). The dashed curve is additive noise taken at face
# value; rescaled optimally, the same noisy answers become the circles, on MID's curve. Arrows join an
# answer with its rescaled form: the rate stays, the error falls. The grey dots are linear releases with
# other gains; none is below the curve. Right: the gain $c$ and the noise variance of the optimal
# answer. The noise is largest at $c=\frac12$ and vanishes towards *both* ends: an answer that says
# little needs little noise, because it is scaled down.

# %%
MP = mp(30)
ONE = MP.number(1)
figure, (left, right) = picture(2)
shares = [MP.number(k) / 200 for k in range(2, 201)]
axis = [float(share) for share in shares]
left.plot(
    axis, [float(mid_rate(MP, ONE, s)) for s in shares], color=COLOURS[0], label="MID, optimal"
)
wide = [MP.number(k) / 100 for k in range(2, 161)]
left.plot(
    [float(s) for s in wide],
    [float(noise_rate(MP, ONE, s)) for s in wide],
    "--",
    color=COLOURS[1],
    label="additive noise",
)
dots = []
for tenth in range(1, 15):
    for power in range(1, 9):
        factor, spread = fmpq(tenth, 10), fmpq(power, 16)
        lost, signal = (1 - factor) ** 2 + spread, 1 + factor**2 / spread
        holds(bool(lost > 1 or signal >= 1 / lost), "none is below: compared without logarithms")
        dots.append((float(lost), float(MP.log(MP.number(signal)) / 2)))
left.plot(*zip(*dots, strict=True), ".", color="0.65", ms=3, label="other gains")
for variance in (MP.number("0.1"), MP.number("0.3"), ONE, MP.number("1.5")):
    told, shrunk = noise_rate(MP, ONE, variance), variance / (1 + variance)
    left.annotate(
        "",
        xy=(float(shrunk), float(told)),
        xytext=(float(variance), float(told)),
        arrowprops={"arrowstyle": "->", "color": "0.3"},
    )
    left.plot(
        float(shrunk), float(told), "o", color=COLOURS[2], label="noise, rescaled" * (variance == 1)
    )
left.set_xlim(0, 1.6)
left.set_ylim(0, 1.9)
left.set_xlabel("excess error d / v")
left.set_ylabel("information I(X;Ŷ) in nats")
left.legend(frameon=False)
rates = [MP.number(k) / 50 for k in range(126)]
gains = [mid_gain(MP, rate) for rate in rates]
bits = [float(rate) for rate in rates]
right.plot(bits, [float(g) for g in gains], color=COLOURS[0], label="gain c")
right.plot(
    bits, [float(g * (1 - g)) for g in gains], "--", color=COLOURS[1], label="noise variance / v"
)
right.plot(
    bits,
    [float(mid_distortion(MP, ONE, rate)) for rate in rates],
    ":",
    color="black",
    label="d / v",
)
right.set_xlabel("rate R in nats")
right.legend(frameon=False)
figure

# %%
rows = []
for bits in (Rational(1, 10), Rational(1, 2), Rational(1), Rational(2)):
    nats = MP.number(bits.p) / bits.q * MP.log(MP.number(2))
    error_mid, factor = mid_distortion(MP, ONE, nats), mid_gain(MP, nats)
    raw = (1 - factor) / factor
    rows.append(
        [
            bits,
            *(f"{float(value):.4f}" for value in (factor, factor * (1 - factor), error_mid, raw)),
        ]
    )
Table(["bits", "$c$", "noise / $v$", "MID: $d/v$", "same rate by raw noise: $d/v$"], rows)

# %% [markdown]
# **Status: proved** for Gaussian $X$ and linear $y$. The identities are checked with certified balls,
# and the optimum against a grid of other gains, by `exact.linear-mid` and `exact.linear-mid-optimal`.
# *Sources.* The Gaussian rate-distortion function: Shannon (1959); Cover and Thomas (2006), chapter 10.
# MID: Wang, Zhang and Jia (2021), whose linear instance is reconstructed here; the comparison with
# shrunk additive noise is this project's.
