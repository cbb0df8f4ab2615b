"use strict";
(() => {
  const task = document.querySelector("#task");
  const boxes = [...document.querySelectorAll("nav.filters input.method")];
  const apply = () => {
    const off = new Set(boxes.filter((b) => !b.checked).map((b) => b.value));
    for (const e of document.querySelectorAll("[data-task], [data-method]")) {
      const wrongTask = e.dataset.task && task.value && e.dataset.task !== task.value;
      const wrongMethod = e.dataset.method && off.has(e.dataset.method);
      const gone = Boolean(wrongTask || wrongMethod);
      if (e instanceof SVGElement) e.style.display = gone ? "none" : "";
      else e.hidden = gone;
    }
  };

  // The filter stands in the address, so that a view can be sent: #task=NAME&off=METHOD&off=METHOD. A cell is #cellN.
  const keep = () => {
    const chosen = new URLSearchParams();
    if (task.value) chosen.set("task", task.value);
    for (const b of boxes) if (!b.checked) chosen.append("off", b.value);
    history.replaceState(null, "", "#" + chosen);
    apply();
  };
  const read = () => {
    const chosen = new URLSearchParams(location.hash.slice(1));
    if (!chosen.has("task") && !chosen.has("off")) return open();
    const name = chosen.get("task") ?? "";
    task.value = [...task.options].some((o) => o.value === name) ? name : "";
    const off = new Set(chosen.getAll("off"));
    for (const b of boxes) b.checked = !off.has(b.value);
    apply();
  };
  const open = () => {
    const cell = document.getElementById(location.hash.slice(1));
    if (!cell || cell.tagName !== "DETAILS") return;
    for (let e = cell; e; e = e.parentElement) {
      if (e.tagName === "DETAILS") e.open = true;
      if (e.hidden) e.hidden = false;
    }
    cell.scrollIntoView({ block: "center" });
  };

  // Tables: a heading sorts by its column, and again in the other direction; the text of a cell is its first line.
  const text = (cell) => (cell.querySelector("a") ?? cell.firstChild ?? cell).textContent.trim();
  const figure = (cell) => {
    const value = parseFloat(text(cell).replace(/,/g, ""));
    return Number.isNaN(value) ? null : value;
  };
  const sort = (table, column, heading) => {
    const up = heading.getAttribute("aria-sort") === "descending";
    for (const h of table.tHead.rows[0].cells) h.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", up ? "ascending" : "descending");
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => [figure(row.cells[column]), text(row.cells[column]), row]);
    rows.sort((a, b) => {
      if (a[0] === null || b[0] === null) {
        if (a[0] !== null || b[0] !== null) return a[0] === null ? 1 : -1;  // what has no figure comes last
        return (up ? 1 : -1) * a[1].localeCompare(b[1]);
      }
      return (up ? 1 : -1) * (a[0] - b[0]);
    });
    for (const [, , row] of rows) body.append(row);
  };
  const download = (table) => {
    const quoted = (cell) => `"${[...cell.childNodes].map((n) => n.textContent.trim()).join(" ").trim().replace(/"/g, '""')}"`;
    const rows = [...table.rows].filter((row) => !row.hidden).map((row) => [...row.cells].map(quoted).join(","));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([rows.join("\n") + "\n"], { type: "text/csv" }));
    link.download = `${table.closest("[data-task]")?.dataset.task ?? "changes"}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((heading, column) => {
      heading.tabIndex = 0;
      heading.title = "sort";
      heading.addEventListener("click", () => sort(table, column, heading));
      heading.addEventListener("keydown", (e) => { if (e.key === "Enter") sort(table, column, heading); });
    });
    const button = document.createElement("button");
    button.type = "button";
    button.className = "csv";
    button.textContent = "CSV";
    button.title = "download the rows that are shown";
    button.addEventListener("click", () => download(table));
    table.parentElement.after(button);
  }

  // On paper what is folded is shown, but for the records.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details.metrics:not([open])")];
    for (const e of folded) e.open = true;
  });
  addEventListener("afterprint", () => { for (const e of folded) e.open = false; });

  task.addEventListener("change", keep);
  for (const b of boxes) b.addEventListener("change", keep);
  document.querySelector("#all").addEventListener("click", () => {
    const some = boxes.some((b) => !b.checked);
    for (const b of boxes) b.checked = some;
    keep();
  });
  addEventListener("hashchange", read);
  read();
})();
