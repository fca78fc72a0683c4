"""SuiteQL: parsed as Oracle SQL, checked against the account's catalogue, translated by general rules, run on DuckDB."""
