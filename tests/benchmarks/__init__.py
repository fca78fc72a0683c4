"""The benchmarks: `make bench`, or `make bench ARGS=--help`. README.md has the method and figures."""
