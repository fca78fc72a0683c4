"""What NetSuite sent, as it may be shown: laid out, without secrets and without people's addresses."""

import json
import re
from typing import Any

MASK = "***"
LONGEST = 10_000  # characters shown; a payload has a few hundred
SECRET = re.compile(r"secret|token|passw|authorization|api_?key|private|card|cvv|iban|ssn|tax_?id", re.IGNORECASE)
ADDRESS = re.compile(r"[\w.+-]{1,64}@(?=[\w-]+\.)")
# In text that is no JSON: `password=…`, "token": "…". Without its bound a long word is looked through again from
# every letter on.
NAMED_SECRET = re.compile(
    rf"""((?:{SECRET.pattern})[\w-]{{0,60}}["']?\s*[:=]\s*["']?)[^\s"',;&}}]+""", re.IGNORECASE
)


def shown(payload: str) -> str:
    """The payload for a person's eyes; what looks like a secret or an address is masked, what is long is cut."""
    try:
        laid_out = json.dumps(_masked(json.loads(payload)), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        laid_out = NAMED_SECRET.sub(rf"\1{MASK}", payload)
    text = ADDRESS.sub(f"{MASK}@", laid_out).replace("\0", "\\0")
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}\n… {len(text) - LONGEST:,} more characters"


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: MASK if SECRET.search(name) else _masked(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner) for inner in value]
    return value
