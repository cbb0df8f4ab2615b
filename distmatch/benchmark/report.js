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
  const open = () => {
    const name = decodeURIComponent(location.hash.slice(1));
    const cell = name && document.getElementById(name);
    if (!cell || cell.tagName !== "DETAILS") return;
    for (let e = cell; e; e = e.parentElement) {
      if (e.tagName === "DETAILS") e.open = true;
      if (e.hidden) e.hidden = false;
    }
    cell.scrollIntoView({ block: "center" });
  };
  task.addEventListener("change", apply);
  for (const b of boxes) b.addEventListener("change", apply);
  document.querySelector("#all").addEventListener("click", () => {
    const some = boxes.some((b) => !b.checked);
    for (const b of boxes) b.checked = some;
    apply();
  });
  addEventListener("hashchange", open);
  open();
})();
