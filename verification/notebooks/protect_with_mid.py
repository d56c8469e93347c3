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
# # Protect a regression, a tree and a network with MID in ten lines each
#
# A model that answers questions tells something about the records it is asked about. MID
# (mutual-information regularisation, Wang, Zhang, Jia 2021) trains it to tell less: it minimises the
# loss plus $\lambda\,I(X;\hat Y)$, the mutual information of question and answer in nats. The three
# learners here follow scikit-learn's conventions: `lam` is $\lambda$, `predict` is the protected
# release, and `information_` is what is known of $I(X;\hat Y)$ afterwards.
#
# Two things to keep in mind all along:
#
# * MID is about the **answers**. It promises nothing about what the published model itself tells of its
#   training data; that is what differential privacy is for.
# * A number called *information* is worth what an attacker can make of it. So every example ends with
#   the success of the best attacker, or with what no attacker can exceed.

# %%
import numpy as np

rng = np.random.default_rng(0)

# %% [markdown]
# ## A regression
#
# Four correlated attributes; the sign of the first is secret. The attacker sees the answer alone.

# %%
from flint import fmpq
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mipriv.attack.bayes.inversion.linear import LinearInversion
from mipriv.learn import MIDLinearRegression
from mipriv.populations.joint import equicorrelated

people = equicorrelated(dimension=4, correlation="0.25")
X, y = people.sample(2000, rng)


def best_attack(model: MIDLinearRegression) -> float:
    """Success of the best attacker at the sign of the first attribute."""
    game = LinearInversion(
        joint=people,
        sensitive=0,
        coefficients=tuple(fmpq(*float(c).as_integer_ratio()) for c in model.coef_),
        variance=fmpq(*float(model.noise_variance_).as_integer_ratio()),
    )
    return float(game.success())


rows = []
for lam in (0.0, 1.0, 5.0, 10.0):
    model = MIDLinearRegression(lam=lam, random_state=0).fit(X, y)
    error = float(np.mean((y - model.predict(X)) ** 2))
    rows.append((lam, error, model.information_.value, best_attack(model)))
for lam, error, nats, success in rows:
    print(f"lam {lam:4}: squared error {error:5.2f}, I {nats:5.2f} nats, best attack {success:.3f}")

# %% [markdown]
# The information falls as $\tfrac12\log(2v/\lambda)$, and the attack with it: down to the coin's one half
# when $\lambda\ge 2v$ and nothing is told at all. This is the best release at its rate, and it is also
# additive noise followed by optimal shrinkage: an attacker who rescales sees no difference.
#
# A shrunk regression *without* noise looks the same to a careless attacker and is worth nothing: the
# one who rescales undoes it.

# %%
quiet = MIDLinearRegression(lam=10.0, release="deterministic", random_state=0).fit(X, y)
undefended = MIDLinearRegression(lam=0.0, release="deterministic", random_state=0).fit(X, y)
print(f"shrunk, no noise: {best_attack(quiet):.6f}; undefended: {best_attack(undefended):.6f}")
assert abs(best_attack(quiet) - best_attack(undefended)) < 1e-12  # one channel, up to roundoff
assert rows[0][3] > rows[1][3] > rows[2][3] > rows[3][3] > 0.5

# %% [markdown]
# It is an estimator like any other, in a pipeline and in a search over $\lambda$.

# %%
pipeline = make_pipeline(StandardScaler(), MIDLinearRegression(random_state=0))
search = GridSearchCV(pipeline, {"midlinearregression__lam": [0.01, 0.1, 1.0]}, cv=3).fit(X, y)
print(search.best_params_, f"R^2 {search.best_score_:.3f}")

# %% [markdown]
# ## A decision tree
#
# Six attributes; the first is secret. The tree answers with a leaf's class shares, so that
# $I(X;\hat Y)\le H(\text{leaf})$, and the growing tree pays $\lambda$ for each nat of a split. All records
# can be enumerated, so that the best attack is an exact fraction.

# %%
from mipriv.attack.bayes.inversion.answers import Deterministic
from mipriv.attack.bayes.inversion.discrete import DiscreteInversion
from mipriv.learn import MIDTreeClassifier
from mipriv.populations.joint import noisy_rule

law = noisy_rule(arities=(2, 2, 3, 2, 2, 3), correlation="0.3", noise="0.2", seed=1)
X, y = law.sample(2000, rng)
game = DiscreteInversion(joint=law, sensitive=0)
tree_rows = []
for lam in (0.0, 0.02, 0.1, 1.0):
    tree = MIDTreeClassifier(lam=lam, categorical="all").fit(X, y)
    success = game.success(Deterministic.of(tree.answer(law.cells())))
    tree_rows.append((lam, tree.get_n_leaves(), tree.score(X, y), tree.information_.value, success))
for lam, leaves, accuracy, nats, success in tree_rows:
    print(
        f"lam {lam:4}: {leaves:3} leaves, accuracy {accuracy:.3f}, I {nats:.2f} nats, "
        f"best attack {float(success.p) / float(success.q):.4f} (without a model {game.base()})"
    )

# %% [markdown]
# Look at $\lambda=0.02$: a nat less of information, half of the leaves, the same accuracy, and the best
# attack is **stronger** than without MID. The penalty does not know which attribute is secret: it prefers
# attributes of few values, and the secret is one. So look at what the leaves tell of each, and price
# the secret alone if that is what matters. The tree prints itself with both.

# %%
careful = MIDTreeClassifier(lam=0.3, sensitive=[0], categorical="all", max_depth=2).fit(X, y)
print(careful.export_text(feature_names=["secret", "a", "b", "c", "d", "e"]))
assert tree_rows[1][3] < tree_rows[0][3]  # less information,
assert tree_rows[1][4] > tree_rows[0][4]  # and a better attack
assert tree_rows[-1][1] == 1
assert tree_rows[-1][4] == game.base()

# %% [markdown]
# ## A network
#
# Handwritten digits: the network tells whether a digit is five or more, and which digit it is is the
# secret. A noisy code $z$ stands between the image and the answer, and training pays for
# $\mathrm{KL}(q(z|x)\,\|\,N(0,I))$, an upper bound of the information, which is loose.

# %%
from sklearn.datasets import load_digits

from mipriv.attack.inversion.discriminant import Discriminant
from mipriv.attack.inversion.levels import Adversary, Prepared
from mipriv.attack.inversion.protocol import Observation
from mipriv.learn import VIBClassifier

images, digits = load_digits(return_X_y=True)
order = rng.permutation(len(digits))
images, digits = images[order] / 16, digits[order]
train, auxiliary, test = slice(0, 800), slice(800, 1300), slice(1300, None)
net_rows = []
for lam in (0.001, 0.3, 3.0):
    net = VIBClassifier(lam=lam, epochs=30, random_state=0).fit(images[train], digits[train] >= 5)

    def seen(part: slice, net: VIBClassifier = net) -> Observation:
        answers = net.answer(images[part])[:, None, :]
        return Observation(answers=answers, side=np.empty((len(answers), 0)))

    attacker = Prepared.of([Adversary(attack=Discriminant())], seen(auxiliary), digits[auxiliary])
    found = attacker.count(seen(test), digits[test]).strongest
    accuracy = net.score(images[test], digits[test] >= 5)
    net_rows.append((lam, accuracy, net.information_.value, found.hits / found.trials))
for lam, accuracy, nats, success in net_rows:
    print(f"lam {lam:5}: accuracy {accuracy:.3f}, KL {nats:5.2f} nats, attack {success:.3f}")

# %% [markdown]
# Who sees only the label of such a model guesses one digit in five. The label alone, rounding and a
# little noise are the defences to beat: see the campaign `mid-vib`, where each is drawn beside MID,
# with averaging attackers and one who sees inside.
#
# **Where to go from here.** `python -m verification run mid-linear --out DIR` plays all of this against
# every baseline, with the line that no attacker can cross; `python -m verification report DIR` draws it.
