// SPDX-License-Identifier: Apache-2.0
//
// node --no-warnings run_wasi.mjs PROGRAM.wasm [ARGUMENT ...]: runs a WASI program with this process's
// environment, files and working directory, and exits as it does; a trap is exit code 1.
import {readFileSync} from 'node:fs';
import {WASI} from 'node:wasi';

const [program, ...programArguments] = process.argv.slice(2);
const wasi = new WASI({
  version: 'preview1',
  args: [program, ...programArguments],
  env: process.env,
  preopens: {'/': '/', '.': process.cwd()},
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
