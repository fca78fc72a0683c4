"""Webhooks as staff keep them: making, changing secrets, disabling, sending dead calls again."""

import re
from collections.abc import Sequence
from datetime import timedelta
from time import monotonic, sleep
from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from connectors.errors import OperatorMustAct
from connectors.webhooks import check_host, target
from models import api_events, webhook_calls, webhook_listing
from models.api_events import Horizon
from models.enrollment_changes import Why
from models.staff import StaffAction
from models.webhook import Webhook, WebhookDelivery
from worker.errors import NotFound, TermsyncError
from worker.pipeline import tenants
from worker.pipeline.webhooks_secrets import Keyring, new_salt, shown
from worker.settings import Settings

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
# Both secrets sign for so long after a new one was made.
OVERLAP = timedelta(days=1)
LONGEST_OVERLAP = timedelta(days=30)
# Seconds: for transactions whose events are under way when a webhook is made, and between two looks at them.
LONGEST_WAIT, LOOK_SECONDS = 20.0, 0.1


class Wanted(NamedTuple):
    """A webhook to be made. `kinds` empty: all. `after`: the number of the event it begins behind; None: now."""

    name: str
    url: str
    tenant: str | None = None
    kinds: Sequence[str] = ()
    after: int | None = None


def add(session: Session, settings: Settings, keys: Keyring, wanted: Wanted, why: Why) -> str:
    """Make a webhook. Returns its secret, which is not to be had a second time.

    Raises `webhook-name-invalid`, `webhook-name-taken`, `webhook-url-invalid`, `webhook-address-refused`,
    `webhook-kind-unknown`, `event-not-reached`, `events-under-way`, NotFound.
    """
    _check(session, settings, wanted)
    position = _settled(session) if wanted.after is None else _reached(session, wanted.after)
    tenant_id = None if wanted.tenant is None else tenants.find(session, wanted.tenant).id
    salt = new_salt()
    session.add(
        Webhook(
            name=wanted.name,
            url=wanted.url,
            tenant_id=tenant_id,
            kinds=[kind for kind in api_events.KINDS if kind in wanted.kinds] or None,
            salt=salt,
            key_check=keys.check,
            position=position,
            created_at=why.now,
            created_by=why.actor,
        )
    )
    _note(session, why, "webhook added", wanted.name, tenant=wanted.tenant, kinds=list(wanted.kinds))
    return shown(keys.secret(salt))


def rotate(session: Session, keys: Keyring, name: str, why: Why, overlap: timedelta = OVERLAP) -> str:
    """Make a new secret and return it. Until `overlap` is over calls are signed with the one before, too."""
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        raise TermsyncError(
            "webhook-overlap-out-of-range",
            "Two secrets are good beside each other for up to 30 days.",
            "Give a number of hours from 0 to 720.",
        )
    webhook = find(session, name)
    # The secret before is made of the key it was made with: with another one it is lost.
    same_key = webhook.key_check == keys.check
    webhook.salt_before = webhook.salt if overlap and same_key else None
    webhook.salt_before_until = why.now + overlap if overlap and same_key else None
    webhook.salt, webhook.key_check = new_salt(), keys.check
    _note(session, why, "webhook secret changed", name)
    return shown(keys.secret(webhook.salt))


def disable(session: Session, name: str, why: Why, because: str = "") -> bool:
    """Call it no more, for the time being. Returns whether it was not disabled already."""
    webhook = find(session, name)
    changed = webhook_calls.disable(session, webhook.id, why.now, why.actor, because.strip() or "by staff")
    if changed:
        _note(session, why, "webhook disabled", name)
    return changed


def enable(session: Session, name: str, why: Why) -> bool:
    """Call it again, from where it stopped. Returns whether it was disabled."""
    webhook = find(session, name)
    if webhook.disabled_at is None:
        return False
    webhook.disabled_at = webhook.disabled_by = webhook.disabled_because = None
    webhook.failing_since, webhook.dead_in_a_row = None, 0
    session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.webhook_id == webhook.id, WebhookDelivery.state == "due")
        .values(not_before=why.now, attempts=0)
    )
    _note(session, why, "webhook enabled", name)
    return True


def remove(session: Session, name: str, why: Why) -> None:
    """Forget it with its calls. A worker that is calling it at present finishes that call."""
    session.delete(find(session, name))
    _note(session, why, "webhook removed", name)


def replay(session: Session, name: str, why: Why, delivery_id: int | None = None) -> int:
    """Send dead calls again, one or all. Returns how many. Raises NotFound for one that is not dead."""
    webhook = find(session, name)
    count = webhook_listing.replay(session, webhook.id, why.actor, why.now, delivery_id)
    if delivery_id is not None and not count:
        raise NotFound(
            "webhook-delivery-unknown",
            f"The webhook {name} has no dead call {delivery_id}.",
            f"See `termsync webhook calls {name} --state dead`.",
        )
    if count:
        _note(session, why, "webhook calls sent again", name, calls=count)
    return count


def find(session: Session, name: str) -> Webhook:
    """The webhook of this name, locked. Raises NotFound."""
    webhook = session.execute(select(Webhook).where(Webhook.name == name).with_for_update()).scalar_one_or_none()
    if webhook is None:
        raise NotFound("webhook-unknown", f"There is no webhook {name!r}.", "See `termsync webhook list`.")
    return webhook


def _check(session: Session, settings: Settings, wanted: Wanted) -> None:
    if not NAME.fullmatch(wanted.name):
        raise TermsyncError(
            "webhook-name-invalid",
            f"{wanted.name!r} cannot be the name of a webhook.",
            "Use up to 100 letters, digits, dots, dashes and underscores; begin with a letter or digit.",
        )
    if session.execute(select(Webhook.id).where(Webhook.name == wanted.name)).first() is not None:
        raise TermsyncError(
            "webhook-name-taken", f"There is a webhook {wanted.name!r} already.", "Choose another name."
        )
    unknown = [kind for kind in wanted.kinds if kind not in api_events.KINDS]
    if unknown:
        raise TermsyncError(
            "webhook-kind-unknown",
            f"There is no event of the kind {unknown[0]!r}.",
            f"Give one or more of {', '.join(api_events.KINDS)}, or none for all.",
        )
    try:
        check_host(target(wanted.url).host, settings.webhook_networks)
    except OperatorMustAct as error:
        raise TermsyncError(error.code, error.message, error.remedy) from None


def _reached(session: Session, after: int) -> int:
    if not 0 <= after <= api_events.newest(session):
        raise TermsyncError(
            "event-not-reached", f"There is no event {after} yet.", "Take `next` of an answer of the feed."
        )
    return after


def _settled(session: Session) -> int:
    """The number of the newest event, once nothing at or below it is still to come.

    Whoever writes at present is waited for: their events are there before the webhook is, and it is told of all
    that come later.
    """
    horizon, newest, deadline = Horizon(), api_events.newest(session), monotonic() + LONGEST_WAIT
    while horizon.look(session) < newest:
        if monotonic() > deadline:
            raise TermsyncError(
                "events-under-way",
                "A change that takes long is under way, so it is not known yet where its events end.",
                "Try again when it has ended: `termsync run list --state running`.",
            )
        sleep(LOOK_SECONDS)
    return horizon.settled


def _note(session: Session, why: Why, action: str, name: str, **detail: object) -> None:
    session.add(StaffAction(at=why.now, actor=why.actor, action=action, subject=f"webhook {name}", detail=detail))
    session.flush()
