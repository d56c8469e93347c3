"""Frozen answers: how they print in a terminal, in Jupyter and as JSON."""

from __future__ import annotations

from typing import Any, NamedTuple

from flint import fmpq

from mipriv.guarantee import Kind, Loss
from mipriv.rigor.decimals import decimal_text, round_rational
from mipriv.rigor.enclosure import Enclosure

WIDTH = 88
Json = dict[str, Any]


class Row(NamedTuple):
    """One line of an answer: what it is, its value, a remark."""

    label: str
    value: str
    note: str = ""


class Answer:
    """What every result offers: rows, a statement, text, HTML and a JSON object."""

    __slots__ = ()

    @property
    def statement(self) -> str:
        """The answer in words, composed when asked for."""
        raise AttributeError("statement")

    @property
    def heading(self) -> str:
        """The inputs in one line."""
        shown = [f"{name} = {value}" for name, value in self.inputs().items() if value is not None]
        return ", ".join(shown)

    def inputs(self) -> dict[str, str | None]:
        """The inputs as text, exactly."""
        raise AttributeError("inputs")

    def rows(self) -> list[Row]:
        """The lines of the answer."""
        raise AttributeError("rows")

    def __str__(self) -> str:
        import textwrap  # here and in _repr_html_: a process that prints JSON needs neither

        rows = self.rows()
        width = max((len(row.label) for row in rows), default=0)
        lines = [self.heading, ""]
        for row in rows:
            note = f"   {row.note}" if row.note else ""
            lines.append(f"  {row.label:<{width}}  {row.value}{note}")
        lines.append("")
        lines += [textwrap.fill(part, WIDTH) for part in self.statement.split("\n")]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        import html

        cells = "".join(
            "<tr>"
            f"<th style='text-align:left'>{html.escape(row.label)}</th>"
            f"<td style='text-align:left'><code>{html.escape(row.value)}</code></td>"
            f"<td style='text-align:left'>{html.escape(row.note)}</td></tr>"
            for row in self.rows()
        )
        said = "".join(f"<p>{html.escape(part)}</p>" for part in self.statement.split("\n"))
        return f"<p><b>{html.escape(self.heading)}</b></p><table>{cells}</table>{said}"


def ends(value: Enclosure) -> Json:
    """Lower and upper decimals of an enclosure, as JSON text."""
    return {"lower": str(value.lower), "upper": str(value.upper)}


def loss_json(loss: Loss, *, complement: bool = True, vacuous: bool = True) -> Json:
    """A loss as JSON: numbers are strings, so that no reader rounds them."""
    found = ends(loss.value)
    if complement and loss.complement is not None:
        found["complement"] = ends(loss.complement)
    found["kind"] = loss.kind.value
    if vacuous:
        found["vacuous"] = loss.vacuous
    if loss.wide:
        found["wide"] = True
    return found


def shown(value: Enclosure, kind: Kind) -> str:
    """= for an exact number, <= for an upper bound, both ends for an enclosed exact value."""
    if kind is not Kind.EXACT:
        return f"<= {value.upper}"
    return f"=  {value.upper}" if value.exact else f"in [{value.lower}, {value.upper}]"


def loss_row(label: str, loss: Loss) -> Row:
    """A loss as a line of text."""
    notes = [] if loss.kind is Kind.EXACT else [str(loss.kind.value)]
    if loss.vacuous:
        notes.append("says nothing: the value is at least 1")
    if loss.wide:
        notes.append("wider than the digits asked for")
    return Row(label, shown(loss.value, loss.kind), "; ".join(notes))


def complement_row(label: str, loss: Loss) -> list[Row]:
    """1 - loss as a line, where it says more than the loss itself (close to 1)."""
    room = loss.complement
    if room is None or loss.vacuous or loss.lower < fmpq_half():
        return []
    text = f"=  {room.lower}" if room.exact else f"in [{room.lower}, {room.upper}]"
    if loss.kind is not Kind.EXACT:
        text = f">= {room.lower}"
    return [Row(label, text)]


def fmpq_half() -> Any:
    """1/2, comparable with endpoints."""
    from fractions import Fraction

    return Fraction(1, 2)


def brief(value: Any, *, upward: bool = True, digits: int = 4) -> str:
    """A few digits of a number, rounded so that the sentence around it stays true."""
    ratio = value if isinstance(value, fmpq) else fmpq(value.numerator, value.denominator)
    return str(round_rational(ratio, digits, upward=upward))


def percent(value: Any, *, upward: bool = True) -> str:
    """A probability as a percentage of four digits."""
    return brief(100 * fmpq(value.numerator, value.denominator), upward=upward) + "%"


def text(value: fmpq | int | None) -> str | None:
    """An exact input as text."""
    return None if value is None else decimal_text(fmpq(value))
