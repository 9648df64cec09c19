"""A source as text and tree, with places in it as numbers of characters."""

import ast
from dataclasses import dataclass, field
from itertools import accumulate


@dataclass
class Source:
    """A module's text, its tree, and who is whose parent in there."""

    path: str
    text: str
    tree: ast.Module = field(init=False)
    parents: dict[ast.AST, ast.AST] = field(init=False)

    def __post_init__(self) -> None:
        self.tree = ast.parse(self.text)
        self._lines = self.text.splitlines(keepends=True)
        self._starts = [0, *accumulate(map(len, self._lines))]
        self.parents = {
            child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)
        }

    def at(self, line: int, column: int) -> int:
        """The place of a node's line and column, which count bytes."""
        text = self._lines[line - 1] if line <= len(self._lines) else ""
        if not text.isascii():
            column = len(text.encode()[:column].decode())
        return self._starts[line - 1] + column

    def start(self, node: ast.expr | ast.stmt) -> int:
        return self.at(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt) -> int:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.at(node.end_lineno, node.end_col_offset)

    def of(self, node: ast.expr | ast.stmt) -> str:
        return self.text[self.start(node) : self.end(node)]

    def line_of(self, place: int) -> int:
        return self.text.count("\n", 0, place) + 1

    def function_of(self, node: ast.AST) -> str:
        """The qualified name of the function that runs the node; empty: the module itself does."""
        names: list[str] = []
        is_run_later = False
        while node in self.parents:
            child, node = node, self.parents[node]
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                if not is_run_later and child not in node.body:
                    continue  # a default, a decorator
                is_run_later = True
                names.append(node.name)
            elif isinstance(node, ast.ClassDef) and is_run_later:
                names.append(node.name)
            elif isinstance(node, ast.Lambda) and child is node.body and not is_run_later:
                is_run_later = True
                names.append("<lambda>")
        return ".".join(reversed(names))

    def statement_of(self, node: ast.AST) -> ast.stmt | None:
        """The statement of the module itself that the node is a part of."""
        while node in self.parents and node not in self.tree.body:
            node = self.parents[node]
        return node if isinstance(node, ast.stmt) else None
