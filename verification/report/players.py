"""What learners and populations are, in a sentence, for a reader who does not know their names."""

from __future__ import annotations

LEARNERS = {
    "extremal": "counts the records with the least noise its promise allows and says only whether "
    "the count is above half: the learner that tells most under such a promise.",
    "noisy-sum": "adds up a score of each record, adds noise, and publishes the sum.",
    "randomised-response": "every record answers for itself, truly or, by chance, at random.",
    "exponential": "picks an answer by chance, one that suits the records with a greater chance.",
    "beta-bernoulli": "estimates a share by drawing it from the posterior distribution.",
    "naive-bayes": "a naive Bayes classifier from noisy counts.",
    "perturbed-statistics": "a linear regression from noisy sums of the records.",
    "logistic-output": "a logistic regression, fitted and then published with noise.",
    "logistic-objective": "a logistic regression, fitted to an objective with noise in it.",
    "dp-sgd": "stochastic gradient descent with clipped gradients and noise in every step; all "
    "steps are published.",
    "dp-sgd-last-iterate": "the same, and only the final model is published.",
}
POPULATIONS = {
    "points": "the secret fixes every record: as different as populations can be.",
    "extremal": "a record shows its population with chance tau and nothing otherwise.",
    "bernoulli": "a record is 1 with chance p0 in one population and p1 in the other.",
    "categorical": "a record has one of several values, with chances tau apart.",
    "swap": "two values of a record exchange their chances.",
    "identities": "a record shows which of several identities it is of with chance tau.",
    "gaussian-signs": "a record is normal and its mean moves with the secret; only its side counts.",
}
