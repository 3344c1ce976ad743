// Small kindnesses. Every page works without this file.

// An error summary takes focus when the page arrives.
document.querySelector("[data-focus]")?.focus();

// A filter chosen with the pointer is sent at once; with the keyboard Enter sends it, so that arrow keys only look around.
let byPointer = false;
addEventListener("pointerdown", () => (byPointer = true), true);
addEventListener("keydown", () => (byPointer = false), true);
addEventListener("change", ({ target }) => {
  const form = target.closest("form[data-autosubmit]");
  if (form && byPointer) form.requestSubmit();
});

// A double click sends once. Nothing is disabled for good: Back finds the form as it was.
addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-once]");
  if (!form || event.defaultPrevented) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "1";
  event.submitter?.setAttribute("aria-busy", "true");
  setTimeout(() => rest(form), 8000);
});
function rest(form) {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
}
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(rest));

// 'None of these' and the other ticks of a list rule each other out.
addEventListener("change", ({ target }) => {
  if (!target.checked || !target.closest(".rows")?.querySelector(".row-none")) return;
  const isNone = (box) => Boolean(box.closest(".row-none"));
  for (const box of target.closest(".rows").querySelectorAll("[type=checkbox]:checked")) {
    if (isNone(box) !== isNone(target)) box.checked = false;
  }
});

// A day that shows only some of its times fetches all of them, and no other day. The address then says so
// too: reloading, or coming back from the next page, finds the day as it was.
addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-day]");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const day = link.closest(".day");
  link.setAttribute("aria-busy", "true");
  const whole = await fetch(link.dataset.day)
    .then((answer) => (answer.ok && !answer.redirected ? answer.text() : ""))
    .catch(() => "");
  const fresh = new DOMParser().parseFromString(whole, "text/html").getElementById(day.id);
  if (!fresh) return location.assign(link.href);
  const address = new URL(link.href);
  address.hash = "";
  for (const other of new URLSearchParams(location.search).getAll("all")) {
    if (!address.searchParams.getAll("all").includes(other)) address.searchParams.append("all", other);
  }
  history.replaceState(history.state, "", address);
  keepChoice(day, fresh);
  day.replaceWith(fresh);
  const heading = fresh.querySelector("h3");
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
});
function keepChoice(day, fresh) {
  const times = [...fresh.querySelectorAll("[type=radio]")];
  const chosen = day.querySelector("[type=radio]:checked");
  const again = chosen && times.find((time) => time.value === chosen.value);
  if (again) again.checked = true;
  else if (chosen) day.closest("form").querySelector("[data-chosen]").textContent = "";
  // The summary of an error leads to the first time of the page by its plain name.
  const first = day.querySelector("[type=radio]:not([id*='-'])");
  if (first && times[0]) {
    fresh.querySelector(`label[for="${times[0].id}"]`)?.setAttribute("for", first.id);
    times[0].id = first.id;
  }
}

// The bar at the foot says which time is chosen.
addEventListener("change", ({ target }) => {
  const output = target.closest("form")?.querySelector("[data-chosen]");
  if (output && target.closest(".slots")) output.textContent = target.labels[0].textContent;
});

// Single keys, where the page asks for them (body[data-keys]) and nobody is typing.
addEventListener("keydown", (event) => {
  if (!("keys" in document.body.dataset) || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const typing = event.target.closest("textarea, select, input:not([type=radio], [type=checkbox])");
  if (typing && event.key !== "Escape") return;
  const aim = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!aim) return;
  event.preventDefault();
  if (aim.matches("input")) aim.select();
  else aim.click();
});
