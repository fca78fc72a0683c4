"""The material of the demo data: names, items, and the statements that make orders and their lines."""

from __future__ import annotations

PLACES = [
    "Lakeside",
    "Northfield",
    "Riverbend",
    "Cedar_Valley",
    "Stonebridge",
    "Mapleton",
    "Harborview",
    "Pine_Ridge",
    "Fairmont",
    "Brookhaven",
    "Eastgate",
    "Willow_Creek",
    "Summit",
    "Ashford",
    "Meadowbrook",
    "Clearwater",
    "Kingsport",
    "Oakdale",
    "Redwood",
    "Silver_Lake",
    "Glenwood",
    "Highland",
    "Bayview",
    "Prairie_View",
    "Millbrook",
]
BODIES = [
    "Community_College",
    "University",
    "School_District",
    "Health_System",
    "Credit_Union",
    "Manufacturing_Inc.",
    "Logistics_LLC",
    "Consulting_Group",
    "Public_Library",
    "Technical_Institute",
    "Insurance_Co.",
    "Foods_Ltd.",
]
ITEMS = (
    (1, "LMS-SEAT", "Learning seat, yearly", "Service"),
    (2, "LMS-SITE", "Site licence", "Service"),
    (3, "COURSE-PACK", "Course pack", "NonInvtPart"),
    (4, "ONBOARD", "Onboarding day", "Service"),
)
SUBSIDIARIES = ((1, None, "Parent Company"), (2, 1, "US West"), (3, 1, "Europe"))


# Orders come in over 700 days, ids in order of creation, and are mostly changed soon after. A term lasts 6 to 36
# months and begins up to 60 days after the order. Of 100 orders 6 have their term only in the contract fields,
# 4 only on the lines, 2 nowhere.
ORDERS = """
INSERT INTO "transaction" (
    id, type, tranid, entity, status, trandate, startdate, enddate, createddate, lastmodifieddate, employee,
    currency, exchangerate, foreigntotal, memo, otherrefnum,
    custbody_swe_contract_start_date, custbody_swe_contract_end_date,
    custbody_tran_term_in_months, custbody_contract_name, subsidiary, createdfrom
)
WITH slots AS (
    SELECT i, unnest(CASE WHEN i % 8 = 3 THEN ['CustInvc', 'SalesOrd'] ELSE ['SalesOrd'] END) AS type,
        pick(i, 1, $customers) AS customer, pick(i, 2, 100) AS shape,
        $first + 3 * i + 1 + pick(i, 4, 2) AS order_id, $first + 3 * i AS invoice_id,
        [6, 12, 12, 12, 24, 36][1 + pick(i, 5, 6)] AS months,
        CAST(700 * 86400 * (1 - least(i / greatest($orders, 1), 1)) AS BIGINT) + 3600 AS age,
        (1 + pick(i, 7, 200)) * (40 + pick(i, 8, 60)) * (1 + pick(i, 21, 2)) AS total,
        pick(i, 9, 100) AS progress, pick(i, 19, 100) AS pace
    FROM range($start, $stop) r(i)
), dated AS (
    SELECT *, $today::TIMESTAMP - to_seconds(age) AS created,
        CAST($today::TIMESTAMP - to_seconds(age) AS DATE) AS ordered,
        CAST($today::TIMESTAMP - to_seconds(age) AS DATE) + CAST(pick(i, 6, 60) AS INTEGER) AS starts
    FROM slots
), timed AS (
    SELECT *, CAST(starts + to_months(months) - INTERVAL 1 DAY AS DATE) AS ends, CASE
        WHEN pick(i, 11, 50) = 7 THEN
            $today::TIMESTAMP - INTERVAL 20 DAY + to_hours(24 * pick(i, 12, 8)) + INTERVAL 41 MINUTE
        WHEN pick(i, 11, 50) = 8 THEN $fold::TIMESTAMP + to_seconds(pick(i, 13, 7200))
        ELSE created + to_seconds(pick(i, 14, least(age, 86400 * CASE
            WHEN pace < 55 THEN 2 WHEN pace < 90 THEN 20 ELSE 150 END)))
    END AS modified
    FROM dated
)
SELECT
    CASE type WHEN 'SalesOrd' THEN order_id ELSE invoice_id END, type,
    CASE type WHEN 'SalesOrd' THEN 'SO' ELSE 'INV' END || (10000 + i), 101 + customer,
    CASE
        WHEN type <> 'SalesOrd' THEN 'A' WHEN starts > $today THEN CASE WHEN progress < 40 THEN 'A' ELSE 'B' END
        WHEN progress < 3 THEN 'C' WHEN progress < 25 THEN 'B' WHEN progress < 30 THEN 'D'
        WHEN progress < 35 THEN 'E'
        WHEN progress < 55 THEN 'F' WHEN progress < 95 THEN 'G' ELSE 'H'
    END,
    ordered, CASE WHEN shape >= 12 THEN starts END, CASE WHEN shape >= 12 THEN ends END,
    created, greatest(created, modified), 11 + pick(i, 16, 2), 1, 1, total,
    CASE WHEN pick(i, 17, 10) = 0 THEN 'Renewal of last year''s order' END,
    CASE WHEN pick(i, 18, 3) = 0 THEN 'PO-' || (4000 + i) END,
    CASE WHEN shape BETWEEN 6 AND 11 OR shape >= 50 THEN starts END,
    CASE WHEN shape BETWEEN 6 AND 11 OR shape >= 50 THEN ends END,
    CASE WHEN shape >= 2 THEN months END, CASE WHEN shape >= 50 THEN company(customer) || ' contract' END,
    1 + pick(customer, 34, 3), CASE WHEN type = 'CustInvc' THEN order_id END
FROM timed
"""

LINES = """
INSERT INTO "transactionline" (
    uniquekey, transaction, id, linesequencenumber, mainline, taxline, item, itemtype, quantity, rate, netamount,
    foreignamount, isclosed, subsidiary, department, memo, linelastmodifieddate, linecreateddate, revrecstartdate,
    revrecenddate, custcol_start_date, custcol_end_date,
    custcol_swe_contract_start_date, custcol_swe_contract_end_date,
    custcol_swe_contract_item_term_months
)
WITH numbered AS (
    SELECT *, (id - $first) // 3 AS i, pick((id - $first) // 3, 21, 2) + 1 AS lines,
        unnest(range(0, 2 + pick((id - $first) // 3, 21, 2))) AS line
    FROM "transaction" WHERE id >= $low
), shaped AS (
    SELECT *, line > 0 AND pick(i, 2, 100) >= 2 AS has_term,
        CASE WHEN line > 0 THEN -1 - pick(i, 7, 200) END AS seats,
        trandate + CAST(pick(i, 6, 60) AS INTEGER) AS starts
    FROM numbered
), dated AS (
    SELECT *,
        CAST(starts + to_months(CAST(custbody_tran_term_in_months AS INTEGER)) - INTERVAL 1 DAY AS DATE) AS ends
    FROM shaped
)
SELECT
    (SELECT coalesce(max(uniquekey), 0) FROM "transactionline") + row_number() OVER (), id, line, line,
    CASE WHEN line = 0 THEN 'T' ELSE 'F' END, 'F', CASE WHEN line > 0 THEN 1 + pick(i, 22 + line, 4) END,
    CASE WHEN line > 0 THEN 'Service' END, seats, CASE WHEN line > 0 THEN 40 + pick(i, 8, 60) END,
    CASE WHEN line = 0 THEN foreigntotal ELSE seats * (40 + pick(i, 8, 60)) END,
    CASE WHEN line = 0 THEN foreigntotal ELSE seats * (40 + pick(i, 8, 60)) END,
    'F', subsidiary, 1, CASE WHEN line > 0 AND pick(i, 25, 6) = 0 THEN 'Seats for the autumn term' END,
    lastmodifieddate, createddate, CASE WHEN has_term THEN starts END, CASE WHEN has_term THEN ends END,
    CASE WHEN has_term THEN starts END, CASE WHEN has_term THEN ends END,
    CASE WHEN has_term AND pick(i, 2, 100) >= 50 THEN starts END,
    CASE WHEN has_term AND pick(i, 2, 100) >= 50 THEN ends END,
    CASE WHEN has_term THEN custbody_tran_term_in_months END
FROM dated
"""
