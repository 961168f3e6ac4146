"""The operations that are implemented, by name, and how a case runs one."""

from __future__ import annotations

from typing import Any, Callable, Dict, Tuple

from . import spec
from .spec import Malformed

OPERATIONS: Dict[str, Tuple[Dict[str, Callable], Callable]] = {}


def operation(name: str, /, **inputs: Callable):
    declared = spec.OPERATION_INPUTS.get(name)
    if declared != list(inputs):
        raise Malformed(f"README.md gives {name} the inputs {declared}, not {list(inputs)}")

    def register(function: Callable) -> Callable:
        OPERATIONS[name] = (inputs, function)
        return function

    return register


def run(name: str, given: Dict[str, Any]) -> Dict[str, Any]:
    if name not in OPERATIONS:
        raise Malformed(f"unknown operation {name!r}")
    inputs, function = OPERATIONS[name]
    if set(given) != set(inputs):
        raise Malformed(f"inputs are {sorted(given)}, not {sorted(inputs)}")
    return _to_json(function(**{key: parse(given[key]) for key, parse in inputs.items()}) or {})


def _to_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_to_json(item) for item in value]
    return value.hex() if isinstance(value, bytes) else value


def require_all() -> None:
    missing = set(spec.OPERATION_INPUTS) - set(OPERATIONS)
    if missing:
        raise Malformed(f"README.md lists operations that are missing here: {sorted(missing)}")
