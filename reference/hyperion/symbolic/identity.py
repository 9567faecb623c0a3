"""What proxies can't notice: comparisons by identity, found in the source of the functions that are run.

``a is b`` of two unknown integers is false whatever they are, without any method being called. It is harmless where one
side is None, a truth value, or a name that is written like a class or a constant: the members of an enumeration and
objects that exist once.
"""

import ast

import attrs


@attrs.frozen(order=True)
class IdentityComparison:
    """A comparison by identity that may be of unknown values: where it stands, and what it says."""

    line: int
    code: str


def exists_once(node: ast.expr) -> bool:
    """Whether the operand is None, a truth value, or is named like a class, a constant, or a member of one."""
    match node:
        case ast.Constant(value=value):
            return value is None or value is ... or isinstance(value, bool)
        case ast.Name(id=name):
            return name.isupper() or name[:1].isupper()
        case ast.Attribute(attr=name):
            return name.isupper() and name != "_"
    return False


def identity_comparisons(source: str) -> list[IdentityComparison]:
    """All comparisons by identity in the source that may be of unknown values."""
    found: list[IdentityComparison] = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Compare):
            continue
        operands = [node.left, *node.comparators]
        for index, operator in enumerate(node.ops):
            if isinstance(operator, ast.Is | ast.IsNot) and not any(map(exists_once, operands[index : index + 2])):
                found.append(IdentityComparison(node.lineno, ast.unparse(node)))
    return sorted(set(found))
