"""Stands in for jsonschema-rs, of which no build for browsers is published: jsonschema judges alike, and slowly."""

from __future__ import annotations

import json
from typing import Any

import jsonschema


def validator_for(schema: str) -> Any:
    """What has `is_valid`, for the text of a JSON Schema."""
    return jsonschema.Draft202012Validator(json.loads(schema))
