// SPDX-License-Identifier: Apache-2.0
//
// node --no-warnings --single-threaded run.mjs PROGRAM [ARGUMENT ...]: runs a WASI program with this
// process's environment, files and working directory, and exits as it does; a trap is exit code 1.
// Without --single-threaded node 20 may crash once the program has ended, on a busy machine every other
// time.
import {readdirSync, readFileSync} from 'node:fs';
import {WASI} from 'node:wasi';

const [program, ...programArguments] = process.argv.slice(2);
// The root's folders one by one: WASI's C library takes '/' and '.' for the same.
const preopens = {'.': process.cwd()};
for (const entry of readdirSync('/', {withFileTypes: true})) {
  if (entry.isDirectory()) preopens[`/${entry.name}`] = `/${entry.name}`;
}
const wasi = new WASI({
  version: 'preview1',
  args: [program, ...programArguments],
  env: process.env,
  preopens,
  returnOnExit: true,
});
try {
  const module = await WebAssembly.compile(readFileSync(program));
  const instance = await WebAssembly.instantiate(module, {wasi_snapshot_preview1: wasi.wasiImport});
  process.exitCode = wasi.start(instance);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
