"""`python -m verification`: the commands, and every failure as one line and an exit code.

0: done.  1: a target is missed, a theory is violated, a control misbehaved, or something the command
needs is missing or failed.  2: bad input.  130: interrupted.
"""

from __future__ import annotations

import sys
from importlib import import_module

import click

from mipriv.errors import MissingExtra, ParameterError
from verification.bench.timing import ProcessFailed

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 96}
_COMMANDS = {
    "list": "verification.command:list_campaigns",
    "run": "verification.command:run_campaign",
    "again": "verification.again:again",
    "false-alarms": "verification.calibration:command",
    "ties": "verification.ties:command",
    "study": "verification.study.command:study",
    "agree": "verification.study.agree:agree",
    "report": "verification.report.command:report",
    "notebooks": "verification.notebook:command",
    "bench": "verification.bench.command:bench",
}


class _Commands(click.Group):
    """Commands imported when they are called: every worker process imports this file."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # as click calls it
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # as above
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=_Commands, context_settings=_CONTEXT, invoke_without_command=True)
@click.pass_context
def cli(context: click.Context) -> None:
    """Attackers against the theory, and measurements on the finished package."""
    if context.invoked_subcommand is None:
        raise click.UsageError("missing command; `python -m verification --help` lists them")


def run(args: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        outcome = cli.main(args=args, prog_name="python -m verification", standalone_mode=False)
    except ParameterError as error:
        return _fail(str(error), 2)
    except (MissingExtra, ProcessFailed) as error:
        return _fail(str(error), 1)
    except click.ClickException as error:
        return _fail(error.format_message(), 2)
    except (click.Abort, KeyboardInterrupt):
        return _fail("interrupted", 130)
    return outcome if isinstance(outcome, int) else 0


def _fail(message: str, code: int) -> int:
    click.echo(f"Error: {' '.join(message.split())}", err=True)
    return code


if __name__ == "__main__":
    sys.exit(run())
