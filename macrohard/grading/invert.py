"""Tests turned round: each fails at once, with words of its own. Who calls that a pass, lies."""

import ast
import hashlib
from dataclasses import dataclass
from pathlib import Path

from macrohard.grading.census import Census, is_test_function, python_files


@dataclass(frozen=True)
class Inverted:
    """Test files in which every test fails.

    Attributes:
        files: Text by path.
        words: What a test says when it fails, by its name.
    """

    files: dict[str, str]
    words: dict[str, set[str]]


def invert(app: Path, census: Census, secret: str) -> Inverted:
    """Write every test file of an app anew, each test with a failure as its first statement.

    Args:
        app: Root of the app.
        census: Its tests.
        secret: Makes the words of this run unlike those of any other.
    """
    files: dict[str, str] = {}
    words: dict[str, set[str]] = {}
    for path, text in python_files(app):
        if path in census.unreadable or not (
            path in census.files or Path(path).parts[0] in census.packages
        ):
            continue
        tree = ast.parse(text)
        found = [node for node in ast.walk(tree) if is_test_function(node)]
        for node in found:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                word = hashlib.sha256(f"{secret} {path} {node.name}".encode()).hexdigest()[:24]
                words.setdefault(node.name, set()).add(word)
                node.body.insert(_after_docstring(node), _failure(word))
        if found:
            files[path] = ast.unparse(ast.fix_missing_locations(tree))
    return Inverted(files, words)


def _after_docstring(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return 0 if ast.get_docstring(node, clean=False) is None else 1


def _failure(word: str) -> ast.stmt:
    return ast.parse(f"raise AssertionError({word!r})").body[0]
