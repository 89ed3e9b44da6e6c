/**
 * Makes the extension's icons from the masters in the repository's folder `assets`: Raycast wants real files in its own. A folder
 * that was copied out of the repository has them.
 */

import { existsSync } from 'node:fs';
import { readFile, readdir, rm, mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { initWasm, Resvg } from '@resvg/resvg-wasm';

const require = createRequire(import.meta.url);
const masters = fileURLToPath(new URL('../../assets', import.meta.url));
const target = fileURLToPath(new URL('../assets', import.meta.url));

/** Pixels; what the store asks for. */
export const iconSize = 512;

/** Ink of the menu bar's glyphs. Raycast takes `NAME@dark.svg` where the menu bar is dark. */
const inks = { '': '#1d1d1f', '@dark': '#ffffff' };

let ready;

/**
 * @param {string} svg
 * @param {number} width in pixels
 */
export async function render(svg, width = iconSize) {
  ready ??= readFile(require.resolve('@resvg/resvg-wasm/index_bg.wasm')).then(initWasm);
  await ready;
  return new Resvg(svg, { fitTo: { mode: 'width', value: width } }).render().asPng();
}

/** Every file that the extension's `assets` has to hold, by name. */
async function allAssets() {
  const files = new Map();
  for (const name of (await svgFiles(masters)).sort()) {
    files.set(`${name}.png`, await render(await readFile(join(masters, `${name}.svg`), 'utf8')));
  }
  for (const name of (await svgFiles(join(masters, 'menu'))).sort()) {
    const master = await readFile(join(masters, 'menu', `${name}.svg`), 'utf8');
    for (const [suffix, ink] of Object.entries(inks)) {
      files.set(`${name}${suffix}.svg`, Buffer.from(master.replaceAll('currentColor', ink)));
    }
  }
  return files;
}

/** Writes what is missing or differs, and removes what no master stands for. */
export async function makeAssets() {
  if (!existsSync(join(masters, 'tidemark.svg'))) {
    return readdir(target);
  }
  const wanted = await allAssets();
  await mkdir(target, { recursive: true });
  for (const name of await readdir(target)) {
    if (!wanted.has(name)) {
      await rm(join(target, name));
    }
  }
  for (const [name, content] of wanted) {
    const path = join(target, name);
    const present = await readFile(path).catch(() => undefined);
    if (present === undefined || !present.equals(content)) {
      await writeFile(path, content);
    }
  }
  return [...wanted.keys()];
}

async function svgFiles(folder) {
  return (await readdir(folder))
    .filter((name) => name.endsWith('.svg'))
    .map((name) => basename(name, '.svg'));
}
