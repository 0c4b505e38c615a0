"use strict";
// Pages of one workload, node or pod, opened by links: its facts, the lives of its pods, its numbers over time, its Events.
(() => {
  const { data, element, drawing, duration, count, link, begin, end, table, word } = page;
  const { pods, nodes, events, classes } = data.history;
  const { podRows, podTimes, nodeRows, nodeTimes, isGone } = page.history;
  const podTable = table("Pods");
  const place = document.getElementById("object");
  const run = document.getElementById("run");
  const mostBars = 120;

  let clock = 0;
  const eventRows = events.rows.map(([step, ...rest]) => [(clock += step) / 1000, ...rest]);

  const cell = (of, row, name) => {
    const column = page.column(of, name);
    return of.columns[column][1] === "word" ? word(row[column]) : row[column];
  };
  // The facts of a row as a list, without what is shown elsewhere.
  function facts(of, row, ...without) {
    const list = element("dl", {});
    of.columns.forEach(([name]) => {
      if (without.includes(name)) return;
      const value = cell(of, row, name);
      const text = value === null || value === "" ? "–" : typeof value === "number" ? value.toLocaleString("en-US") : value;
      list.append(element("dt", { textContent: name }), element("dd", { textContent: text }));
    });
    return list;
  }

  const width = 1200;
  const left = 250;
  const at = (time) => left + (Math.min(Math.max(time, begin), end) - begin) / Math.max(end - begin, 1e-9) * (width - left - 20);

  function timeAxis(bottom) {
    const group = drawing("g", { "font-size": 12, "text-anchor": "middle", class: "ticks" });
    for (let part = 0; part <= 5; part++) {
      const time = begin + (end - begin) * part / 5;
      const text = drawing("text", { x: at(time), y: bottom + 18, "text-anchor": part === 5 ? "end" : "middle" });
      text.textContent = duration(time);
      group.append(drawing("rect", { x: at(time), y: bottom, width: 1, height: 5 }), text);
    }
    return group;
  }

  function picture(height, ...marks) {
    const svg = drawing("svg", { viewBox: `0 0 ${width} ${height}` });
    svg.append(...marks, timeAxis(height - 26));
    return element("figure", {}, svg);
  }

  // The lives of pods as bars, phases as colours.
  function lives(list) {
    const shown = list.slice(0, mostBars);
    const high = shown.length > 40 ? 8 : 18;
    const marks = [];
    const seen = new Set();
    shown.forEach((pod, row) => {
      const top = 6 + row * high;
      const rows = podRows[pod];
      if (high >= 12) {
        const text = drawing("text", { x: left - 8, y: top + 13, "text-anchor": "end", "font-size": 12, class: "name" });
        const name = cell(podTable, podTable.rows[pod], "Pod");
        text.textContent = name.length > 34 ? `${name.slice(0, 17)}…${name.slice(-16)}` : name;
        marks.push(text);
      }
      rows.forEach((change, index) => {
        const state = pods.states[pods.state[change]];
        if (isGone(state)) return;
        const next = index + 1 < rows.length ? podTimes[rows[index + 1]] : end;
        const [x, to] = [at(podTimes[change]), at(next)];
        seen.add(state[5]);
        const bar = drawing("rect", { x, y: top, width: Math.max(to - x, 0.5), height: high - 3, fill: classes[state[5]][1] });
        const title = drawing("title", {});
        title.textContent = `${cell(podTable, podTable.rows[pod], "Pod")}: ${word(state[0])} ${state[2]}/${state[3]}, ${duration(podTimes[change])} to ${duration(next)}`;
        bar.append(title);
        marks.push(bar);
      });
    });
    const legend = element("div", { className: "strip" }, ...page.legend(
      classes.flatMap(([name], index) => seen.has(index) ? [[index, name]] : [])));
    const parts = [element("h3", { textContent: "Lives of its pods" }), legend, picture(shown.length * high + 40, ...marks)];
    if (list.length > shown.length) parts.push(element("p", { className: "note", textContent: `The first ${count(shown.length)} of ${count(list.length)}.` }));
    return list.length ? parts : [];
  }

  // A number over time as an area of steps.
  function steps(title, points, unit) {
    if (points.length < 2) return [];
    const most = Math.max(...points.map(([, value]) => value)) || 1;
    const y = (value) => 110 - value / most * 100;
    let path = `M ${at(points[0][0])} 110`;
    points.forEach(([time, value], index) => {
      const next = index + 1 < points.length ? points[index + 1][0] : end;
      path += ` L ${at(time)} ${y(value)} L ${at(next)} ${y(value)}`;
    });
    path += ` L ${at(end)} 110 Z`;
    const labels = [[most, 10], [0, 110]].map(([value, top]) => {
      const text = drawing("text", { x: left - 8, y: top + 4, "text-anchor": "end", "font-size": 12, class: "name" });
      text.textContent = `${value.toLocaleString("en-US")} ${unit}`;
      return text;
    });
    return [element("h3", { textContent: title }), picture(140, drawing("path", { d: path, fill: "#56B4E9" }), ...labels)];
  }

  function eventsOf(isAbout) {
    const rows = eventRows.filter(([, , , kind, space, name]) => isAbout(word(kind), word(space), word(name)))
      .map(([time, isWarning, reason, kind, , name, times, message]) => [time, isWarning ? "Warning" : "Normal", word(reason), word(kind), word(name), times, word(message)]);
    const columns = [["Time (s)", "seconds"], ["Type", "text"], ["Reason", "text"], ["Kind", "text"], ["Name", "text"], ["Count", "number"], ["Message", "text"]];
    if (!rows.length) return [];
    const parts = [page.tableOf({ title: "Its Events", rows, all: rows.length, columns }, { rowsAtOnce: 25 })];
    if (events.until !== null) parts.push(element("p", { className: "note", textContent: `Events after ${duration(events.until)} are in events.csv only.` }));
    return parts;
  }

  const podList = (title, list) => page.tableOf(
    { ...podTable, title, rows: list.map((pod) => podTable.rows[pod]), all: list.length }, { rowsAtOnce: 25 });
  const podsWhere = (is) => podTable.rows.flatMap((row, pod) => is(row) ? [pod] : []);

  const kinds = {
    workload(key) {
      const of = table("Workloads");
      const [space, kind, name] = key.split("/");
      const row = of.rows.find((one) => cell(of, one, "Namespace") === space && cell(of, one, "Workload") === name && cell(of, one, "Kind").toLowerCase() === kind);
      if (!row) return null;
      const mine = podsWhere((pod) => cell(podTable, pod, "Namespace") === space && cell(podTable, pod, "Workload") === `${kind}/${name}`);
      const names = new Set(mine.map((pod) => cell(podTable, podTable.rows[pod], "Pod")));
      // A ReplicaSet is named after its Deployment.
      const isAbout = (about, where, what) => where === space && (about === "Pod" ? names.has(what)
        : what === name && about.toLowerCase() === kind || kind === "deployment" && about === "ReplicaSet" && what.startsWith(`${name}-`));
      return [facts(of, row), ...lives(mine), podList("Its pods", mine), ...eventsOf(isAbout)];
    },
    node(name) {
      const of = table("Nodes");
      const index = of.rows.findIndex((one) => cell(of, one, "Node") === name);
      if (index < 0) return null;
      const mine = podsWhere((pod) => cell(podTable, pod, "Node") === name);
      const points = (column, scale) => (nodeRows[index] ?? []).map((row) => [nodeTimes[row], nodes.rows[row][column] / scale]);
      const used = points(6, 1000);
      return [
        facts(of, of.rows[index]),
        ...steps("CPU requested", points(4, 1000), "CPU"),
        ...steps("Memory requested", points(5, 1024), "GiB"),
        ...(used.some(([, value]) => value) ? steps("CPU used", used, "CPU") : []),
        ...lives(mine), podList("Its pods", mine), ...eventsOf((kind, _, what) => kind === "Node" && what === name),
      ];
    },
    pod(key) {
      const pod = Number(key);
      const row = podTable.rows[pod];
      if (!row) return null;
      const [name, space] = [cell(podTable, row, "Pod"), cell(podTable, row, "Namespace")];
      const rows = podRows[pod].map((change) => {
        const [status, reason, ready, containers, restarts] = pods.states[pods.state[change]];
        return [podTimes[change], status, `${ready}/${containers}`, restarts, word(reason)];
      });
      const columns = [["Time (s)", "seconds"], ["Status", "word"], ["Ready", "text"], ["Restarts", "number"], ["Reason", "text"]];
      return [facts(podTable, row), ...lives([pod]),
        page.tableOf({ title: "What was seen of it", rows, all: rows.length, columns }),
        ...eventsOf((kind, where, what) => kind === "Pod" && where === space && what === name)];
    },
  };

  const titles = {
    pod: (key) => podTable?.rows[Number(key)] ? `Pod ${cell(podTable, podTable.rows[Number(key)], "Pod")}` : "",
    node: (key) => `Node ${key}`,
    workload: (key) => `Workload ${key}`,
  };

  let scrolled = 0;
  function open() {
    const [, kind, text] = location.hash.match(/^#(pod|node|workload)\/(.+)$/) ?? [];
    const key = text === undefined ? "" : decodeURIComponent(text);
    const parts = kind && podTable && kinds[kind](key);
    const wasOpen = !place.hidden;
    if (parts && !wasOpen) scrolled = scrollY;
    place.hidden = !parts;
    run.hidden = Boolean(parts);
    if (!parts) {
      place.replaceChildren();
      if (wasOpen) scrollTo(0, scrolled);
      return;
    }
    const back = element("a", { href: "#", className: "back", textContent: "‹ The whole run" });
    place.replaceChildren(back, element("h2", { textContent: titles[kind](key) }), ...parts);
    scrollTo(0, 0);
  }
  addEventListener("hashchange", open);
  open();
})();
