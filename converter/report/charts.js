// SPDX-License-Identifier: Apache-2.0
//
// Charts by Chart.js, in the colours of the page's style, drawn again when the theme changes.

const charts = [];

function styleColour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

const seriesStyles = [
  {colour: '--chart-1', dash: [], point: 'circle'},
  {colour: '--chart-2', dash: [6, 4], point: 'rect'},
  {colour: '--chart-3', dash: [2, 3], point: 'triangle'},
];

// Lines told apart by colour and point alone, where dashes mean something else.
const lineStyles = [
  {colour: '--soft', point: 'circle'},
  {colour: '--chart-2', point: 'rect'},
  {colour: '--chart-3', point: 'triangle'},
  {colour: '--chart-4', point: 'rectRot'},
  {colour: '--chart-5', point: 'rectRounded'},
  {colour: '--chart-1', point: 'circle'},
  {colour: '--chart-6', point: 'triangle'},
];

// Behind the lines, what lies between low and high of those that have a band.
const bands = {
  id: 'bands',
  beforeDatasetsDraw(chart) {
    const {ctx, scales: {x, y}} = chart;
    chart.data.datasets.forEach((dataset, i) => {
      if (!dataset.band || !chart.isDatasetVisible(i)) return;
      const lows = dataset.band.map(([at, low]) => [at, low]);
      const highs = dataset.band.map(([at, , high]) => [at, high]);
      ctx.save();
      ctx.globalAlpha = Math.min(0.14, 0.6 / chart.data.datasets.length);
      ctx.fillStyle = dataset.borderColor;
      ctx.beginPath();
      for (const [at, value] of [...lows, ...highs.reverse()]) ctx.lineTo(x.getPixelForValue(at), y.getPixelForValue(value));
      ctx.fill();
      ctx.restore();
    });
  },
};

function axis(title, options = {}) {
  return {
    title: {display: Boolean(title), text: title, color: styleColour('--soft')},
    ticks: {color: styleColour('--soft'), ...options.ticks},
    grid: {color: styleColour('--chart-grid'), borderColor: styleColour('--line'), ...options.grid},
    ...options.scale,
  };
}

// A canvas in a figure. configure() makes Chart.js's configuration in the colours of the moment;
// what() says in words what is drawn, for those who do not see it.
function figure(caption, what, configure, className = 'plot') {
  const canvas = element('canvas', {role: 'img', 'aria-label': what});
  const made = element('figure', {}, element('figcaption', {}, caption),
                       element('div', {class: className}, canvas));
  const entry = {canvas, configure, chart: null};
  charts.push(entry);
  return {node: made, draw: () => draw(entry), describe: (text) => canvas.setAttribute('aria-label', text)};
}

function draw(entry) {
  if (entry.chart) entry.chart.destroy();
  const configuration = entry.configure();
  configuration.options = {
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    ...configuration.options,
  };
  entry.chart = new Chart(entry.canvas, configuration);
}

function drawCharts(entries = charts) {
  entries.forEach(draw);
  document.documentElement.dataset.charts = charts.filter((entry) => entry.chart !== null).length;
}

function removeCharts(entries) {
  for (const entry of entries) {
    if (entry.chart) entry.chart.destroy();
    charts.splice(charts.indexOf(entry), 1);
  }
}

// series: [{name, points: [[x, y]]}], y null where unknown; a line may have a style of its own, and a
// band, [[x, low, high]].
function lineConfiguration(series, xTitle, yTitle, options = {}) {
  const datasets = series.map((line, i) => {
    const style = line.style ?? seriesStyles[i];
    const colour = styleColour(style.colour);
    return {
      label: line.name,
      data: line.points.filter(([, y]) => y !== null).map(([x, y]) => ({x, y})),
      showLine: true,
      borderColor: colour,
      backgroundColor: style.hollow ? styleColour('--panel') : colour,
      borderDash: style.dash,
      pointStyle: style.point,
      pointRadius: options.mini ? 0 : 3,
      borderWidth: 2,
      tension: 0,
      band: line.band,
    };
  });
  const emphasis = (context) =>
      context.tick && context.tick.value === options.mark ? styleColour('--soft') : styleColour('--chart-grid');
  return {
    type: 'scatter',
    data: {datasets},
    plugins: [bands],
    options: {
      plugins: {
        legend: {display: series.length > 1, labels: {color: styleColour('--ink'), usePointStyle: true, boxWidth: 8, boxHeight: 8}},
        tooltip: {
          callbacks: {
            label: (context) => `${context.dataset.label}: ${fixed(context.parsed.y, 1)} at ${
                fixed(context.parsed.x, options.xDigits ?? 1)}`,
          },
        },
      },
      scales: {
        x: axis(xTitle, {grid: {color: emphasis}, ticks: {maxTicksLimit: options.mini ? 6 : 11},
                         scale: options.x ?? {}}),
        y: axis(yTitle, {ticks: {maxTicksLimit: options.mini ? 5 : 8}, scale: options.y ?? {}}),
      },
    },
  };
}

// Horizontal bars. series: [{name, values}], one value a label; colours: names of style colours,
// one a value, instead of one a series.
function barConfiguration(labels, series, xTitle, options = {}) {
  return {
    type: 'bar',
    data: {
      labels,
      datasets: series.map((bars, i) => ({
        label: bars.name,
        data: bars.values,
        backgroundColor: bars.colours ? bars.colours.map(styleColour) : styleColour(seriesStyles[i].colour),
        barPercentage: 0.85,
        categoryPercentage: 0.8,
      })),
    },
    options: {
      indexAxis: 'y',
      plugins: {
        legend: {display: series.length > 1, labels: {color: styleColour('--ink')}},
        tooltip: {callbacks: {label: (context) =>
            `${context.dataset.label}: ${fixed(context.parsed.x, options.digits ?? 1)}`}},
      },
      scales: {x: axis(xTitle), y: axis('', {ticks: {autoSkip: false}, grid: {display: false}})},
    },
  };
}
