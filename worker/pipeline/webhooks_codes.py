"""What webhooks refuse, and why calls fail: what each code means and what to do."""

from connectors.netsuite import Explanation

CODES: dict[str, Explanation] = {
    "webhook-unknown": Explanation("There is no webhook of this name.", "See `termsync webhook list`."),
    "webhook-name-invalid": Explanation(
        "A webhook's name has only letters, digits, dots, dashes and underscores; the first is a letter or digit.",
        "Choose another name, of at most 100 characters.",
    ),
    "webhook-name-taken": Explanation(
        "There is a webhook of this name already.", "Choose another name, or remove the other one."
    ),
    "webhook-url-invalid": Explanation(
        "A webhook is called at an address that begins with https:// or http://, without user or password, at port"
        " 80, 443 or one from 1024 on.",
        "Give an address like https://lms.example.com/termsync.",
    ),
    "webhook-address-refused": Explanation(
        "The receiver is on a private, local or otherwise special network, which webhooks may not call.",
        "Use a public address, or name the network in TERMSYNC_WEBHOOK_ALLOW_NETWORKS.",
    ),
    "webhook-kind-unknown": Explanation(
        "There is no event of this kind.", "The reference lists all kinds; name none for all of them."
    ),
    "events-under-way": Explanation(
        "A webhook is to be told of all that happens from now on, and a change that takes long is under way: where"
        " its events end is not known before it has ended.",
        "Try again when no run is under way, or name the event to begin behind with --after.",
    ),
    "webhook-overlap-out-of-range": Explanation(
        "A new secret and the one before are good beside each other for up to 30 days.",
        "Give a number of hours from 0 to 720.",
    ),
    "webhook-delivery-unknown": Explanation(
        "The webhook has no dead call of this number.", "See `termsync webhook calls NAME --state dead`."
    ),
    "webhook-disabled": Explanation(
        "termsync has disabled a webhook: its receiver said that it is gone (410), or five calls in a row were not"
        " taken. Nothing is lost; it goes on where it stopped.",
        "Try `termsync webhook test NAME`, then `termsync webhook enable NAME`; to leave it so,"
        " `termsync webhook disable NAME`.",
    ),
    "webhook-failing": Explanation(
        "The receiver of a webhook has taken no call for a quarter of an hour, or some calls are dead: it did not"
        " take them in about a day of attempts.",
        "See `termsync webhook list`; once it works, send dead calls again: `termsync webhook replay NAME`.",
    ),
    "calls-without-worker": Explanation(
        "Webhooks are set up or mails wait, and no live worker takes the queue calls.",
        "Start `termsync worker --queue calls`, or `termsync up`, which starts all processes.",
    ),
    "webhook-too-slow": Explanation(
        "The receiver did not answer within TERMSYNC_WEBHOOK_TIMEOUT seconds.",
        "Have it answer first and work afterwards.",
    ),
    "webhook-not-trusted": Explanation(
        "The receiver's certificate is not trusted, or TLS could not be agreed on.",
        "Look at the certificate: its name, its end, who signed it.",
    ),
    "webhook-not-reached": Explanation(
        "The receiver's name is not known, nothing listens there, or it does not speak HTTP.",
        "Look at the receiver's name, and whether it runs.",
    ),
    "secret-key-missing": Explanation(
        "Secrets of webhooks are made with a key that the database does not hold, and there is none.",
        "Set TERMSYNC_SECRET_KEY to 32 random characters or more, the same for every process.",
    ),
    "secret-key-differs": Explanation(
        "The secret of a webhook was made with another key than this process has.",
        "Set TERMSYNC_SECRET_KEY to the same for every process, or change the webhook's secret.",
    ),
}
