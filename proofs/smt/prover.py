"""What a proof is to z3, and what a wrong proof must do: fail, with numbers that show it.

A claim is shown when its negation has no model.  Two guards go with it: what is assumed must have a
model (a proof from a contradiction shows nothing), and each proof carries wrong variants of itself,
which must have a model that plain fractions, not the solver, confirm.  The solver's effort is
limited by its own count of steps, which does not depend on the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from proofs.check import demand
from proofs.smt.context import Reals, Size, solver
from proofs.smt.lemmas import Lemma

EFFORT = 1_000_000  # z3's resource units for one question: some seconds; none needs half of it


class Proof:
    """The steps and the wrong variants of one check."""

    def __init__(self) -> None:
        self.steps = 0
        self.refuted = 0
        self.lemmas: set[str] = set()
        self.consistent: set[str] = set()

    def use(self, lemma: Lemma, count: Size, *numbers: Reals) -> Any:
        """The lemma at q^count for each of the contexts, after its proof by induction."""
        if lemma.name not in self.lemmas:
            self.lemmas.add(lemma.name)
            for step, (given, claim) in lemma.obligations().items():
                self.show(f"{lemma.name}, {step}", given, claim)
        return lemma.at(count, *numbers)

    def show(self, name: str, given: Sequence[Any], claim: Any) -> None:
        """Demand that the claim follow from what is given, and that this be possible at all."""
        key = str(sorted(fact.sexpr() for fact in given))
        if key not in self.consistent:
            found, _ = answer(given)
            demand(found == "sat", f"{name}: what is assumed is {found}, not satisfiable")
            self.consistent.add(key)
        found, _ = answer([*given, solver().Not(claim)])
        demand(found == "unsat", f"{name}: {'has a counterexample' if found == 'sat' else found}")
        self.steps += 1

    def refute(self, name: str, given: Sequence[Any], claim: Any) -> dict[str, Fraction]:
        """Demand a model of the negation whose values fractions confirm; return the values."""
        facts = [*given, solver().Not(claim)]
        found, model = answer(facts, rational=True)
        demand(found == "sat", f"{name}: a wrong variant must have a counterexample, it is {found}")
        demand(model, f"{name}: the counterexample found is not rational")
        demand(confirmed(facts, model), f"{name}: fractions do not confirm the counterexample")
        self.refuted += 1
        return model

    def report(self) -> str:
        """The evidence in a few words."""
        return f"{self.steps} steps, {self.refuted} wrong variants refuted"


def answer(facts: Sequence[Any], *, rational: bool = False) -> tuple[str, dict[str, Fraction]]:
    """z3's verdict on the facts together, and with `rational` a model in fractions if it has one.

    The facts are moved to a solver that has seen nothing else, so that the verdict does not depend
    on what was asked before.
    """
    z3 = solver()
    private = z3.Context()
    engine = z3.Solver(ctx=private)
    engine.set("rlimit", EFFORT)
    engine.add(*(fact.translate(private) for fact in facts))
    found = str(engine.check())
    return found, _rational_model(engine) if found == "sat" and rational else {}


def _rational_model(engine: Any) -> dict[str, Fraction]:
    """A model in fractions: irrational values are replaced by near ones, one after another."""
    z3 = solver()
    values: dict[str, Fraction] = {}
    names = sorted(str(symbol) for symbol in engine.model().decls() if symbol.arity() == 0)
    for name in names:
        symbol = z3.Real(name, engine.ctx)
        found = engine.model().eval(symbol, model_completion=True)
        for digits in (1, 4, 12):
            near = found if z3.is_rational_value(found) else found.approx(digits)
            engine.push()
            engine.add(symbol == near)
            if engine.check() == z3.sat:
                values[name] = near.as_fraction()
                break
            engine.pop()
        else:
            return {}
    return values


def confirmed(facts: Sequence[Any], model: dict[str, Fraction]) -> bool:
    """Whether fractions agree; a counterexample that divides by zero is none."""
    try:
        return all(value(fact, model) for fact in facts)
    except ZeroDivisionError:
        return False


def value(term: Any, model: dict[str, Fraction]) -> Any:
    """The value of a term in fractions and truth values; division by zero is an error."""
    z3 = solver()
    if z3.is_rational_value(term):
        return term.as_fraction()
    if z3.is_const(term) and term.decl().kind() == z3.Z3_OP_UNINTERPRETED:
        return model[str(term)]
    if z3.is_app_of(term, z3.Z3_OP_ITE):
        chosen = 1 if value(term.arg(0), model) else 2
        return value(term.arg(chosen), model)
    arguments = [value(child, model) for child in term.children()]
    return _apply(term.decl().kind(), arguments)


def _apply(kind: int, arguments: list[Any]) -> Any:
    z3 = solver()
    if kind == z3.Z3_OP_MUL:
        product = Fraction(1)
        for factor in arguments:
            product *= factor
        return product
    if kind == z3.Z3_OP_SUB:
        return arguments[0] - sum(arguments[1:], Fraction(0))
    simple: dict[int, Callable[[list[Any]], Any]] = {
        z3.Z3_OP_ADD: sum,
        z3.Z3_OP_AND: all,
        z3.Z3_OP_OR: any,
        z3.Z3_OP_TRUE: lambda _: True,
        z3.Z3_OP_FALSE: lambda _: False,
        z3.Z3_OP_UMINUS: lambda a: -a[0],
        z3.Z3_OP_DIV: lambda a: a[0] / a[1],
        z3.Z3_OP_NOT: lambda a: not a[0],
        z3.Z3_OP_EQ: lambda a: a[0] == a[1],
        z3.Z3_OP_LE: lambda a: a[0] <= a[1],
        z3.Z3_OP_GE: lambda a: a[0] >= a[1],
        z3.Z3_OP_LT: lambda a: a[0] < a[1],
        z3.Z3_OP_GT: lambda a: a[0] > a[1],
    }
    return simple[kind](arguments)
