/** What set-up fetches is pinned in one place each, and the lock file serves both platforms. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { layoutOf } from './layout.js';
import { cmake, cudaHeaders, kokoro, libmlx, misaki, ninja, openblas, spacyEnglish, zig } from './pins.js';
import { pinnedNode, readJson } from './package-files.js';

const { root } = layoutOf();

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
}

interface LockFile {
  readonly packages: Record<string, LockedPackage | undefined>;
}

const lock = readJson(join(root, 'package-lock.json')) as LockFile;

test("the lock file holds the pinned Node of each platform, with its hash, and these tests' Node is one of them", () => {
  for (const platform of ['linux-x64', 'darwin-arm64'] as const) {
    const { name, version } = pinnedNode(root, platform);
    const locked = lock.packages[`node_modules/${name}`];
    assert.equal(locked?.version, version);
    assert.match(locked.integrity ?? '', /^sha512-/);
    assert.equal(process.version, `v${version}`);
  }
});

test('every dependency in the lock file has a hash and names no registry', () => {
  for (const [path, { integrity, resolved, link } = {}] of Object.entries(lock.packages)) {
    if (!path.startsWith('node_modules/') || link === true) {
      continue;
    }
    assert.match(integrity ?? '', /^sha512-/, path);
    assert.equal(resolved, undefined, path);
  }
});

test('every wheel is pinned by the name of its file, its size and its SHA-256', () => {
  const wheels = [...[libmlx, cmake, ninja].flatMap((pins) => Object.values(pins)), cudaHeaders];
  for (const pin of [...wheels, openblas, zig, ...kokoro.parts, kokoro.vocabulary, misaki, spacyEnglish]) {
    assert.ok(pin.file.startsWith(`${pin.project.replaceAll('-', '_')}-${pin.version}-py`), pin.file);
    assert.equal(pin.file.endsWith('-any.whl'), pin.platform === undefined, pin.file);
    assert.ok(pin.platform === undefined || pin.file.includes(pin.platform), pin.file);
    assert.match(pin.sha256, /^[0-9a-f]{64}$/);
    assert.ok(pin.bytes > 0);
  }
});
