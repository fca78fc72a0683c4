// Live pages. <div data-live="topic another" data-fragment="/address"> is fetched anew and put in place when one of
// its topics changes; every event also reaches scripts as `termsync:TOPIC` on document, with the topic's document
// in `detail`. Nothing is fetched while the tab is hidden. Without scripts, a reload shows the same.
// `data-seen` is what the first of its topics said when the page was made: what changed before we listened shows too.
// A part that somebody is at work in, or has the pointer pressed on, is put in place when they have left it.
(function () {
  "use strict";
  const places = Array.from(document.querySelectorAll("[data-live]"));
  const topics = new Set(places.flatMap((place) => place.dataset.live.split(/\s+/)).filter(Boolean));
  const waiting = new Map();
  const late = new Set();
  let source = null;
  // The press of the pointer that is not over: what it is pressed on must still be there when it is released, or nothing is clicked.
  let pressed = null;

  // Ticks and words that are not sent yet must not vanish.
  function atWork(place) {
    const changed = (control) => control.type === "checkbox" ? control.checked !== control.defaultChecked
      : control.options ? control.selectedIndex !== Math.max(0, Array.from(control.options).findIndex((one) => one.defaultSelected))
      : control.value !== control.defaultValue;
    return place.contains(document.activeElement) || place.contains(pressed && pressed.target)
      || Array.from(place.querySelectorAll("input, select, textarea")).some(changed);
  }

  async function refresh(place) {
    if (waiting.get(place)) { waiting.set(place, "again"); return; }
    waiting.set(place, "busy");
    try {
      const answer = await fetch(place.dataset.fragment, { headers: { Accept: "text/html", "X-Live": "1" }, credentials: "same-origin" });
      if (answer.redirected || answer.status === 401) { signedOut(); return; }
      const part = await answer.text();
      if (atWork(place)) { late.add(place); return; }
      if (answer.ok) {
        place.innerHTML = part;
        document.dispatchEvent(new CustomEvent("termsync:refreshed", { detail: place }));
      }
    } catch { /* the connection is gone; the next event tries again */ } finally {
      const again = waiting.get(place) === "again";
      waiting.delete(place);
      if (again) { refresh(place); }
    }
  }

  function heard(topic, first, event) {
    let detail = null;
    try { detail = JSON.parse(event.data); } catch { return; }
    document.dispatchEvent(new CustomEvent("termsync:" + topic, { detail }));
    for (const place of places) {
      const topics = place.dataset.live.split(/\s+/);
      if (first && (topic !== topics[0] || [undefined, event.data].includes(place.dataset.seen))) { continue; }
      if (place.dataset.fragment && topics.includes(topic)) { refresh(place); }
    }
  }

  function left() {
    for (const place of late) {
      if (!atWork(place)) { late.delete(place); refresh(place); }
    }
  }

  // The click comes a moment after the pointer is released.
  function released() {
    const before = pressed;
    setTimeout(() => {
      if (pressed === before) { pressed = null; left(); }
    }, 100);
  }

  function signedOut() {
    close();
    document.documentElement.dataset.signedOut = "true";
    document.dispatchEvent(new CustomEvent("termsync:signed-out"));
  }

  // What a topic said last: an event that says the same again, as after a pause, changes nothing.
  const said = new Map();

  function open() {
    if (source || !topics.size || document.hidden || document.documentElement.dataset.signedOut) { return; }
    source = new EventSource("/console/live?topics=" + encodeURIComponent(Array.from(topics).join(",")));
    for (const topic of topics) {
      source.addEventListener(topic, (event) => {
        const first = !said.has(topic);
        if (!first && said.get(topic) === event.data) { return; }
        said.set(topic, event.data);
        heard(topic, first, event);
      });
    }
    source.addEventListener("signed-out", signedOut);
    source.addEventListener("crowded", crowded);
    source.addEventListener("error", refused);
  }

  // Too many windows of one person: the oldest makes room, and asks again when it is looked at, or after a while.
  function crowded() {
    close();
    setTimeout(open, 60000);
  }

  // Browsers open a stream again that broke off, but not one that was refused: then a part of the page tells why.
  function refused() {
    if (!source || source.readyState !== EventSource.CLOSED) { return; }
    close();
    const place = places.find((each) => each.dataset.fragment);
    if (place) { refresh(place); }
    setTimeout(open, 10000);
  }

  function close() {
    if (source) { source.close(); source = null; }
  }

  document.addEventListener("pointerdown", (event) => { pressed = event; }, true);
  for (const end of ["pointerup", "pointercancel", "contextmenu"]) { document.addEventListener(end, released, true); }
  window.addEventListener("blur", released);
  window.addEventListener("focus", open);
  document.addEventListener("focusout", () => setTimeout(left));
  document.addEventListener("change", () => setTimeout(left));
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", open);
  open();
})();
