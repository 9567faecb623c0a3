"use strict";
// The page is complete without this script: it only filters, opens and copies.
const search = document.getElementById("search");
const cases = [...document.querySelectorAll("details.case")];
const shown = document.getElementById("shown");
if (search) {
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const one of cases) {
      const text = one.dataset.text;
      one.hidden = !words.every((word) => text.includes(word));
      count += one.hidden ? 0 : 1;
    }
    for (const cause of document.querySelectorAll("section.cause")) {
      cause.hidden = !cause.querySelector("details.case:not([hidden])");
    }
    shown.textContent = words.length ? `${count} of ${cases.length} cases` : "";
  };
  search.addEventListener("input", filter);
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== search) { event.preventDefault(); search.focus(); }
    if (event.key === "Escape" && document.activeElement === search) { search.value = ""; filter(); search.blur(); }
  });
  document.getElementById("open").addEventListener("click", () => cases.forEach((one) => { one.open = !one.hidden; }));
  document.getElementById("close").addEventListener("click", () => cases.forEach((one) => { one.open = false; }));
}
for (const button of document.querySelectorAll("button.copy")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = button.parentElement.querySelector("pre").textContent;
    try { await navigator.clipboard.writeText(text); } catch {
      const area = document.createElement("textarea");
      area.value = text; document.body.append(area); area.select(); document.execCommand("copy"); area.remove();
    }
    button.textContent = "copied";
    setTimeout(() => { button.textContent = "copy"; }, 1500);
  });
}
const target = () => { const one = location.hash && document.getElementById(location.hash.slice(1)); if (one && one.tagName === "DETAILS") { one.open = true; } };
window.addEventListener("hashchange", target);
target();
