"use strict";
// Many series: the map of all, and the list that can be sorted, sifted and unfolded.
if (element("lines")) {
  const data = JSON.parse(element("data").textContent);
  const list = element("lines"), body = list.tBodies[0], more = element("lines-more"), few = 24;
  const lines = Array.from(body.rows, (row) => ({
    row, place: Number(row.dataset.place), name: row.cells[0].textContent,
    worst: Number(row.dataset.worst), events: Number(row.dataset.events), failed: row.classList.contains("gone"),
  }));
  const open = (which) => document.dispatchEvent(new CustomEvent("series", { detail: which }));
  for (const button of body.querySelectorAll("[data-detail]")) button.addEventListener("click", () => open(Number(button.dataset.detail)));

  // ---- the list
  const order = { by: "worst", down: true, whole: false };
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  const show = () => {
    const words = element("find").value.toLowerCase().split(/\s+/).filter(Boolean), which = element("which").value;
    const wanted = ({ name, events, failed }) =>
      words.every((word) => name.toLowerCase().includes(word)) && (which === "all" || (which === "failed" ? failed : events > 0));
    const sign = order.down ? -1 : 1;
    const sorted = [...lines].sort((a, b) => a.failed - b.failed
      || sign * (order.by === "name" ? compare(a.name, b.name) : a[order.by] - b[order.by]) || a.place - b.place);
    const found = sorted.filter(wanted), visible = order.whole ? found : found.slice(0, few), kept = new Set(visible);
    body.append(...sorted.map(({ row }) => row));
    for (const line of sorted) line.row.hidden = !kept.has(line);
    element("found").textContent = found.length === lines.length ? `${lines.length.toLocaleString("en")} series`
      : `${found.length.toLocaleString("en")} of ${lines.length.toLocaleString("en")} series`;
    more.hidden = found.length <= few;
    more.textContent = order.whole ? "Show fewer" : `Show all ${found.length.toLocaleString("en")}`;
    more.setAttribute("aria-expanded", String(order.whole));
  };
  for (const button of list.querySelectorAll("[data-by]")) {
    button.addEventListener("click", () => {
      const by = button.dataset.by;
      order.down = order.by === by ? !order.down : by !== "name";
      order.by = by;
      for (const other of list.querySelectorAll("[data-by]")) other.closest("th").setAttribute("aria-sort", "none");
      button.closest("th").setAttribute("aria-sort", order.down ? "descending" : "ascending");
      show();
    });
  }
  element("find").addEventListener("input", show);
  element("which").addEventListener("change", show);
  more.addEventListener("click", () => { order.whole = !order.whole; show(); });
  list.classList.remove("folded");
  element("sift").hidden = false;
  show();

  // ---- the map
  const map = element("map"), words = element("map-words"), plain = words.textContent, rows = data.map;
  const colours = () => {
    const probe = document.createElement("span");
    map.parentNode.append(probe);
    const read = (name) => { probe.style.color = `var(--${name})`; return getComputedStyle(probe).color; };
    const found = { ".": null, 0: read("faint"), 1: read("s3"), 2: read("s4"), 3: read("s5"), 4: read("odd") };
    probe.remove();
    return found;
  };
  const high = () => Math.round(Math.min(Math.max(rows.length * (rows.length > 120 ? 2 : 5), 40), 420));
  const paint = () => {
    const width = map.clientWidth, height = high(), ratio = devicePixelRatio || 1, pen = map.getContext("2d"), ink = colours();
    map.width = width * ratio;
    map.height = height * ratio;
    map.style.height = `${height}px`;
    const tall = map.height / rows.length;
    for (const hot of ["0", "1", "2", "3", "4"]) { // the hottest last: where rows are narrower than a pixel it stays
      pen.fillStyle = ink[hot];
      rows.forEach((row, i) => {
        const wide = map.width / row.length, top = Math.floor(i * tall), bottom = Math.max(Math.floor((i + 1) * tall), top + 1);
        for (let from = row.indexOf(hot); from >= 0; from = row.indexOf(hot, from)) {
          let to = from;
          while (row[to] === hot) to++;
          const left = Math.floor(from * wide), right = Math.ceil(to * wide);
          pen.fillRect(left, top, right - left, bottom - top - (tall >= 4 ? ratio * 0.75 : 0));
          from = to;
        }
      });
    }
  };
  const byPlace = new Map(lines.map((line) => [line.place, line]));
  const under = (event) => {
    const place = Math.min(rows.length - 1, Math.floor((event.offsetY / map.clientHeight) * rows.length));
    return byPlace.get(place);
  };
  const when = (event) => {
    const [first, last, timed] = data.span, at = first + (event.offsetX / map.clientWidth) * (last - first);
    return timed ? new Date(at * 1000).toISOString().slice(0, 16).replace("T", " ") : `point ${Math.round(at).toLocaleString("en")}`;
  };
  map.addEventListener("pointermove", (event) => {
    const line = under(event);
    words.textContent = line ? `${line.name} · ${when(event)} · worst ${line.worst.toLocaleString("en", { maximumSignificantDigits: 3 })} × the limit` : plain;
  });
  map.addEventListener("pointerleave", () => { words.textContent = plain; });
  map.addEventListener("click", (event) => {
    const line = under(event), button = line?.row.querySelector("[data-detail]");
    if (button) { open(Number(button.dataset.detail)); return; }
    if (line) { element("find").value = line.name; show(); element("lines").scrollIntoView(); }
  });
  if (rows.length > 1) {
    element("map-figure").hidden = false;
    paint();
    document.addEventListener("colours", paint);
    let width = map.clientWidth;
    new ResizeObserver(() => { if (map.clientWidth !== width) { width = map.clientWidth; paint(); } }).observe(map);
  }
}
