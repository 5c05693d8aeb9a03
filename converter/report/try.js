// SPDX-License-Identifier: Apache-2.0
//
// The section with a history to try: lists that the runtime made beforehand, chosen by sliders. The
// address's fragment (#person=2&knob=Sci-Fi&strength=4) names what is shown, to be sent to others.

const tryState = {person: 0, knob: -1, place: 0, preset: -1};  // place: into the knob's strengths

const zeroPlace = (knob) => knob.strengths.indexOf(0);

function readFragment() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  const person = Number(wanted.get('person')) - 1;
  if (data.histories[person]) tryState.person = person;
  const knob = data.knobs.findIndex((k) => k.name === wanted.get('knob'));
  if (knob >= 0) {
    const place = data.knobs[knob].strengths.indexOf(Number(wanted.get('strength')));
    if (place >= 0) Object.assign(tryState, {knob, place});
  }
  const preset = data.presets.indexOf(wanted.get('preset'));
  if (knob < 0 && preset >= 0) tryState.preset = preset;
}

function writeFragment() {
  const shown = new URLSearchParams({person: tryState.person + 1});
  if (tryState.knob >= 0) {
    shown.set('knob', data.knobs[tryState.knob].name);
    shown.set('strength', data.knobs[tryState.knob].strengths[tryState.place]);
  } else if (tryState.preset >= 0) {
    shown.set('preset', data.presets[tryState.preset]);
  }
  try {
    history.replaceState(null, '', `#${shown}`);
  } catch (refused) {
    // A page in a frame may not; the lists work without.
  }
}

function personTitle(person, i) {
  const taste = person.taste === null ? '' : `, fond of ${attributeTitle(person.taste)}`;
  return `Person ${i + 1}: ${person.events} choices${taste}`;
}

function steeredList(person) {
  if (tryState.knob >= 0) return person.knobs[tryState.knob][tryState.place];
  if (tryState.preset >= 0) return person.presets[tryState.preset];
  return person.base;
}

function chips(item, own) {
  const attributes = data.items[item][1].filter((a) => shownPlace(a) >= 0);
  return attributes.slice(0, 4).map((a) =>
      element('span', {class: a === own ? 'chip hit' : 'chip'}, attributeName(a)));
}

// How an item came to its place: against the usual list, if one is given.
function moveText(item, rank, usual) {
  const before = usual.indexOf(item);
  if (before < 0) return 'new';
  if (before === rank) return '=';
  return before > rank ? `▲ ${before - rank}` : `▼ ${rank - before}`;
}

function recommendationList(list, person, usual, own, label) {
  return element('ol', {class: 'list', 'aria-label': label}, ...list.map((item, rank) => {
    const move = usual ? moveText(item, rank, usual) : '';
    const title = element('span', {}, element('span', {class: 'title'}, itemTitle(item)),
        item === person.next ? element('span', {class: 'chosen'}, ' ★ chosen next') : null,
        element('br'), ...chips(item, own));
    return element('li', {class: move === 'new' ? 'new' : null}, element('span', {class: 'rank'}, rank + 1), title,
                   element('span', {class: 'move'}, move));
  }));
}

function listSentence(person, list, own) {
  const share = (items) => items.filter((item) => data.items[item][1].includes(own)).length;
  const stay = list.filter((item) => person.base.includes(item)).length;
  const moved = `${stay} of the usual ${person.base.length} items stay.`;
  return own === null ? moved
                      : `${attributeTitle(own)}: ${share(person.base)} of ${person.base.length} items before, ${share(list)} of ${list.length} now. ${moved}`;
}

// The most places that any knob has below 0, and above: every slider's zero stands below the others'.
const placesBelow = Math.max(0, ...data.knobs.map(zeroPlace));
const placesAbove = Math.max(0, ...data.knobs.map((knob) => knob.strengths.length - 1 - zeroPlace(knob)));

// A slider is as long as its range, and as far to the right as its range begins later than the longest
// one. The middle of a thumb moves over the slider's length less the thumb's width.
function alignZero(slider, knob) {
  const places = Math.max(1, placesBelow + placesAbove);
  const part = (count) => `(100% - var(--thumb)) * ${count / places}`;
  slider.style.width = `calc(var(--thumb) + ${part(knob.strengths.length - 1)})`;
  slider.style.marginLeft = `calc(${part(placesBelow - zeroPlace(knob))})`;
}

function knobSlider(knob, k, changed) {
  const id = `slider-${k}`;
  const output = element('output', {for: id});
  const slider = element('input', {type: 'range', id, min: 0, max: knob.strengths.length - 1, step: 1, oninput: () => {
    Object.assign(tryState, {knob: k, place: Number(slider.value), preset: -1});
    if (tryState.place === zeroPlace(knob)) tryState.knob = -1;
    changed();
  }});
  alignZero(slider, knob);
  const row = element('div', {class: 'knob-row'}, element('label', {for: id}, knob.name), output, slider);
  const refresh = () => {
    const isOn = tryState.knob === k;
    const place = isOn ? tryState.place : zeroPlace(knob);
    slider.value = place;
    output.textContent = strengthText(knob.strengths[place]);
    slider.setAttribute('aria-valuetext', `strength ${output.textContent}`);
    row.classList.toggle('on', isOn);
  };
  return {row, refresh};
}

function presetButtons(changed) {
  if (data.presets.length === 0) return null;
  return element('div', {}, element('h4', {}, 'Presets'), element('p', {}, ...data.presets.map((name, p) => element(
      'button', {type: 'button', onclick: () => { Object.assign(tryState, {knob: -1, preset: p}); changed(); }}, name))));
}

function steeringTitle() {
  if (tryState.knob >= 0) {
    const knob = data.knobs[tryState.knob];
    return `With ${knob.name} at ${strengthText(knob.strengths[tryState.place])}`;
  }
  return tryState.preset >= 0 ? `With the preset ${data.presets[tryState.preset]}` : 'Nothing turned yet';
}

function personDetails(person) {
  const active = person.active.map(([, feature, label, value]) => element(
      'li', {}, `${label || 'no name'} `, element('span', {class: 'soft'}, `feature ${feature}, activation ${fixed(value, 2)}`)));
  const left = person.events - person.items.length;
  return element('div', {},
      folded(`The history, oldest first${left > 0 ? ` (the newest ${person.items.length})` : ''}`,
             element('ol', {class: 'history'}, ...person.items.map((item) => element('li', {}, itemTitle(item))))),
      active.length ? folded('What the model sees in it now: the features that are on, strongest first',
                             element('ul', {class: 'small'}, ...active)) : null,
      person.next === null ? null : element('p', {class: 'small'}, 'What this person really chose next: ',
                                            element('b', {}, itemTitle(person.next)), '.'));
}

function showTry() {
  const place = byId('try-body');
  if (data.histories.length === 0) {
    byId('try-intro').textContent = 'No histories: `pintle report --interactions FILE` chooses some.';
    return;
  }
  readFragment();
  const about = element('div', {}), lists = element('div', {class: 'lists'});
  const sentence = element('p', {role: 'status'});
  const select = element('select', {id: 'person-select', onchange: () => { tryState.person = Number(select.value); changed(); }},
                         ...data.histories.map((person, i) => element('option', {value: i}, personTitle(person, i))));
  let sliders = [];
  const refresh = () => {
    const person = data.histories[tryState.person];
    const own = tryState.knob >= 0 ? (data.knobs[tryState.knob].attribute?.number ?? null) : null;
    const list = steeredList(person);
    select.value = tryState.person;
    sliders.forEach((slider) => slider.refresh());
    about.replaceChildren(personDetails(person));
    sentence.textContent = tryState.knob < 0 && tryState.preset < 0
        ? 'Both lists are the same until a knob is turned.' : listSentence(person, list, own);
    lists.replaceChildren(
        element('div', {class: 'panel'}, element('h4', {}, 'Usual list'), recommendationList(person.base, person, null, own, 'Usual list')),
        element('div', {class: 'panel', id: 'steered'}, element('h4', {}, steeringTitle()),
                recommendationList(list, person, person.base, own, steeringTitle())));
  };
  const changed = () => { refresh(); writeFragment(); };
  sliders = data.knobs.map((knob, k) => knobSlider(knob, k, changed));
  const rows = element('div', {class: 'sliders'}, ...sliders.map((slider) => slider.row));
  rows.style.setProperty('--zero', placesBelow / Math.max(1, placesBelow + placesAbove));
  const reset = element('button', {type: 'button', onclick: () => { Object.assign(tryState, {knob: -1, preset: -1}); changed(); }}, 'All to 0');
  place.append(
      element('div', {class: 'controls'}, element('span', {}, element('label', {for: 'person-select'}, 'Person'), select)), about,
      element('div', {class: 'try'},
          element('div', {class: 'panel'}, element('h4', {}, 'Knobs'),
                  element('p', {class: 'small soft'}, 'On the device any number can be turned together; here one at a time.'),
                  rows, reset, presetButtons(changed)),
          element('div', {}, sentence, lists)));
  refresh();
}
