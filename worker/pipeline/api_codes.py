"""What the JSON API and its tokens refuse: what each code means and what to do."""

from connectors.netsuite import Explanation

CODES: dict[str, Explanation] = {
    "token-missing": Explanation(
        "The request to the JSON API bears no token, or one that is not known or was revoked.",
        "Send the header `Authorization: Bearer TOKEN`; make a token with `termsync token add`.",
    ),
    "token-scope-missing": Explanation(
        "The token may not do this.", "Use a token with the scope the answer names; see `termsync token list`."
    ),
    "token-of-one-tenant": Explanation(
        "This concerns all tenants, and the token is for one.", "Use a token for all tenants."
    ),
    "token-limit-reached": Explanation(
        "The token has used up its requests of this minute.",
        "Wait for the seconds the header Retry-After says; `termsync token add --per-minute` sets the limit.",
    ),
    "token-name-invalid": Explanation(
        "A token's name has only letters, digits, dots, dashes and underscores; the first is a letter or digit.",
        "Choose another name, of at most 100 characters.",
    ),
    "token-name-taken": Explanation(
        "Names of tokens are not used twice, not even of revoked ones: they stand beside what was done with them.",
        "Choose another name.",
    ),
    "token-scope-unknown": Explanation(
        "There are the scopes read, roster, enrollments and resync.", "Give one or more of them with --scope."
    ),
    "token-limit-out-of-range": Explanation(
        "A token's limit is a number of requests a minute.", "Give a whole number from 1 to 10,000,000."
    ),
    "token-unknown": Explanation("There is no token of this name.", "See `termsync token list`."),
    "access-expired": Explanation(
        "The user's access to the course version has ended; only its results are open.",
        "Nothing, if that is right; else extend the order in NetSuite or the date of the enrollment.",
    ),
    "access-not-enrolled": Explanation(
        "The user is not enrolled, or was unenrolled, in this course version.",
        "Enroll the user, if that is right.",
    ),
    "access-user-inactive": Explanation(
        "An inactive user may open nothing.", "Reactivate the user, if that is right."
    ),
    "access-page-unknown": Explanation(
        "A course has the pages today, learn, practice, apply and results.", "Ask for one of them."
    ),
    "request-invalid": Explanation(
        "A part of a request to the JSON API is missing or not as it must be.",
        "Correct the fields the answer lists; /api/v1/openapi.json describes them.",
    ),
    "parameter-unknown": Explanation(
        "A request to the JSON API has a query parameter that the operation does not take.",
        "Compare its name with /api/v1/openapi.json; a filter that is not known would have filtered nothing.",
    ),
    "cursor-invalid": Explanation(
        "A cursor belongs to one list with one filter, and to the token it was given to.",
        "Take `next` from the answer before, and change nothing else of the request.",
    ),
    "idempotency-key-reused": Explanation(
        "Another request was sent with the same Idempotency-Key in the last seven days.",
        "Use a new key for a new request.",
    ),
    "event-not-reached": Explanation(
        "The change feed was asked for what follows an event there is not yet.",
        "Take `next` from an answer; after the database was restored to an earlier state, begin again at 0.",
    ),
    "request-too-large": Explanation(
        "The body of a request to the JSON API is too large.", "Send less at once, or use the bulk addresses."
    ),
    "request-head-too-large": Explanation(
        "The address of a request to the web process is too long, or its headers are too many or too large.",
        "Ask for less at once; if it is a browser, delete its cookies for this site.",
    ),
    "request-too-slow": Explanation(
        "The body of a request to the JSON API began and did not come to its end in time.",
        "Send it again, without pauses; less at once over a slow line.",
    ),
    "address-unknown": Explanation(
        "The JSON API has nothing at this address.", "Compare it with /api/v1/openapi.json."
    ),
    "method-not-allowed": Explanation(
        "The JSON API does not take this method at this address.", "Use one that the header Allow names."
    ),
    "not-expected": Explanation(
        "Something went wrong in the JSON API that termsync did not expect.",
        "Try again; if it stays, look into the log of the web process.",
    ),
}
