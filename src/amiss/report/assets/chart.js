// The chart of a series: one panel a channel over one shared view, and a strip that shows the score of the whole.
const drawChart = (data) => {
  const plot = element("plot"), strip = element("overview");

  // ---- unpacking
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
  const half = (h) => {
    const sign = h & 0x8000 ? -1 : 1, exponent = (h >> 10) & 31, rest = h & 1023;
    if (exponent === 31) return rest ? null : sign * 65504;
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + rest / 1024) : (2 ** -14 * rest) / 1024);
  };
  const clock = data.clock;
  const blamed = ([, , , , channels], i) => !channels.length || channels.includes(i);
  const unpack = (c, place) => {
    const steps = c.wide ? new Uint32Array(bytes(c.index)) : new Uint16Array(bytes(c.index));
    let at = 0;
    const index = Array.from(steps, (step) => (at += step));
    const x = c.times ? Array.from(new Float64Array(bytes(c.times))) : index.map((i) => (clock ? clock.start + i * clock.step : i));
    const value = Array.from(new Float32Array(bytes(c.values)), (v) => (Number.isNaN(v) ? null : v));
    const [lower, upper, expected] = c.band.map((text) =>
      Array.from(new Uint16Array(bytes(text)), (h) => { const v = half(h); return v === null ? null : c.centre + v * c.scale; }));
    const odd = value.map(() => null);
    for (const event of data.events) {
      const [, , start, end] = event;
      if (!blamed(event, place)) continue;
      for (let i = lowest(index, start); i < index.length && index[i] <= end; i++) odd[i] = value[i];
    }
    return { name: c.name, index, columns: [x, lower, upper, expected, value, odd] };
  };
  const lowest = (sorted, wanted) => {
    let low = 0, high = sorted.length;
    while (low < high) { const middle = (low + high) >> 1; if (sorted[middle] < wanted) low = middle + 1; else high = middle; }
    return low;
  };
  const channels = data.channels.map(unpack);
  const full = { min: data.overview.x[0], max: data.overview.x[data.overview.x.length - 1] };
  if (full.max <= full.min) full.max = full.min + (clock ? clock.step : 1);
  const step = clock ? clock.step : 1;
  const narrowest = Math.min(full.max - full.min, step * 8);
  let view = { ...full };

  // ---- words
  const offset = (x) => {
    let seconds = 0;
    for (const [from, value] of clock.offsets) if (from <= x) seconds = value;
    return seconds;
  };
  const wall = (x) => new Date((x + offset(x)) * 1000);
  const moment = (x) => {
    if (!clock) return "point " + Math.round(x).toLocaleString("en");
    const text = wall(x).toISOString();
    if (step >= 28 * 86400) return text.slice(0, 7);
    if (step >= 86400) return text.slice(0, 10);
    return text.slice(0, 10) + " " + text.slice(11, step >= 60 ? 16 : step >= 1 ? 19 : 23);
  };
  const figure = (v) => (v === null || v === undefined ? "–" : v.toLocaleString("en", { maximumSignificantDigits: Math.abs(v) >= 1000 ? 6 : 4 }));

  // ---- colours, read from the stylesheet
  let ink = {};
  const readColours = () => {
    const probe = document.createElement("span");
    plot.append(probe);
    for (const name of ["ink", "soft", "rule", "seen", "band", "odd", "shade", "usual", "page", "link", "faint"]) {
      probe.style.color = `var(--${name})`;
      ink[name] = getComputedStyle(probe).color;
    }
    probe.remove();
  };

  // ---- the view
  const tell = () => {
    const inside = data.events.filter(([a, b]) => b >= view.min && a <= view.max).length;
    const whole = view.min <= full.min && view.max >= full.max;
    const words = `${moment(view.min)} to ${moment(view.max)}`;
    element("range").textContent = (whole ? "All: " : "") + words;
    clearTimeout(tell.later);
    tell.later = setTimeout(() => say(`Showing ${words}, ${inside} ${inside === 1 ? "event" : "events"}.`), 400);
    plot.dataset.min = view.min;
    plot.dataset.max = view.max;
  };
  let waiting = 0;
  const draw = () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => {
      for (const panel of panels) panel.setScale("x", view);
      drawStrip();
    });
  };
  const look = (min, max) => {
    const width = Math.min(Math.max(max - min, narrowest), full.max - full.min);
    const middle = (min + max) / 2;
    const left = Math.min(Math.max(middle - width / 2, full.min), full.max - width);
    view = { min: left, max: left + width };
    tell();
    draw();
  };
  const zoom = (factor, about = (view.min + view.max) / 2) => look(about - (about - view.min) * factor, about + (view.max - about) * factor);
  const move = (share) => { const by = (view.max - view.min) * share; look(view.min + by, view.max + by); };
  const all = () => look(full.min, full.max);
  const inOrder = data.events.map((event, rank) => ({ event, rank })).sort((a, b) => a.event[0] - b.event[0]);
  const lookAt = ([start, end]) => {
    const about = Math.max((end - start) * 2, step * 40);
    look(start - about, end + about);
  };
  const turn = (way) => {
    if (!inOrder.length) return say("No events.");
    const middle = (view.min + view.max) / 2, small = step / 2;
    const zoomed = view.max - view.min < full.max - full.min;
    const centre = ({ event: [a, b] }) => (a + b) / 2;
    const found = !zoomed ? (way > 0 ? inOrder[0] : inOrder[inOrder.length - 1])
      : way > 0 ? inOrder.find((e) => centre(e) > Math.max(middle, turn.at ?? -Infinity) + small) ?? inOrder[0]
        : inOrder.findLast((e) => centre(e) < Math.min(middle, turn.at ?? Infinity) - small) ?? inOrder[inOrder.length - 1];
    lookAt(found.event);
    turn.at = centre(found);
  };
  const acts = {
    in: () => zoom(1 / 2), out: () => zoom(2), left: () => move(-1 / 4), right: () => move(1 / 4), reset: all,
    next: () => turn(1), previous: () => turn(-1),
  };

  // ---- panels
  const eventAt = (x, slack) => data.events.find(([a, b]) => a - slack <= x && x <= b + slack);
  const shade = (u, place) => {
    const { left, top, width, height } = u.bbox, pen = u.ctx, least = 3 * devicePixelRatio;
    pen.save();
    pen.fillStyle = ink.shade;
    for (const event of data.events) {
      const [a, b] = event;
      pen.globalAlpha = blamed(event, place) ? 0.7 : 0.22;
      if (b < view.min || a > view.max) continue;
      let from = u.valToPos(a - step / 2, "x", true), to = u.valToPos(b + step / 2, "x", true);
      if (to - from < least) { const middle = (from + to) / 2; from = middle - least / 2; to = middle + least / 2; }
      from = Math.max(from, left);
      to = Math.min(to, left + width);
      if (to > from) pen.fillRect(from, top, to - from, height);
    }
    pen.restore();
  };
  // the kind of each event above it, the worst first, as far as there is room
  const nameKinds = (u) => {
    const { left, top, width } = u.bbox, pen = u.ctx, taken = [], gap = 6 * devicePixelRatio;
    pen.save();
    pen.font = `${11 * devicePixelRatio}px ${font}`;
    pen.fillStyle = ink.ink;
    pen.strokeStyle = ink.page;
    pen.lineWidth = 3 * devicePixelRatio;
    pen.lineJoin = "round";
    pen.textAlign = "left";
    pen.textBaseline = "top";
    for (const [a, b, , , , kind] of data.events) {
      if (!kind || b < view.min || a > view.max) continue;
      const wide = pen.measureText(kind).width, middle = u.valToPos((Math.max(a, view.min) + Math.min(b, view.max)) / 2, "x", true);
      const from = Math.min(Math.max(middle - wide / 2, left), left + width - wide), to = from + wide;
      if (taken.some(([other, end]) => from < end + gap && to > other - gap)) continue;
      taken.push([from, to]);
      pen.strokeText(kind, from, top + gap / 3);
      pen.fillText(kind, from, top + gap / 3);
    }
    pen.restore();
  };
  const alone = (u, series) => {
    const odd = u.data[series], found = [];
    const [first, last] = u.series[0].idxs;
    for (let i = first; i <= last; i++) if (odd[i] !== null && (odd[i - 1] ?? null) === null && (odd[i + 1] ?? null) === null) found.push(i);
    return found;
  };
  const range = (u, low, high) => {
    if (low === null || high === null) return [0, 1];
    const room = (high - low || Math.abs(high) || 1) * 0.06;
    return [low - room, high + room];
  };
  // from which step of the axis on, what each label says, and what the first label and the first of a year, day, minute add
  const none = null, day = 86400, date = "\n{D} {MMM} {YYYY}", minute = "{HH}:{mm}";
  const clockWords = [
    [365 * day, "{YYYY}", none, none, none, none, none, none, 1],
    [28 * day, "{MMM}", "\n{YYYY}", none, none, none, none, none, 1],
    [day, "{D} {MMM}", "\n{YYYY}", none, none, none, none, none, 1],
    [60, minute, date, none, "\n{D} {MMM}", none, none, none, 1],
    [1, minute + ":{ss}", date, none, "\n{D} {MMM}", none, none, none, 1],
    [0.001, "{ss}.{fff}", `${date} ${minute}`, none, "\n{D} {MMM} " + minute, none, "\n" + minute, none, 1],
  ];
  const decimals = (increment) => Math.min(8, (String(Number(increment.toPrecision(6))).split(".")[1] ?? "").length);
  const axisNumber = (v, digits) => (Math.abs(v) >= 1e6 || (v !== 0 && Math.abs(v) < 1e-4) ? v.toExponential(1) : v.toLocaleString("en", { maximumFractionDigits: digits }));
  const options = (channel, width, height, last, now) => ({
    width, height,
    padding: [6, 8, last ? 0 : 4, 0],
    legend: { show: false },
    tzDate: (x) => uPlot.tzDate(wall(x), "Etc/UTC"),
    cursor: {
      y: false,
      sync: { key: "amiss", setSeries: false, scales: ["x", null] },
      drag: { x: true, y: false, setScale: false, dist: 4 },
      points: { size: 7, fill: ink.seen, show: (u, i) => (i === 4 ? dot() : false) },
      bind: { dblclick: () => () => { all(); return null; } },
    },
    scales: { x: { time: Boolean(clock), range: () => [view.min, view.max] }, y: { range } },
    series: [
      {},
      { stroke: null, width: 0, points: { show: false } },
      { stroke: null, width: 0, points: { show: false } },
      { stroke: () => ((view.max - view.min) / step < 3000 ? ink.usual : "transparent"), width: 1.25, dash: [5, 4], points: { show: false } },
      { stroke: () => ink.seen, width: 1.25, points: { show: false } },
      { stroke: () => ink.odd, width: 2.25, points: { show: true, size: 6, filter: alone, fill: () => ink.odd, stroke: () => ink.odd } },
    ],
    bands: [{ series: [2, 1], fill: () => ink.band }],
    axes: [
      { show: last, size: 46, gap: 6, font: "12px " + font, stroke: () => ink.soft, grid: { show: false }, ticks: { stroke: () => ink.rule, size: 5 }, space: 90,
        values: clock ? clockWords : (u, splits) => splits.map((v) => v.toLocaleString("en")) },
      { size: 62, gap: 8, font: "12px " + font, stroke: () => ink.soft, space: height > 200 ? 44 : 32, grid: { stroke: () => ink.rule, width: 1 }, ticks: { show: false },
        values: (u, splits, axis, space, increment) => splits.map((v) => axisNumber(v, decimals(increment))) },
    ],
    hooks: {
      drawClear: [(u) => shade(u, channels.indexOf(channel))],
      draw: [(u) => { if (channel === channels[0]) nameKinds(u); }],
      setSelect: [(u) => {
        if (u.select.width > 3) look(u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x"));
        u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      }],
      setCursor: [(u) => {
        const i = u.cursor.idx, [x, lower, upper, , value] = channel.columns;
        if (i === null || i === undefined || u.cursor.left < 0) { now.textContent = ""; return; }
        const band = lower[i] === null || upper[i] === null ? "" : ` · expected ${figure(lower[i])} to ${figure(upper[i])}`;
        const event = eventAt(u.posToVal(u.cursor.left, "x"), 3 * pixel(u));
        const kind = event && event[5] && channel === channels[0] ? ` · ${event[5]}` : "";
        now.textContent = (channel === channels[0] ? moment(x[i]) + " · " : "") + figure(value[i]) + band + kind;
        u.over.classList.toggle("on-event", Boolean(event));
      }],
    },
  });
  const dot = () => { const d = document.createElement("div"); d.className = "u-cursor-pt"; return d; };
  const pixel = (u) => (view.max - view.min) / Math.max(u.over.clientWidth, 1);
  const font = getComputedStyle(document.body).fontFamily;

  let panels = [];
  const build = () => {
    if (!plot.isConnected) return; // another series stands in its place
    for (const panel of panels) panel.destroy();
    element("panels").replaceChildren();
    readColours();
    const width = element("panels").clientWidth;
    const height = channels.length === 1 ? 320 : channels.length <= 3 ? 200 : 140;
    panels = channels.map((channel, i) => {
      const last = i === channels.length - 1;
      const box = document.createElement("div"), head = document.createElement("p");
      const name = document.createElement("bdi"), now = document.createElement("span");
      box.className = "panel"; head.className = "head"; name.className = "name"; now.className = "now";
      name.textContent = legible(channel.name);
      head.append(name, now);
      box.append(head);
      element("panels").append(box);
      const u = new uPlot(options(channel, width, height + (last ? 46 : 0), last, now), channel.columns, box);
      listen(u);
      return u;
    });
    drawStrip();
  };
  const hex = (c) => c.codePointAt(0).toString(16).padStart(4, "0");
  const legible = (text) => Array.from(text).slice(0, 60).join("").replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (c) => "\\u" + hex(c)) + (text.length > 60 ? "…" : "");

  // ---- pointer: drag zooms (uPlot), Shift or a finger moves, two fingers zoom, a click on an event looks closer
  const listen = (u) => {
    const over = u.over, held = new Map();
    let origin = null;
    const place = (event) => u.posToVal(event.clientX - over.getBoundingClientRect().left, "x");
    over.addEventListener("pointerdown", (event) => {
      origin = { x: event.clientX, y: event.clientY };
      if (!event.shiftKey && event.pointerType !== "touch") return;
      held.set(event.pointerId, event.clientX);
      over.setPointerCapture(event.pointerId);
      over.classList.add("moving");
    });
    over.addEventListener("mousedown", (event) => { if (event.shiftKey || held.size) event.stopImmediatePropagation(); }, true);
    over.addEventListener("pointermove", (event) => {
      if (!held.has(event.pointerId)) return;
      const before = [...held.values()];
      held.set(event.pointerId, event.clientX);
      const after = [...held.values()];
      if (held.size === 1) { const by = (before[0] - after[0]) * pixel(u); look(view.min + by, view.max + by); }
      if (held.size === 2) zoom(Math.abs(before[0] - before[1]) / Math.max(Math.abs(after[0] - after[1]), 1), place({ clientX: (after[0] + after[1]) / 2 }));
    });
    for (const end of ["pointerup", "pointercancel"]) {
      over.addEventListener(end, (event) => { held.delete(event.pointerId); if (!held.size) over.classList.remove("moving"); });
    }
    over.addEventListener("click", (event) => {
      plot.focus({ preventScroll: true });
      if (!origin || Math.hypot(event.clientX - origin.x, event.clientY - origin.y) > 4) return;
      const event_ = eventAt(place(event), 3 * pixel(u));
      if (event_) lookAt(event_);
    });
  };
  element("panels").addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && !plot.contains(document.activeElement)) return;
    event.preventDefault();
    const over = panels[0].over, box = over.getBoundingClientRect();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) return move(Math.sign(event.deltaX) * Math.min(Math.abs(event.deltaX) / 800, 0.25));
    return zoom(1.0015 ** Math.max(-400, Math.min(400, event.deltaY)), view.min + ((event.clientX - box.left) / box.width) * (view.max - view.min));
  }, { passive: false });

  // ---- keys and buttons
  plot.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const keys = { "+": "in", "=": "in", "-": "out", ArrowLeft: "left", ArrowRight: "right", 0: "reset", Home: "reset", Escape: "reset", n: "next", N: "next", p: "previous", P: "previous" };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    acts[act]();
  });
  for (const button of plot.querySelectorAll("[data-do]")) {
    if (!data.events.length && ["next", "previous"].includes(button.dataset.do)) button.remove();
    button.addEventListener("click", () => acts[button.dataset.do]());
  }
  const show = (event) => {
    lookAt(data.events[event]);
    element("chart").scrollIntoView();
    plot.focus({ preventScroll: true });
  };

  // ---- the strip: the score of the whole, and where the view is
  const left = 62;
  const stripPlace = (x, width) => left + ((x - full.min) / (full.max - full.min)) * (width - left - 8);
  const stripValue = (at, width) => full.min + ((at - left) / (width - left - 8)) * (full.max - full.min);
  const drawStrip = () => {
    const width = strip.clientWidth, height = 56, ratio = devicePixelRatio || 1, pen = strip.getContext("2d");
    strip.width = width * ratio;
    strip.height = height * ratio;
    pen.scale(ratio, ratio);
    const { x, score } = data.overview;
    const top = Math.max(Math.log1p(2), ...score.map((s) => Math.log1p(s)));
    const y = (s) => height - 3 - (Math.log1p(s) / top) * (height - 8);
    pen.fillStyle = ink.faint;
    pen.fillRect(left, 0, width - left - 8, height);
    for (let i = 0; i < score.length; i++) {
      const from = stripPlace(x[i], width), to = stripPlace(x[i + 1], width);
      pen.fillStyle = score[i] > 1 ? ink.odd : ink.usual;
      pen.fillRect(from, y(score[i]), Math.max(to - from, score[i] > 1 ? 1.5 : 0.7), height - 3 - y(score[i]));
    }
    pen.strokeStyle = ink.odd;
    pen.setLineDash([4, 3]);
    pen.beginPath();
    pen.moveTo(left, y(1));
    pen.lineTo(width - 8, y(1));
    pen.stroke();
    pen.setLineDash([]);
    const from = stripPlace(view.min, width), to = Math.max(stripPlace(view.max, width), from + 3);
    pen.globalAlpha = 0.72;
    pen.fillStyle = ink.page;
    pen.fillRect(left, 0, from - left, height);
    pen.fillRect(to, 0, width - 8 - to, height);
    pen.globalAlpha = 1;
    pen.strokeStyle = ink.soft;
    pen.lineWidth = 1.5;
    pen.strokeRect(from + 0.75, 0.75, to - from - 1.5, height - 1.5);
    pen.fillStyle = ink.soft;
    pen.font = "12px " + font;
    pen.textAlign = "right";
    pen.fillText("score", left - 8, height / 2 + 4);
  };
  let grip = null;
  strip.addEventListener("pointerdown", (event) => {
    const x = stripValue(event.offsetX, strip.clientWidth), half = (view.max - view.min) / 2;
    const whole = view.max - view.min >= full.max - full.min;
    if (whole) { const part = (full.max - full.min) / 10; look(x - part, x + part); }
    else if (x < view.min || x > view.max) look(x - half, x + half);
    grip = x - view.min;
    strip.setPointerCapture(event.pointerId);
  });
  strip.addEventListener("pointermove", (event) => {
    if (grip === null) return;
    const min = stripValue(event.offsetX, strip.clientWidth) - grip;
    look(min, min + view.max - view.min);
  });
  for (const end of ["pointerup", "pointercancel"]) strip.addEventListener(end, () => { grip = null; });

  // ---- what the chart leaves out, and the first picture
  const words = [];
  if (data.stretch > 1) words.push(`Between the events, each stretch of ${data.stretch} points is drawn as its smallest and its largest point; about the events every point is there.`);
  if (data.undrawn_count) words.push(`The ${channels.length} channels most to blame are drawn, ${data.undrawn_count} are not: ${data.undrawn.map(legible).join(", ")}${data.undrawn_count > data.undrawn.length ? " and more" : ""}.`);
  element("thinned").textContent = words.join(" ");
  element("thinned").hidden = !words.length;
  plot.hidden = false;
  build();
  tell();
  document.addEventListener("colours", build);
  let resizing = 0;
  new ResizeObserver(() => {
    cancelAnimationFrame(resizing);
    resizing = requestAnimationFrame(() => {
      const width = element("panels").clientWidth;
      if (panels.length && Math.abs(panels[0].width - width) > 1) build();
    });
  }).observe(plot);
  return { show };
};

if (element("plot")) {
  const data = JSON.parse(element("data").textContent), blank = element("plot").cloneNode(true);
  const charts = data.charts ?? [data], choice = element("detail");
  let chart = drawChart(charts[0]), shown = 0;
  const choose = (which) => {
    if (which === shown) return;
    element("plot").replaceWith(blank.cloneNode(true));
    chart = drawChart(charts[which]);
    shown = which;
    if (choice) choice.value = which;
  };
  for (const button of document.querySelectorAll("[data-event]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      choose(Number(button.dataset.chart));
      chart.show(Number(button.dataset.event));
    });
  }
  choice?.addEventListener("change", () => choose(Number(choice.value)));
  document.addEventListener("series", (event) => {
    choose(event.detail);
    element("chart").scrollIntoView();
    element("plot").focus({ preventScroll: true });
  });
}
