"use strict";
(() => {
  // Light or dark: as the system says, until the reader says otherwise.
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const name = () => { button.textContent = isDark() ? button.dataset.light : button.dataset.dark; };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    name();
  });
  system.addEventListener("change", name);
  name();
  button.hidden = false;

  // Long tables show their first rows until the reader asks for all of them.
  const words = document.body.dataset;
  for (const table of document.querySelectorAll("table.long:not(details *)")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "fold";
    const fold = (isFolded) => {
      table.classList.toggle("folded", isFolded);
      button.textContent = isFolded ? words.all.replace("#", table.tBodies[0].rows.length) : words.first;
      button.setAttribute("aria-expanded", !isFolded);
    };
    button.addEventListener("click", () => fold(!table.classList.contains("folded")));
    table.parentElement.after(button);
    fold(true);
  }

  // A table that does not fit says that there is more of it.
  const wide = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const region = target.closest(".scroll");
      region.previousElementSibling.hidden = region.scrollWidth <= region.clientWidth + 1;
    }
  });
  for (const table of document.querySelectorAll(".scroll > table")) {
    const hint = document.createElement("p");
    hint.className = "wide";
    hint.textContent = words.wide;
    hint.hidden = true;
    table.parentElement.before(hint);
    wide.observe(table);
    wide.observe(table.parentElement);
  }

  // The values of a picture's points: under the pointer, or by the arrow keys.
  const NEAR = 16;
  for (const figure of document.querySelectorAll("figure")) {
    const svg = figure.querySelector("svg");
    const dots = [...figure.querySelectorAll("circle[data-x]")];
    if (dots.length === 0) continue;
    const number = (dot, attribute) => Number(dot.getAttribute(attribute));
    const points = dots.map((dot) => ({ dot, x: number(dot, "cx"), y: number(dot, "cy") }));
    points.sort((a, b) => a.x - b.x || a.y - b.y);
    const ring = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    ring.setAttribute("class", "ring");
    ring.setAttribute("r", 5);
    const tip = document.createElement("div");
    tip.className = "tip";
    tip.setAttribute("role", "status");
    figure.append(tip);
    let current = -1;

    const line = (label, value) => {
      const line = document.createElement("span");
      const name = document.createElement("bdi");
      name.textContent = label;
      line.append(name, ` ${value}`);
      return line;
    };
    const hide = () => {
      current = -1;
      ring.remove();
      tip.replaceChildren();
    };
    const show = (index) => {
      if (index === current) return;
      current = index;
      const { dot, x, y } = points[index];
      const { xName, yName } = dot.parentNode.dataset;
      ring.setAttribute("cx", x);
      ring.setAttribute("cy", y);
      svg.append(ring);
      tip.replaceChildren(line(xName, dot.dataset.x), line(yName, dot.dataset.y));
      // Beside the point, within the figure.
      const [box, frame] = [svg.getBoundingClientRect(), figure.getBoundingClientRect()];
      const scale = box.width / svg.viewBox.baseVal.width;
      const [left, top] = [box.left - frame.left + x * scale, box.top - frame.top + y * scale];
      const above = top - tip.offsetHeight - 10;
      tip.style.left = `${Math.max(4, Math.min(left + 10, frame.width - tip.offsetWidth - 6))}px`;
      tip.style.top = `${above > 0 ? above : top + 12}px`;
    };
    svg.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect();
      const scale = svg.viewBox.baseVal.width / box.width;
      const [x, y] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
      let [nearest, least] = [-1, NEAR];
      points.forEach((point, index) => {
        const distance = Math.hypot(point.x - x, point.y - y);
        if (distance < least) [nearest, least] = [index, distance];
      });
      nearest < 0 ? hide() : show(nearest);
    });
    svg.addEventListener("pointerleave", hide);

    figure.tabIndex = 0;
    figure.setAttribute("role", "group");
    figure.setAttribute("aria-labelledby", svg.getAttribute("aria-labelledby").split(" ")[0]);
    figure.addEventListener("blur", hide);
    figure.addEventListener("keydown", (event) => {
      const last = points.length - 1;
      const keys = { ArrowRight: current + 1, ArrowLeft: current - 1, Home: 0, End: last };
      if (event.key in keys) {
        event.preventDefault();
        show(Math.max(0, Math.min(keys[event.key], last)));
      } else if (event.key === "Escape") {
        hide();
      }
    });
  }
})();
