"""What derivations are written with: equalities that are checked as they are shown, and tables.

Every function here raises `Refuted` when the step it shows is wrong, so that running a derivation is
checking it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import sympy

from mipriv.contexts.sym import SYMPY
from proofs.check import Refuted

# Okabe and Ito's colours, told apart by the colour-blind; give every line a dash or marker as well
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


def read(formula: Callable[..., Any], *arguments: Any) -> Any:
    """The package's formula as a sympy expression; what was entered as log(E) shows as powers of E."""
    return tidy(formula(SYMPY, *arguments))


def same(left: Any, right: Any) -> sympy.Eq:
    """Show left = right, proved by simplifying the difference to 0.

    Symbols carry their assumptions (`positive=True`, `integer=True`); exponentials are best entered
    through eps = log(E), which turns them into powers of E.
    """
    left, right = sympy.sympify(left), sympy.sympify(right)
    if not vanishes(left - right):
        raise Refuted(f"{left} is not shown equal to {right}")
    return sympy.Eq(tidy(left), tidy(right), evaluate=False)


def tidy(expression: Any) -> Any:
    """Powers of E where sympy has kept e^(n log E), for reading."""
    return sympy.sympify(expression).rewrite(sympy.Pow)


def named(name: str, found: Any, form: Any) -> sympy.Eq:
    """Show name = form, proved of what the name stands for where that is too long to print.

    The name is LaTeX; with a brace in it sympy prints it as it is.
    """
    same(found, form)
    return sympy.Eq(sympy.Symbol(name), form, evaluate=False)


def vanishes(expression: Any) -> bool:
    """Whether sympy reduces an expression to 0 by one of its normal forms."""
    forms = (
        lambda e: sympy.cancel(sympy.together(sympy.powsimp(sympy.expand(e), force=True))),
        lambda e: sympy.expand(sympy.expand_log(sympy.expand(e), force=True)),
        lambda e: sympy.cancel(e.rewrite(sympy.log).replace(sympy.log, _split)),
        lambda e: sympy.simplify(sympy.expand_power_exp(e.rewrite(sympy.exp))),
        sympy.simplify,
    )
    expression = sympy.sympify(expression)
    return any(form(expression) == 0 for form in forms)


def _split(positive: sympy.Expr) -> sympy.Expr:
    """log of a positive quotient of polynomials, as the sum over its factors of log |factor|."""
    total = sympy.Integer(0)
    for part, sign in zip(sympy.fraction(sympy.together(positive)), (1, -1), strict=True):
        try:
            content, factors = sympy.factor_list(part)
        except sympy.PolynomialError:
            return sympy.log(positive)
        total += sign * sympy.expand_log(sympy.log(sympy.Abs(content)), factor=True)
        for factor, power in factors:
            shown = -factor if factor.could_extract_minus_sign() else factor
            total += sign * power * sympy.log(shown)
    return total


def limit(
    expression: Any, symbol: sympy.Symbol, point: Any, value: Any, side: str = "+"
) -> sympy.Eq:
    """Show that an expression tends to a value, by sympy's limit."""
    found = sympy.limit(expression, symbol, point, side)
    if found != value and not vanishes(found - sympy.sympify(value)):
        raise Refuted(f"the limit of {expression} at {symbol} -> {point} is {found}, not {value}")
    shown = sympy.Limit(tidy(expression), symbol, point, side)
    return sympy.Eq(shown, value, evaluate=False)


def holds(condition: Any, claim: str) -> str:
    """Show a claim whose condition was computed exactly."""
    if condition is not True and condition is not sympy.true:
        raise Refuted(f"not shown: {claim} ({condition})")
    return claim


def picture(columns: int = 1, *, width: float = 4.6, height: float = 3.8) -> tuple[Any, Any]:
    """A figure that a notebook shows once, where it ends a cell, and its axes side by side."""
    from matplotlib.figure import Figure

    class Picture(Figure):
        def _repr_png_(self) -> bytes:
            file = io.BytesIO()
            self.savefig(file, format="png")
            return file.getvalue()

    figure = Picture(figsize=(width * columns, height), dpi=130, layout="constrained")
    axes = figure.subplots(1, columns)
    for each in [axes] if columns == 1 else axes:
        each.grid(True, color="0.9", lw=0.6)
        each.set_axisbelow(True)
    return figure, axes


class Table:
    """Rows under headings, as HTML in a notebook and as aligned text elsewhere."""

    def __init__(self, headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        self.headings = [str(heading) for heading in headings]
        self.cells = [list(row) for row in rows]
        self.rows = [[str(cell) for cell in row] for row in rows]

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{heading}</th>" for heading in self.headings)
        body = "".join(
            "<tr>" + "".join(f"<td>{_shown(cell)}</td>" for cell in row) + "</tr>"
            for row in self.cells
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def __repr__(self) -> str:
        lines = [self.headings, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.headings))]
        return "\n".join(
            "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
            for line in lines
        )


def _shown(cell: Any) -> str:
    return f"${sympy.latex(cell)}$" if isinstance(cell, sympy.Basic) else str(cell)
