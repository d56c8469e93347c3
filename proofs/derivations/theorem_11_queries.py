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
# # Theorem 11: how much $q$ answers say
#
# **The game.** A record $X$ is drawn from a distribution $D$. It holds a secret part $S$. An attacker
# sees answers $\hat Y$ of a model about the record and guesses $S$. What is known of the model is one
# number, the information of *one* answer, $I=I(X;\hat Y)$ in bits, measured with records drawn from
# $D$.
#
# **The theorem.**
#
# 1. *One answer.* If $\hat Y$ depends on $S$ through $X$ alone, then
#    $I(S;\hat Y)\le\min\left(I(S;X),\,I(X;\hat Y)\right)$.
# 2. *$q$ answers.* Let answer $i$ depend on its query $X_i$ alone, through fresh noise (independent of
#    $S$, of all queries and of the noise of the other answers); let the queries
#    be chosen before the answers are seen; and let each $X_i$ have the law $D$. Then
#    $I(S;\hat Y_1,\dots,\hat Y_q)\le\min\left(H(S),\;q\,I\right)$.
# 3. *Adaptive queries, or queries of another law.* The same with the capacity $\sup_{P_X}I(X;\hat Y)$
#    instead of $I$.
# 4. *Side information* $\varphi$. If $\hat Y$ is independent of $\varphi$ given $X$, then
#    $I(X;\hat Y\mid\varphi)=I(X;\hat Y)-I(\varphi;\hat Y)\le I(X;\hat Y)$.
#
# Together with Theorem 10 each of these bounds how often the guess is right. Every condition is needed:
# the third section breaks them one at a time, in examples small enough to be counted out.

# %%
from itertools import product

import sympy
from sympy import Rational, log, symbols

from mipriv.contexts.mp import mp
from mipriv.formulas.information import binary_information, entropy, xlogx
from mipriv.game import InversionGame
from mipriv.guarantee import Information
from mipriv.loss.information import guess
from proofs.derive import COLOURS, Table, holds, limit, named, picture, read, same

t = symbols("t", positive=True)
half, quarter = Rational(1, 2), Rational(1, 4)


def uniform(outcomes):
    """Joint law of equally likely outcomes, some of which may be the same."""
    listed = list(outcomes)
    return {outcome: Rational(listed.count(outcome), len(listed)) for outcome in listed}


def success(law):
    """Success of the best guess of the first coordinate from all others."""
    best = {}
    for (secret, *seen), mass in law.items():
        best.setdefault(tuple(seen), {})[secret] = mass
    return sum(max(masses.values()) for masses in best.values())


def uncertainty(law, places):
    """Entropy in bits of some coordinates of a joint law {outcome: mass}."""
    masses = {}
    for outcome, mass in law.items():
        seen = tuple(outcome[place] for place in places)
        masses[seen] = masses.get(seen, 0) + mass
    return -sum(read(xlogx, mass) for mass in masses.values()) / log(2)


def mutual(law, left, right, given=()):
    """I(left; right | given) in bits, from the joint law."""
    pairs = (left + given, right + given)
    bits = sum(uncertainty(law, places) for places in pairs)
    bits -= uncertainty(law, left + right + given) + (uncertainty(law, given) if given else 0)
    return sympy.expand(sympy.expand_log(bits, force=True))


# %% [markdown]
# ## 1. One answer: data processing
#
# For any three variables the information of the pair $(S,X)$ about $\hat Y$ can be counted in two
# orders, first $X$ and then $S$, or first $S$ and then $X$ (the chain rule):
#
# $$I(X;\hat Y)+I(S;\hat Y\mid X)\;=\;I(S,X;\hat Y)\;=\;I(S;\hat Y)+I(X;\hat Y\mid S).\qquad(1)$$
#
# It holds cell by cell. With $p_{sxy}$ for the mass of a cell and $p_{xy},p_x,\dots$ for its marginals, the
# logarithms whose means are the two terms on the left add up to the one in the middle:

# %%
sxy, sx, sy, xy, s_, x_, y_ = symbols(
    "p_{sxy} p_{sx} p_{sy} p_{xy} p_{s} p_{x} p_{y}", positive=True
)
pair = log(sxy / (sx * y_))
record_first = log(xy / (x_ * y_)) + log((sxy / x_) / ((sx / x_) * (xy / x_)))
secret_first = log(sy / (s_ * y_)) + log((sxy / s_) / ((sx / s_) * (sy / s_)))
same(secret_first, pair)
same(record_first, pair)

# %% [markdown]
# If the model sees the secret only through the record, then $p_{sxy}=p_{sx}\,p_{xy}/p_x$ and the second
# logarithm on the left is $\log1$:

# %%
conditional = log((sxy / x_) / ((sx / x_) * (xy / x_)))
named(r"\log\frac{p_{sy|x}}{p_{s|x}\,p_{y|x}}", conditional.subs(sxy, sx * xy / x_), 0)

# %% [markdown]
# so $I(S;\hat Y\mid X)=0$, and because $I(X;\hat Y\mid S)\ge0$, (1) gives $I(S;\hat Y)\le I(X;\hat Y)$.
# The other bound, $I(S;\hat Y)\le I(S;X)$, is the same argument from the other end of the chain
# $S\to X\to\hat Y$. Part 4 of the theorem is (1) with $\varphi$ in the place of $S$.
#
# ## 2. $q$ answers
#
# Let all queries $X_1,\dots,X_q$ be fixed beforehand (they may depend on each other and on $S$). As
# answer $i$ depends on $X_i$ and fresh noise only, the uncertainty that remains when the queries are
# known is the sum of the single ones. The uncertainty of all answers is at most the sum of the single
# ones (entropies are differential ones if the answers are continuous). So
#
# $$I(X_1,\dots,X_q;\hat Y_1,\dots,\hat Y_q)\;=\;H(\hat Y_1,\dots,\hat Y_q)-\sum_iH(\hat Y_i\mid X_i)$$
#
# $$\le\;\sum_i\left(H(\hat Y_i)-H(\hat Y_i\mid X_i)\right)\;=\;\sum_iI(X_i;\hat Y_i),$$
#
# and the sum is $q\,I$ if every $X_i$ has the law at which $I$ was measured. With data processing
# $I(S;\hat Y_1,\dots,\hat Y_q)\le q\,I$. And no variable can say more about $S$ than there is to say:
# $H(S)$ is a second bound, which takes over when $q\,I>H(S)$. This is what the package's `guess` uses:
# the smaller of the two, put into Theorem 10.
#
# **An example, counted out.** The record is one fair bit, the secret is that bit, and an answer is the
# bit flipped with probability $\frac{1-t}{2}$, a binary symmetric channel. One answer has $I=\iota(t)$
# bits, the package's `binary_information` (Theorem 10). Two answers about the same record are a case of
# the theorem, with $X_1=X_2$. They agree with probability $\frac{1+t^2}{2}$, and then they are worth
# one answer of advantage $\frac{2t}{1+t^2}$; if they differ, they are worth nothing. From the joint
# law:


# %%
def repeated(advantage, count):
    """Joint law of a fair bit and its `count` noisy copies."""
    chance = {0: (1 + advantage) / 2, 1: (1 - advantage) / 2}
    return {
        (bit, *copies): sympy.prod([chance[bit ^ copy] for copy in copies]) / 2
        for bit in (0, 1)
        for copies in product((0, 1), repeat=count)
    }


once, squared = read(binary_information, t), read(binary_information, t**2)
agreeing = (1 + t**2) / 2 * read(binary_information, 2 * t / (1 + t**2))
same(mutual(repeated(t, 1), (0,), (1,)), once)
same(mutual(repeated(t, 2), (0,), (1, 2)), agreeing)
same(mutual(repeated(t, 2), (1,), (2,)), squared)
same(agreeing, 2 * once - squared)
sympy.Eq(
    sympy.Symbol(r"I(S;\hat{Y}_1,\hat{Y}_2)"),
    sympy.Symbol(r"2\,\iota(t)-\iota(t^{2})"),
    evaluate=False,
)

# %% [markdown]
# The bound $2\,\iota(t)$ is missed by exactly $\iota(t^2)=I(\hat Y_1;\hat Y_2)$, what the second answer
# repeats of the first. For noisy answers this is negligible, and $q\,I$ cannot be improved; for clear
# ones the second answer adds nothing:

# %%
Table(
    ["limit", "value"],
    [
        [
            "$\\frac{2\\,\\iota(t)-\\iota(t^2)}{2\\,\\iota(t)}$ as $t\\to0$",
            limit((2 * once - squared) / (2 * once), t, 0, 1).rhs,
        ],
        [
            "$2\\,\\iota(t)-\\iota(t^2)$ as $t\\to1$",
            limit(2 * once - squared, t, 1, 1, side="-").rhs,
        ],
    ],
)

# %% [markdown]
# The second limit is the deterministic model: asked twice about the same record it says the same again,
# and two answers are worth one. At the other end, as $q\to\infty$ with $0<t<1$ fixed, the majority of
# the answers is right with probability tending to 1 (law of large numbers), so that
# $I(S;\hat Y_1,\dots,\hat Y_q)\to1=H(S)$: **averaging undoes fresh noise**, and a bound on one answer
# alone protects nothing against an attacker who may ask at will.
#
# The table takes $t=\frac12$. The best attacker (Bayes) follows the majority. `guess` is an upper bound
# on its success, attained for one query.

# %%
MP = mp(30)
T = MP.number("0.5")
ONE = binary_information(MP, T)
BITS = "0.188721875540868"  # the information of one answer, rounded up in the last digit
holds(MP.number(BITS) - MP.number("1e-15") < ONE < MP.number(BITS), "the decimal is rounded up")


def majority(count):
    """Exact information and success of `count` answers, by the number of ones among them."""
    up, down = (1 + T) / 2, (1 - T) / 2
    bits, right_often = MP.number(1), MP.number(0)
    for ones in range(count + 1):
        ways = int(sympy.binomial(count, ones))
        cells = [ways * a**ones * b ** (count - ones) / 2 for a, b in ((up, down), (down, up))]
        total = sum(cells)
        bits -= total * entropy(MP, cells[0] / total)
        right_often += max(cells)
    return bits, right_often


rows, curves = [], []
for count in range(1, 17):
    exact_bits, right_often = majority(count)
    allowed = guess(Information(bits=BITS), InversionGame(queries=count), digits=12).success
    top = MP.number(allowed.upper)
    holds(count == 1 or bool(exact_bits < min(1, count * ONE)), "less than q I and H(S)")
    holds(bool(right_often <= top), "no more than Theorem 10 allows")
    curves.append([float(v) for v in (exact_bits, right_often, top)])
    if count in (1, 2, 3, 5, 8, 16):
        figures = (count * ONE, exact_bits, right_often, top)
        rows.append([count, *(f"{float(v):.4f}" for v in figures)])
Table(["$q$", "$q\\,I$", "exact information", "exact success", "allowed by guess"], rows)

# %% [markdown]
# ## 3. Where $q\,I$ fails
#
# **Side information that the model uses.** The record is a fair bit $x$ with a fair label $y$,
# independent of it. The model has memorised the record and answers $\hat Y=x\oplus y$ (their sum modulo
# 2). The answer is independent of $x$, but an attacker who knows the label reads $x$ off it. The
# condition of part 4 is broken: given $x$, the answer still depends on the label.

# %%
memorised = uniform((x, label, x ^ label) for x, label in product((0, 1), repeat=2))
RECORD, LABEL, ANSWER = (0,), (1,), (2,)
same(mutual(memorised, RECORD, ANSWER), 0)
same(mutual(memorised, RECORD, ANSWER, given=LABEL), 1)
same(mutual(memorised, LABEL, ANSWER, given=RECORD), 1)
Table(
    ["", "bits"],
    [
        ["$I(X;\\hat{Y})$, as measured", mutual(memorised, RECORD, ANSWER)],
        [
            "$I(X;\\hat{Y}\\,|\\,y)$, for an attacker who knows $y$",
            mutual(memorised, RECORD, ANSWER, LABEL),
        ],
        ["$I(y;\\hat{Y}\\,|\\,X)$, should be 0", mutual(memorised, LABEL, ANSWER, RECORD)],
        ["$I((X,y);\\hat{Y})$, the right quantity", mutual(memorised, RECORD + LABEL, ANSWER)],
    ],
)

# %% [markdown]
# Theorem 10 at 0 bits would allow a success of $\frac12$; the attacker's is 1. The remedy is to measure
# the information of everything that the model has seen of the record, label included. For a *fixed*
# model that reads $x$ alone, knowing $y$ does no harm.
#
# **Queries of another law, and adaptive ones.** The secret is one of four values, $S\in\{0,1,2,3\}$,
# all equally likely. A query $X=(S,u)$ holds the secret and a threshold $u$; the model answers, without
# noise, whether $S\ge u$. In the distribution $D$ all records have $u=1$. The answer is then 0 with
# probability $\frac14$, and the information of one answer is the entropy of that coin:

# %%
SECRETS = range(4)


def asked(*thresholds):
    """Joint law of the secret and the answers to fixed thresholds."""
    return uniform((s, *(s >= u for u in thresholds)) for s in SECRETS)


searched = uniform((s, s >= 2, s >= (3 if s >= 2 else 1)) for s in SECRETS)
measured = mutual(asked(1), (0,), (1,))
same(measured, read(entropy, quarter))
named("I", measured, 2 - 3 * log(3) / (4 * log(2)))

# %% [markdown]
# An attacker who may set the threshold asks for $u=2$ and receives a whole bit, more than
# $I\approx0.81$. With two answers it can do a binary search, its second threshold depending on the
# first answer: first 2, then 3 or 1. This finds $S$ with certainty, 2 bits, more than $2I\approx1.62$.
# No two thresholds fixed beforehand achieve that.

# %%
pairs = [asked(u, v) for u in range(1, 4) for v in range(u, 4)]
best_fixed = max(pairs, key=lambda law: mutual(law, (0,), (1, 2)).evalf())
same(mutual(best_fixed, (0,), (1, 2)), Rational(3, 2))
same(mutual(asked(2), (0,), (1,)), 1)
same(mutual(searched, (0,), (1, 2)), 2)
holds(bool(2 * measured < 2) and bool(measured < 1), "both exceed what was measured")
allowed = guess(Information(bits="0.811278125"), InversionGame(secrets=4, queries=2), digits=6)
Table(
    ["attacker", "bits", "success"],
    [
        [
            "two queries of the law $D$ (thresholds 1, 1)",
            f"{float(measured):.4f}",
            success(asked(1, 1)),
        ],
        [
            "bound $2I$, valid for that law alone",
            f"{float(2 * measured):.4f}",
            f"{float(allowed.success.upper):.4f}",
        ],
        ["best two fixed thresholds", mutual(best_fixed, (0,), (1, 2)), success(best_fixed)],
        ["binary search", mutual(searched, (0,), (1, 2)), success(searched)],
        ["bound with the capacity, $2\\cdot 1$ bit", 2, 1],
    ],
)

# %% [markdown]
# *Why the capacity repairs it.* Let query $i$ be a function of $S$, of private coins and of the earlier
# answers. By the chain rule
# $I(S;\hat Y_1,\dots,\hat Y_q)=\sum_iI(S;\hat Y_i\mid\hat Y_1,\dots,\hat Y_{i-1})$. In each term the
# uncertainty of $\hat Y_i$ grows if the condition is dropped, and it shrinks to $H(\hat Y_i\mid X_i)$
# if $S$, the past *and $X_i$* are given, since the noise is fresh. So each term is at most
# $I(X_i;\hat Y_i)$, at whatever law $X_i$ has. Adaptivity by itself costs nothing; it only makes the
# law of the queries the attacker's choice, and the capacity is the largest value over all laws. In the
# example it is 1 bit, for a binary answer cannot have more.
#
# **Noise that is not fresh.** Two records are independent fair bits $x_1,x_2$, and the answers are
# $x_i\oplus N$ with *the same* fair bit $N$. Each answer alone says nothing, $q\,I=0$. Together they
# say whether the records are equal. Noise that is drawn once and reused is a one-time pad used twice.

# %%
coins = list(product((0, 1), repeat=3))
lone = uniform((a, a ^ pad) for a, _, pad in coins)
reused = uniform((a ^ b, a ^ pad, b ^ pad) for a, b, pad in coins)
same(mutual(lone, (0,), (1,)), 0)
named(r"I(x_1\oplus x_2;\,\hat{Y}_1,\hat{Y}_2)", mutual(reused, (0,), (1, 2)), 1)

# %% [markdown]
# Noise fixed *per record* is another matter: the same question gets the same answer again and again, so
# that $q$ answers about one record say no more than one. It fails only when it can be subtracted,
# because the attacker can compute it, or when a negligible change of the record draws it afresh.
#
# ## The picture
#
# The binary symmetric channel with $t=\frac12$. Left: the information of $q$ answers, exact, against
# $\min(H(S),q\,I)$. The straight line is a good bound for few answers; the exact curve approaches
# $H(S)$ from below. Right: the success of the best attacker against what `guess` allows. Sixteen
# answers with fresh noise raise the success from 0.75 to 0.98; with noise fixed per record it stays at
# 0.75.

# %%
figure, (left, right) = picture(2)
counts = list(range(1, 17))
left.plot(counts, [count * float(ONE) for count in counts], "--", color="0.55", label="q I")
left.plot(
    counts,
    [min(1.0, count * float(ONE)) for count in counts],
    color=COLOURS[0],
    label="min(H(S), q I)",
)
left.plot(counts, [c[0] for c in curves], "o:", color=COLOURS[1], ms=4, label="exact, fresh noise")
left.plot(
    counts, [float(ONE)] * 16, "s:", color=COLOURS[2], ms=3, label="exact, noise fixed per record"
)
left.set_ylim(0, 1.3)
left.set_xlabel("number of answers q")
left.set_ylabel("information about the secret, bits")
left.legend(frameon=False, loc=(0.36, 0.2))
right.plot(counts, [c[2] for c in curves], color=COLOURS[0], label="allowed by min(H(S), q I)")
right.plot(counts, [c[1] for c in curves], "o:", color=COLOURS[1], ms=4, label="exact, fresh noise")
right.plot(counts, [0.75] * 16, "s:", color=COLOURS[2], ms=3, label="exact, noise fixed per record")
right.set_ylim(0.48, 1.02)
right.set_xlabel("number of answers q")
right.set_ylabel("success of the best attacker")
right.legend(frameon=False, loc="lower right")
figure

# %% [markdown]
# **Status: proved.** The inequalities are textbook information theory, and the examples are counted out
# above from joint laws with the package's `xlogx`; `exact.information` and `exact.entropy` check the
# formulas with certified balls. *Sources.* Data processing and the chain rule: Cover and Thomas (2006),
# chapter 2; memoryless channels with feedback: Shannon (1956). The examples, and the reading for
# answers of a model, are this project's.
