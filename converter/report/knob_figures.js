// SPDX-License-Identifier: Apache-2.0
//
// What is known of a knob's effect, whether it was measured for this report or only when the knob
// was built.

const popularityTitle = 'Mean popularity of the top 10';

// What the knob moves, as a chart's title.
function aimTitle(knob) {
  return knob.attribute ? `Share of ${attributeTitle(knob.attribute.number)} in the top 10`
                        : popularityTitle;
}

const aimWord = (knob) => knob.attribute ? 'share' : 'popularity';

const shownPlace = (attribute) => data.shown_attributes.indexOf(attribute);

function aimOf(knob, measure) {
  return knob.attribute ? measure.shares[shownPlace(knob.attribute.number)] : measure.popularity;
}

// [{strength, aim, ndcg, overlap, ...}], ascending by strength.
function knobPoints(knob) {
  if (data.measured) return knob.effects.map((e) => ({...e, aim: aimOf(knob, e)}));
  return knob.curve.map((p) => ({strength: p.strength, aim: p.share, ndcg: p.ndcg, overlap: null}));
}

function restPoint(knob) {
  return knobPoints(knob).find((point) => point.strength === 0);
}

// NDCG@10 as a part of the unsteered list's.
function ndcgPart(knob, point) {
  const rest = restPoint(knob);
  return rest && rest.ndcg > 0 ? point.ndcg / rest.ndcg : null;
}

// Twice the share where it is below a quarter, else 15 points more.
const targetOf = (share) => share < 0.25 ? 2 * share : share + 0.15;

// What knobs are compared with, in the order of the tables.
const methodTitles = {
  knob: 'this knob',
  bonus: 'bonus to the probability',
  reweight: 're-weighting',
  'reweight-ordered': 're-weighting, in the network’s order',
  quota: 'as many items more for everybody',
  feature: 'best single feature',
  direction: 'mean difference',
};

// The aims: where the mean share is doubled (15 points more from a quarter on), half of the list, halved.
const aimTitles = {
  doubled: 'Share doubled (15 points more from 25 % on)',
  to_half: 'Share raised to half of the list',
  halved: 'Share halved',
};

const methodOf = (knob, name) => knob.methods?.find((method) => method.name === name) ?? null;

// What a method costs at an aim: {target, loss, low, high, unchanged, unmoved, ...}; null where it does not
// get there, or nothing was measured.
const costOf = (knob, name, aim = 'doubled') => methodOf(knob, name)?.[aim] ?? null;

// The point, linear between two strengths, at which the knob reaches its target; its end if it does
// not get there, or has no attribute. Null without a measurement.
function targetPoint(knob) {
  if (!data.measured) return null;
  const rising = knobPoints(knob).filter((p) => p.strength >= 0);
  const end = rising[rising.length - 1];
  if (!knob.attribute) return end;
  const target = targetOf(rising[0].aim);
  const i = rising.findIndex((p) => p.aim >= target);
  if (i < 1) return end;
  const [a, b] = [rising[i - 1], rising[i]];
  const part = (target - a.aim) / (b.aim - a.aim);
  const between = (x, y) => x + part * (y - x);
  return {
    strength: between(a.strength, b.strength),
    aim: target,
    ndcg: between(a.ndcg, b.ndcg),
    overlap: between(a.overlap, b.overlap),
    shares: a.shares.map((share, s) => between(share, b.shares[s])),
  };
}

// Means at the doubled share, {name, loss, unchanged, unmoved} a method, over those knobs for which all
// methods that were tried anywhere get there: {count, methods}. Null without such a knob.
function meanCosts() {
  const names = Object.keys(methodTitles).filter((name) => data.knobs.some((knob) => methodOf(knob, name)));
  const all = data.knobs.filter((knob) => names.length > 0 && names.every((name) => costOf(knob, name)));
  if (all.length === 0) return null;
  const mean = (name, figure) => all.reduce((sum, knob) => sum + costOf(knob, name)[figure], 0) / all.length;
  return {
    count: all.length,
    methods: names.map((name) => ({
      name, loss: mean(name, 'loss'), unchanged: mean(name, 'unchanged'), unmoved: mean(name, 'unmoved'),
    })),
  };
}

// The attribute beside the knob's own that it moves most at this point: [attribute, change].
function largestSideEffect(knob, point) {
  if (!data.measured) return null;
  let largest = null;
  data.shown_attributes.forEach((attribute, i) => {
    if (knob.attribute && attribute === knob.attribute.number) return;
    const change = point.shares[i] - data.measured.base.shares[i];
    if (!largest || Math.abs(change) > Math.abs(largest[1])) largest = [attribute, change];
  });
  return largest;
}
