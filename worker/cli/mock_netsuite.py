"""`termsync mock-netsuite`"""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from worker.cli.options import Json, single

if TYPE_CHECKING:
    from connectors.mock_netsuite import Mock, MockConfig

app = single()

CREDENTIALS = {
    "NETSUITE_CONSUMER_KEY": "consumer_key",
    "NETSUITE_CONSUMER_SECRET": "consumer_secret",
    "NETSUITE_TOKEN_ID": "token_id",
    "NETSUITE_TOKEN_SECRET": "token_secret",
}


Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any free one.")]
Host = Annotated[str, typer.Option("--host", help="Address to listen on.")]
Orders = Annotated[int, typer.Option("--orders", min=0, help="Sales orders to begin with.")]
Customers = Annotated[int | None, typer.Option("--customers", min=1, help="Default: one for every twenty orders.")]
Seed = Annotated[int, typer.Option("--seed", help="The same seed and day give the same data.")]
Today = Annotated[str | None, typer.Option("--today", help="Day the data are relative to.")]
Latency = Annotated[float, typer.Option("--latency", min=0, help="Seconds every query takes longer.")]
Concurrency = Annotated[int, typer.Option("--concurrency", min=1, help="Requests at once.")]
RetryAfter = Annotated[float | None, typer.Option("--retry-after", min=0, help="Told with a 429.")]
Chaos = Annotated[
    list[str] | None,
    typer.Option("--chaos", help="A fault, such as rate-limit,on=suiteql,probability=0.1; repeatable."),
]
NoGovernance = Annotated[bool, typer.Option("--no-governance", help="The role may not read governanceLimits.")]


@app.command("mock-netsuite")
def mock_netsuite(
    port: Port = 8080,
    host: Host = "127.0.0.1",
    orders: Orders = 1000,
    customers: Customers = None,
    seed: Seed = 1,
    today: Today = None,
    latency: Latency = 0.0,
    concurrency: Concurrency = 5,
    retry_after: RetryAfter = None,
    chaos: Chaos = None,
    no_governance: NoGovernance = False,
    as_json: Json = False,
) -> int:
    """Runs a NetSuite account on this machine, to try things on.

    Account and login are taken from the NETSUITE_* settings, so that one env file serves both sides; what is not
    set is printed. Orders are made and changed through NetSuite's own record API, faults through /_mock/.
    """
    config = _config(
        port=port,
        host=host,
        orders=orders,
        customers=customers,
        seed=seed,
        today=None if today is None else _day(today),
        latency={"suiteql": latency} if latency else {},
        concurrency=concurrency,
        retry_after=retry_after,
        faults=tuple(_faults(chaos or [])),
        administrator=not no_governance,
    )
    return _run(config, as_json)


def _run(config: "MockConfig", as_json: bool) -> int:
    from connectors.mock_netsuite import run
    from worker.cli.exits import Exit
    from worker.cli.output import Output

    out = Output(as_json)

    def ready(mock: "Mock") -> None:
        environment = _environment(mock.base_url, config)
        out.document({"base_url": mock.base_url, "environment": environment})
        for name, value in environment.items():
            out.say(f"{name}={value}")
        orders = f"{config.orders:,} sales orders"
        out.note(f"A NetSuite account with {orders} listens on {mock.base_url}. Ctrl-C ends it.")

    try:
        run(config, ready)
    except OSError as error:
        where = f"{config.host}:{config.port}"
        raise typer.BadParameter(f"{where}: {error.strerror}.", param_hint="--port") from None
    return Exit.DONE


def _config(**settings: Any) -> "MockConfig":
    """The account's configuration, with what the environment and the env file say about its login."""
    from pydantic import ValidationError

    from connectors.mock_netsuite import MockConfig
    from worker import settings as own

    known = own.load()
    login = {
        "account": known.netsuite_account,
        "consumer_key": known.netsuite_consumer_key and known.netsuite_consumer_key.get_secret_value(),
        "consumer_secret": known.netsuite_consumer_secret,
        "token_id": known.netsuite_token_id and known.netsuite_token_id.get_secret_value(),
        "token_secret": known.netsuite_token_secret,
        "client_id": known.netsuite_client_id,
        "certificate_id": known.netsuite_certificate_id,
        "key_file": known.netsuite_private_key_file,
    }
    try:
        return MockConfig.model_validate({**{k: v for k, v in login.items() if v is not None}, **settings})
    except ValidationError as error:
        first = error.errors()[0]
        raise typer.BadParameter(str(first["msg"]), param_hint=str(first["loc"][0])) from None


def _environment(base_url: str, config: "MockConfig") -> dict[str, str]:
    """What a client needs; a login that this process was given itself is not printed back."""
    from connectors.mock_netsuite import MockConfig

    found = {"NETSUITE_ACCOUNT": config.account, "NETSUITE_BASE_URL": base_url}
    if config.client_id is not None:
        return found
    for name, field in CREDENTIALS.items():
        value, default = (getattr(each, field) for each in (config, MockConfig()))
        if value == default:
            found[name] = value if isinstance(value, str) else value.get_secret_value()
    return found


def _faults(texts: list[str]) -> list[Any]:
    from pydantic import ValidationError

    from connectors.mock_netsuite.chaos import fault_from_text

    try:
        return [fault_from_text(text) for text in texts]
    except (ValidationError, ValueError):
        raise typer.BadParameter(
            "Write a fault like rate-limit,on=suiteql,probability=0.1 (the kinds are at GET /_mock/).",
            param_hint="--chaos",
        ) from None


def _day(text: str) -> Any:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007  (a calendar date)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date like 2026-01-31.", param_hint="--today") from None
