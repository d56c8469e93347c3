"""What the words on the study's page mean."""

from __future__ import annotations

NAMES = {
    "MID": "the poster's defence: training at a price lam on the information that an answer carries of "
    "the input; lam = 0 is no defence.",
    "noisy, deterministic": "MID on a regression releases its answer with the noise that the theory "
    "asks for, or, deterministic, only shrinks it. MID on a network releases the answer from a noisy "
    "code.",
    "fresh, per-input": "noise drawn anew at each question, or fixed for each input by a secret key, so "
    "that the same question has the same answer. MID on a network is per-input where nothing is said.",
    "secret only": "the price is on what the answer tells of the secret alone.",
    "output noise; shrunk": "normal noise on the answers; shrunk, they are scaled down first, as MID "
    "does.",
    "ridge, early stop": "training that is shrunk, or stopped early.",
    "drop sensitive": "the model is trained without the secret.",
    "flipped label": "the label is told, but now and then another in its place.",
    "top k, label only, rounding, purification": "answers cut to the k largest numbers, to the label, "
    "to a grid, or passed through a network that removes what is unusual.",
    "ID3, Priority, shallow ID3": "decision trees: the plain one, one that splits on the secret at a "
    "chosen depth, and one of little depth.",
    "coin": "no defence and a constant answer, one or the other at random: what anyone can have.",
    "clipped update, DP update": "a step of training whose gradient is cut to a length; and with noise.",
    "epsilon": "of differential privacy of the training (or of the update), at the delta that its report "
    "states; above 10 or so it promises next to nothing, though the noise may still help.",
    "side none, side rest; label": "what the attacker knows besides the answer: nothing, or all "
    "attributes but the secret; and whether he knows the true label.",
    "1 answer, 8 answers, near questions": "how often he asks: the same question again, or questions "
    "beside it, which escape noise that is fixed for each input.",
    "white box": "the attacker sees what the model computes before its noise.",
    "warfarin; VKORC1, CYP2C9": "simulated patients of a public dosing model; one of two genes is "
    "secret.",
    "gaussian, rule, factors, waves": "simulated normal records, discrete records with a rule, vectors "
    "of many identities, images of smooth waves.",
    "diabetes, steak, adult, digits, MNIST": "real records: scikit-learn's patients, a survey of "
    "eaters, a census, images of digits.",
    "kind of reading": "how the information was computed or estimated: only readings of one kind can be "
    "ranked.",
    "loss, learner, n (of the first claims)": "how well training by a learner of so much DP on n records "
    "tells two populations apart: 0, not at all; 1, for certain.",
}
