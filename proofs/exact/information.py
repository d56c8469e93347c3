"""Theorem 10: information of channels written out as joint laws."""

from __future__ import annotations

from flint import arb, fmpq

from mipriv.contexts.arb import ARB
from mipriv.formulas.information import (
    binary_information,
    divergence,
    entropy,
    fano_information,
    xlogx,
)
from proofs.check import Check, demand
from proofs.exact.balls import agree, precise

SHARES = (fmpq(1, 1000), fmpq(1, 5), fmpq(1, 2), fmpq(8, 9))
COUNTS = (2, 3, 10)

Joint = list[list[arb]]


def information_of(joint: Joint) -> arb:
    """I(S;Y) in bits: the mean of log2 p(s,y)/(p(s) p(y)) over cells of positive mass."""
    rows = [sum(row, arb(0)) for row in joint]
    columns = [sum(column, arb(0)) for column in zip(*joint, strict=True)]
    total = arb(0)
    for row, mass in zip(joint, rows, strict=True):
        for cell, column in zip(row, columns, strict=True):
            if not cell.is_zero():
                total += cell * (cell / (mass * column)).log()
    return total / arb(2).log()


def symmetric_channel(count: int, success: fmpq) -> Joint:
    """K equiprobable secrets; the answer is right with probability p, else any other alike."""
    right, wrong = arb(success) / count, arb(1 - success) / (count * (count - 1))
    return [[right if y == s else wrong for y in range(count)] for s in range(count)]


@precise
def information_of_symmetric_channels() -> str:
    """The binary one at total variation t, and the K-ary one at success p."""
    for t in SHARES:
        joint = symmetric_channel(2, (1 + t) / 2)
        agree(binary_information(ARB, t), information_of(joint), f"binary_information({t})")
    for count in COUNTS:
        for p in SHARES:
            found = fano_information(ARB, p, count)
            defined = information_of(symmetric_channel(count, p))
            agree(found, defined, f"fano_information({p}, {count})")
    demand(binary_information(ARB, fmpq(0)) == 0, "no advantage takes no information")
    demand(binary_information(ARB, fmpq(1)) == 1, "certainty takes one bit")
    return f"{len(SHARES) * (1 + len(COUNTS))} joint laws"


@precise
def entropies_are_means_of_surprise() -> str:
    """h2, d2 and x log x, outcome by outcome, with 0 log 0 = 0 at the ends."""
    bit = arb(2).log()
    for p in SHARES:
        surprise = -(arb(p) * arb(p).log() + arb(1 - p) * arb(1 - p).log()) / bit
        agree(entropy(ARB, p), surprise, f"entropy({p})")
        agree(xlogx(ARB, p), arb(p) * arb(p).log(), f"xlogx({p})")
        for r in SHARES:
            ratio, other = (arb(p) / arb(r)).log(), (arb(1 - p) / arb(1 - r)).log()
            defined = (arb(p) * ratio + arb(1 - p) * other) / bit
            agree(divergence(ARB, p, r), defined, f"divergence({p}, {r})")
    for r in SHARES:
        agree(divergence(ARB, fmpq(1), r), -arb(r).log() / bit, f"divergence(1, {r})")
        agree(divergence(ARB, fmpq(0), r), -arb(1 - r).log() / bit, f"divergence(0, {r})")
    demand(xlogx(ARB, fmpq(0)) == 0 and entropy(ARB, fmpq(0)) == 0, "0 log 0 is 0")
    return f"{len(SHARES) * (2 + len(SHARES)) + 2 * len(SHARES)} means"


CHECKS = (
    Check(
        "exact.information",
        "the least informations are those of the symmetric channels, from their joint laws",
        information_of_symmetric_channels,
        quick=True,
    ),
    Check(
        "exact.entropy",
        "entropy and binary divergence are means of surprise, ends included",
        entropies_are_means_of_surprise,
        quick=True,
    ),
)
