"use strict";
// The cluster at any instant, as `kubectl get` would show it: a slider over the run's time, pods and nodes below.
page.history = (() => {
  const { data, element, count, duration, age, instant, begin, end, table, word } = page;
  const { pods, nodes, classes } = data.history;

  // The changes of each thing: their places in the columns, in the order of time.
  function changes(of, number) {
    const lists = Array.from({ length: number }, () => []);
    of.forEach((thing, row) => lists[thing].push(row));
    return lists;
  }
  const sums = (steps) => { let sum = 0; return steps.map((step) => (sum += step)); };
  const podTimes = sums(pods.time).map((millis) => millis / 1000);
  const podRows = changes(sums(pods.pod), pods.bound.length);
  const nodeTimes = sums(nodes.rows.map(([step]) => step)).map((millis) => millis / 1000);
  const nodeRows = changes(nodes.rows.map(([, node]) => node), nodes.life.length);

  // The last of some rows that is not later than a time; -1 if there is none.
  function rowAt(rows, times, time) {
    let [low, high] = [0, rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[rows[middle]] <= time) low = middle + 1; else high = middle;
    }
    return low ? rows[low - 1] : -1;
  }

  const columnsOf = (title, ...names) => names.map((name) => page.column(table(title), name));
  const [podName, podSpace, podNode, podCreated] = columnsOf("Pods", "Pod", "Namespace", "Node", "Created (s)");
  const [nodeName] = columnsOf("Nodes", "Node");
  const podFacts = table("Pods")?.rows ?? [];
  const nodeFacts = table("Nodes")?.rows ?? [];
  // A state that no pod shows: it was deleted.
  const isGone = (state) => state[5] < 0;

  function podsAt(time) {
    const rows = [];
    podRows.forEach((list, pod) => {
      const row = rowAt(list, podTimes, time);
      if (row < 0) return;
      const state = pods.states[pods.state[row]];
      if (isGone(state)) return;
      const facts = podFacts[pod];
      const isBound = pods.bound[pod] !== null && pods.bound[pod] <= time;
      rows.push([facts[podSpace], facts[podName], `${state[2]}/${state[3]}`, state[0], state[4],
        age(time - facts[podCreated]), isBound ? word(facts[podNode]) : "<none>", pod, state[5]]);
    });
    return rows;
  }

  function nodesAt(time) {
    const rows = [];
    nodeRows.forEach((list, node) => {
      const [created, deleted] = nodes.life[node];
      const row = rowAt(list, nodeTimes, time);
      if (row < 0 || created > time || deleted !== null && deleted <= time) return;
      const [, , status, held, cpu, memory] = nodes.rows[row];
      rows.push([nodeFacts[node][nodeName], status, age(time - created), held, cpu / 1000, memory]);
    });
    return rows;
  }

  const place = document.getElementById("history");
  const steps = 2000;
  const slider = element("input", { type: "range", min: 0, max: steps, value: steps });
  slider.setAttribute("aria-label", "Instant");
  const label = element("output", {});
  const play = element("button", { type: "button", textContent: "▶ Play" });
  const before = element("button", { type: "button", textContent: "‹ Change" });
  const after = element("button", { type: "button", textContent: "Change ›" });
  const podTable = page.tableOf({
    title: "kubectl get pods -A -o wide", rows: [], all: 0,
    columns: [["NAMESPACE", "word"], ["NAME", "word"], ["READY", "text"], ["STATUS", "word"], ["RESTARTS", "number"], ["AGE", "text"], ["NODE", "text"]],
    links: { 1: (row) => ["pod", row[7]], 6: (row) => row[6] !== "<none>" && ["node", row[6]] },
  }, { rowsAtOnce: 25, noun: "pods" });
  const nodeTable = page.tableOf({
    title: "kubectl get nodes, and what they hold", rows: [], all: 0,
    columns: [["NAME", "word"], ["STATUS", "word"], ["AGE", "text"], ["PODS", "number"], ["CPU requested", "number"], ["Memory requested (MiB)", "number"]],
    links: { 0: (row) => ["node", word(row[0])] },
  }, { rowsAtOnce: 25, noun: "nodes" });
  const strip = element("div", { className: "strip" });
  const notes = element("p", { className: "note" });

  let now = end;
  function show(time) {
    now = Math.min(Math.max(time, begin), end);
    slider.value = String(Math.round((now - begin) / Math.max(end - begin, 1e-9) * steps));
    label.textContent = `t = ${duration(now)}  (${instant(now)})`;
    const rows = podsAt(now);
    podTable.replaceRows(rows);
    nodeTable.replaceRows(nodesAt(now));
    const counts = classes.map(() => 0);
    rows.forEach((row) => counts[row[8]]++);
    strip.replaceChildren(...page.legend(
      classes.flatMap(([name], index) => counts[index] ? [[index, `${name} ${count(counts[index])}`]] : [])));
    page.charts.show(now);
  }

  // The next instant at which a pod changes, in one direction.
  function changeFrom(time, isForward) {
    let [low, high] = [0, podTimes.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isForward ? podTimes[middle] <= time + 1e-9 : podTimes[middle] < time - 1e-9) low = middle + 1; else high = middle;
    }
    return isForward ? podTimes[low] ?? end : podTimes[low - 1] ?? begin;
  }

  let timer = null;
  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "▶ Play";
  }
  play.addEventListener("click", () => {
    if (timer) return stop();
    if (now >= end) show(begin);
    play.textContent = "❚❚ Pause";
    timer = setInterval(() => {
      show(now + (end - begin) / 300);
      if (now >= end) stop();
    }, 60);
  });
  before.addEventListener("click", () => { stop(); show(changeFrom(now, false)); });
  after.addEventListener("click", () => { stop(); show(changeFrom(now, true)); });
  slider.addEventListener("input", () => { stop(); show(begin + (end - begin) * Number(slider.value) / steps); });
  page.charts.onPoint((time) => { stop(); show(time); });

  const limits = [["pods", pods.until], ["nodes", nodes.until]].filter(([, until]) => until !== null)
    .map(([what, until]) => `Changes of ${what} after ${duration(until)} are in the CSV files only.`);
  notes.textContent = limits.join(" ");
  place.append(
    element("h2", { textContent: "The cluster at an instant" }),
    element("div", { className: "controls" }, play, before, slider, after, label),
    strip, notes, podTable, nodeTable);
  show(end);
  return { show, podRows, podTimes, rowAt, nodeRows, nodeTimes, isGone };
})();
