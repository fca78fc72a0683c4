"""Why an edit, or a row of one, is refused: what each code means and what to do."""

from connectors.netsuite import Explanation

CODES: dict[str, Explanation] = {
    "edit-nothing-chosen": Explanation(
        "No change was selected: order, date and status all stay as they are.",
        "Choose a sales order, an expiration date or an action.",
    ),
    "edit-nobody-selected": Explanation(
        "No enrollment and no user is selected, or nobody matches any more.",
        "Tick somebody, or widen the search.",
    ),
    "edit-date-in-past": Explanation(
        "An expiration date in the past expires people at once and was not confirmed.",
        "Choose a later date, or confirm that access is to end at once.",
    ),
    "edit-date-passed": Explanation(
        "The expiration date of an edit that is to go on has passed since it was asked for: whoever is left would"
        " expire at once.",
        "Resume it with the confirmation that this is meant (confirm_past in the API), or begin a new edit with"
        " a later date.",
    ),
    "edit-date-missing": Explanation(
        "An expiration date was to be set, but none was given, or what was given is no date.",
        "Choose a date, or keep or clear the expiration date.",
    ),
    "edit-date-out-of-range": Explanation(
        "Expiration dates lie between the years 2000 and 2100.", "Choose a date in that range."
    ),
    "edit-key-reused": Explanation(
        "Another edit was asked for with the same key.", "Begin a new edit; its key is new too."
    ),
    "edit-rows-differ": Explanation(
        "Other people match than in the preview that was confirmed. Nothing was changed.",
        "Look at the preview again, then confirm it.",
    ),
    "edit-effect-differs": Explanation(
        "Something else becomes of the same people than in the preview that was confirmed: an order's term, the"
        " tenant's zone, grace or pause, or the hour has changed since. Nothing was changed.",
        "Look at the preview again, then confirm it.",
    ),
    "edit-unknown": Explanation(
        "There is no edit with this number, or not in this tenant.", "Look it up in the list of edits."
    ),
    "edit-not-ended": Explanation(
        "The edit is still under way or waits for a worker.", "Wait for its end, or stop it first."
    ),
    "edit-not-stopped": Explanation(
        "Only an edit that was stopped, failed or was set aside can be resumed.",
        "Nothing is left to do if it is done; if it is under way, wait for its end.",
    ),
    "edit-undone": Explanation(
        "The edit was taken back, so it cannot be resumed.", "Begin a new edit for the people who are left."
    ),
    "course-version-unknown": Explanation(
        "There is no such course version.", "Choose one from the list of courses."
    ),
    "enrollment-unknown": Explanation(
        "The tenant has no such enrollment.",
        "Search for the people again; somebody may have typed a wrong number.",
    ),
    "user-not-of-tenant": Explanation(
        "The tenant has no such user.", "Search for the people again; somebody may have typed a wrong number."
    ),
    "not-in-course-version": Explanation(
        "The enrollment is in another course version than the one whose enrollments are edited.",
        "Edit it in the list of its own course version.",
    ),
    "not-on-order": Explanation(
        "The enrollment was moved away from the flagged order before its turn came.",
        "Nothing is left to do: it follows the order it is on now.",
    ),
    "user-unenrolled": Explanation(
        "The person is unenrolled from the course version, so there is no access that could be ended.",
        "Nothing is left to do; to show them their results, enroll them first and expire them then.",
    ),
    "already-enrolled": Explanation(
        "The user is enrolled or expired in this course version already.",
        "Change order, date or status of that enrollment with an edit.",
    ),
    "changed-since": Explanation(
        "The enrollment was changed after the edit that is taken back: by a person, a run, or its last day.",
        "Look at its history, then edit it by itself if it is not as it should be.",
    ),
}
