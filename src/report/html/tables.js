"use strict";
// Tables: a part of the rows at a time, sorted by a click on a column's head, filtered by a search over all columns
// and by a choice for columns of few different words. Cells may be links.
page.tableOf = (table, { rowsAtOnce = 50, isRoot = false, noun = table.title.toLowerCase() } = {}) => {
  const { data, element, count, link } = page;
  const collator = page.collator ??= new Intl.Collator("en", { numeric: true });
  const kinds = table.columns.map(([, kind]) => kind);
  const isNumber = kinds.map((kind) => kind === "number" || kind === "seconds");
  const value = (row, column) => kinds[column] === "word" ? data.words[row[column]] : row[column];
  const shown = (row, column) => {
    const cell = value(row, column);
    if (cell === null || cell === undefined) return "–";
    if (!isNumber[column]) return cell;
    const least = kinds[column] === "seconds" ? 3 : 0;
    return cell.toLocaleString("en-US", { minimumFractionDigits: least, maximumFractionDigits: 3 });
  };
  const cell = (row, column) => {
    const text = shown(row, column);
    const target = table.links?.[column]?.(row);
    const content = target && text ? link(...target, text) : text;
    return element("td", { className: isNumber[column] ? "number" : kinds[column] }, content);
  };
  let rows = table.rows;
  let sorted = { column: -1, descending: false };
  let first = 0;

  const search = element("input", { type: "search", placeholder: `Search ${noun}` });
  search.setAttribute("aria-label", search.placeholder);
  const choices = table.columns.map(([name, kind], column) => {
    if (kind !== "word") return null;
    const words = new Set();
    for (const row of table.rows) {
      words.add(value(row, column));
      if (words.size > 24) return null;
    }
    // One word everywhere, or a name each: nothing to choose.
    if (words.size < 2 || words.size === table.rows.length) return null;
    const choice = element("select", {}, element("option", { value: "", textContent: `${name}: all` }));
    choice.setAttribute("aria-label", name);
    // An option's number, since a word may be empty.
    choice.words = [...words].sort(collator.compare);
    choice.append(...choice.words.map((text, index) => element("option", { value: String(index), textContent: text || "(none)" })));
    choice.addEventListener("change", order);
    return choice;
  });
  const back = element("button", { type: "button", textContent: "‹ Back" });
  const next = element("button", { type: "button", textContent: "Next ›" });
  const where = element("span", {});
  const heads = table.columns.map(([name], column) => {
    const button = element("button", { type: "button", textContent: name });
    const head = element("th", { className: isNumber[column] ? "number" : "", scope: "col" }, button);
    button.addEventListener("click", () => {
      sorted = { column, descending: sorted.column === column && !sorted.descending };
      order();
    });
    return { name, head, button };
  });
  const body = element("tbody", {});

  function order() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = choices.map((choice) => choice?.value ? choice.words[Number(choice.value)] : null);
    const isChosen = (row) => chosen.every((word, column) => word === null || value(row, column) === word);
    const matches = (row) => {
      const line = row.map((_, column) => String(value(row, column) ?? "")).join("\t").toLowerCase();
      return words.every((word) => line.includes(word));
    };
    rows = table.rows.filter((row) => isChosen(row) && (!words.length || matches(row)));
    const { column, descending } = sorted;
    if (column >= 0) {
      const sign = descending ? -1 : 1;
      rows.sort((a, b) => {
        const [left, right] = [value(a, column), value(b, column)];
        // What did not happen comes last either way.
        if (left === null || right === null) return (left === null) - (right === null);
        return sign * (isNumber[column] ? left - right : collator.compare(left, right));
      });
    }
    heads.forEach(({ name, head, button }, index) => {
      const is = index === column;
      button.textContent = is ? `${name} ${descending ? "▾" : "▴"}` : name;
      if (is) head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    first = 0;
    fill();
  }

  function fill() {
    const part = rows.slice(first, first + rowsAtOnce);
    body.replaceChildren(...part.map((row) => element("tr", {}, ...table.columns.map((_, column) => cell(row, column)))));
    const last = first + part.length;
    where.textContent = rows.length ? `${count(first + 1)}–${count(last)} of ${count(rows.length)}` : "none";
    back.disabled = first === 0;
    next.disabled = last >= rows.length;
  }

  search.addEventListener("input", order);
  back.addEventListener("click", () => { first = Math.max(0, first - rowsAtOnce); fill(); });
  next.addEventListener("click", () => { first += rowsAtOnce; fill(); });
  order();
  const filters = element("div", { className: "filters" }, search, ...choices.filter(Boolean));
  const parts = [
    element(isRoot ? "h2" : "h3", { textContent: table.title }),
    element("div", { className: "bar" }, filters, element("div", { className: "pager" }, back, where, next)),
    element("div", { className: "scroll" },
      element("table", {}, element("thead", {}, element("tr", {}, ...heads.map(({ head }) => head))), body)),
  ];
  if (table.all > table.rows.length) {
    const text = `The first ${count(table.rows.length)} of ${count(table.all)}; ${table.file} has all of them.`;
    parts.push(element("p", { className: "note", textContent: text }));
  }
  const whole = element("section", {}, ...parts);
  // New rows under the same search and order.
  whole.replaceRows = (fresh) => {
    const place = first;
    table.rows = fresh;
    order();
    if (place < rows.length) { first = place; fill(); }
  };
  return whole;
};

(() => {
  const { data, table, word } = page;
  const linked = (title, name, target) => {
    const found = table(title);
    if (found) (found.links ??= {})[page.column(found, name)] = target;
  };
  const cellWord = (title, name) => {
    const index = page.column(table(title), name);
    return (row) => word(row[index]);
  };
  const podAt = new Map();
  table("Pods")?.rows.forEach((row, index) => podAt.set(row, index));
  const [podWorkload, podSpace, podNode] = ["Workload", "Namespace", "Node"].map((name) => cellWord("Pods", name));
  linked("Pods", "Pod", (row) => ["pod", podAt.get(row)]);
  linked("Pods", "Workload", (row) => podWorkload(row) && ["workload", `${podSpace(row)}/${podWorkload(row)}`]);
  linked("Pods", "Node", (row) => podNode(row) && ["node", podNode(row)]);
  const [name, kind, space] = ["Workload", "Kind", "Namespace"].map((name) => cellWord("Workloads", name));
  linked("Workloads", "Workload", (row) => ["workload", `${space(row)}/${kind(row).toLowerCase()}/${name(row)}`]);
  const node = cellWord("Nodes", "Node");
  linked("Nodes", "Node", (row) => ["node", node(row)]);

  const waiting = table("Why pods waited");
  if (waiting) document.getElementById("waiting").append(page.tableOf(waiting, { isRoot: true, rowsAtOnce: 10 }));
  const rest = data.tables.filter((one) => one !== waiting);
  document.getElementById("tables").replaceChildren(...rest.map((one) => page.tableOf(one, { isRoot: true })));
})();
