/** The built bundles hold what the extension needs and nothing else, and load in Raycast's Node. */

import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadBundle } from '../harness/launch.ts';
import { raycast } from '../raycast-api/raycast.ts';
import { bundles } from './built.ts';

const names = [
  ...raycast.manifest.commands.map(({ name }) => name),
  ...(raycast.manifest.tools ?? []).map(({ name }) => `tools/${name}`),
];

/** Bytes. Raycast reads a bundle at each launch; a menu bar command is launched every minute. */
const largest = { 'menu-bar': 120_000, others: 350_000 };

for (const name of names) {
  describe(name, () => {
    const code = readFileSync(join(bundles, `${name}.js`), 'utf8');
    const map = JSON.parse(readFileSync(join(bundles, `${name}.js.map`), 'utf8')) as { sources: string[] };

    test('loads, and exports a command', () => {
      assert.equal(typeof loadBundle(bundles, name).default, 'function');
    });

    test("has nothing of the daemon's side, nothing native, and no copy of React", () => {
      const own = map.sources.map((source) => source.replaceAll('\\', '/'));
      assert.deepEqual(
        own.filter((source) => /(^|\/)daemon\/(src|native|test)\//.test(source)),
        [],
      );
      assert.deepEqual(
        own.filter((source) => /node_modules\/(react|react-dom|pino|better-sqlite3|croner)\//.test(source)),
        [],
      );
      assert.doesNotMatch(code, /\.node["']\)|node:sqlite|process\.dlopen/);
      // Of node-ipc only its parsers: the main entry cannot be loaded from CommonJS.
      const ipc = own.filter((source) => source.includes('node_modules/node-ipc/'));
      const others = ipc.filter((source) => !/parser|entities\/Defaults/i.test(source));
      assert.deepEqual(others, []);
    });

    test('is light', () => {
      const { size } = statSync(join(bundles, `${name}.js`));
      assert.ok(size < (name === 'menu-bar' ? largest['menu-bar'] : largest.others), `${size} bytes`);
    });
  });
}
