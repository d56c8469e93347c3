"""K secrets at delta = 0: each line through the trade-off curve bounds the error; the best line."""

from __future__ import annotations

from typing import Any

from mipriv.formulas.secrets import secrets, secrets_complement
from mipriv.formulas.worst_case import worst_case
from proofs.check import Check
from proofs.smt.context import Reals, size, solver
from proofs.smt.group import chance, reach
from proofs.smt.lemmas import AT_LEAST_ONE
from proofs.smt.prover import Proof


def line() -> str:
    """On a path of j and then l neighbours, E^j Pr_0[event] + E^l Pr_n[no event] >= 1."""
    z3, k, proof = solver(), Reals(), Proof()
    j, rest = size("j"), size("l")
    first, middle, last = z3.Reals("first middle last")
    known = [k.q > 1, *(proof.use(AT_LEAST_ONE, part, k) for part in (j, rest))]
    path = [
        *chance(first, middle, last),
        middle <= reach(k, k.epsilon, z3.RealVal(0), j, first),
        1 - middle <= reach(k, k.epsilon, z3.RealVal(0), rest, 1 - last),
    ]
    total = k.exp(j * k.epsilon) * first + k.exp(rest * k.epsilon) * (1 - last)
    proof.show("line", [*known, *path], total >= 1)
    proof.refute("strict", [*known, *path], total > 1)
    proof.refute("half a path", [*known, *path[:-1]], total >= 1)
    shorter = k.exp(j * k.epsilon) * first + k.exp((rest - 1) * k.epsilon) * (1 - last)
    proof.refute("one record fewer", [*known, *path], shorter >= 1)
    return proof.report()


def error_of_guess() -> str:
    """Averaged over the K (K-1) ordered pairs, the line is a bound on the mean error.

    x is the sum over pairs (i, k) of Pr_i[guess k], y that of Pr_k[guess is not k].  With e_i the
    error at secret i, i adds e_i to x, for the guesses other than i, and (K-1) e_i to y, for the
    pairs in which it comes second; the lines of all pairs add up to E^j x + E^(n-j) y >= K (K-1).
    """
    z3, k, proof = solver(), Reals(), Proof()
    j, rest = size("j"), size("l")
    n = j + rest
    count, pairs, x, y, errors, one, other = z3.Reals("K pairs x y errors one other")
    lift, fall = k.exp(j * k.epsilon), k.exp(rest * k.epsilon)
    known = [*(proof.use(AT_LEAST_ONE, part, k) for part in (j, rest)), count >= 2]

    proof.show("no pair", known, lift * 0 + fall * 0 >= 0)
    so_far = [*known, lift * x + fall * y >= pairs, lift * one + fall * other >= 1]
    proof.show("a pair more", so_far, lift * (x + one) + fall * (y + other) >= pairs + 1)
    counted = [*known, x == errors, y == (count - 1) * errors]
    with_one = z3.And(
        x + one == errors + one, y + (count - 1) * one == (count - 1) * (errors + one)
    )
    proof.show("a secret more", counted, with_one)

    total = [*counted, lift * x + fall * y >= count * (count - 1)]
    mean = errors / count
    least = secrets_complement(k, k.epsilon, 0, n, count, j)
    proof.show("mean error", total, mean >= least)
    proof.show("success", total, 1 - mean <= secrets(k, k.epsilon, 0, n, count, j))
    proof.refute("strict", total, mean > least)
    proof.refute("K for K - 1", total, mean >= secrets_complement(k, k.epsilon, 0, n, count + 1, j))
    proof.refute(
        "the line of j + 1", total, mean >= secrets_complement(k, k.epsilon, 0, n, count, j + 1)
    )
    return proof.report()


def best_line() -> str:
    """The bound at j is the least of all j iff E^(2j-1-n) <= K - 1 <= E^(2j+1-n).

    Compared with its two neighbours here; the bound rises to a peak in j and then falls, so what
    beats its neighbours beats all.
    """
    z3, k, proof = solver(), Reals(), Proof()
    n, j, count = size("n"), size("j"), z3.Real("K")

    def error(line: Any) -> Any:
        return secrets_complement(k, k.epsilon, 0, n, count, line)

    def power(exponent: Any) -> Any:
        return k.exp(exponent * k.epsilon)

    known = [*(proof.use(AT_LEAST_ONE, part, k) for part in (n, j)), count >= 2]
    upward = (error(j + 1) <= error(j)) == (count - 1 <= power(2 * j + 1 - n))
    downward = (error(j - 1) <= error(j)) == (power(2 * j - 1 - n) <= count - 1)
    proof.show("against j + 1", known, upward)
    proof.show("against j - 1", known, downward)
    proof.show("falling goes on", [*known, error(j + 1) <= error(j)], error(j + 2) <= error(j + 1))
    proof.show("rising before", [*known, error(j - 1) <= error(j)], error(j - 2) <= error(j - 1))
    shifted = (error(j + 1) <= error(j)) == (count - 1 <= power(2 * j - n))
    proof.refute("threshold one lower", known, shifted)
    proof.refute(
        "K for K - 1", known, (error(j + 1) <= error(j)) == (count <= power(2 * j + 1 - n))
    )
    proof.refute("rising goes on", [*known, error(j) <= error(j + 1)], error(j + 1) <= error(j + 2))
    return proof.report()


def two_secrets() -> str:
    """At K = 2 the best line gives the success (1 + TV*)/2."""
    k, proof, m = Reals(), Proof(), size("m")
    known = [k.q > 1, proof.use(AT_LEAST_ONE, m, k)]
    nothing = solver().RealVal(0)
    for name, n, j in (("even", 2 * m, m), ("odd", 2 * m + 1, m), ("odd, above", 2 * m + 1, m + 1)):
        success = secrets(k, k.epsilon, 0, n, 2, j)
        loss = worst_case(k, k.epsilon, nothing, n)
        proof.show(name, known, success == (1 + loss) / 2)
        proof.refute(f"{name}: three", known, secrets(k, k.epsilon, 0, n, 3, j) == (1 + loss) / 2)
        off = secrets(k, k.epsilon, 0, n, 2, j + 2) == (1 + loss) / 2
        proof.refute(f"{name}: another line", known, off)
    return proof.report()


CHECKS: tuple[Check, ...] = (
    Check(
        "smt.secrets-line",
        "E^j Pr_0[event] + E^(n-j) Pr_n[no event] >= 1 on every path of n neighbours, for every j",
        line,
        quick=True,
    ),
    Check(
        "smt.secrets-bound",
        "The mean error of a guess among K secrets is at least (K-1)/(E^j + (K-1) E^(n-j))",
        error_of_guess,
        quick=True,
    ),
    Check(
        "smt.secrets-best",
        "Line j is the best iff E^(2j-1-n) <= K - 1 <= E^(2j+1-n)",
        best_line,
        quick=True,
    ),
    Check(
        "smt.secrets-two",
        "At K = 2 the bound for K secrets is (1 + TV*)/2, for every n",
        two_secrets,
        quick=True,
    ),
)
