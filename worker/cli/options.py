"""Options that several commands share, and how their applications are made."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Reason = Annotated[str | None, typer.Option("--reason", help="Why, kept with the action.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=100_000, help="Most rows to show.")]

PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Take the first password from stdin instead of making one.")
]


class Group(TyperGroup):
    """A group whose `--help`, when not given, counts as false: typer would load pydantic to convert the None."""

    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)
        if option is not None:
            option.default = False
        return option


def group() -> typer.Typer:
    """A command that has commands of its own, such as `tenant`."""
    return typer.Typer(cls=Group, rich_markup_mode=None, no_args_is_help=True, add_completion=False)


def single() -> typer.Typer:
    """A command without commands of its own."""
    return typer.Typer(rich_markup_mode=None, add_completion=False)
