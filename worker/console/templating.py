"""starlette-admin's templates under our content security policy.

Its few inline scripts and styles get the nonce of the page, its two inline handlers become attributes that
`console.js` listens to. `{% extends "starlette-admin/layout.html" %}` names its own template behind ours.
"""

import re
from collections.abc import Callable

from jinja2 import BaseLoader, ChoiceLoader, Environment, PackageLoader, PrefixLoader

BARE = re.compile(r"<(script|style)(?=[\s>])")
HANDLERS = {
    'onclick="applyColumnVisibility()"': 'data-console="apply-columns"',
    'onchange="window.location = this.value"': 'data-console="go-to-value"',
}


class NoncedLoader(PackageLoader):
    """Templates of a package whose scripts and styles bear the nonce of the page."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool] | None]:
        source, name, is_fresh = super().get_source(environment, template)
        for handler, attribute in HANDLERS.items():
            source = source.replace(handler, attribute)
        return BARE.sub(r'<\1 nonce="{{ request.state.csp_nonce }}"', source), name, is_fresh


def loaders() -> list[BaseLoader]:
    """Ours first, then the shared ones, then starlette-admin's."""
    theirs = NoncedLoader("starlette_admin")
    return [
        PackageLoader("worker.console"),
        PackageLoader("worker.pages"),
        PrefixLoader({"starlette-admin": theirs}),
        ChoiceLoader([theirs]),
    ]
