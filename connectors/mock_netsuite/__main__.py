"""`python -m connectors.mock_netsuite`: the mock alone. Prints one line of JSON when it is ready."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date
from typing import Any

from pydantic import ValidationError

from connectors.mock_netsuite.chaos import fault_from_text
from connectors.mock_netsuite.config import MockConfig
from connectors.mock_netsuite.server import Mock, run


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m connectors.mock_netsuite",
        description="A NetSuite account on localhost. Account and credentials come from the NETSUITE_* variables.",
    )
    parser.add_argument("--host", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (0: any free one)")
    parser.add_argument("--orders", type=int, help="number of sales orders (1000)")
    parser.add_argument("--customers", type=int, help="number of customers (one for every twenty orders)")
    parser.add_argument("--seed", type=int, help="the same seed gives the same data (1)")
    parser.add_argument("--today", type=date.fromisoformat, help="the day dates are relative to (today)")
    parser.add_argument("--no-lines", dest="with_lines", action="store_false", default=None, help="orders only")
    parser.add_argument("--time-zone", help="session time zone (America/Los_Angeles)")
    parser.add_argument("--date-format", help="date preference (M/D/YYYY)")
    parser.add_argument("--concurrency", type=int, help="requests at a time (5)")
    parser.add_argument("--over-limit", choices=["429", "queue-then-401"], help="what one more request gets (429)")
    parser.add_argument("--retry-after", type=float, help="seconds in the Retry-After of a 429 (none)")
    parser.add_argument("--clock-offset", type=float, help="seconds the account's clock is ahead")
    parser.add_argument(
        "--latency",
        action="append",
        default=[],
        metavar="[ENDPOINT=]SECONDS",
        help="delay of suiteql, record, metadata, system or token requests; without a name, of all",
    )
    parser.add_argument(
        "--chaos",
        action="append",
        default=[],
        metavar="KIND[,OPTION=VALUE...]",
        help="a fault, e.g. rate-limit,on=suiteql,probability=0.1,retry_after=2",
    )
    return parser


def latency_from_texts(texts: list[str]) -> dict[str, float]:
    """Seconds by endpoint from `0.5` or `suiteql=0.5`."""
    found: dict[str, float] = {}
    for text in texts:
        name, _, seconds = text.rpartition("=")
        names = [name] if name else ["suiteql", "record", "metadata", "system", "token"]
        found |= dict.fromkeys(names, float(seconds))
    return found


def _settings(given: dict[str, Any]) -> dict[str, Any]:
    chaos, latency = given.pop("chaos"), given.pop("latency")
    settings = {name: value for name, value in given.items() if value is not None}
    if chaos:
        settings["faults"] = tuple(fault_from_text(text) for text in chaos)
    if latency:
        settings["latency"] = latency_from_texts(latency)
    return settings


def _announce(mock: Mock) -> None:
    ready = {"base_url": mock.base_url, "account": mock.config.account, "orders": mock.config.orders}
    print(json.dumps(ready), flush=True)


def main() -> int:
    parser = _arguments()
    try:
        config = MockConfig.from_environment(**_settings(vars(parser.parse_args())))
    except (ValidationError, ValueError) as error:
        parser.error(str(error))
    try:
        run(config, _announce)
    except OSError as error:
        print(f"mock-cannot-start: {config.host}:{config.port}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
