"use strict";
// Draws the tables from the page's data: a page of rows at a time, sorted by a click on a column's head,
// filtered by a search over all columns. Everything from the data is set as text, never as markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const rowsAtOnce = 50;
  const collator = new Intl.Collator("en", { numeric: true });
  const element = (name, properties, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };
  const count = (number) => number.toLocaleString("en-US");

  function draw(table) {
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
    let rows = table.rows;
    let sorted = { column: -1, descending: false };
    let first = 0;

    const search = element("input", { type: "search", placeholder: `Search ${table.title.toLowerCase()}` });
    search.setAttribute("aria-label", search.placeholder);
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
      const matches = (row) => {
        const line = row.map((_, column) => String(value(row, column) ?? "")).join("\t").toLowerCase();
        return words.every((word) => line.includes(word));
      };
      rows = words.length ? table.rows.filter(matches) : table.rows.slice();
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
      body.replaceChildren(...part.map((row) => element("tr", {}, ...table.columns.map((_, column) =>
        element("td", { className: isNumber[column] ? "number" : kinds[column], textContent: shown(row, column) })))));
      const last = first + part.length;
      where.textContent = rows.length ? `${count(first + 1)}–${count(last)} of ${count(rows.length)}` : "none";
      back.disabled = first === 0;
      next.disabled = last >= rows.length;
    }

    search.addEventListener("input", order);
    back.addEventListener("click", () => { first = Math.max(0, first - rowsAtOnce); fill(); });
    next.addEventListener("click", () => { first += rowsAtOnce; fill(); });
    fill();
    const parts = [
      element("h2", { textContent: table.title }),
      element("div", { className: "bar" }, search, element("div", { className: "pager" }, back, where, next)),
      element("div", { className: "scroll" },
        element("table", {}, element("thead", {}, element("tr", {}, ...heads.map(({ head }) => head))), body)),
    ];
    if (table.rows.length < table.all) {
      const text = `The first ${count(table.rows.length)} of ${count(table.all)}; ${table.file} has all of them.`;
      parts.push(element("p", { className: "note", textContent: text }));
    }
    return parts;
  }

  document.getElementById("tables").replaceChildren(...data.tables.flatMap(draw));
})();
