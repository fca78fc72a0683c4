// The console's own handlers: what starlette-admin's templates would write inline.
(function () {
  "use strict";
  document.addEventListener("change", (event) => {
    const control = event.target.closest('[data-console="go-to-value"]');
    if (control) { window.location = control.value; }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest('[data-console="apply-columns"]') && window.applyColumnVisibility) { window.applyColumnVisibility(); }
  });
  // A table that is wider than its box is scrolled with the keyboard too.
  function reachable() {
    for (const box of document.querySelectorAll(".table-responsive:not([tabindex])")) {
      if (box.scrollWidth <= box.clientWidth) { continue; }
      const caption = box.querySelector("caption");
      box.tabIndex = 0;
      box.setAttribute("role", "region");
      box.setAttribute("aria-label", caption ? caption.textContent.trim() : "Table");
    }
  }
  window.addEventListener("resize", reachable);
  document.addEventListener("termsync:refreshed", reachable);
  reachable();
})();
