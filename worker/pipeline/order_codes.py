"""Error codes of what people do to orders and to what waits for them."""

from connectors.netsuite import Explanation

CODES: dict[str, Explanation] = {
    "order-not-accepted": Explanation(
        "The tenant has no accepted sales order with this NetSuite id.",
        "Look for it by its number under Sales orders, or under Attention if its row was rejected.",
    ),
    "order-not-flagged": Explanation(
        "The order has no flag that waits for a review: nothing says that it is cancelled or gone.",
        "Nothing is left to do; the people on it follow its term.",
    ),
    "flag-differs": Explanation(
        "Since the page was shown, the order's flag became another one, was raised anew, or went. Nothing was"
        " changed.",
        "Look at the order again, then decide.",
    ),
    "people-changed": Explanation(
        "Since the page was shown, other people came on the order or left it. Nothing was changed.",
        "Look at the order again, and confirm the new number.",
    ),
    "reason-missing": Explanation(
        "What was asked for takes access from people or hides something, so the history needs a reason.",
        "Write in a few words why.",
    ),
    "filter-invalid": Explanation(
        "A part of the address of a list cannot be read: a date, a status or a page that does not exist.",
        "Clear the filters, and choose again.",
    ),
    "rows-not-rejected": Explanation(
        "None of the rows that were chosen is rejected any more: NetSuite has sent something else for them, or the"
        " page was old. Nothing was changed.",
        "Open the list of rejected rows again, and choose among those that wait now.",
    ),
    "rows-differ": Explanation(
        "All rows that match were chosen, and other rows match than when the page was shown. Nothing was changed.",
        "Look at the list again, then decide.",
    ),
    "nothing-chosen": Explanation("No row was ticked.", "Tick the rows it is about, or choose all that match."),
    "staff-unknown": Explanation(
        "There is no active person on the staff with this account.", "Choose one of the people in the list."
    ),
}
