"""metadata-catalog: the record types and, for one of them, its JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.mock_netsuite import problems
from connectors.mock_netsuite.records.types import Field, Form, RecordType

_FORMATS = {Form.DATE: "date", Form.INSTANT: "date-time", Form.NUMBER: "double"}


def listing(types: Mapping[str, RecordType], base: str, select: str | None) -> dict[str, Any]:
    """The catalog; `select` names the types wanted, separated by commas."""
    wanted = [name.strip().lower() for name in select.split(",")] if select else list(types)
    for name in wanted:
        if name not in types:
            raise problems.no_such_type(name)
    return {"items": [{"name": name, "links": _links(name, base)} for name in wanted]}


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
    if entry.form is Form.REFERENCE:
        inner = {"id": {"type": "string"}, "refName": {"type": "string"}}
        return {**common, "type": "object", "properties": inner}
    if entry.form is Form.STATUS:
        return {
            **common,
            "type": "object",
            "properties": {"id": {"type": "string"}, "refName": {"type": "string"}},
        }
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
