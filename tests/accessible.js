// What every page must have: names, captions, headings in order, landmarks. Returns the faults.
() => {
  const faults = [];
  const text = (e) => (e.getAttribute("aria-label") || e.textContent).trim();
  for (const e of document.querySelectorAll("button, a, summary, [role=region], [role=group], nav, [tabindex='0']"))
    if (!text(e) && !e.getAttribute("aria-labelledby")) faults.push("no name: " + e.outerHTML.slice(0, 80));
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  if (new Set(ids).size !== ids.length) faults.push("an id twice");
  for (const a of ["aria-labelledby", "aria-describedby", "aria-controls"])
    for (const e of document.querySelectorAll(`[${a}]`))
      if (!document.getElementById(e.getAttribute(a))) faults.push(a + " leads nowhere");
  for (const e of document.querySelectorAll("a[href^='#']"))
    if (!document.querySelector(e.getAttribute("href"))) faults.push("link leads nowhere: " + e.hash);
  let last = 0;
  for (const e of document.querySelectorAll("h1, h2, h3, h4")) {
    const level = Number(e.tagName[1]);
    if (level > last + 1) faults.push("heading left out before: " + e.textContent);
    last = level;
  }
  for (const e of document.querySelectorAll("table")) {
    if (!e.caption) faults.push("a table without caption");
    if (!e.querySelector("thead th[scope=col]")) faults.push("a table without column heads");
  }
  for (const e of document.querySelectorAll("svg"))
    if (e.getAttribute("aria-hidden") !== "true" && !e.getAttribute("aria-label")) faults.push("a drawing without words");
  for (const e of document.querySelectorAll("*"))
    for (const { name } of e.attributes) if (name.startsWith("on")) faults.push("an inline handler");
  for (const name of ["main", "header", "footer", "nav"])
    if (document.querySelectorAll(name).length !== 1) faults.push("landmark " + name);
  if (document.documentElement.lang !== "en") faults.push("no language");
  return faults;
}
