"""Derivations as executed notebooks and as pages to read."""

from __future__ import annotations

import ast
import html
import importlib
import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import click

from proofs import derivation, ledger

if TYPE_CHECKING:
    from nbformat import NotebookNode

_STYLE = """
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; line-height: 1.55;
       font: 17px/1.55 Georgia, "DejaVu Serif", serif; color: #1a1a1a; }
h1, h2, h3 { line-height: 1.25; font-weight: 600; }
math { font-size: 1.05em;
  font-family: "STIX Two Math", "Cambria Math", "Latin Modern Math", "DejaVu Math TeX Gyre", math; }
math[display="block"] { margin: 0.9em 0; }
.whole { white-space: nowrap; } .shown { margin: 0.9em 0; overflow-x: auto; } .shown img { max-width: 100%; }
details { margin: 0.4em 0; color: #555; } summary { cursor: pointer; font-size: 0.8em; }
pre { background: #f6f6f4; padding: 0.6em 0.8em; overflow-x: auto; font-size: 0.78em;
      line-height: 1.4; } code { font-size: 0.88em; }
table { border-collapse: collapse; margin: 0.8em 0; font-size: 0.92em; }
th, td { border-bottom: 1px solid #ccc; padding: 0.2em 0.8em; text-align: right; }
"""


def write(out: Path, only: str | None, report: Callable[[str], None]) -> None:
    """Execute the derivations and write NAME.ipynb and NAME.html of each, and index.html.

    Raises:
        click.UsageError: `only` names no derivation.
        click.ClickException: an extra is missing, or a step of a derivation failed.
    """
    paths = [path for path in derivation.files() if only in (None, path.stem)]
    if not paths:
        names = ", ".join(path.stem for path in derivation.files())
        raise click.UsageError(f"--only {only}: must be one of {names}")
    out.mkdir(parents=True, exist_ok=True)
    for position, path in enumerate(paths, start=1):
        report(f"[{position}/{len(paths)}] {path.stem} ...")
        write_one(path, out)
    (out / "index.html").write_text(index(), encoding="utf-8")
    report(f"written to {out / 'index.html'}")


def write_one(path: Path, out: Path) -> None:
    """Execute a py:percent file and write NAME.ipynb and NAME.html.

    Raises:
        click.ClickException: an extra is missing, or a cell raised.
    """
    notebook = executed(path)
    source = _library("nbformat").writes(notebook)
    (out / f"{path.stem}.ipynb").write_text(source, encoding="utf-8")
    (out / f"{path.stem}.html").write_text(page(notebook), encoding="utf-8")


def executed(path: Path) -> NotebookNode:
    """One derivation, run through a kernel of this Python.

    Raises:
        click.ClickException: the notebooks extra is not installed, or a cell raised.
    """
    client_library = _library("nbclient")
    notebook: NotebookNode = _library("jupytext").read(path, fmt="py:percent")
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    client = client_library.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": ledger.ROOT}}
    )
    try:
        client.execute()
    except client_library.exceptions.CellExecutionError as error:
        raise click.ClickException(f"{path.stem}: {error.ename}: {error.evalue}") from error
    return notebook


def _library(name: str) -> Any:
    """Import a package of the notebooks extra, or say how to install it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise click.ClickException(f"{name}: pip install 'mipriv[notebooks]'") from error


def page(notebook: NotebookNode) -> str:
    """A page that needs nothing beside itself: mathematics as MathML, pictures inside."""
    cells = [_cell(cell) for cell in notebook.cells]
    heading = re.search(r"^# (.+)$", notebook.cells[0].source, re.MULTILINE)
    return _document(heading[1] if heading else "Derivation", "\n".join(cells))


def index() -> str:
    """Links to the derivations, each with the formulas that rest on it."""
    entries = ledger.read()
    items = []
    for path in derivation.files():
        resting = [e for e in entries if path.stem in e.derivations]
        names = ", ".join(f"<code>{e.formula}</code>" for e in resting)
        link = f'<a href="{path.stem}.html">{_inline(derivation.title(path))}</a>'
        items.append(f"<li>{link}<br><small>{names}</small></li>")
    return _document("Derivations", "<h1>Derivations</h1><ol>" + "\n".join(items) + "</ol>")


def _document(title: str, body: str) -> str:
    plain = html.escape(re.sub(r"[$\\]", "", title))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{plain}</title>'
        f"<style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _cell(cell: NotebookNode) -> str:
    if cell.cell_type == "markdown":
        return _markdown(cell.source)
    code = f"<details><summary>code</summary><pre>{html.escape(cell.source)}</pre></details>"
    return code + "".join(_output(output) for output in cell.get("outputs", ()))


def _output(output: NotebookNode) -> str:
    """The richest form of one output that a page can hold."""
    if output.output_type == "stream":
        return f"<pre>{html.escape(output.text)}</pre>"
    data = output.get("data", {})
    if "image/png" in data:
        shown = f'<img alt="figure" src="data:image/png;base64,{data["image/png"].strip()}">'
    elif "text/html" in data:
        shown = re.sub(r"\$([^$]+)\$", lambda found: math(found[1]), data["text/html"])
    elif "text/latex" in data:
        shown = math(data["text/latex"].strip().strip("$"), display=True)
    else:
        text = data.get("text/plain", "")
        claim = ast.literal_eval(text) if text[:1] in ("'", '"') else None
        shown = f"<p>✓ {_inline(claim)}</p>" if claim else f"<pre>{html.escape(text)}</pre>"
    return f'<div class="shown">{shown}</div>'


def math(latex: str, *, display: bool = False) -> str:
    """LaTeX as MathML, which browsers typeset by themselves."""
    source = latex.replace("\\displaystyle", "").strip()
    convert = _library("latex2mathml.converter").convert_to_element
    element = convert(source, display="block" if display else "inline")
    for row in element.iter():
        _typeset(row)
    # the converter writes character references, whose & is not to be escaped again
    return ElementTree.tostring(element, encoding="unicode").replace("&amp;", "&")


def _typeset(row: ElementTree.Element) -> None:
    """What the converter leaves out: limits under lim, min and max, and room around log and tanh."""
    children = list(row)
    for child in children:
        if child.text == "&#x0221E;":
            child.tag = "mi"  # infinity is a number, not an operator with room on both sides
        if child.tag == "msub" and child[0].text in ("lim", "min", "max", "sup"):
            child.tag = "munder"
            child[0].set("movablelimits", "true")
    if row.tag != "mrow":
        return
    for left, right in itertools.pairwise(children):
        start = next((leaf for leaf in right.iter() if leaf.tag != "mrow"), right)
        if "mo" not in (left.tag, start.tag) and (_is_name(left) or _is_name(start)):
            gap = ElementTree.Element("mspace", {"width": "0.17em"})
            row.insert(list(row).index(right), gap)


def _is_name(element: ElementTree.Element) -> bool:
    """Whether an element is the name of a function, with or without an index."""
    base = element[0] if element.tag in ("msub", "msup", "msubsup") else element
    return base.tag == "mi" and len(base.text or "") > 1 and (base.text or "").isalpha()


def _parser() -> Any:
    def render(content: str, options: dict[str, bool]) -> str:
        return math(content, display=options["display_mode"])

    parser = _library("markdown_it").MarkdownIt("commonmark").enable("table")
    plugin = _library("mdit_py_plugins.dollarmath").dollarmath_plugin
    return parser.use(plugin, renderer=render, double_inline=True)


def _markdown(source: str) -> str:
    """HTML in which no line begins with the comma after a formula."""
    formula = r'(<span class="math inline">(?:(?!</span>).)*</span>[,.;:)]+)'
    return re.sub(formula, r'<span class="whole">\1</span>', _parser().render(source))


def _inline(source: str) -> str:
    return str(_parser().renderInline(source))
