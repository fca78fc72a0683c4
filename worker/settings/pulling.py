"""Settings: when and how much is read, and what the guard lets through unasked."""

from datetime import timedelta

from pydantic import Field

from worker.settings.group import DAY_SECONDS, YEAR_HOURS, SettingsGroup


class PullSettings(SettingsGroup):
    """How NetSuite is polled, and the limits of the guard."""

    poll_seconds: float = Field(
        default=5, ge=0.1, le=DAY_SECONDS, description="Seconds between two pulls of what changed."
    )
    full_hours: float = Field(default=24, ge=0.1, le=YEAR_HOURS, description="Hours between two full pulls.")
    slots: int = Field(
        default=4,
        ge=1,
        le=100,
        description="Most NetSuite requests in flight at once, over all processes.",
    )
    page_size: int = Field(default=1000, ge=1, le=1000, description="Rows asked for in one NetSuite page.")
    safety_seconds: float = Field(
        default=120,
        ge=0,
        le=DAY_SECONDS,
        description="Seconds before NetSuite's present at which a pull of changes ends, for late commits.",
    )
    overlap_seconds: float = Field(
        default=600,
        ge=0,
        le=30 * DAY_SECONDS,
        description="Seconds before the last watermark at which a pull of changes begins again.",
    )
    nightly_overlap_hours: float = Field(
        default=24,
        ge=0,
        le=YEAR_HOURS,
        description="Hours that the nightly pull of changes reads again.",
    )
    guard_min: int = Field(
        default=50,
        ge=0,
        description="Guard: newly expired enrollments of one tenant that never need approval.",
    )
    guard_share: float = Field(
        default=0.20,
        ge=0,
        le=1,
        description="Guard: share of a tenant's enrolled that may newly expire without approval.",
    )
    guard_orders_min: int = Field(
        default=5,
        ge=0,
        description="Guard: orders moved into the past below which their share does not count.",
    )
    guard_orders_share: float = Field(
        default=0.25,
        ge=0,
        le=1,
        description="Guard: share of a tenant's current orders that may move into the past without approval.",
    )
    guard_horizon_days: float = Field(
        default=2,
        ge=0,
        le=366,
        description="Guard: days from now by which a changed end counts as a loss of access. 0: only at once.",
    )
    guard_window_minutes: float = Field(
        default=60,
        ge=0,
        le=DAY_SECONDS / 60,
        description="Guard: minutes for which what was accepted unasked adds to what comes next. 0: for none.",
    )

    @property
    def poll_interval(self) -> timedelta:
        return timedelta(seconds=self.poll_seconds)

    @property
    def full_interval(self) -> timedelta:
        return timedelta(hours=self.full_hours)
