// Uses the page as a reader would and writes what it saw into the document, for the test that reads it.
addEventListener("load", () => {
  const seen = {};
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const section = (title) => all("section").find((one) => one.querySelector(":scope > h2, :scope > h3")?.textContent === title);
  const rows = (title) => all("tbody tr", section(title)).map((row) => all("td", row).map((cell) => cell.textContent));
  const type = (input, text) => { input.value = text; input.dispatchEvent(new Event("input")); };

  seen.charts = all("#charts figure").map((figure) => ({ name: figure.id, marks: all("rect, path, polygon, polyline", figure).length, plots: all("clipPath", figure).length }));
  seen.pods = rows("Pods").length;
  const search = section("Pods").querySelector("input");
  type(search, "web running");
  seen.found = rows("Pods").map(([name]) => name);
  type(search, "nothing has this name");
  seen.none = [rows("Pods").length, section("Pods").querySelector(".pager span").textContent];
  type(search, "");
  const created = all("th button", section("Pods")).find((button) => button.textContent.startsWith("Created"));
  created.click();
  created.click();
  const times = rows("Pods").map((row) => Number(row[7].replaceAll(",", "")));
  seen.sorted = times.every((time, index) => index === 0 || times[index - 1] >= time) && times.length;
  const status = all("select", section("Pods")).find((choice) => choice.ariaLabel === "Status");
  const deleted = status.words.indexOf("Deleted");
  status.value = String(deleted);
  status.dispatchEvent(new Event("change"));
  seen.filtered = [...new Set(rows("Pods").map((row) => row[4]))];

  const title = "kubectl get pods -A -o wide";
  page.history.show(page.begin + 5);
  seen.early = rows(title).map((row) => [row[1], row[3], row[6]]);
  page.history.show(page.end);
  seen.late = rows(title).map((row) => [row[1], row[3], row[6]]);
  seen.nodes = rows("kubectl get nodes, and what they hold");

  const chart = document.querySelector("#pods_by_phase svg");
  const box = chart.getBoundingClientRect();
  const point = (name, share) => chart.dispatchEvent(new PointerEvent(name, { clientX: box.left + box.width * share, clientY: box.top + box.height * 0.6, bubbles: true, button: 0, pointerId: 1 }));
  chart.setPointerCapture = () => {};
  point("pointermove", 0.5);
  seen.tip = all(".tip div").map((line) => line.textContent);
  point("pointerdown", 0.3);
  point("pointerup", 0.5);
  seen.zoomed = document.getElementById("zoom").textContent;
  seen.stretched = all("#charts g[transform^=matrix]").length;

  location.hash = `#node/${rows("Nodes")[0][0]}`;
  setTimeout(() => {
    seen.object = [document.getElementById("object").hidden, document.getElementById("run").hidden, document.querySelector("#object h2").textContent, all("#object figure").length];
    location.hash = "#workload/default/deployment/web";
    setTimeout(() => {
      seen.workload = [document.querySelector("#object h2").textContent, all("#object figure rect").length > 3, rows("Its pods").length];
      location.hash = "#";
      setTimeout(() => {
        seen.back = [document.getElementById("object").hidden, document.getElementById("run").hidden];
        const result = document.createElement("pre");
        result.id = "seen";
        result.textContent = JSON.stringify(seen);
        document.body.append(result);
      }, 20);
    }, 20);
  }, 20);
});
