"""What keeps mails back, refuses or parks them: what each code means and what to do."""

from connectors.netsuite import Explanation

CODES: dict[str, Explanation] = {
    "reader-expired": Explanation(
        "The mail is of a kind that is not sent to somebody whose access to the course has expired.",
        "Nothing: it is never sent later.",
    ),
    "reader-unenrolled": Explanation(
        "The mail is of a kind that is not sent to somebody who was unenrolled from the course.",
        "Nothing: it is never sent later.",
    ),
    "reader-not-enrolled": Explanation(
        "The mail is of a kind that is sent to people in the course only, and this user is not in it.",
        "Compare course and version with the enrollments of the user; hand it over anew after enrolling them.",
    ),
    "reader-inactive": Explanation(
        "The user is inactive and may not log in, so mails about courses and about logging in are not sent.",
        "Reactivate the user first, if that is meant, and hand the mail over anew.",
    ),
    "mail-refused": Explanation(
        "The mail server refused the recipient or the mail for good; its words are beside the code.",
        "Correct the address in the roster, then hand the mail over anew.",
    ),
    "mail-address-unusable": Explanation(
        "Mail cannot be sent to the address of the user.",
        "Correct it in the roster, then hand the mail over anew.",
    ),
    "mail-deferred": Explanation(
        "The mail server asked for the mail to come again later.", "Nothing: it is sent again by itself."
    ),
    "mail-server-unreachable": Explanation(
        "The mail server does not answer, or ended the dialogue. Mails wait.",
        "Check TERMSYNC_SMTP_HOST, its port and TERMSYNC_SMTP_SECURITY; try `termsync mail test --to ADDRESS`.",
    ),
    "mail-server-missing": Explanation(
        "No mail server is set, so mails wait.",
        "Set TERMSYNC_SMTP_HOST and TERMSYNC_MAIL_FROM, then try `termsync mail test --to ADDRESS`.",
    ),
    "mail-login-refused": Explanation(
        "The mail server refuses the login, or does not offer what the settings ask for. Mails wait.",
        "Compare TERMSYNC_SMTP_USER, TERMSYNC_SMTP_PASSWORD and TERMSYNC_SMTP_SECURITY with what it offers.",
    ),
    "mail-sender-refused": Explanation(
        "The mail server does not take mails from the sender that is set. Mails wait.",
        "Set TERMSYNC_MAIL_FROM to an address it takes from this login.",
    ),
    "mail-certificate-invalid": Explanation(
        "The certificate of the mail server cannot be trusted. Mails wait.",
        "Set TERMSYNC_SMTP_HOST to the name in it, and TERMSYNC_SMTP_CA_FILE to the authority that signed it.",
    ),
    "mail-ca-unreadable": Explanation(
        "TERMSYNC_SMTP_CA_FILE cannot be read as certificates. Mails wait.", "Give a PEM file, or leave it out."
    ),
    "mail-outcome-unknown": Explanation(
        "The mail was handed over and the server's answer was never read, so it may have gone. It is parked, not"
        " sent a second time.",
        "Look for its Message-ID in the mail server's log; if it is not there, `termsync mail retry`.",
    ),
    "mail-worker-lost": Explanation(
        "The worker that had the mail in hand ended before anything was sent. Once, and another one sends it;"
        " twice in a row, and it is parked.",
        "Look in the worker's log for what ended it, then `termsync mail retry`.",
    ),
    "mail-unknown": Explanation("There is no mail of this number.", "See `termsync mail list`."),
    "mail-not-parked": Explanation(
        "Only a parked mail can be tried again.", "See its state with `termsync mail list`, or hand it over anew."
    ),
    "notification-kind-invalid": Explanation(
        "The kind of a notification has neither letters nor digits.", "Name it, for example item-unlocked."
    ),
    "notification-course-missing": Explanation(
        "A notification of this kind depends on what the user is in a course, and names none.",
        "Give course and version.",
    ),
    "digest-recipient-invalid": Explanation(
        "An entry of TERMSYNC_DIGEST_TO names a tenant there is not.",
        "Write addresses for all tenants, and KEY=address for one, with spaces between.",
    ),
}
