"use strict";
(() => {
  const figureOf = (element) => element.closest("figure");

  const draw = (plot) => {
    const source = document.getElementById(plot.dataset.steps);
    const { sizes, steps, config } = JSON.parse(source.textContent);
    const figure = figureOf(plot);
    const inputs = [...figure.querySelectorAll("input[type=range]")];
    const chosen = () =>
      inputs.reduce((at, input, i) => at * sizes[i] + Number(input.value), 0);

    const show = () => {
      const step = steps[chosen()];
      figure.querySelector(".chart-title").textContent = step.title;
      figure.querySelector(".chart-caption").textContent = step.caption;
      plot.setAttribute("aria-label", step.alt);
      const table = figure.querySelector(".chart-table");
      if (table) table.innerHTML = step.table;
      return Plotly.react(plot, step.data, step.layout, config);
    };

    for (const input of inputs) {
      const labels = JSON.parse(input.dataset.labels);
      input.addEventListener("input", () => {
        const label = labels[Number(input.value)];
        input.setAttribute("aria-valuetext", label);
        input.nextElementSibling.textContent = label;
        show();
      });
    }
    // A browser that goes back to this page keeps sliders where they were.
    for (const input of inputs) input.value = input.defaultValue;
    figure.querySelector(".save").addEventListener("click", () => {
      const { width, height } = plot.getBoundingClientRect();
      Plotly.downloadImage(plot, { format: "png", filename: figure.id, width, height, scale: 2 });
    });
    return show();
  };

  const plots = [...document.querySelectorAll(".plot")];
  const waiting = new Set(plots);
  const drawOnce = (plot) => (waiting.delete(plot) ? draw(plot) : null);
  // What the reader sees comes first, the rest one by one, so that the page answers meanwhile.
  const top = () => window.innerHeight * 1.5;
  const seen = (plot) => {
    const { top: above, bottom } = plot.getBoundingClientRect();
    return bottom > -top() && above < top();
  };
  const drawNext = async () => {
    const next = [...waiting].find(seen) || [...waiting][0];
    if (!next) {
      document.documentElement.setAttribute("data-charts", "drawn");
      return;
    }
    await drawOnce(next);
    setTimeout(drawNext);
  };
  drawNext();

  // Rows of features: searched, filtered, sorted, and opened for a picture drawn only then.
  const element = (tag, attributes = {}, text = "") => {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.textContent = text;
    return made;
  };
  const INK = "rgb(117, 122, 130)";
  const axis = (more) => ({
    automargin: true, gridcolor: "rgba(128,128,128,0.25)", zeroline: false, fixedrange: true, ...more,
  });
  const layoutOf = (more) => ({
    height: 320, margin: { t: 10, r: 10, b: 40, l: 50 }, paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)", font: { color: INK, size: 12 }, dragmode: false,
    legend: { orientation: "h", x: 0, y: 1.15 }, ...more,
  });
  const OPTIONS = { displayModeBar: false, displaylogo: false, showSendToCloud: false, responsive: true };

  const picture = (cell, found, windows, colors) => {
    const shares = element("div", { class: "plot", role: "img" });
    const trend = element("div", { class: "plot", role: "img" });
    const choice = element("select");
    const pictured = windows.slice(windows.length - found.by_window.length);
    const show = () => {
      const at = choice.value === "" ? null : Number(choice.value);
      const current = at === null ? found.current : found.by_window[at];
      const name = at === null ? "current" : pictured[at];
      const bars = (y, label, color) => ({ type: "bar", x: found.parts, y, name: label, marker: { color } });
      shares.setAttribute("aria-label", `Shares of the values of ${found.name}: reference and ${name}`);
      Plotly.react(
        shares,
        [bars(found.reference, "reference", colors[0]), bars(current, name, colors[1])],
        layoutOf({
          barmode: "group", bargap: 0.1, xaxis: axis({ type: "category", nticks: 8, showgrid: false }),
          yaxis: axis({ tickformat: ".0%", rangemode: "tozero" }),
        }),
        OPTIONS,
      );
    };
    if (found.by_window.length) {
      const label = element("label", {}, "Window ");
      choice.append(element("option", { value: "" }, "all"));
      pictured.forEach((text, at) => choice.append(element("option", { value: at }, text)));
      choice.addEventListener("change", show);
      label.append(choice);
      cell.append(label);
    }
    cell.append(shares);
    show();
    if (windows.length > 1) {
      trend.setAttribute("aria-label", `PSI of ${found.name} in each window`);
      cell.append(trend);
      Plotly.react(
        trend,
        [{ type: "scatter", mode: "lines+markers", x: windows, y: found.psis, line: { color: colors[1] } }],
        layoutOf({
          height: 200, showlegend: false, xaxis: axis({ type: "category", nticks: 12, showgrid: false }),
          yaxis: axis({ title: { text: "PSI" }, rangemode: "tozero" }),
        }),
        OPTIONS,
      );
    }
  };

  const explore = (box) => {
    const body = box.querySelector("tbody");
    const rows = [...body.rows];
    const search = box.querySelector("input[type=search]");
    const least = box.querySelector("select");
    const told = box.querySelector("output");
    let data = null;

    const close = (row) => {
      const button = row.querySelector("button");
      if (!button || button.getAttribute("aria-expanded") !== "true") return;
      button.setAttribute("aria-expanded", "false");
      row.nextElementSibling.remove();
    };
    const open = (row, button) => {
      data = data || JSON.parse(document.getElementById(`${box.id}-data`).textContent);
      const cell = element("td", { colspan: row.cells.length });
      const below = element("tr", { class: "picture-row" });
      below.append(cell);
      row.after(below);
      button.setAttribute("aria-expanded", "true");
      picture(cell, data.pictures[Number(row.dataset.at)], data.windows, data.colors);
    };
    for (const row of rows) {
      if (row.dataset.closed) continue;
      const head = row.cells[0];
      const button = element("button", { type: "button", class: "opens", "aria-expanded": "false" }, head.textContent);
      button.addEventListener("click", () =>
        button.getAttribute("aria-expanded") === "true" ? close(row) : open(row, button));
      head.replaceChildren(button);
    }
    const filter = () => {
      const wanted = search.value.trim().toLowerCase();
      const rank = Number(least.value);
      let shown = 0;
      for (const row of rows) {
        const fits = row.dataset.name.includes(wanted) && Number(row.dataset.rank) >= rank;
        if (!fits) close(row);
        row.hidden = !fits;
        shown += fits;
      }
      told.textContent = `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} shown`;
    };
    search.addEventListener("input", filter);
    least.addEventListener("change", filter);
    const heads = [...box.querySelectorAll("th[data-key]")];
    for (const head of heads) {
      const key = head.dataset.key;
      const button = element("button", { type: "button" }, head.textContent);
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const text = key === "name";
        const before = head.getAttribute("aria-sort");
        const first = text ? "ascending" : "descending";
        const other = text ? "descending" : "ascending";
        const order = before === first ? other : first;
        for (const each of heads) each.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", order);
        const sign = order === "ascending" ? 1 : -1;
        rows.forEach(close);
        rows.sort((a, b) => sign * (text
          ? a.dataset.name.localeCompare(b.dataset.name)
          : Number(a.dataset[key]) - Number(b.dataset[key])));
        body.append(...rows);
      });
    }
    // A browser that goes back to this page keeps what was typed.
    search.value = "";
    least.value = "0";
    box.querySelector(".feature-controls").hidden = false;
  };
  for (const box of document.querySelectorAll(".features")) explore(box);

  // A link to what is folded away opens it.
  const unfold = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === "DETAILS") target.open = true;
  };
  window.addEventListener("hashchange", unfold);
  unfold();

  const PAPER_WIDTH = 660;
  window.addEventListener("beforeprint", () => {
    for (const plot of [...waiting]) drawOnce(plot);
    for (const plot of plots) Plotly.relayout(plot, { width: PAPER_WIDTH, autosize: false });
  });
  window.addEventListener("afterprint", () => {
    for (const plot of plots) Plotly.relayout(plot, { width: null, autosize: true });
  });
})();
