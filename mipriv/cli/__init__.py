"""The command line.  `main` turns every failure into one line and an exit code.

0: an answer.  1: no answer (infeasible, digits out of reach, unsupported, missing extra).
2: bad input.
"""

from __future__ import annotations

import gc
import os
import sys

from mipriv.errors import (
    Infeasible,
    MissingExtra,
    ParameterError,
    PrecisionError,
    UnsupportedGuarantee,
)


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit.

    Looking for reference cycles among the objects of some 200 modules would take a tenth of this
    short process, at start and again at exit; reference counting alone frees what it uses.
    """
    gc.disable()
    code = run(args)
    gc.freeze()
    sys.exit(code)


def run(args: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    import click

    from mipriv.cli.app import cli

    try:
        outcome = cli.main(args=args, prog_name="mipriv", standalone_mode=False)
        sys.stdout.flush()
    except ParameterError as error:
        return _fail(str(error), 2)
    except (Infeasible, PrecisionError, UnsupportedGuarantee, MissingExtra) as error:
        return _fail(str(error), 1)
    except click.ClickException as error:
        return _fail(error.format_message(), 2)
    except (click.Abort, KeyboardInterrupt):
        return _fail("interrupted", 130)
    except BrokenPipeError:
        # the reader closed early; keep the interpreter from complaining at shutdown
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return outcome if isinstance(outcome, int) else 0


def _fail(message: str, code: int) -> int:
    line = " ".join(message.split())
    line = "".join(c if c.isprintable() else "?" for c in line)
    print(f"Error: {line}", file=sys.stderr)
    return code
