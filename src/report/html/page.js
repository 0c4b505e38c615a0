"use strict";
// What the page's scripts share: its data, elements, numbers and times in words. Everything from the data is
// set as text, never as markup.
const page = (() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const element = (name, properties, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };
  // Taken from a picture of the page: the name of the drawing language looks like an address, and the page has none.
  const svgNames = new DOMParser().parseFromString("<svg></svg>", "text/html").querySelector("svg").namespaceURI;
  const drawing = (name, attributes, ...children) => {
    const made = document.createElementNS(svgNames, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const count = (number) => number.toLocaleString("en-US");
  const link = (kind, key, text) => element("a", { href: `#${kind}/${encodeURIComponent(key)}`, textContent: text });

  // Seconds as people say them: 350 ms, 2.1 s, 3 min 5 s, 1 h 20 min, 2 d 3 h.
  function duration(seconds) {
    if (seconds < 0) return `−${duration(-seconds)}`;
    if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
    if (seconds < 60) return `${Math.round(seconds * 10) / 10} s`;
    const whole = Math.round(seconds);
    const two = (large, unit, small, smaller) => small ? `${count(large)} ${unit} ${small} ${smaller}` : `${count(large)} ${unit}`;
    if (whole < 3600) return two(Math.floor(whole / 60), "min", whole % 60, "s");
    if (whole < 172800) return two(Math.floor(whole / 3600), "h", Math.floor(whole % 3600 / 60), "min");
    return two(Math.floor(whole / 86400), "d", Math.floor(whole % 86400 / 3600), "h");
  }

  // An age as kubectl prints it.
  function age(seconds) {
    const whole = Math.max(0, Math.floor(seconds));
    const [minutes, hours, days] = [Math.floor(whole / 60), Math.floor(whole / 3600), Math.floor(whole / 86400)];
    const two = (large, unit, small, smaller) => small ? `${large}${unit}${small}${smaller}` : `${large}${unit}`;
    if (whole < 120) return `${whole}s`;
    if (minutes < 10) return two(minutes, "m", whole % 60, "s");
    if (minutes < 180) return `${minutes}m`;
    if (hours < 8) return two(hours, "h", minutes % 60, "m");
    if (hours < 48) return `${hours}h`;
    if (hours < 192) return two(days, "d", hours % 24, "h");
    if (hours < 24 * 365 * 2) return `${days}d`;
    if (hours < 24 * 365 * 8) return two(Math.floor(hours / 8760), "y", Math.floor(hours / 24) % 365, "d");
    return `${Math.floor(hours / 8760)}y`;
  }

  const [start, begin, end] = [Date.parse(data.history.start), data.history.begin, data.history.end];
  const instant = (seconds) => new Date(start + seconds * 1000).toISOString().replace(".000Z", "Z");
  const table = (title) => data.tables.find((one) => one.title === title);
  const word = (number) => data.words[number];
  const column = (of, name) => of?.columns.findIndex(([one]) => one === name) ?? -1;
  // Classes of pods with their colours and, if given, counts.
  const legend = (entries) => entries.map(([index, text]) => element("span", {},
    Object.assign(element("i", {}), { style: `background:${data.history.classes[index][1]}` }), text));
  return { column, legend, data, element, drawing, count, link, duration, age, instant, begin, end, table, word };
})();
