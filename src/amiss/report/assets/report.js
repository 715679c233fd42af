"use strict";
// What every report does: colours by choice, folding of a long list, copying the command.
const element = (id) => document.getElementById(id);
const say = (words) => { element("said").textContent = words; };

{
  const root = document.documentElement, button = element("theme"), dark = matchMedia("(prefers-color-scheme: dark)");
  const kept = () => { try { return localStorage.getItem("amiss-theme"); } catch { return null; } };
  const keep = (theme) => { try { localStorage.setItem("amiss-theme", theme); } catch { /* a page from a file may not */ } };
  const isDark = () => (root.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
  const show = () => {
    button.setAttribute("aria-pressed", String(isDark()));
    document.dispatchEvent(new Event("colours"));
  };
  if (["light", "dark"].includes(kept())) root.dataset.theme = kept();
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    keep(root.dataset.theme);
    show();
  });
  dark.addEventListener("change", show);
  matchMedia("print").addEventListener("change", show);
  show();
}

if (element("more")) {
  const list = element("causes"), more = element("more"), all = more.textContent;
  const fold = (folded) => {
    list.classList.toggle("folded", folded);
    more.setAttribute("aria-expanded", String(!folded));
    more.textContent = folded ? all : "Show fewer";
  };
  fold(true);
  more.hidden = false;
  more.addEventListener("click", () => fold(!list.classList.contains("folded")));
}

if (element("copy") && navigator.clipboard) {
  element("copy").hidden = false;
  element("copy").addEventListener("click", () =>
    navigator.clipboard.writeText(element("command").textContent).then(() => say("Copied."), () => say("Not copied.")));
}
