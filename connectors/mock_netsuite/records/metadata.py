"""metadata-catalog: the record types and, for some of them, JSON Schema or OpenAPI."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connectors.mock_netsuite import problems
from connectors.mock_netsuite.messages import SINGULAR
from connectors.mock_netsuite.records.types import Field, Form, RecordType

OPENAPI_TYPE = "application/swagger+json"
_DONE = {"responses": {"204": {"description": "Done"}}}
_ID_PARAMETER = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
_FORMATS = {Form.DATE: "date", Form.INSTANT: "date-time", Form.NUMBER: "double"}


def chosen(types: Mapping[str, RecordType], names: Sequence[str]) -> list[RecordType]:
    """The record types of these names, or all. Raises Problem for a name there is not."""
    for name in names:
        if name.strip().lower() not in types:
            raise problems.no_such_type(name)
    return [types[name.strip().lower()] for name in names] or list(types.values())


def listing(types: Iterable[RecordType], base: str) -> dict[str, Any]:
    """The catalog."""
    return {"items": [{"name": one.name.lower(), "links": _links(one.name.lower(), base)} for one in types]}


def openapi(types: Sequence[RecordType], base: str) -> dict[str, Any]:
    """OpenAPI 3.0 of the record types: their paths and schemas."""
    paths: dict[str, Any] = {}
    for one in types:
        answer = {"200": {"description": one.label, "content": {SINGULAR: {"schema": _reference(one)}}}}
        paths[f"/{one.name}"] = {"get": {"responses": {"200": {"description": "Links"}}}}
        paths[f"/{one.name}/{{id}}"] = {"parameters": [_ID_PARAMETER], "get": {"responses": answer}}
        if not one.read_only:
            paths[f"/{one.name}"] |= {"post": _DONE}
            paths[f"/{one.name}/{{id}}"] |= {"patch": _DONE, "put": _DONE, "delete": _DONE}
    return {
        "openapi": "3.0.1",
        "info": {"title": "NetSuite REST Record API", "version": "v1"},
        "servers": [{"url": base}],
        "paths": paths,
        "components": {"schemas": {one.name.lower(): schema(one, base) for one in types}},
    }


def _reference(record_type: RecordType) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{record_type.name.lower()}"}


def schema(record_type: RecordType, base: str) -> dict[str, Any]:
    """JSON Schema draft-06 hyper-schema of one record type."""
    properties = {entry.name: _property(entry) for entry in record_type.fields.values()}
    if record_type.lines:
        line = {entry.name: _property(entry) for entry in record_type.lines.values()}
        items = {"type": "array", "items": {"type": "object", "properties": line}}
        properties["item"] = {"type": "object", "title": "Items", "properties": {"items": items}}
    return {
        "type": "object",
        "properties": properties,
        "required": [entry.name for entry in record_type.fields.values() if entry.mandatory],
        "$schema": "http://json-schema.org/draft-06/hyper-schema#",
        "x-ns-filterable": [entry.name for entry in record_type.fields.values()],
        "links": _links(record_type.name.lower(), base),
    }


def _property(entry: Field) -> dict[str, Any]:
    custom = {"x-ns-custom-field": True} if entry.name.startswith("cust") else {}
    common = {"title": entry.name, "nullable": entry.mandatory is None, **custom}
    if entry.form in (Form.REFERENCE, Form.STATUS):
        inner = {"id": {"type": "string"}, "refName": {"type": "string"}}
        return {**common, "type": "object", "properties": inner}
    kind = {Form.NUMBER: "number", Form.BOOLEAN: "boolean"}.get(entry.form, "string")
    made = {"format": _FORMATS[entry.form]} if entry.form in _FORMATS else {}
    return {**common, "type": kind, **made}


def _links(name: str, base: str) -> list[dict[str, str]]:
    url = f"{base}/metadata-catalog/{name}"
    return [
        {"rel": "canonical", "href": url},
        {"rel": "alternate", "href": url, "mediaType": "application/swagger+json"},
        {"rel": "alternate", "href": url, "mediaType": "application/schema+json"},
        {"rel": "describes", "href": f"{base}/{name}"},
    ]
