"""SuiteQL: parsed as Oracle SQL, checked against the account, translated by general rules, run on DuckDB."""
