// SPDX-License-Identifier: Apache-2.0
//
// The sections about knobs and their side effects.

function knobSentence(knob) {
  const points = knobPoints(knob);
  const rest = restPoint(knob);
  const end = points[points.length - 1];
  if (!rest || !end) return 'Its effect was not measured.';
  let text = `At ${strengthText(end.strength)} the ${aimWord(knob)} goes from ${percent(rest.aim, 0)} to ${
      percent(end.aim, 0)}; NDCG@10 changes by ${signed(100 * (ndcgPart(knob, end) - 1), 1)}\u00a0%`;
  if (end.overlap !== null) text += `; ${fixed(10 * end.overlap, 1)} of 10 items stay`;
  return `${text}.`;
}

function knobCard(knob, number, open) {
  const points = knobPoints(knob);
  const chart = figure(
      `${aimTitle(knob)} (%) by strength`, `${aimTitle(knob)} by strength. ${knobSentence(knob)}`,
      () => lineConfiguration([{name: aimWord(knob), points: points.map((p) => [p.strength, 100 * p.aim])}],
                              '', '', {mini: true, mark: 0, y: {min: 0}}),
      'plot mini');
  return element('article', {class: 'card'}, element('h3', {}, knob.name), chart.node,
                 element('p', {}, knobSentence(knob)),
                 element('p', {}, element('button', {type: 'button', onclick: () => open(number)},
                                          `${knob.name} in detail`)));
}

function effectTable(knob) {
  const measured = Boolean(data.measured);
  const columns = [['Strength', true], [aimTitle(knob), true], ['NDCG@10', true]];
  if (measured) columns.push(['NDCG@10 of usual', true], ['Overlap', true], ['Coverage', true]);
  const rows = knobPoints(knob).map((p) => {
    const row = [strengthText(p.strength), percent(p.aim), fixed(p.ndcg, 4)];
    if (measured) row.push(percent(ndcgPart(knob, p)), percent(p.overlap, 0), percent(p.coverage, 0));
    return row;
  });
  return table(`${knob.name}: figures of the charts`, columns, rows);
}

function knobParts(knob) {
  if (knob.features.length === 0) {
    return element('p', {}, 'It is the wish for its attribute alone: features made it no better on people who had not chosen them.');
  }
  const parts = knob.features.map((part) => element(
      'li', {}, `feature ${part.feature}${part.label ? `, ${part.label}` : ''}: weight ${signed(part.weight, 3)}`));
  const wish = knob.has_wish ? 'the wish for its attribute and ' : '';
  return folded(`It is made of ${wish}${knob.features.length} feature${knob.features.length > 1 ? 's' : ''}`,
                element('ul', {}, ...parts));
}

// Where the range ends, and what else would end it.
function rangeSentence(knob) {
  const end = (side) => `${strengthText(side.strength)} (${side.reason})`;
  const other = (side) => [side.by_loss, side.by_items].filter((value) => value !== null && value !== side.strength);
  const later = [...other(knob.low), ...other(knob.high)];
  const tail = later.length === 0 ? '' : ` Otherwise it would go on to ${later.map(strengthText).join(' and ')}.`;
  return element('p', {}, `Its range goes from ${end(knob.low)} to ${end(knob.high)}.${tail}`);
}

// One aim: what every method costs there, with the interval of the loss, beside the list without a wish.
function comparisonTable(knob, aim) {
  const reached = Object.keys(methodTitles).map((name) => costOf(knob, name, aim)).find((cost) => cost);
  if (!reached) return null;
  const unmoved = aim === 'halved' ? 'People with no item less' : 'People with no item more';
  const columns = [['Method', false], ['NDCG@10 lost', true], ['95 % interval', true], ['Lists that did not change', true],
                   [unmoved, true]];
  const rows = [['no wish', percent(0), '–', percent(1, 0), percent(1, 0)]];
  for (const [name, title] of Object.entries(methodTitles)) {
    if (!methodOf(knob, name)) continue;
    const cost = costOf(knob, name, aim);
    const tell = name === 'feature' ? `${title} (number ${knob.single_feature})` : title;
    rows.push(cost ? [tell, percent(cost.loss), `${percent(cost.low)} to ${percent(cost.high)}`, percent(cost.unchanged, 0),
                      percent(cost.unmoved, 0)]
                   : [tell, 'not reached', '–', '–', '–']);
  }
  return table(`${aimTitles[aim]}: ${percent(reached.target)}`, columns, rows);
}

function comparison(knob) {
  if (!knob.methods) return null;
  const tables = Object.keys(aimTitles).map((aim) => comparisonTable(knob, aim)).filter((made) => made !== null);
  if (tables.length === 0) return null;
  return element('div', {class: 'comparison'}, element('h4', {}, 'Beside the simpler ways to move the share'), ...tables);
}

// Changes of the other shares at one strength, the largest first.
function sideEffectChart(knob) {
  const points = knobPoints(knob);
  const near = targetPoint(knob).strength;
  const start = points.findIndex((p) => p.strength >= near);
  let point = points[start];
  const rows = () => data.shown_attributes
      .map((attribute, i) => ({attribute, change: 100 * (point.shares[i] - data.measured.base.shares[i])}))
      .filter((row) => !knob.attribute || row.attribute !== knob.attribute.number)
      .sort((a, b) => Math.abs(b.change) - Math.abs(a.change)).slice(0, 12);
  const what = () => `Changes of other shares at strength ${strengthText(point.strength)}: ${
      rows().map((row) => `${attributeTitle(row.attribute)} ${signed(row.change)}`).join(', ')} percentage points`;
  const chart = figure('Side effects: change of other shares (percentage points)', what(), () => {
    const shown = rows();
    return barConfiguration(shown.map((row) => attributeTitle(row.attribute)), [{
      name: 'change', values: shown.map((row) => row.change),
      colours: shown.map((row) => row.change < 0 ? '--chart-2' : '--chart-1'),
    }], 'percentage points of the top 10');
  });
  const output = element('output', {}, strengthText(point.strength));
  const slider = element('input', {
    type: 'range', min: 0, max: points.length - 1, step: 1, value: start,
    'aria-label': 'Strength for the side effects', 'aria-valuetext': strengthText(point.strength),
    oninput: () => {
      point = points[slider.value];
      output.textContent = strengthText(point.strength);
      slider.setAttribute('aria-valuetext', output.textContent);
      chart.describe(what());
      chart.draw();
    },
  });
  const control = element('div', {class: 'knob-row'}, element('span', {class: 'small'}, 'at strength'), output, slider);
  return element('div', {class: 'panel'}, chart.node, control);
}

// The knob, re-weighting and the best single feature, each by its own strengths.
function tradeOffChart(knob) {
  const rest = restPoint(knob);
  if (!rest || !(rest.ndcg > 0)) return null;
  const own = methodOf(knob, 'knob');
  const points = own ? own.points : knobPoints(knob).filter((p) => p.strength >= 0).map((p) => [p.aim, p.ndcg]);
  const limit = Math.max(targetOf(rest.aim), 0.5) + 0.03;
  const shown = (list) => list.filter(([aim]) => !own || aim <= limit).map(([aim, ndcg]) => [100 * aim, 100 * ndcg / rest.ndcg]);
  const series = [{name: methodTitles.knob, points: shown(points)}];
  for (const name of ['reweight', 'feature']) {
    const method = methodOf(knob, name);
    if (method) series.push({name: methodTitles[name], points: shown(method.points)});
  }
  const title = `What a higher ${aimWord(knob)} costs: NDCG@10 (% of usual) by ${aimWord(knob)} (%)`;
  return element('div', {class: 'panel'}, figure(
      title, `${title}: ${series.map((line) => line.name).join(', ')}`,
      () => lineConfiguration(series, `${aimTitle(knob)} (%)`, 'NDCG@10, % of usual')).node);
}

function knobDetail(number) {
  const knob = data.knobs[number];
  const points = knobPoints(knob);
  if (points.length === 0) return element('p', {}, 'Its effect was not measured.');
  const aim = figure(
      `${aimTitle(knob)} (%) by strength`, `${aimTitle(knob)} by strength. ${knobSentence(knob)}`,
      () => lineConfiguration([{name: aimWord(knob), points: points.map((p) => [p.strength, 100 * p.aim])}],
                              'strength of the knob', `${aimWord(knob)}, %`, {mark: 0, y: {min: 0}}));
  const series = [{name: 'NDCG@10, % of usual', points: points.map((p) => [p.strength, ndcgPart(knob, p) === null ? null : 100 * ndcgPart(knob, p)])}];
  if (data.measured) series.push({name: 'overlap with the usual list, %', points: points.map((p) => [p.strength, 100 * p.overlap])});
  const cost = figure(
      `What stays: NDCG@10${data.measured ? ' and overlap' : ''} (% of usual) by strength`,
      `NDCG@10 and overlap by strength. ${knobSentence(knob)}`,
      () => lineConfiguration(series, 'strength of the knob', '%', {mark: 0}));
  const panels = [element('div', {class: 'panel'}, aim.node), element('div', {class: 'panel'}, cost.node)];
  if (data.measured) panels.push(tradeOffChart(knob), sideEffectChart(knob));
  return element('div', {}, element('div', {class: 'two'}, ...panels.filter((panel) => panel !== null)),
                 rangeSentence(knob), comparison(knob), knobParts(knob), folded('The figures as a table', effectTable(knob)));
}

// A list of knobs to choose from, and the chosen one's panels.
function showKnobDetail() {
  const place = element('div', {});
  let drawn = [];
  const select = element('select', {id: 'knob-select', onchange: () => show(Number(select.value))},
                         ...data.knobs.map((knob, i) => element('option', {value: i}, knob.name)));
  const show = (number, isFirst = false) => {
    select.value = number;
    removeCharts(drawn);
    const before = charts.length;
    place.replaceChildren(knobDetail(number));
    drawn = charts.slice(before);
    if (!isFirst) drawCharts(drawn);
  };
  byId('knob-detail').append(
      element('div', {class: 'controls'}, element('span', {}, element('label', {for: 'knob-select'}, 'Knob'), select)), place);
  show(0, true);
  return (number) => {
    show(number);
    byId('knob-detail-title').scrollIntoView();
    select.focus({preventScroll: true});
  };
}

function knobTable() {
  const columns = [['Knob', false], ['Range', true], ['It ends by', false], ['Usual', true], ['At the end of the range', true],
                   ['NDCG cost at the end', true]];
  if (data.measured) {
    columns.push(['Target', true], ['Strength at the target', true], ['NDCG cost at the target', true],
                 ['Re-weighting’s cost there', true], ['Bonus’s cost there', true], ['People with no item more there', true],
                 ['Largest side effect at the target', false]);
  }
  const rows = data.knobs.map((knob) => {
    const points = knobPoints(knob);
    const [rest, end] = [restPoint(knob), points[points.length - 1]];
    const reasons = knob.low.reason === knob.high.reason ? knob.low.reason : `${knob.low.reason}; ${knob.high.reason}`;
    const row = [knob.name, `${strengthText(knob.low.strength)} to ${strengthText(knob.high.strength)}`, reasons,
                 percent(rest?.aim), percent(end?.aim), end ? percent(1 - ndcgPart(knob, end)) : '–'];
    if (data.measured) {
      const cost = costOf(knob, 'knob');
      const side = cost ? largestSideEffect(knob, targetPoint(knob)) : null;
      row.push(percent(cost?.target), cost ? signed(cost.strength) : '–', percent(cost?.loss),
               percent(costOf(knob, 'reweight')?.loss), percent(costOf(knob, 'bonus')?.loss), percent(cost?.unmoved, 0),
               side ? `${attributeTitle(side[0])} ${signed(100 * side[1])} points` : '–');
    }
    return row;
  });
  const note = data.measured
      ? 'The target is twice the share, or 15 points more where the share is 25 % or above already; it may lie beyond the range. Popularity has no target. A dash: not reached, or not measured.'
      : 'From the curves that were measured when the knobs were built.';
  return element('div', {}, table('All knobs: the share they are for (Popularity: of the items), and what else changes', columns, rows),
                 element('p', {class: 'small soft'}, note), withoutKnob());
}

function withoutKnob() {
  if (data.without_knob.length === 0) return null;
  const rows = data.without_knob.map((refused) => element(
      'li', {}, `${refused.group ? `${refused.group}: ` : ''}${refused.name}: ${refused.reason}`));
  return folded('Attributes without a knob, and why', element('ul', {}, ...rows));
}

// A number's colour: blue for more, orange for less, transparent for nothing.
function shade(cell, change, largest) {
  const strength = Math.min(1, Math.abs(change) / largest);
  const rgb = change < 0 ? '230, 120, 20' : '0, 114, 178';
  cell.style.backgroundColor = `rgba(${rgb}, ${(0.65 * strength).toFixed(3)})`;
  return cell;
}

function sideEffectMatrix() {
  const base = data.measured.base.shares;
  const points = data.knobs.map(targetPoint);
  const changes = points.map((point) => point.shares.map((share, i) => 100 * (share - base[i])));
  const largest = Math.max(1, ...changes.flat().map(Math.abs));
  const head = element('tr', {}, element('th', {scope: 'col'}, 'Knob, strength'), ...data.shown_attributes.map((attribute) =>
      element('th', {scope: 'col'}, element('span', {}, attributeTitle(attribute)))));
  const rows = data.knobs.map((knob, k) => element('tr', {},
      element('th', {scope: 'row'}, `${knob.name} ${signed(points[k].strength)}`),
      ...data.shown_attributes.map((attribute, i) => shade(
          element('td', {class: knob.attribute && knob.attribute.number === attribute ? 'own' : null},
                  signed(changes[k][i], 1)), changes[k][i], largest))));
  const caption = 'Change of every attribute’s share of the top 10 (percentage points), each knob at its target';
  return element('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption},
                 element('table', {class: 'matrix'}, element('caption', {}, caption), element('thead', {}, head),
                         element('tbody', {}, ...rows)));
}

function showKnobs() {
  if (data.knobs.length === 0) {
    byId('knob-cards').replaceWith(element('p', {}, 'This model has features, but no knobs.'));
    byId('knob-detail-title').remove();
    byId('knob-table-title').remove();
    byId('side-effects').remove();
    return;
  }
  let open = () => {};
  byId('knob-cards').append(...data.knobs.map((knob, i) => knobCard(knob, i, (number) => open(number))));
  byId('knob-table').append(knobTable());
  if (data.measured) {
    byId('side-effects-body').append(sideEffectMatrix());
  } else {
    byId('side-effects-intro').textContent =
        'Not measured: `pintle report --interactions FILE` measures them on people’s histories.';
  }
  open = showKnobDetail();
}
