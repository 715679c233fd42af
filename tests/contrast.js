// Texts with a contrast below 4.5 to 1 (WCAG 2, 1.4.3) to what lies under them. Returns the faults.
() => {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (colour) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  const light = (c) => c.slice(0, 3).map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const faults = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || e.closest("script, noscript, title, .skip") || !e.getClientRects().length) continue;
    let under = e;
    while (under && rgb(getComputedStyle(under).backgroundColor)[3] < 255) under = under.parentElement;
    const style = getComputedStyle(e);
    const front = light(rgb(e instanceof SVGElement ? style.fill : style.color));
    const back = light(rgb(getComputedStyle(under ?? document.body).backgroundColor));
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    if (ratio < 4.5) faults.add(`${ratio.toFixed(2)}: ${e.tagName}.${e.getAttribute("class")} in ${e.parentElement.className}`);
  }
  return [...faults];
}
