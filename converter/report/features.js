// SPDX-License-Identifier: Apache-2.0
//
// The section about features: how well they follow the items' attributes, and each one's evidence.

const featureStep = 20;  // shown at once

const measuredTitle = (measure) => measure.group ? `${measure.group}: ${measure.name}` : measure.name;

function attributeChart(sae) {
  const sorted = [...sae.attributes].sort((a, b) => b.correlation - a.correlation);
  const what = sorted.map((a) => `${measuredTitle(a)} ${fixed(a.correlation, 2)}, raw ${fixed(Math.abs(a.raw_correlation), 2)}`);
  const chart = figure(
      'Correlation with each attribute (1 is perfect): the best feature and the best raw dimension',
      `Correlations: ${what.join('; ')}`,
      () => barConfiguration(sorted.map(measuredTitle), [
        {name: 'best feature', values: sorted.map((a) => a.correlation)},
        {name: 'best raw dimension', values: sorted.map((a) => Math.abs(a.raw_correlation))},
      ], 'size of the correlation (no unit)', {digits: 2}));
  chart.node.querySelector('.plot').style.height = `${5 + 1.9 * sorted.length}rem`;
  return chart.node;
}

function attributeTable(sae) {
  const columns = [['Attribute', false], ['Items', true], ['Best feature', true], ['Correlation', true], ['AUC', true],
                   ['Sensitivity', true], ['Precision', true], ['Raw dimension’s correlation', true]];
  const rows = sae.attributes.map((a) => [
    measuredTitle(a), grouped(a.items), String(a.feature), fixed(a.correlation, 2), fixed(a.auc, 2),
    percent(a.sensitivity, 0), percent(a.precision, 0), fixed(Math.abs(a.raw_correlation), 2),
  ]);
  return table('The best feature of every attribute, by correlation', columns, rows);
}

function attributePart(sae) {
  if (!sae.summary) {
    return element('p', {}, 'Their evidence was not measured: `pintle label` measures it.');
  }
  const s = sae.summary;
  const part = element('div', {}, element('p', {},
      `Measured on ${grouped(s.users)} people who were held out when the knobs were built, at ${
      grouped(s.positions)} positions: ${fixed(s.active_per_position, 1)} features are on at a position, ${
      grouped(s.dead_features)} of ${grouped(s.features)} never.`));
  if (sae.attributes.length > 0) {
    part.append(
        element('p', {}, `For each attribute the best feature was looked up. On average it correlates ${
            fixed(s.mean_best_correlation, 3)} with the attribute (the best raw dimension of the model: ${
            fixed(s.raw_mean_best_correlation, 3)}) and is on for ${percent(s.mean_sensitivity, 0)} of the items that have it.`),
        element('div', {class: 'panel'}, attributeChart(sae)), folded('The figures as a table', attributeTable(sae)));
  }
  return part;
}

function itemList(title, pairs, digits, note) {
  if (pairs.length === 0) return null;
  return element('div', {}, element('h4', {}, title), element('p', {class: 'small soft'}, note),
                 element('ol', {}, ...pairs.map(([item, value]) => element(
                     'li', {}, itemTitle(item), ' ', element('span', {class: 'soft'}, signed(value, digits))))));
}

function firingHistory(history) {
  const titles = history.items.map(itemTitle);
  const last = titles.pop();
  return element('li', {}, titles.map((title) => `${title} → `).join(''), element('b', {}, last),
                 element('span', {class: 'soft'}, ` activation ${fixed(history.activation, 2)}`));
}

function featureBody(feature) {
  const columns = [['Attribute', false], ['Correlation', true], ['AUC', true], ['Sensitivity', true], ['Precision', true],
                   ['Mean with', true], ['Mean without', true]];
  const rows = feature.attributes.map((m) => [measuredTitle(m), fixed(m.correlation, 2), fixed(m.auc, 2), percent(m.sensitivity, 0),
                                              percent(m.precision, 0), fixed(m.mean_with, 3), fixed(m.mean_without, 3)]);
  const facts = `On at ${percent(feature.density ?? null, 2)} of positions (${grouped(feature.positions)}). Where on, its activation is ${
      fixed(feature.p50, 2)} at the median, ${fixed(feature.p95, 2)} at the 95th percentile, ${fixed(feature.max, 2)} at most. Popularity: Cohen’s d ${
      signed(feature.cohens_d, 2)}.`;
  return element('div', {}, element('p', {class: 'small'}, facts),
      rows.length ? table(`Feature ${feature.feature}: the attributes that it follows most`, columns, rows) : null,
      element('div', {class: 'columns'},
          itemList('Items that turn it on', feature.top_items, 2, 'mean activation at the item'),
          itemList('Items that it raises', feature.promoted, 3, 'change of score per unit of activation'),
          itemList('Items that it lowers', feature.demoted, 3, 'change of score per unit of activation')),
      feature.top_histories.length ? element('div', {}, element('h4', {}, 'Histories that turn it on most'),
          element('ul', {class: 'small'}, ...feature.top_histories.map(firingHistory))) : null);
}

function featureEntry(feature) {
  const best = feature.attributes[0];
  const made = element('details', {class: 'feature'}, element('summary', {},
      element('b', {}, `${feature.feature}: ${feature.label || 'no name'}`),
      element('span', {class: 'soft'}, best ? `${measuredTitle(best)}: correlation ${fixed(best.correlation, 2)}` : ''),
      element('span', {class: 'soft'}, `on at ${percent(feature.density ?? null, 1)} of positions`)));
  made.addEventListener('toggle', () => {
    if (made.open && made.children.length === 1) made.append(featureBody(feature));
  });
  return made;
}

const featureOrders = [
  ['best correlation', (a, b) => (b.attributes[0]?.correlation ?? 0) - (a.attributes[0]?.correlation ?? 0)],
  ['number', (a, b) => a.feature - b.feature],
  ['most often on', (a, b) => (b.density ?? 0) - (a.density ?? 0)],
  ['popular tastes first', (a, b) => b.cohens_d - a.cohens_d],
  ['rare tastes first', (a, b) => a.cohens_d - b.cohens_d],
];

function explorer(sae, number) {
  if (sae.features.length === 0) return null;
  let shown = featureStep;
  const search = element('input', {type: 'search', id: `feature-search-${number}`, oninput: () => { shown = featureStep; fill(); }});
  const order = element('select', {id: `feature-order-${number}`, onchange: () => { shown = featureStep; fill(); }},
                        ...featureOrders.map(([name], i) => element('option', {value: i}, name)));
  const status = element('p', {class: 'small soft', role: 'status'});
  const list = element('div', {});
  const more = element('button', {type: 'button', onclick: () => { shown += featureStep; fill(); }}, `Show ${featureStep} more`);
  const fill = () => {
    const wanted = search.value.trim().toLowerCase();
    const found = sae.features
        .filter((f) => `${f.feature}: ${f.label} ${f.attributes.map(measuredTitle).join(' ')}`.toLowerCase().includes(wanted))
        .sort(featureOrders[order.value][1]);
    status.textContent = `${Math.min(shown, found.length)} of ${found.length} features`
        + (sae.features.length < sae.summary.features ? `; the page holds ${sae.features.length} of ${sae.summary.features}, those of knobs and attributes first` : '');
    list.replaceChildren(...found.slice(0, shown).map(featureEntry));
    more.hidden = found.length <= shown;
  };
  fill();
  return element('div', {}, element('h3', {}, 'Look at a feature'), element('div', {class: 'controls'},
      element('span', {}, element('label', {for: `feature-search-${number}`}, 'Find'), search),
      element('span', {}, element('label', {for: `feature-order-${number}`}, 'Order'), order)), status, list, more);
}

function showFeatures() {
  byId('features-body').append(...data.saes.map((sae, number) => element('div', {},
      data.saes.length > 1 ? element('h3', {}, `Autoencoder ${sae.name}, at ${sae.hook}`) : null,
      attributePart(sae), explorer(sae, number))));
}
