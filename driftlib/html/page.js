"use strict";
(() => {
  const figureOf = (element) => element.closest("figure");

  // On a phone: one panel a row, names that leave room for what they name, a sign in a cell.
  const phone = window.matchMedia("(max-width: 40rem)");
  const LONGEST = 18;
  const shorten = (text) => {
    const letters = String(text).match(/&[^;\s]+;|<br>|[^]/gu) || [];
    return letters.length > LONGEST
      ? [...letters.slice(0, LONGEST - 7), "…", ...letters.slice(-6)].join("")
      : String(text);
  };
  const wrap = (text, most) => {
    const lines = [""];
    for (const word of String(text).split(" ")) {
      const last = lines[lines.length - 1];
      if (last && last.length + word.length >= most) lines.push(word);
      else lines[lines.length - 1] = last ? `${last} ${word}` : word;
    }
    return lines.join("<br>");
  };
  const axesOf = (layout, letter) =>
    Object.keys(layout).filter((key) => new RegExp(`^${letter}axis\\d*$`).test(key));
  const tracesOf = (data, key) =>
    data.filter((trace) => (trace[`${key[0]}axis`] || key[0]) === key.replace("axis", ""));

  const stack = (data, layout) => {
    const panels = axesOf(layout, "x").map((key) => {
      const x = layout[key];
      const y = layout[(x.anchor || "y").replace("y", "yaxis")];
      return { key, x, y, from: [x.domain?.[0], y?.domain?.[1]] };
    });
    if (panels.length < 2 || panels.some(({ y, from }) => !y || from.includes(undefined))) return;
    const square = panels.some(({ y }) => y.scaleanchor) || data.some(({ type }) => type === "heatmap");
    const high = square ? 250 : 150;
    const between = 54;
    const whole = panels.length * high + (panels.length - 1) * between;
    const notes = (layout.annotations || []).filter(({ xref }) => xref === "paper").map((note) => {
      const apart = ({ from }) => Math.abs(note.x - from[0]) + Math.abs(note.y - from[1]);
      return [note, panels.reduce((best, panel) => (apart(panel) < apart(best) ? panel : best))];
    });
    panels.sort((a, b) => b.from[1] - a.from[1] || a.from[0] - b.from[0]);
    panels.forEach((panel, at) => {
      panel.top = 1 - (at * (high + between)) / whole;
      Object.assign(panel.x, { domain: [0, 1], showticklabels: true });
      // A title that the panels share stands once, below the last, and not in the next one's name.
      const last = panels[panels.length - 1].x.title?.text;
      if (at < panels.length - 1 && panel.x.title?.text === last) panel.x.title = { text: "" };
      Object.assign(panel.y, { domain: [Math.max(0, panel.top - high / whole), panel.top], showticklabels: true });
    });
    for (const [note, { top }] of notes) Object.assign(note, { x: 0, y: top });
    const { t = 80, b = 56 } = { ...layout.template?.layout?.margin, ...layout.margin };
    layout.height = t + whole + b;
    layout.legend = { ...layout.legend, y: 1 + 24 / whole };
  };

  const narrow = (step) => {
    const { data, layout } = structuredClone({ data: step.data, layout: step.layout });
    stack(data, layout);
    const beside = (layout.annotations || []).filter(({ xanchor, xref }) => xanchor === "left" && xref !== "paper");
    if (beside.length > 1) {
      // The words beside a single column of cells are in the table below, too.
      layout.annotations = layout.annotations.filter((note) => !beside.includes(note));
      layout.xaxis.range = [-0.5, 0.5];
    }
    for (const trace of data) {
      const cells = trace.type === "heatmap" && trace.text;
      if (cells && cells[0].length > 4) {
        trace.text = cells.map((row) => row.map((text) => (String(text).match(/[◆▲◇△]/u) || [""])[0]));
      }
    }
    for (const key of axesOf(layout, "y")) {
      const ys = layout[key];
      const names = ys.ticktext || (ys.type === "category" && tracesOf(data, key).flatMap(({ y }) => y || []));
      if (!names || !names.length) continue;
      const shown = ys.ticktext ? ys.tickvals : [...new Set(names)];
      const fit = (text) => (shown.length <= 8 && String(text).includes(" ") ? wrap(text, 20) : shorten(text));
      Object.assign(ys, { tickmode: "array", tickvals: shown, ticktext: (ys.ticktext || shown).map(fit) });
    }
    for (const key of axesOf(layout, "x")) {
      const xs = layout[key];
      if (xs.type === "category") xs.nticks = Math.min(xs.nticks || 5, 5);
      if (xs.ticktext && xs.ticktext.length <= 6) {
        // Every second name begins a line lower, so that neighbours do not touch.
        xs.ticktext = xs.ticktext.map((text, at) => (at % 2 ? "<br>" : "") + text.replace(/ /g, "<br>"));
        xs.tickfont = { ...xs.tickfont, size: 11 };
        xs.tickangle = 0;
      }
      if (xs.title?.text) xs.title = { ...xs.title, text: wrap(xs.title.text, 26) };
    }
    layout.legend = { ...layout.legend, font: { size: 12 } };
    return { data, layout };
  };

  const shown = new Map();
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
      const { data, layout } = phone.matches ? narrow(step) : step;
      plot.style.minHeight = `${layout.height || 450}px`;
      return Plotly.react(plot, data, layout, config);
    };
    shown.set(plot, show);

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
  phone.addEventListener("change", () => shown.forEach((show) => show()));

  // Rows of features: searched, filtered, sorted, and opened for a picture drawn only then.
  const element = (tag, attributes = {}, text = "") => {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.textContent = text;
    return made;
  };
  const INK = "rgb(113, 118, 126)";
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

  // Tables that a phone cannot hold become a card a row, each value with its head.
  const card = (table) => {
    const heads = [...table.querySelectorAll("thead th")].map((head) => head.textContent);
    if (!heads.length || table.classList.contains("carded")) return;
    const box = table.closest(".scroll");
    if (!box || !box.clientWidth || table.scrollWidth <= box.clientWidth) return;
    for (const row of table.tBodies[0].rows) {
      [...row.cells].forEach((cell, at) => cell.setAttribute("data-label", heads[at] || ""));
    }
    table.classList.add("carded");
  };
  const cards = () => {
    if (phone.matches) document.querySelectorAll(".scroll table:not(.feature-table)").forEach(card);
  };
  cards();
  phone.addEventListener("change", cards);
  document.addEventListener("toggle", cards, true);

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
