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

  const PAPER_WIDTH = 660;
  window.addEventListener("beforeprint", () => {
    for (const plot of [...waiting]) drawOnce(plot);
    for (const plot of plots) Plotly.relayout(plot, { width: PAPER_WIDTH, autosize: false });
  });
  window.addEventListener("afterprint", () => {
    for (const plot of plots) Plotly.relayout(plot, { width: null, autosize: true });
  });
})();
