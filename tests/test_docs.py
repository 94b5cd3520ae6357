"""The documents keep up with the code."""

from dataclasses import fields
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from monitor.cli.root import COMMANDS, cli
from monitor.config import Config
from monitor.model import Round, Sample

GLOSSARY = Path("docs/glossary.md").read_text()
CONFIGURATION = Path("docs/configuration.md").read_text()


@pytest.mark.parametrize("name", [f.name for f in (*fields(Sample), *fields(Round))])
def test_every_field_is_in_the_glossary(name: str) -> None:
    assert f"`{name}`" in GLOSSARY


def keys(model: type[BaseModel], prefix: str = "") -> list[str]:
    found = []
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found += keys(inner, f"{prefix}{name}.")
        else:
            found.append(f"{prefix}{name}")
    return found


@pytest.mark.parametrize("key", keys(Config))
def test_every_key_is_documented(key: str) -> None:
    assert f"`{key}`" in CONFIGURATION


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_is_found(name: str) -> None:
    with click.Context(cli) as context:
        command = cli.get_command(context, name)
    assert command is not None
    assert command.name == name
    assert command.help


def test_a_file_name_stands_once_in_the_tree() -> None:
    names = [path.name for path in Path("monitor").rglob("*.py")]
    names = [name for name in names if name != "__init__.py"]
    assert sorted(names) == sorted(set(names))
