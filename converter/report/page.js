// SPDX-License-Identifier: Apache-2.0
//
// Fills the page. <html data-ready> tells that it is done.

function tile(title, value, note) {
  return element('div', {}, element('dt', {}, title), element('dd', {}, value, element('small', {}, note)));
}

function showSummary() {
  const {model, measured} = data;
  byId('lead').textContent = `A recommender of ${grouped(model.items)} items (${model.architecture}, ${
      fixed(model.size_bytes / 1e6, 1)} MB) that runs on the device and has ${data.knobs.length} knob${
      data.knobs.length === 1 ? '' : 's'} to steer it.`;
  const tiles = [tile('Knobs', data.knobs.length, 'each changes the list for one request, at once')];
  if (measured) {
    tiles.push(tile('NDCG@10, nothing turned', fixed(measured.base.ndcg, 3), `measured on ${grouped(measured.users)} people`));
    tiles.push(tile('Next choice in the top 10', percent(measured.base.hit_rate, 0), 'of people, nothing turned'));
  }
  const costs = meanCosts();
  if (costs) {
    const cost = (name) => costs.methods.find((method) => method.name === name);
    const others = costs.methods.filter((method) => ['reweight', 'feature'].includes(method.name))
        .map((method) => `${methodTitles[method.name]}: ${percent(method.loss)}`);
    tiles.push(tile('NDCG cost at the target', percent(cost('knob').loss), `of a knob; ${others.join('; ')}`));
    tiles.push(tile('No item more at the target', percent(cost('knob').unmoved, 0), `of people; re-weighting: ${percent(cost('reweight').unmoved, 0)}`));
  }
  for (const sae of data.saes.filter((candidate) => candidate.summary)) {
    tiles.push(tile('Features', grouped(sae.feature_count), `${fixed(sae.summary.active_per_position, 1)} on at a moment`));
    if (sae.attributes.length > 0) {
      tiles.push(tile('Best feature’s correlation', fixed(sae.summary.mean_best_correlation, 2),
                      `mean over ${sae.attributes.length} attributes; raw dimensions: ${fixed(sae.summary.raw_mean_best_correlation, 2)}`));
    }
  }
  byId('tiles').append(...tiles);
  if (costs) {
    const columns = [['Method', false], ['NDCG@10 lost', true], ['Lists that did not change', true], ['People with no item more', true]];
    byId('cost-sentence').textContent = 'The target is twice an attribute’s mean share of the top 10 (15 points more where it is 25 % or above).';
    byId('costs').append(table(
        `At the target, mean over the ${costs.count} knob${costs.count === 1 ? '' : 's'} for which every method gets there`, columns,
        costs.methods.map((method) => [methodTitles[method.name].replace('this', 'the'), percent(method.loss), percent(method.unchanged, 0),
                                       percent(method.unmoved, 0)])));
  } else {
    byId('cost-sentence').remove();
  }
}

function showMade() {
  const hooks = data.saes.map((sae) => `${sae.name} at ${sae.hook} (${sae.feature_count} features)`);
  let text = `Made by pintle ${data.model.version}. Autoencoders: ${hooks.join(', ') || 'none'}.`;
  if (data.measured) {
    text += ` Effects: measured on ${grouped(data.measured.users)} held-out people, whose last choice was held out (${data.measured.split}).`;
  }
  byId('made').textContent = text;
}

function showFailure(error) {
  byId('failure').hidden = false;
  byId('failure').textContent = `This page could not be shown whole: ${error.message}`;
}

try {
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  showSummary();
  showTry();
  showKnobs();
  showFeatures();
  showSimulation();
  showMade();
  drawCharts();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => drawCharts());
  document.documentElement.dataset.ready = 'true';
} catch (error) {
  showFailure(error);
  throw error;
}
