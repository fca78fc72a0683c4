"""`make bench`: runs the benchmarks, prints the table, exits 1 when a figure is missed."""

import argparse
import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from . import access, again, expiry, host, pages, pulling, queue
from .bench import FULL, SMALL, Bench, Sizes, started
from .figures import Figure, table
from .world import Worlds

Benchmark = Callable[[Bench, Worlds], list[Figure]]
BENCHMARKS: dict[str, Benchmark] = {
    "Q1": pulling.q1_full_pull,
    "Q2": pulling.q2_landing,
    "Q3": again.q3_nothing_changed,
    "Q4": again.q4_nothing_new,
    "Q5": again.q5_little_new,
    "Q6": expiry.q6_expiry,
    "Q9": queue.q9_pickup,
    "Q10": queue.q10_recovery,
    "Q11": pulling.q11_slow_account,
    "Q12": pages.q12_pages,
    "Q15": access.q15_access,
}


def run(names: list[str], sizes: Sizes, options: list[str]) -> tuple[list[Figure], dict[str, object]]:
    """Runs the named benchmarks on servers of their own; returns the figures and the facts of the host."""
    figures: list[Figure] = []
    with started(sizes, options) as bench:
        facts = host.facts(bench)
        with ExitStack() as stack:
            worlds = Worlds(bench, stack)
            for name in names:
                for figure in BENCHMARKS[name](bench, worlds):
                    bench.say(
                        f"{figure.name} {'PASS' if figure.reached else 'MISS'} {figure.work}: {figure.value}"
                    )
                    figures.append(figure)
    return figures, facts


def main() -> int:
    arguments = _parser().parse_args()
    names = arguments.only.upper().split(",") if arguments.only else list(BENCHMARKS)
    if unknown := sorted(set(names) - set(BENCHMARKS)):
        print(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    sizes = SMALL if arguments.small else FULL
    figures, facts = run(names, sizes, arguments.postgres)
    print(table(figures))
    print(json.dumps(facts))
    if arguments.json:
        report = {"host": facts, "figures": [figure.as_json() for figure in figures]}
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0 if all(figure.reached for figure in figures) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", metavar="Q1,Q6", help="these benchmarks only")
    parser.add_argument("--small", action="store_true", help="a tenth of the sizes and few runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every run's value to FILE as well")
    parser.add_argument(
        "--postgres",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting of PostgreSQL, for floor and ours alike",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
