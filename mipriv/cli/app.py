"""The commands of `mipriv`, each imported when it is asked for."""

from __future__ import annotations

from importlib import import_module

import click

from mipriv import __version__
from mipriv.cli.options import need_command

_HOME = {
    "bound": "claims",
    "curve": "claims",
    "delta": "inverses",
    "epsilon": "inverses",
    "gaussian": "claims",
    "information": "claims",
    "laplace": "claims",
    "mechanism": "mechanisms",
    "noise": "training",
    "plot": "plots",
    "rdp": "claims",
    "sgd": "training",
    "size": "inverses",
    "zcdp": "claims",
}
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 96}


class Commands(click.Group):
    """A group that imports the file of a command on use: one command costs what it needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return sorted(_HOME)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        home = _HOME.get(cmd_name)
        if home is None:
            return None
        command: click.Command = getattr(import_module(f"mipriv.cli.{home}"), cmd_name)
        return command


@click.group(cls=Commands, context_settings=_CONTEXT, invoke_without_command=True)
@click.version_option(__version__, message="mipriv %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """How much does a trained model tell about the population it was trained on?

    \b
    Example:
      mipriv bound --eps 0.001 --delta 1e-5 --n 10000

    Shell completion: `_MIPRIV_COMPLETE=bash_source mipriv` prints the script to source (zsh_source
    and fish_source likewise).

    Exit codes: 0 an answer, 1 no answer exists or none can be certified, 2 bad input.
    """
    need_command(context)
