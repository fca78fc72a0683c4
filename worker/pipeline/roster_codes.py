"""Why a line of a roster file, or a part of it, is refused: what each code means and what to do."""

from connectors.netsuite import Explanation

CODES: dict[str, Explanation] = {
    "roster-header-invalid": Explanation(
        "The first line of the file does not name the columns of a roster.",
        "Begin the file with the names of its columns, tenant and user among them, separated by commas; see"
        " `termsync roster columns`.",
    ),
    "line-unreadable": Explanation(
        "The line is not CSV in UTF-8, or has more or fewer cells than the first line has columns.",
        "Save the file as CSV UTF-8; put cells that hold commas or quotes in quotes.",
    ),
    "value-missing": Explanation("A cell that must be filled is empty.", "Fill it in."),
    "key-unusable": Explanation(
        "Keys of users, courses and versions are parts of addresses: they hold no slash and are not just dots.",
        "Use another key, with a dash in place of the slash for example.",
    ),
    "value-too-long": Explanation("A cell holds more than 500 characters.", "Shorten it."),
    "text-unstorable": Explanation(
        "A cell holds a character that no database text can (NUL).", "Type the value anew."
    ),
    "yes-or-no-unreadable": Explanation(
        "The cell is neither yes nor no.", "Write yes or no (true, false, 1 and 0 are taken too)."
    ),
    "calendar-date-unreadable": Explanation(
        "The date is not written YYYY-MM-DD, does not exist, or is not between 2000 and 2100. None is guessed.",
        "Write it like 2026-08-31.",
    ),
    "modules-unreadable": Explanation(
        "The number of completed modules is not a whole number from 0 to 32767.", "Write a number such as 4."
    ),
    "status-unknown": Explanation("The status is not E, X or U.", "Write E, X or U, or leave the cell empty."),
    "course-incomplete": Explanation(
        "An enrollment needs both the course and its version.", "Fill in both, or empty both."
    ),
    "manager-is-self": Explanation("A user cannot be their own manager.", "Name another user, or - for none."),
    "line-tenant-unknown": Explanation(
        "There is no such tenant.", "Add it with `termsync tenant add`, or correct the key."
    ),
    "user-incomplete": Explanation(
        "A user who is new needs a name and an e-mail address.", "Fill in both on one line of that user."
    ),
    "manager-unknown": Explanation(
        "The manager is not a user of this tenant, nor of the file. The user keeps the manager they had.",
        "Correct the manager, or add them to the file.",
    ),
    "enrollment-repeated": Explanation(
        "An earlier line of the file speaks of the same user and course version already.",
        "Keep one of the two lines.",
    ),
    "user-inactive": Explanation(
        "An inactive user's enrollments are not changed.",
        "Activate the user first (active = yes), or leave the course columns of the line empty.",
    ),
    "order-not-of-tenant": Explanation(
        "The tenant has no sales order with this number.",
        "Check the number; if the order is new, map its customer and run `termsync sync --order NUMBER`.",
    ),
    "order-ambiguous": Explanation(
        "The tenant has several sales orders with this number.",
        "Give the orders different numbers in NetSuite, then sync them.",
    ),
    "order-not-selectable": Explanation(
        "The order is cancelled, deleted, missing, moved, pending approval, or its term has ended.",
        "Choose an order of the tenant whose term has not ended.",
    ),
    "completed-modules-too-many": Explanation(
        "More modules are completed than the course version has.", "Correct the number, or the course's modules."
    ),
}
