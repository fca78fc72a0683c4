"""SuiteQL over HTTP: what is understood, how values are printed, what is refused and in which words."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from plain_client import Client

pytest_plugins = ("mock_accounts",)

UNSUPPORTED = "Search error occurred: Invalid or unsupported search."


def test_values_are_text_nulls_are_left_out_and_keys_are_lower_case(shared_mock: Client) -> None:
    item = shared_mock.page('SELECT id AS "myID", memo, trandate FROM transaction WHERE memo IS NULL')["items"][0]
    assert item["links"] == []
    assert set(item) == {"links", "myid", "trandate"}
    assert all(isinstance(value, str) for name, value in item.items() if name != "links")


@pytest.mark.parametrize(
    ("expression", "printed"),
    [
        ("1200", "1200"),
        ("0.5", ".5"),
        ("-0.25", "-.25"),
        ("-99.95", "-99.95"),
        ("100.10", "100.1"),
        ("7 / 2", "3.5"),
        ("MOD(7, 4)", "3"),
        ("TRUNC(7.89)", "7"),
        ("ROUND(7.891, 1)", "7.9"),
        ("NVL(NULL, 'x')", "x"),
        ("NVL('', 'empty is null')", "empty is null"),
        ("COALESCE(NULL, NULL, 3)", "3"),
        ("GREATEST(3, 10, 2)", "10"),
        ("LEAST(3, 10, 2)", "2"),
        ("DECODE('B', 'A', 1, 'B', 2, 3)", "2"),
        ("CASE WHEN 1 = 2 THEN 'a' ELSE 'b' END", "b"),
        ("CASE 2 WHEN 1 THEN 'a' WHEN 2 THEN 'c' END", "c"),
        ("'a' || NULL || 'b'", "ab"),
        ("UPPER('ab') || LOWER('CD') || SUBSTR('xyz', 2, 1)", "ABcdy"),
        ("LPAD('7', 3, '0')", "007"),
        ("INSTR('hello', 'l')", "3"),
        ("LENGTH('abc')", "3"),
        ("TO_CHAR(1234.5, '999,990.00')", "   1,234.50"),
        ("TO_CHAR(0.5)", ".5"),
        ("TO_NUMBER('12.50')", "12.5"),
        ("CAST(5 AS VARCHAR2(10)) || 'x'", "5x"),
        ("NULLIF(4, 5)", "4"),
        ("it.x", "q"),
    ],
)
def test_expressions_are_printed_as_oracle_does(shared_mock: Client, expression: str, printed: str) -> None:
    table = "(SELECT 'q' AS x FROM dual) it" if expression == "it.x" else "DUAL"
    assert shared_mock.rows(f"SELECT {expression} AS v FROM {table}") == [{"v": printed}]


def test_greatest_of_a_null_is_null_and_so_left_out(shared_mock: Client) -> None:
    assert shared_mock.rows("SELECT GREATEST(1, NULL) AS v, 1 AS w FROM dual") == [{"w": "1"}]


def test_unaliased_expressions_are_numbered(shared_mock: Client) -> None:
    [row] = shared_mock.rows("SELECT COUNT(*), MAX(id) AS top, MIN(id), SYSDATE FROM transaction")
    assert set(row) == {"expr1", "top", "expr2", "expr3"}


def test_two_columns_of_one_name_both_arrive(shared_mock: Client) -> None:
    joined = "transaction t JOIN transactionline l ON l.transaction = t.id"
    query = f"SELECT t.id, l.id FROM {joined} WHERE l.mainline = 'T' ORDER BY t.id"
    assert shared_mock.rows(query)[0] == {"id": "1002", "id_0": "0"}


def test_status_is_one_letter_and_the_compound_form_matches_nothing(shared_mock: Client) -> None:
    letters = shared_mock.rows("SELECT DISTINCT status FROM transaction WHERE type = 'SalesOrd' ORDER BY status")
    assert {row["status"] for row in letters} <= set("ABCDEFGH")
    assert shared_mock.rows("SELECT id FROM transaction WHERE status = 'SalesOrd:B'") == []


def test_builtin_df_gives_the_text_behind_a_value(shared_mock: Client) -> None:
    query = (
        "SELECT t.entity, t.status, BUILTIN.DF(t.status) AS s, BUILTIN.DF(t.entity) AS e, BUILTIN.DF(t.type) AS y "
        "FROM transaction t WHERE t.status = 'B' AND t.type = 'SalesOrd' ORDER BY t.id FETCH FIRST 1 ROWS ONLY"
    )
    [row] = shared_mock.rows(query)
    [customer] = shared_mock.rows(f"SELECT entityid FROM customer WHERE id = {row['entity']}")
    assert (row["s"], row["e"], row["y"]) == (
        "Sales Order : Pending Fulfillment",
        customer["entityid"],
        "Sales Order",
    )


def test_joins_in_both_syntaxes_agree(shared_mock: Client) -> None:
    wanted = "SELECT t.id, c.companyname AS name FROM transaction t"
    modern = shared_mock.rows(f"{wanted} LEFT JOIN customer c ON c.id = t.entity ORDER BY t.id")
    oracle = shared_mock.rows(f"{wanted}, customer c WHERE t.entity = c.id(+) ORDER BY t.id")
    implicit = shared_mock.rows(f"{wanted}, customer c WHERE t.entity = c.id ORDER BY t.id")
    assert modern == oracle == implicit
    assert modern[0]["name"]


def test_mixing_oracle_and_sql92_joins_is_refused(shared_mock: Client) -> None:
    query = (
        "SELECT t.id FROM transaction t INNER JOIN customer c ON c.id = t.entity, currency x "
        "WHERE t.currency = x.id(+)"
    )
    assert shared_mock.refusal(query) == UNSUPPORTED


def test_correlated_subqueries_exists_and_in_agree(shared_mock: Client) -> None:
    line = "FROM transactionline l WHERE l.transaction = t.id AND l.item = 2"
    head = "SELECT t.id FROM transaction t WHERE"
    exists = shared_mock.rows(f"{head} EXISTS (SELECT 1 {line}) ORDER BY t.id")
    counted = shared_mock.rows(f"{head} (SELECT COUNT(*) {line}) > 0 ORDER BY t.id")
    listed = shared_mock.rows(
        f"{head} t.id IN (SELECT transaction FROM transactionline WHERE item = 2) ORDER BY t.id"
    )
    assert exists == counted == listed
    assert 0 < len(exists) < 1000


def test_a_scalar_subquery_in_the_select_list_reads_the_lines(shared_mock: Client) -> None:
    scalar = "(SELECT MAX(l.custcol_end_date) FROM transactionline l WHERE l.transaction = t.id) AS e"
    inside = shared_mock.rows(f"SELECT t.id, {scalar} FROM transaction t WHERE t.type = 'SalesOrd' ORDER BY t.id")
    grouped = shared_mock.rows(
        "SELECT l.transaction AS id, MAX(l.custcol_end_date) AS e FROM transactionline l "
        "INNER JOIN transaction t ON t.id = l.transaction WHERE t.type = 'SalesOrd' "
        "GROUP BY l.transaction ORDER BY 1"
    )
    assert inside == grouped
    assert "e" in inside[0]


def test_rownum_counts_before_order_by_and_pages_the_oracle_way(shared_mock: Client) -> None:
    assert shared_mock.rows("SELECT id FROM transaction WHERE ROWNUM <= 2 ORDER BY id DESC") == [
        {"id": "1005"},
        {"id": "1002"},
    ]
    assert shared_mock.rows("SELECT COUNT(*) AS n FROM transaction WHERE ROWNUM < 6") == [{"n": "5"}]
    assert shared_mock.rows("SELECT id FROM transaction WHERE ROWNUM > 1") == []
    inner = "SELECT id FROM transaction ORDER BY id DESC"
    paged = f"SELECT * FROM (SELECT ROWNUM AS rn, x.* FROM ({inner}) x) WHERE rn BETWEEN 3 AND 4"
    plain = shared_mock.rows(f"{inner} OFFSET 2 ROWS FETCH NEXT 2 ROWS ONLY")
    assert [row["id"] for row in shared_mock.rows(paged)] == [row["id"] for row in plain]


def test_row_number_gives_page_edges(shared_mock: Client) -> None:
    numbered = "SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS rn FROM transaction WHERE type = 'SalesOrd'"
    edges = shared_mock.rows(f"SELECT id FROM ({numbered}) WHERE MOD(rn, 500) = 0 ORDER BY id")
    every = [
        row["id"] for row in shared_mock.rows("SELECT id FROM transaction WHERE type = 'SalesOrd' ORDER BY id")
    ]
    assert [row["id"] for row in edges][:2] == [every[499], every[999]]


def test_grouping_distinct_and_set_operations(shared_mock: Client) -> None:
    groups = shared_mock.rows(
        "SELECT status, COUNT(*) AS n FROM transaction WHERE type = 'SalesOrd' GROUP BY status "
        "HAVING COUNT(*) > 0 ORDER BY COUNT(*) DESC, status"
    )
    assert sum(int(row["n"]) for row in groups) == 1500
    assert [int(row["n"]) for row in groups] == sorted((int(row["n"]) for row in groups), reverse=True)
    union = shared_mock.rows(
        "SELECT id FROM item UNION ALL SELECT id FROM currency UNION SELECT id FROM item ORDER BY 1"
    )
    assert [row["id"] for row in union] == ["1", "2", "3", "4"]
    assert shared_mock.rows("SELECT id FROM item MINUS SELECT id FROM currency ORDER BY id") == [
        {"id": "3"},
        {"id": "4"},
    ]


def test_rows_can_be_sorted_by_what_is_not_selected(shared_mock: Client) -> None:
    by_count = shared_mock.rows("SELECT status FROM transaction GROUP BY status ORDER BY COUNT(*) DESC, status")
    counted = shared_mock.rows(
        "SELECT status, COUNT(*) AS n FROM transaction GROUP BY status ORDER BY n DESC, status"
    )
    assert by_count == [{"status": row["status"]} for row in counted]
    place = "ROW_NUMBER() OVER (ORDER BY type, id DESC)"
    ranked = shared_mock.rows(f"SELECT tranid FROM transaction ORDER BY MOD(id, 2), {place}")
    assert ranked == shared_mock.rows("SELECT tranid FROM transaction ORDER BY MOD(id, 2), type, id DESC")


def test_nulls_sort_as_in_oracle(shared_mock: Client) -> None:
    ascending = shared_mock.rows("SELECT id, parent FROM subsidiary ORDER BY parent, id")
    descending = shared_mock.rows("SELECT id, parent FROM subsidiary ORDER BY parent DESC, id")
    assert [row["id"] for row in ascending] == ["2", "3", "1"]
    assert [row["id"] for row in descending] == ["1", "2", "3"]


def test_parameters_fill_question_marks(shared_mock: Client) -> None:
    query = "SELECT id FROM transaction WHERE id BETWEEN ? AND ? AND type = ? ORDER BY id"
    literal = shared_mock.rows(
        "SELECT id FROM transaction WHERE id BETWEEN 1100 AND 1200 AND type = 'SalesOrd' ORDER BY id"
    )
    assert shared_mock.rows(query, params=["1100", "1200", "SalesOrd"]) == literal
    assert shared_mock.rows(query, params=[1100, 1200, "SalesOrd"]) == literal
    injected = "x' OR '1' = '1"
    assert shared_mock.rows("SELECT id FROM transaction WHERE tranid = ?", params=[injected]) == []
    assert shared_mock.post_query(query, params=["1100"]).status_code == 400


def test_the_tables_of_a_real_account_can_be_read(shared_mock: Client) -> None:
    tables = (
        "transaction transactionline customer item subsidiary currency department employee job deletedrecord "
        "transactionhistory transactionstatus customfield dual customersubsidiaryrelationship subscription "
        "previoustransactionlink nexttransactionlink"
    )
    for table in tables.split():
        assert shared_mock.post_query(f"SELECT * FROM {table}", limit=5).status_code == 200, table
    scripts = {row["scriptid"] for row in shared_mock.rows("SELECT scriptid FROM customfield")}
    assert {"CUSTBODY_SWE_CONTRACT_END_DATE", "CUSTCOL_END_DATE"} <= scripts


def test_an_unknown_column_is_named_with_what_there_is(shared_mock: Client) -> None:
    assert shared_mock.refusal("SELECT nope FROM customer") == (
        "Search error occurred: Unknown identifier 'nope'. Available identifiers are: {customer=customer}."
    )
    text = shared_mock.refusal("SELECT t.nope FROM transaction t JOIN transactionline l ON l.transaction = t.id")
    assert text.endswith(
        "Unknown identifier 't.nope'. Available identifiers are: {t=transaction, l=transactionline}."
    )


def test_an_unknown_table_is_named(shared_mock: Client) -> None:
    assert shared_mock.refusal("SELECT id FROM saleorders") == "Invalid search type: saleorders."


def test_what_the_role_may_not_see_is_named(start_mock: Callable[..., Client]) -> None:
    client = start_mock(
        hidden_tables={"customer"}, hidden_columns={"transaction.memo"}, one_world=False, suite_billing=False
    )
    assert client.refusal("SELECT id FROM customer") == "Search error occurred: Record 'customer' was not found."
    assert client.refusal("SELECT id FROM subscription").endswith("Record 'subscription' was not found.")
    assert "Field 'memo'" in client.refusal("SELECT memo FROM transaction")
    assert "Unknown identifier 'subsidiary'" in client.refusal("SELECT subsidiary FROM transactionline")
    assert "memo" not in client.rows("SELECT * FROM transaction")[0]


def test_an_account_may_answer_500_to_an_unknown_column(start_mock: Callable[..., Client]) -> None:
    response = start_mock(unknown_column_status=500).post_query("SELECT nope FROM transaction")
    [error] = response.json()["o:errorDetails"]
    assert (response.status_code, error["o:errorCode"]) == (500, "UNEXPECTED_ERROR")
    assert error["detail"].startswith("An unexpected error occurred. Error ID: ")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "SELECT",
        "SELECT id FROM transaction LIMIT 5",
        "WITH a AS (SELECT id FROM transaction) SELECT id FROM a",
        "SELECT LISTAGG(tranid, ',') FROM transaction",
        "SELECT LEFT(tranid, 2) FROM transaction",
        "SELECT SUBSTRING(tranid, 1, 2) FROM transaction",
        "SELECT DATEDIFF(trandate, trandate) FROM transaction",
        "SELECT NOW() FROM dual",
        "SELECT GETDATE() FROM dual",
        "SELECT read_csv('/etc/passwd') FROM dual",
        "SELECT [id] FROM transaction",
        "SELECT id FROM transaction WHERE trandate > DATE '2024-01-01'",
        "SELECT id FROM transaction WHERE lastmodifieddate > TIMESTAMP '2024-01-01 00:00:00'",
        "SELECT id FROM transaction; SELECT id FROM customer",
        "DELETE FROM transaction",
        "UPDATE transaction SET memo = 'x'",
        "INSERT INTO currency (id) VALUES (9)",
        "SELECT id FROM transaction FOR UPDATE",
        "SELECT id FROM transaction t JOIN customer t ON t.id = t.id",
        "SELECT id FROM transaction a, customer b",
        "SELECT id FROM transaction WHERE id = 'abc'",
        "SELECT entity, COUNT(*) FROM transaction",
        "SELECT COUNT(id, entity) FROM transaction",
        "SELECT TO_CHAR(trandate, 'YYYY-QQQQ-ZZ') FROM transaction",
        "SELECT TO_DATE('2024-02-30', 'YYYY-MM-DD') FROM dual",
        "SELECT id FROM transaction WHERE id",
        "SELECT id > 5 FROM transaction",
        "SELECT id FROM transaction ORDER BY 7",
        "SELECT id FROM transaction WHERE id = ?",
        "SELECT id FROM transaction WHERE id = :id",
        "SELECT id FROM transaction FETCH FIRST 5 PERCENT ROWS ONLY",
        "SELECT id FROM transaction UNION SELECT id, entity FROM transaction",
        "SELECT id FROM transaction GROUP BY ROLLUP (id)",
        "SELECT id FROM information_schema.tables",
    ],
)
def test_what_suiteql_does_not_have_is_refused(shared_mock: Client, query: str) -> None:
    assert shared_mock.refusal(query) == UNSUPPORTED


def test_a_thousand_items_in_a_list_and_not_one_more(shared_mock: Client) -> None:
    thousand = ", ".join(map(str, range(1000, 2000)))
    between = shared_mock.rows("SELECT id FROM transaction WHERE id BETWEEN 1000 AND 1999 ORDER BY id")
    assert shared_mock.rows(f"SELECT id FROM transaction WHERE id IN ({thousand}) ORDER BY id") == between
    outside = shared_mock.page(f"SELECT id FROM transaction WHERE id NOT IN ({thousand})")["totalResults"]
    assert outside + len(between) == shared_mock.page("SELECT id FROM transaction")["totalResults"]
    assert shared_mock.refusal(f"SELECT id FROM transaction WHERE id IN ({thousand}, 2000)") == UNSUPPORTED


def test_top_and_fetch_first_limit_the_whole_answer(shared_mock: Client) -> None:
    for query in ("SELECT TOP 7 id FROM transaction", "SELECT id FROM transaction FETCH FIRST 7 ROWS ONLY"):
        page = shared_mock.page(query, limit=5, offset=5)
        assert (page["totalResults"], page["count"], page["hasMore"]) == (7, 2, False)


def test_two_item_lists_of_rows_can_be_compared(shared_mock: Client) -> None:
    assert shared_mock.rows("SELECT id FROM item WHERE (id, itemid) IN ((1, 'LMS-SEAT'), (2, 'no'))") == [
        {"id": "1"}
    ]


def test_a_body_that_is_no_query_is_invalid_content(shared_mock: Client) -> None:
    headers = {"Prefer": "transient", "Content-Type": "application/json"}
    for body in (b"{", b"[]", b'{"query": "x"}', b'{"q": 5}', b"\xff"):
        response = shared_mock.call("POST", "/services/rest/query/v1/suiteql", data=body, headers=headers)
        [error] = response.json()["o:errorDetails"]
        assert (response.status_code, error["o:errorCode"]) == (400, "INVALID_CONTENT")
        assert error["detail"] == "Invalid content in the request body."


def test_custom_fields_of_the_account_are_columns(start_mock: Callable[..., Client]) -> None:
    client = start_mock(
        custom_fields=[{"scriptid": "custbody_contract_end"}, {"scriptid": "custcol_x", "kind": "text"}]
    )
    order = client.rows("SELECT MIN(id) AS id FROM transaction WHERE type = 'SalesOrd'")[0]["id"]
    client.record("PATCH", f"salesOrder/{order}", json={"custbody_contract_end": "2027-05-31"})
    query = f"SELECT TO_CHAR(custbody_contract_end, 'YYYY-MM-DD') AS e FROM transaction WHERE id = {order}"
    assert client.rows(query) == [{"e": "2027-05-31"}]
    assert client.post_query("SELECT custcol_x FROM transactionline").status_code == 200


@pytest.mark.parametrize(
    ("expression", "day"),
    [
        ("ADD_MONTHS(TO_DATE('2026-01-31', 'YYYY-MM-DD'), 1)", "2026-02-28"),
        ("ADD_MONTHS(TO_DATE('2026-02-28', 'YYYY-MM-DD'), 1)", "2026-03-31"),
        ("ADD_MONTHS(TO_DATE('2024-02-28', 'YYYY-MM-DD'), 12)", "2025-02-28"),
        ("TO_DATE('31/12/75', 'DD/MM/RR')", "1975-12-31"),
        ("TO_DATE('31/12/26', 'DD/MM/RR')", "2026-12-31"),
        ("TO_DATE('31/12/75', 'DD/MM/YY')", "2075-12-31"),
    ],
)
def test_dates_are_reckoned_as_oracle_does(shared_mock: Client, expression: str, day: str) -> None:
    assert shared_mock.rows(f"SELECT TO_CHAR({expression}, 'YYYY-MM-DD') AS day FROM DUAL") == [{"day": day}]


@pytest.mark.parametrize(
    ("later", "earlier", "months"),
    [
        ("2026-03-31", "2026-02-28", "1"),
        ("2026-03-15", "2026-02-15", "1"),
        ("2026-02-15", "2026-03-15", "-1"),
        ("2026-03-16", "2026-02-15", "1.032258064516129"),
    ],
)
def test_months_between_days(shared_mock: Client, later: str, earlier: str, months: str) -> None:
    dates = ", ".join(f"TO_DATE('{text}', 'YYYY-MM-DD')" for text in (later, earlier))
    [row] = shared_mock.rows(f"SELECT MONTHS_BETWEEN({dates}) AS n FROM DUAL")
    assert row["n"] == months


def test_rows_may_be_compared_with_a_query(shared_mock: Client) -> None:
    both = shared_mock.rows(
        "SELECT COUNT(*) AS n FROM transaction "
        "WHERE (id, type) IN (SELECT transaction, 'SalesOrd' FROM transactionline)"
    )
    assert both == shared_mock.rows("SELECT COUNT(*) AS n FROM transaction WHERE type = 'SalesOrd'")


def test_ids_of_other_records_have_names(shared_mock: Client) -> None:
    rows = shared_mock.rows("SELECT BUILTIN.DF(deletedby) AS who FROM deletedrecord")
    assert {row["who"] for row in rows} == {"Dana Whitfield"}
    query = "SELECT BUILTIN.DF(parent) AS p, BUILTIN.DF(currency) AS c FROM subsidiary WHERE id = 2"
    assert shared_mock.rows(query) == [{"p": "Parent Company", "c": "US Dollar"}]


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("REPLACE('a-b-c', '-')", "abc"),
        ("REPLACE('a-b', '-', '+')", "a+b"),
        ("LTRIM('00120', '0')", "120"),
        ("RTRIM('1.500', '0')", "1.5"),
        ("SUBSTR('hello', -3)", "llo"),
        ("SUBSTR('hello', 0, 2)", "he"),
    ],
)
def test_text_functions_mean_what_oracle_says(shared_mock: Client, expression: str, text: str) -> None:
    assert shared_mock.rows(f"SELECT {expression} AS x FROM DUAL") == [{"x": text}]
