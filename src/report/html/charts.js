"use strict";
// Charts that can be read and zoomed: pointing at one tells the time, the row and the values there; dragging across one
// zooms all of them to that stretch of time; the history's instant is a line in each. The pictures themselves are those
// of the charts' files; only what lies inside a plot is stretched.
page.charts = (() => {
  const { drawing, element, duration, begin, end, count } = page;
  const span = () => Math.max(end - begin, 1);
  const whole = { from: begin, to: begin + span() };
  let view = { ...whole };
  let instant = null;
  const listeners = [];
  const tip = element("div", { className: "tip", hidden: true });
  document.body.append(tip);

  // Numbers of an attribute that lists points.
  const numbers = (text) => (text ?? "").match(/-?\d+(\.\d+)?/g)?.map(Number) ?? [];

  // The box of a mark: [left, top, right, bottom].
  function boxOf(mark) {
    if (mark.tagName === "rect") {
      const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => Number(mark.getAttribute(name)));
      return [x, y, x + width, y + height];
    }
    const list = numbers(mark.getAttribute("points") ?? mark.getAttribute("d"));
    const xs = list.filter((_, index) => index % 2 === 0);
    const ys = list.filter((_, index) => index % 2 === 1);
    return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  }

  // Puts what lies inside each plot into a group of its own, which zooming stretches.
  function prepare(figure, number) {
    const svg = figure.querySelector("svg");
    const meaning = JSON.parse(figure.dataset.meaning);
    const meanings = new Map(meaning.meanings.map(([color, what]) => [color, what]));
    const panels = meaning.panels.map(([left, top, right, bottom, from, to, most], index) => {
      const clip = `clip-${number}-${index}`;
      const box = { x: left, y: top - 1, width: right - left + 1, height: bottom - top + 2 };
      svg.append(drawing("clipPath", { id: clip }, drawing("rect", box)));
      const outer = drawing("g", { "clip-path": `url(#${clip})` });
      const stretched = drawing("g", {});
      const ticks = drawing("g", {});
      const line = drawing("rect", { class: "instant", x: left, y: top, width: 2, height: bottom - top, visibility: "hidden" });
      const pointer = drawing("rect", { class: "pointer", x: left, y: top, width: 1, height: bottom - top, visibility: "hidden" });
      const brush = drawing("rect", { class: "brush", x: left, y: top, width: 0, height: bottom - top });
      outer.append(stretched, ticks, line, pointer, brush);
      return { left, top, right, bottom, from, to, most, outer, stretched, ticks, line, pointer, brush, thin: [], labels: [] };
    });
    const places = panels.map((panel) => ({ panel, before: null }));
    for (const mark of [...svg.children]) {
      if (mark.tagName === "clipPath" || mark.tagName === "g") continue;
      if (mark.tagName === "text") {
        // The numbers of the axis of time stand right below it.
        const [x, y] = [Number(mark.getAttribute("x")), Number(mark.getAttribute("y"))];
        const panel = panels.find((one) => y > one.bottom + 8 && y < one.bottom + 26 && x >= one.left - 4 && x <= one.right + 4);
        if (panel) panel.labels.push({ mark, x });
        continue;
      }
      const [left, top, right, bottom] = boxOf(mark);
      const place = places.find(({ panel }) => left >= panel.left && right <= panel.right + 3 && top >= panel.top - 3 && bottom <= panel.bottom + 1);
      if (!place) {
        const tick = panels.find((one) => right - left <= 1 && top >= one.bottom && top <= one.bottom + 1 && bottom <= one.bottom + 6 && left >= one.left && left <= one.right);
        if (tick) tick.labels.push({ mark, x: left });
        continue;
      }
      // The line of the axis below stays where it is.
      if (top >= place.panel.bottom) continue;
      if (!place.before) {
        mark.before(place.panel.outer);
        place.before = mark;
      }
      if (mark.tagName !== "rect") mark.setAttribute("vector-effect", "non-scaling-stroke");
      // Marks of instants keep their width.
      if (mark.tagName === "rect" && right - left <= 2) place.panel.thin.push({ mark, x: left });
      place.panel.stretched.append(mark);
    }
    for (const { panel, before } of places) if (!before) svg.append(panel.outer);
    const made = { figure, svg, panels, meanings, rows: meaning.rows };
    listen(made);
    return made;
  }

  const timeAt = (panel, x) => view.from + (x - panel.left) / (panel.right - panel.left) * (view.to - view.from);
  const placeOf = (panel, time) => panel.left + (time - view.from) / (view.to - view.from) * (panel.right - panel.left);

  // The pixel of the picture under the pointer.
  function pointOf(made, event) {
    const box = made.svg.getBoundingClientRect();
    const [, , width, height] = numbers(made.svg.getAttribute("viewBox"));
    return [(event.clientX - box.left) / box.width * width, (event.clientY - box.top) / box.height * height];
  }

  function panelAt(made, x, y) {
    return made.panels.find((panel) => x >= panel.left && x <= panel.right && y >= panel.top && y <= panel.bottom);
  }

  // What the marks at a place stand for: counts of areas and lines, the meaning of a bar.
  function readings(made, panel, x, y) {
    const scale = (panel.right - panel.left) / (panel.to - panel.from);
    const drawn = panel.left + (timeAt(panel, x) - panel.from) * scale;
    const found = new Map();
    for (const mark of panel.stretched.children) {
      const color = (mark.getAttribute("fill") === "none" ? mark.getAttribute("stroke") : mark.getAttribute("fill"))?.toUpperCase();
      const what = made.meanings.get(color);
      if (!what) continue;
      if (mark.tagName === "rect") {
        const [left, top, right, bottom] = boxOf(mark);
        if (panel.most === null && drawn >= left && drawn < right && y >= top && y <= bottom) found.set(what, null);
        continue;
      }
      if (panel.most === null) continue;
      const list = numbers(mark.getAttribute("points") ?? mark.getAttribute("d"));
      const levels = levelsAt(list, drawn);
      if (!levels.length) continue;
      const isLine = mark.getAttribute("fill") === "none" || mark.tagName === "polyline" || mark.tagName === "path";
      const unit = panel.most / (panel.bottom - panel.top);
      const high = isLine ? panel.bottom - levels[levels.length - 1] : Math.max(...levels) - Math.min(...levels);
      // An area of no height is not there.
      if (isLine || high > 0) found.set(what, high * unit);
    }
    return found;
  }

  // The heights of the level pieces of an outline over one x, in their order.
  function levelsAt(list, x) {
    const levels = [];
    for (let index = 0; index + 3 < list.length; index += 2) {
      const [x0, y0, x1, y1] = list.slice(index, index + 4);
      if (y0 === y1 && Math.min(x0, x1) <= x && x < Math.max(x0, x1)) levels.push(y0);
    }
    return levels;
  }

  function describe(made, panel, x, y) {
    const lines = [`t = ${duration(timeAt(panel, x))}`];
    const row = panel.most === null ? made.rows.find(([top, bottom]) => y >= top && y < bottom) : null;
    if (row) lines.push(row[2]);
    // Pixels are what a value is read from: whole numbers where the axis is small, rounded ones else.
    for (const [what, value] of readings(made, panel, x, y)) {
      if (value === null) lines.push(what);
      else if (panel.most <= 400) lines.push(`${what}: ${count(Math.round(value * 10) / 10)}`);
      else lines.push(`${what}: about ${count(Number(value.toPrecision(3)))}`);
    }
    return lines;
  }

  function listen(made) {
    let dragged = null;
    const { svg, figure } = made;
    const hide = () => {
      tip.hidden = true;
      made.panels.forEach((panel) => panel.pointer.setAttribute("visibility", "hidden"));
    };
    svg.addEventListener("pointermove", (event) => {
      const [x, y] = pointOf(made, event);
      if (dragged) {
        const { panel, x: from } = dragged;
        const to = Math.min(Math.max(x, panel.left), panel.right);
        panel.brush.setAttribute("x", Math.min(from, to));
        panel.brush.setAttribute("width", Math.abs(to - from));
      }
      const panel = dragged?.panel ?? panelAt(made, x, y);
      if (!panel) return hide();
      panel.pointer.setAttribute("x", x);
      panel.pointer.setAttribute("visibility", "visible");
      tip.replaceChildren(...describe(made, panel, x, y).map((line) => element("div", { textContent: line })));
      tip.hidden = false;
      const right = Math.min(event.pageX + 14, document.documentElement.clientWidth - tip.offsetWidth - 8);
      tip.style.left = `${Math.max(8, right)}px`;
      tip.style.top = `${event.pageY + 14}px`;
    });
    svg.addEventListener("pointerleave", hide);
    svg.addEventListener("pointerdown", (event) => {
      const [x, y] = pointOf(made, event);
      const panel = panelAt(made, x, y);
      if (!panel || event.button !== 0) return;
      dragged = { panel, x };
      svg.setPointerCapture(event.pointerId);
      event.preventDefault();
    });
    svg.addEventListener("pointerup", (event) => {
      if (!dragged) return;
      const { panel, x: from } = dragged;
      dragged = null;
      panel.brush.setAttribute("width", 0);
      const to = Math.min(Math.max(pointOf(made, event)[0], panel.left), panel.right);
      const times = [timeAt(panel, Math.min(from, to)), timeAt(panel, Math.max(from, to))];
      if (Math.abs(to - from) >= 4) zoom(...times);
      else listeners.forEach((hear) => hear(times[0]));
    });
    svg.addEventListener("dblclick", () => zoom(whole.from, whole.to));
    figure.classList.add("readable");
  }

  // Round distances of ticks in seconds.
  const distances = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600,
    7200, 10800, 21600, 43200, 86400, 172800, 432000, 864000, 1728000, 4320000, 8640000, 31536000];

  function zoom(from, to) {
    view = { from, to: Math.max(to, from + 0.001) };
    const isWhole = from <= whole.from && to >= whole.to;
    for (const { panels, svg } of figures) {
      for (const panel of panels) {
        const width = panel.right - panel.left;
        const scale = (panel.to - panel.from) / (view.to - view.from);
        const shift = panel.left - (view.from - panel.from) / (view.to - view.from) * width - panel.left * scale;
        panel.stretched.setAttribute("transform", isWhole ? "" : `matrix(${scale} 0 0 1 ${shift} 0)`);
        for (const { mark, x } of panel.thin) {
          mark.setAttribute("transform", isWhole ? "" : `matrix(${1 / scale} 0 0 1 ${x - x / scale} 0)`);
        }
        for (const { mark } of panel.labels) mark.setAttribute("visibility", isWhole ? "visible" : "hidden");
        drawTicks(svg, panel, isWhole);
        place(panel);
      }
    }
    const note = document.getElementById("zoom");
    const back = element("button", { type: "button", textContent: "Show all" });
    back.addEventListener("click", () => zoom(whole.from, whole.to));
    note.replaceChildren(...(isWhole
      ? ["Point at a chart to read it; drag across one to zoom all of them in time."]
      : [`${duration(from)} to ${duration(to)} `, back]));
  }

  function drawTicks(svg, panel, isWhole) {
    panel.names?.remove();
    panel.names = null;
    if (isWhole) return;
    const room = (panel.right - panel.left) / 110;
    const step = distances.find((one) => (view.to - view.from) / one <= room) ?? distances[distances.length - 1];
    const names = drawing("g", { "font-size": 12, "text-anchor": "middle", class: "ticks" });
    for (let time = Math.ceil(view.from / step) * step; time <= view.to; time += step) {
      const x = placeOf(panel, time);
      names.append(drawing("rect", { x, y: panel.bottom, width: 1, height: 5 }));
      const text = drawing("text", { x, y: panel.bottom + 20 });
      text.textContent = duration(Math.round(time * 1000) / 1000);
      names.append(text);
    }
    panel.names = names;
    svg.append(names);
  }

  function place(panel) {
    const isSeen = instant !== null && instant >= view.from && instant <= view.to;
    panel.line.setAttribute("visibility", isSeen ? "visible" : "hidden");
    if (isSeen) panel.line.setAttribute("x", placeOf(panel, instant) - 1);
  }

  // Shows an instant as a line in every chart.
  const show = (time) => {
    instant = time;
    for (const { panels } of figures) panels.forEach(place);
  };
  const figures = [...document.querySelectorAll("figure[data-meaning]")].map(prepare);
  return { show, zoom, onPoint: (hear) => listeners.push(hear), figures };
})();
