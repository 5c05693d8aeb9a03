// SPDX-License-Identifier: Apache-2.0
//
// node kernel_calls.mjs MODULE: runs each call once, once more and eleven times, with a kill(2) that does nothing
// before, between and after, for callgrind to write its counts at; prints the calls and their bits, a line
// each.
import {readFileSync} from 'node:fs';
import {WASI} from 'node:wasi';

const wasi = new WASI({version: 'preview1'});
const module = new WebAssembly.Module(readFileSync(process.argv[2]));
const instance = new WebAssembly.Instance(module, {wasi_snapshot_preview1: wasi.wasiImport});
wasi.initialize(instance);
const {memory, kernel_calls_prepare, kernel_calls_run, kernel_calls_name, kernel_calls_bits} =
    instance.exports;

function text(address) {
  const bytes = new Uint8Array(memory.buffer, address);
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}

const mark = () => process.kill(process.pid, 0);
const run = (call, times) => kernel_calls_run(call, times);

const count = kernel_calls_prepare();
const calls = [];
for (let call = 0; call < count; ++call) {
  const bits = kernel_calls_bits(call) >>> 0;
  calls.push(`${text(kernel_calls_name(call, 0))}\t${text(kernel_calls_name(call, 1))}\t${bits}`);
}
mark();
for (let call = 0; call < count; ++call) {
  run(call, 1);
  mark();
  run(call, 1);
  mark();
  run(call, 11);
  mark();
}
console.log(calls.join('\n'));
