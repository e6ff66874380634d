"""Templates in jinja2 that are no HTML: those of a package, and of the user, whose own win where names are the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2

from podcast.errors import ConfigError


def environment(package: str, folder: Path | None, finalize: Callable[[Any], Any] | None = None) -> jinja2.Environment:
    """The templates of a package's folder `templates`, and those of `folder`; `finalize` is put over every value."""
    loaders: list[jinja2.BaseLoader] = [jinja2.FileSystemLoader(str(folder))] if folder else []
    loaders.append(jinja2.PackageLoader(package))
    return jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - the result is read aloud, or by a model
        finalize=finalize,
    )


def fill(templates: jinja2.Environment, name: str, **values: Any) -> str:
    """The text of a template.  Raises ConfigError for one that is wrong, naming file and line."""
    try:
        return templates.get_template(name).render(**values)
    except jinja2.TemplateSyntaxError as error:
        raise ConfigError(str(error.message), where=f"{error.filename or name}:{error.lineno}") from error
    except (jinja2.TemplateError, UnicodeDecodeError, ArithmeticError, TypeError, ValueError) as error:
        raise ConfigError(
            f"template {name} cannot be filled: {error}", hint="Compare it with the built-in one."
        ) from error
