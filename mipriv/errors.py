"""The ways a question can fail, and the one line that says why."""

from __future__ import annotations

_SHOWN = 40


class ParameterError(ValueError):
    """An input lies outside what it may be; the message names it, its value and the rule."""


class PrecisionError(ArithmeticError):
    """The digits asked for cannot be certified within the working precision allowed."""


class UnsupportedGuarantee(TypeError):
    """No proved theorem answers this combination of claim and game."""


class Infeasible(ArithmeticError):
    """No value of the unknown meets the target; the message says what would."""

    def __init__(self, message: str, answer: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.answer = answer or {}  # the JSON object of the answer that does not exist


class MissingExtra(ImportError):
    """A package that this function needs is not installed; the message says how to get it."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed; run: pip install 'mipriv[{extra}]'")


def shorten(value: object) -> str:
    """Text of a value, cut in the middle when it is longer than a line bears."""
    text = value if isinstance(value, str) else _text(value)
    text = "".join(c if c.isprintable() else "?" for c in text)
    if len(text) <= _SHOWN:
        return text or "(empty)"
    half = _SHOWN // 2
    return f"{text[:half]}...{text[-half // 2 :]} ({len(text)} characters)"


def _text(value: object) -> str:
    try:
        return str(value)
    except ValueError:  # int beyond the interpreter's limit on decimal conversion
        return f"an integer of {value.bit_length()} bits" if isinstance(value, int) else "?"


def require(condition: bool, *, must: str, **named: object) -> None:
    """Raise ParameterError unless `condition` holds.

    The condition is stated positively, so that a NaN, which satisfies no comparison, fails it.

    >>> require(-1 >= 0, must="be finite and >= 0", epsilon=-1)
    Traceback (most recent call last):
        ...
    mipriv.errors.ParameterError: epsilon=-1: must be finite and >= 0
    """
    if not condition:
        shown = ", ".join(f"{name}={shorten(value)}" for name, value in named.items())
        raise ParameterError(f"{shown}: must {must}")
