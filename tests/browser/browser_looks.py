"""Looking at a page: wide and narrow, that nothing is cut off, and that assistive technology can use it."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from browser_stage import NARROW, WIDE, Stage
from playwright.sync_api import Page

# The page is wider than the window, a table than a narrow window, or words than their box. What is hidden on
# purpose is clipped.
CUT_OFF = """() => {
    const root = document.documentElement, found = [];
    if (root.scrollWidth > root.clientWidth) found.push(`the page is ${root.scrollWidth} px wide`);
    for (const box of document.querySelectorAll(".table-responsive"))
        if (innerWidth < 768 && box.scrollWidth > box.clientWidth) found.push("a table is scrolled sideways");
    const hidden = (element) => element && (getComputedStyle(element).clipPath !== "none"
        || hidden(element.parentElement));
    for (const element of document.querySelectorAll("h1, h2, h3, th, td, dd, button, .button, .status, label")) {
        const style = getComputedStyle(element);
        if (!element.offsetParent || style.display === "inline" || style.overflowX !== "visible") continue;
        if (element.scrollWidth > element.clientWidth + 1 && !hidden(element))
            found.push(`${element.tagName} "${element.textContent.trim().slice(0, 40)}"`);
    }
    return found;
}"""


def look_at(stage: Stage, page: Page, name: str) -> None:
    """Takes `name-1400.png` and `name-390.png`; fails on what is cut off and on serious axe violations."""
    found = faults(stage, page, name)
    assert not found, found


def faults(stage: Stage, page: Page, name: str) -> list[str]:
    """Takes both screenshots; returns what is wrong with the page, instead of failing."""
    found = []
    for width in (WIDE, NARROW):
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=stage.shots / f"{name}-{width}.png", full_page=True)
        found += [f"{name} at {width} px: {fault}" for fault in [*page.evaluate(CUT_OFF), *serious(page)]]
    page.set_viewport_size({"width": WIDE, "height": 900})
    return found


def serious(page: Page) -> list[str]:
    """What axe-core finds on the page that keeps people from using it."""
    violations: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {each['help']} {[node['target'] for node in each['nodes'][:3]]}"
        for each in violations
        if each["impact"] in {"serious", "critical"}
    ]
