"""HTML from elements whose content is escaped unless it is markup itself."""

from __future__ import annotations

from html import escape


class Markup(str):
    """Text that is HTML already, and is not escaped again."""

    __slots__ = ()


def printable(value: object) -> str:
    """Text of a value; what a page or a picture cannot hold, control characters say, becomes "?"."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "?" for c in str(value))


def element(name: str, *content: object, **attributes: object) -> Markup:
    """One element with what is in it.

    Args:
        name: of the element.
        content: Markup as it stands; anything else as escaped text.
        attributes: escaped; `class_` for class, `_` for `-`; None leaves one out, True gives it no
            value.
    """
    given = "".join(
        f" {key.strip('_').replace('_', '-')}"
        + ("" if value is True else f'="{escape(printable(value))}"')
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{given}>{joined(*content)}</{name}>")


def joined(*content: object) -> Markup:
    """Several pieces, one after the other; what is not Markup is escaped."""
    return Markup(
        "".join(one if isinstance(one, Markup) else escape(printable(one)) for one in content)
    )
