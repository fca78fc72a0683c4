"""The benchmarks: `make bench`, or `python -m tests.benchmarks --help`. README.md has the method and figures."""
