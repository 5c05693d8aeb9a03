// SPDX-License-Identifier: Apache-2.0
//
// The page's data, and elements made of it. Text from the model goes in as text nodes only, never
// as markup.

const data = JSON.parse(document.getElementById('data').textContent);

const byId = (id) => document.getElementById(id);

// element('td', {class: 'number'}, 'text', child, ...); null children are left out.
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, '');
    else if (value !== false && value !== null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null).map((child) =>
      child instanceof Node ? child : String(child)));
  return made;
}

// Numbers as people read them; null and undefined are a dash.
function fixed(value, digits) {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const text = value.toFixed(digits);
  return (/^-0(\.0*)?$/.test(text) ? text.slice(1) : text).replace('-', '−');
}
const percent = (value, digits = 1) =>
    value === null || value === undefined ? '–' : `${fixed(100 * value, digits)}\u00a0%`;  // one word
function signed(value, digits = 1) {
  const text = fixed(value, digits);
  return value > 0 && Number(text.replace('−', '-')) !== 0 ? `+${text}` : text;
}
const strengthText = (value) => value > 0 ? `+${value}` : fixed(value, Number.isInteger(value) ? 0 : 2);
const grouped = (value) => value.toLocaleString('en');

const itemTitle = (item) => data.items[item][0];
const attributeName = (attribute) => data.attributes[attribute][1];

// With the group where two groups have an attribute of that name.
function attributeTitle(attribute) {
  const [group, name] = data.attributes[attribute];
  const same = data.attributes.filter((other) => other[1] === name).length;
  return same > 1 && group ? `${group}: ${name}` : name;
}

// columns: [[title, is number]]; rows: arrays of text or nodes, the first cell the row's heading.
function table(caption, columns, rows) {
  const head = element('tr', {}, ...columns.map(([title, isNumber]) =>
      element('th', {scope: 'col', class: isNumber ? 'number' : null}, title)));
  const body = rows.map((row) => element('tr', {}, ...row.map((cell, i) =>
      element(i === 0 ? 'th' : 'td',
              {scope: i === 0 ? 'row' : null, class: columns[i][1] ? 'number' : null}, cell))));
  return element('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption},
                 element('table', {}, element('caption', {}, caption), element('thead', {}, head),
                         element('tbody', {}, ...body)));
}

function folded(title, ...children) {
  return element('details', {}, element('summary', {}, title), ...children);
}
