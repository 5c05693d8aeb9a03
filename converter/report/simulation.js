// SPDX-License-Identifier: Apache-2.0
//
// The section about the profile: what simulated people's lists are worth after so much feedback.

const personaSentences = {
  avoids: 'Has had enough of an attribute: what they like is what they really went on to, without it.',
  wants: 'Takes to an attribute they hardly had: they like what people like them who have it liked of it.',
  changed: 'Really changed: their later half differs from the first, and what they went on to is what they say.',
  random: 'Says anything of anything: nothing can be learned, so lists should not get worse.',
};

const worth = (ndcg) => fixed(100 * ndcg, 1);
const withInterval = ([value, low, high], text) => `${text(value)} (${text(low)} to ${text(high)})`;

// "appended likes, M" is M that also appends what is liked to the history; "appended likes" is "plain" that does.
const appended = 'appended likes';
const appends = (method) => method === appended || method.startsWith(`${appended}, `);
const learning = (method) => method === appended ? 'plain' : appends(method) ? method.slice(appended.length + 2) : method;

// A colour for what is learned; dashes and hollow points for appending.
function methodStyles(methods) {
  const learned = [...new Set(methods.map(learning))];
  return new Map(methods.map((method) => [
    method, {...lineStyles[learned.indexOf(learning(method)) % lineStyles.length], dash: appends(method) ? [6, 4] : [], hollow: appends(method)},
  ]));
}

function personaChart(persona, styles, isShown) {
  const {feedback} = data.simulation;
  const ends = persona.methods.map(({name, ndcg}) =>
      `${name} ${worth(ndcg[0][0])} to ${worth(ndcg[ndcg.length - 1][0])}`);
  const bounds = persona.methods.flatMap(({ndcg}) => ndcg.flat());
  return figure(
      'NDCG@10 × 100 by the number of feedbacks, with 95 % intervals',
      `${persona.name}: NDCG@10 × 100 without feedback and after ${feedback[feedback.length - 1]}. ${ends.join('; ')}`,
      () => lineConfiguration(
          persona.methods.filter(({name}) => isShown(name)).map(({name, ndcg}) => ({
            name,
            style: styles.get(name),
            points: ndcg.map(([mean], i) => [feedback[i], 100 * mean]),
            band: ndcg.map(([, low, high], i) => [feedback[i], 100 * low, 100 * high]),
          })),
          'feedbacks', 'NDCG@10 × 100',
          // One scale, whatever lines are shown.
          {xDigits: 0, x: {min: 0, max: feedback[feedback.length - 1]},
           y: {suggestedMin: 100 * Math.min(...bounds), suggestedMax: 100 * Math.max(...bounds)}}),
      'plot tall');
}

function personaTable(persona) {
  const {feedback} = data.simulation;
  const columns = [['Method', false], ...feedback.map((count) => [`After ${count}`, true]), ['Part of the gain of 20 that is there after 5', true]];
  const rows = persona.methods.map(({name, ndcg, share}) =>
      [name, ...ndcg.map((point) => withInterval(point, worth)), withInterval(share, (value) => percent(value, 0))]);
  return table(`${persona.name}: NDCG@10 × 100 after so many feedbacks, with 95 % intervals`, columns, rows);
}

function methodChoice(methods, shown, redraw) {
  const boxes = methods.map((method) => {
    const box = element('input', {type: 'checkbox', checked: shown.has(method), onchange: () => {
      if (box.checked) shown.add(method);
      else shown.delete(method);
      redraw();
    }});
    return element('label', {}, box, ` ${method}`);
  });
  return element('fieldset', {class: 'controls'}, element('legend', {}, 'Lines of the charts'), ...boxes);
}

function showSimulation() {
  if (!data.simulation) {
    byId('simulation').remove();
    byId('simulation-link').remove();
    return;
  }
  const {personas, notes} = data.simulation;
  const methods = [...new Set(personas.flatMap((persona) => persona.methods.map(({name}) => name)))];
  const styles = methodStyles(methods);
  const shown = new Set(methods);
  const drawn = personas.map((persona) => personaChart(persona, styles, (method) => shown.has(method)));
  byId('simulation-body').append(
      methodChoice(methods, shown, () => drawn.forEach((chart) => chart.draw())),
      ...personas.map((persona, i) => element(
          'article', {class: 'panel persona'}, element('h3', {}, persona.name),
          element('p', {}, `${personaSentences[persona.name]} ${grouped(persona.people)}\u00a0people.`),
          drawn[i].node, folded('The figures as a table', personaTable(persona)))));
  if (notes.length > 0) {
    byId('simulation-body').append(
        element('h3', {}, 'How the others were set'),
        element('ul', {class: 'small'}, ...notes.map((note) => element('li', {}, note))));
  }
}
