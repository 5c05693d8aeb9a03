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

// The NDCG cost at which `points` (from the unsteered one on, rising in strength) first reach
// `target`, linear between them; null if they do not.
function costAt(points, target) {
  const base = points[0].ndcg;
  for (let i = 1; i < points.length; ++i) {
    const [a, b] = [points[i - 1], points[i]];
    if (b.aim < target) continue;
    const part = b.aim > a.aim ? Math.max(0, (target - a.aim) / (b.aim - a.aim)) : 1;
    return 1 - (a.ndcg + part * (b.ndcg - a.ndcg)) / base;
  }
  return null;
}

// {target, knob, single}: the costs at the target of the knob and of the best single feature; null
// without a measurement.
function costComparison(knob) {
  if (!data.measured || !knob.attribute || knob.single_feature === null) return null;
  const rest = restPoint(knob);
  if (!rest || !(rest.ndcg > 0)) return null;
  const target = targetOf(rest.aim);
  const single = knob.single.map((e) => ({...e, aim: aimOf(knob, e)}));
  return {
    target,
    knob: costAt(knobPoints(knob).filter((p) => p.strength >= 0), target),
    single: costAt([rest, ...single], target),
  };
}

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

// The costs over the knobs for which both are known.
function meanCosts() {
  const both = data.knobs.map(costComparison).filter((c) => c && c.knob !== null && c.single !== null);
  if (both.length === 0) return null;
  const mean = (name) => both.reduce((sum, c) => sum + c[name], 0) / both.length;
  return {count: both.length, knob: mean('knob'), single: mean('single')};
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
