// Says in words what a refreshed part of the page has to tell: the text of its [data-announce], once.
(function () {
  "use strict";
  document.addEventListener("termsync:refreshed", (event) => {
    const told = event.detail.querySelector("[data-announce]");
    const place = document.getElementById("announced");
    if (told && place && place.textContent !== told.textContent.trim()) { place.textContent = told.textContent.trim(); }
  });
})();
