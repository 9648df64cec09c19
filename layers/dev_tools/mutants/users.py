"""Which lines use what a module makes when it is imported."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dev_tools.mutants.source import Source

Place = tuple[str, int]
"""A file, and a line of it that a function runs."""
Name = tuple[str, str]
"""A module by its dotted name, and a name in it."""


@dataclass
class Users:
    """Who mentions a module's names: lines of functions, and other names made at import."""

    places: dict[Name, set[Place]] = field(default_factory=lambda: defaultdict(set))
    makes: dict[Name, set[Name]] = field(default_factory=lambda: defaultdict(set))

    def lines(self, names: Iterable[Name]) -> set[Place]:
        """The lines whose outcome depends on the names, be it through other names."""
        waiting, seen = list(names), set[Name]()
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += self.makes[name]
        return {place for name in seen for place in self.places[name]}


def module_of(path: str) -> str:
    """The dotted name of a file of the project."""
    return path.removeprefix("layers/").removesuffix(".py").replace("/", ".")


def names_made(statement: ast.stmt) -> list[str]:
    """What a statement of a module binds."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    stores = (node for node in ast.walk(statement) if isinstance(node, ast.Name))
    return [node.id for node in stores if isinstance(node.ctx, ast.Store)]


def users_in(sources: Mapping[str, Source]) -> Users:
    """Who uses what, over all sources; path -> source."""
    users = Users()
    for path, source in sources.items():
        module = module_of(path)
        imported = _imported(source.tree)
        for statement in source.tree.body:
            made = [(module, name) for name in names_made(statement)]
            for node in ast.walk(statement):
                name = _mentioned(node, module, imported)
                if name is None:
                    continue
                assert isinstance(node, ast.expr)
                if source.function_of(node):
                    users.places[name].add((path, node.lineno))
                else:
                    users.makes[name].update(made)
    return users


def _imported(tree: ast.Module) -> dict[str, Name]:
    """What a name of this module means elsewhere."""
    return {
        alias.asname or alias.name: (node.module or "", alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def _mentioned(node: ast.AST, module: str, imported: Mapping[str, Name]) -> Name | None:
    if isinstance(node, ast.Name):
        return imported.get(node.id, (module, node.id))
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        whole = imported.get(node.value.id)
        return whole and (".".join(filter(None, whole)), node.attr)
    return None
