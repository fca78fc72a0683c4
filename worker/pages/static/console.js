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
})();
