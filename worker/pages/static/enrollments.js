// Ticks of a list: how many there are, all on the page at once. Typing a date chooses "set".
(function () {
  "use strict";
  function told(form) {
    const ticks = Array.from(form.querySelectorAll('input[name="ids"]'));
    const ticked = ticks.filter((tick) => tick.checked).length;
    for (const place of form.querySelectorAll("[data-ticked]")) { place.textContent = ticked ? " (" + ticked + ")" : ""; }
    for (const button of form.querySelectorAll("[data-needs-ticks]")) { button.disabled = ticked === 0; }
    const all = form.querySelector("[data-tick-all]");
    if (all) {
      all.checked = ticks.length > 0 && ticked === ticks.length;
      all.indeterminate = ticked > 0 && ticked < ticks.length;
      all.disabled = ticks.length === 0;
    }
  }
  for (const form of document.querySelectorAll("[data-tickable]")) {
    form.addEventListener("change", (event) => {
      if (event.target.matches("[data-tick-all]")) {
        for (const tick of form.querySelectorAll('input[name="ids"]')) { tick.checked = event.target.checked; }
      }
      told(form);
    });
    told(form);
  }
  window.addEventListener("pageshow", () => document.querySelectorAll("[data-tickable]").forEach(told));
  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-sets-date]") || !event.target.value) { return; }
    const set = event.target.form.querySelector('input[name="set_date"][value="set"]');
    if (set) { set.checked = true; }
  });
})();
