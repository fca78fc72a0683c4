"""Error codes of what operators ask for: undo, changes of tenants, runs again, the guard's limits."""

from connectors.netsuite import Explanation

CODES: dict[str, Explanation] = {
    "nothing-to-undo": Explanation(
        "The run or the approval changed no term and no enrollment.",
        "There is nothing to take back; its counts say what it did.",
    ),
    "run-not-undoable": Explanation(
        "Only pulls, and undos of them, are undone: a dry run changed nothing, other kinds have a way back of"
        " their own.",
        "Undo the pull that changed the terms; a bulk edit is undone on its own page, a time zone on the tenant.",
    ),
    "hold-not-approved": Explanation(
        "Nothing on the list of a hold is applied before somebody approves it.",
        "Only an approved hold can be undone.",
    ),
    "nothing-to-change": Explanation(
        "The tenant has the time zone and the grace that were asked for.",
        "Choose another zone or another number of days.",
    ),
    "tenant-changing": Explanation(
        "A run that changes the tenant's time zone or grace waits for a worker or is under way; it is for other"
        " values than those asked for now.",
        "Wait for its end or stop it, then ask again.",
    ),
    "tenant-effect-differs": Explanation(
        "Since the dry run of a new time zone or grace, other people would gain or lose access by it. Nothing was"
        " changed.",
        "Ask for the change again on the tenant's page, look at its new dry run, then decide.",
    ),
    "guard-limit-out-of-range": Explanation(
        "The guard cannot go by this limit.",
        "Give a whole number up to 1,000,000 or a share up to 100 %; nothing for the installation's own.",
    ),
    "not-your-role": Explanation(
        "The role of this account may not do that.", "Ask somebody whose role may: the message names it."
    ),
    "tenant-changed": Explanation(
        "Somebody changed the tenant after the page was opened on which something was asked for. Nothing was"
        " done.",
        "Look at how the tenant is now, then decide again.",
    ),
    "tenant-exists": Explanation(
        "Another tenant has this key.", "Open that one, or choose a key that nobody has."
    ),
    "name-missing": Explanation("A tenant needs a name.", "Write the name as people know it."),
    "customer-not-named": Explanation(
        "It is not said which customer is meant.", "Give the NetSuite internal id of the customer."
    ),
    "number-invalid": Explanation(
        "What was given is not a number of the kind that is asked for.", "Write digits only."
    ),
    "page-unknown": Explanation("The address names no page of the list.", "Go back to its first page."),
    "run-not-repeatable": Explanation(
        "A run of this kind cannot be asked for again from the list of runs.",
        "A bulk edit is taken up again where it was made.",
    ),
}
