"""The mail gate (domain.md section 4): which mails are kept back by what their reader is in the course."""

import re
from unicodedata import normalize

# Not for who is expired or unenrolled in the course the mail is about.
WITHHELD = (
    "end-of-course-survey",
    "final-assessment-locked",
    "final-assessment-unlocked",
    "inactive-status-trigger",
    "item-unlocked",
)
# About logging in, which an inactive user may not.
ABOUT_LOGIN = ("password-reset", "account-unlock")

_BREAK = re.compile(r"[\W_]+")
_KNOWN = {kind.replace("-", ""): kind for kind in (*WITHHELD, *ABOUT_LOGIN)}


def kind_of(text: str) -> str:
    """The one way a kind is written here: `Item Unlocked`, `itemUnlocked` and `ITEM_UNLOCKED` are `item-unlocked`.

    So no spelling of a kind of the list gets around the gate. Empty for a text without letters and digits.
    """
    spelled = _BREAK.sub("-", normalize("NFKC", text).casefold()).strip("-")
    return _KNOWN.get(spelled.replace("-", ""), spelled)


# Why mail `n` to user `u` of tenant `t`, about enrollment `e`, does not go at the instant :now; null: it goes.
# Mails outside the list go whatever the standing; those to staff have no user.
KEPT_BACK_BECAUSE = f"""
case
    when n.kind in {(*WITHHELD, *ABOUT_LOGIN)} and not u.active then 'reader-inactive'
    when n.kind not in {WITHHELD} then null
    when e.id is null then 'reader-not-enrolled'
    else case status_at(e.status, e.boundary, t.paused_at, t.pause_until, :now)
        when 'X' then 'reader-expired' when 'U' then 'reader-unenrolled' end
end
"""
# Tenant, user and enrollment of mail `n`, as `KEPT_BACK_BECAUSE` names them.
ABOUT = """
left join users u on u.id = n.user_id and u.tenant_id = n.tenant_id
left join tenant t on t.id = n.tenant_id
left join enrollment e on e.user_id = n.user_id and e.tenant_id = n.tenant_id
    and e.course_version_id = n.course_version_id
"""
