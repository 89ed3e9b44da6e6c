/**
 * node-ipc and what it depends on are the very packages that were read: several of its versions carried malicious code.
 * To move to another version, read it and its dependencies first, then change what is written here.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

interface LockedPackage {
  readonly version: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
}

/** Read in full at these versions: sockets only, no other process, network or evaluation, no install scripts. */
const read: Readonly<Record<string, { readonly version: string; readonly integrity: string }>> = {
  'node-ipc': {
    version: '14.0.0',
    integrity:
      'sha512-d5+aogND4Gk6aQkW5KCibliM4Mn12+isHXt8wFghO4Bn0gBSnev3TXJWQ4eEnzrlh5gCG+nwQEZwyayeDtQxQA==',
  },
  'js-queue': {
    version: '3.1.0',
    integrity:
      'sha512-qENB7XiNpXyxg6132Bwz08uq8GQyaVhD53O41d1F45aCHbKD82bkgZYHWqBGsWggDy8KuY5mPzG7oDnUV7Mn8A==',
  },
  'easy-stack': {
    version: '2.1.0',
    integrity:
      'sha512-ZpUD5AJeKhRic1RrajfGKuLl721bCeIpnAj1i7BtlC1XX5Mb52ku3e9pDWryV32yndd28ZyqdVsVcBuI7WY2Iw==',
  },
  'js-message': {
    version: '3.1.0',
    integrity:
      'sha512-k9iKFwzyAbz8gDJXIvIohSBaXeG3PvFzVwUccaDf0vv8LbEMpOvUfpyE6MGrlovliFdhTBUcIvXfSxOZkorWhA==',
  },
  'event-pubsub': {
    version: '6.1.1',
    integrity:
      'sha512-08nRrPDOAI5QtM/iQRVIs9DiWyFiyG8VCKf/4i71xQAurXm07exshjSY80wSHJMsHPw9cpUxzJPpXjMyHeBTZw==',
  },
  'strong-type': {
    version: '2.0.0',
    integrity:
      'sha512-HHrY9qYC7yn+5mlewiI3k9RQM9gZqGQsqbomZcd10Ks0h4RlX01nnkWbCe4AsVPCI6KaFvpkWm1nHMD+Ykup6g==',
  },
};

const root = join(import.meta.dirname, '../..');

const json = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

/** Every entry of a lock file for a package of this name, wherever it is installed. */
function lockedIn(lockFile: string, name: string): LockedPackage[] {
  const { packages } = json(lockFile) as { packages: Record<string, LockedPackage> };
  return Object.entries(packages)
    .filter(([path]) => path === `node_modules/${name}` || path.endsWith(`/node_modules/${name}`))
    .map(([, locked]) => locked);
}

const lockFiles = [join(root, 'package-lock.json'), join(root, 'extension', 'package-lock.json')];

for (const [name, { version, integrity }] of Object.entries(read)) {
  test(`${name} is locked to the version and the content that were read`, () => {
    for (const lockFile of lockFiles) {
      const locked = lockedIn(lockFile, name);
      assert.ok(locked.length > 0, `${lockFile} does not lock ${name}`);
      for (const entry of locked) {
        assert.equal(entry.version, version);
        assert.equal(entry.integrity, integrity);
        assert.ok(entry.hasInstallScript !== true);
      }
    }
  });

  test(`${name} is installed in that version, once, without install scripts`, () => {
    const nodeIpc = createRequire(import.meta.url).resolve('node-ipc');
    const path = createRequire(nodeIpc)
      .resolve.paths(name)
      ?.map((folder) => join(folder, name, 'package.json'))
      .find((candidate) => readable(candidate));
    assert.ok(path !== undefined);
    const manifest = json(path) as { version: string; scripts?: Record<string, string> };
    assert.equal(manifest.version, version);
    for (const script of ['preinstall', 'install', 'postinstall', 'prepare']) {
      assert.equal(manifest.scripts?.[script], undefined, `${dirname(path)} has a script ${script}`);
    }
  });
}

function readable(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}

test('node-ipc is asked for exactly, never by a range', () => {
  type Asking = Readonly<Record<string, string>>;
  const { packages } = json(join(root, 'extension', 'package-lock.json')) as {
    packages: Record<string, { dependencies?: Asking }>;
  };
  const manifests = ['shared', 'daemon'].map(
    (folder) => json(join(root, folder, 'package.json')) as { dependencies: Asking },
  );
  // The extension has it from the client, which is packed from `shared`.
  const askers = [...manifests, packages['node_modules/@tidemark/client']];
  for (const asker of askers) {
    assert.equal(asker?.dependencies?.['node-ipc'], read['node-ipc']?.version);
  }
  assert.equal(packages['']?.dependencies?.['node-ipc'], undefined);
});

test('node-ipc depends on nothing but what was read', () => {
  const { packages } = json(join(root, 'package-lock.json')) as {
    packages: Record<string, { dependencies?: Record<string, string> }>;
  };
  const pending = ['node-ipc'];
  const found = new Set<string>();
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (!found.has(name)) {
      found.add(name);
      pending.push(...Object.keys(packages[`node_modules/${name}`]?.dependencies ?? {}));
    }
  }
  assert.deepEqual([...found].toSorted(), Object.keys(read).toSorted());
});
