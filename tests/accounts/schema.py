"""The part of JSON Schema 2020-12 that docs/export-schema.json uses; anything else is an error."""

import re

TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
}
KNOWN = {
    *("$schema", "$defs", "$ref", "title", "description", "format"),
    *("type", "const", "enum", "pattern", "items", "required", "properties"),
    "additionalProperties",
}


def problems(value, schema: dict, *, root: dict, at: str = "$"):
    """What of `value` does not follow `schema`, one sentence each."""
    assert set(schema) <= KNOWN, set(schema) - KNOWN
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        yield from problems(value, root["$defs"][name], root=root, at=at)
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(isinstance(value, TYPES[name]) for name in types):
        yield f"{at} is no {types}"
        return
    if "const" in schema and value != schema["const"]:
        yield f"{at} is not {schema['const']}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at} is none of {schema['enum']}"
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        yield f"{at} does not match {schema['pattern']}"
    yield from _inside(value, schema, root=root, at=at)


def _inside(value, schema, *, root, at):
    if isinstance(value, dict) and "properties" in schema:
        yield from (f"{at} lacks {name}" for name in schema["required"] if name not in value)
        for name, item in value.items():
            if name in schema["properties"]:
                inner = schema["properties"][name]
                yield from problems(item, inner, root=root, at=f"{at}.{name}")
            else:
                yield f"{at} has {name}"
    elif isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from problems(item, schema["items"], root=root, at=f"{at}[{index}]")
