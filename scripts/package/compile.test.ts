/** What is compiled for a package runs on the long-term lines of Node, and its errors name the source's own lines. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from './compile.ts';

const path = 'daemon/src/core/queue/some.ts';

test('addresses of modules are those of the compiled ones, and nothing else is changed', () => {
  for (const [source, expected] of [
    ["import { a } from '@tidemark/shared/format/bytes.ts';", "'../../../../shared/src/format/bytes.js'"],
    ["import { a } from './own.ts';", "'./own.js'"],
    ["export { a } from '../b.ts';", "'../b.js'"],
    ["const m = await import('../b.ts');", "import('../b.js')"],
    ["f(new URL('prepare-process.ts', import.meta.url));", "new URL('prepare-process.js', import.meta.url)"],
    ["import { readFile } from 'node:fs';", "'node:fs'"],
    ["import { parse } from 'valibot';", "'valibot'"],
    ["const name = 'some.ts';", "'some.ts'"],
    ["f(new URL('some.ts', base));", "'some.ts'"],
  ] as const) {
    assert.ok(compile(source, path).includes(expected), source);
  }
  assert.equal(compile("import '../some.js';\n", 'scripts/setup/steps/some.js'), "import '../some.js';\n");
});

test('types are gone, and every line is where it was', () => {
  const source =
    'interface A {\n  b: number;\n}\n\nexport function f(a: A): never {\n  throw new Error(String(a.b));\n}\n';
  const compiled = compile(source, path).split('\n');
  assert.equal(compiled.length, source.split('\n').length);
  assert.equal(compiled[5], '  throw new Error(String(a.b));');
  assert.doesNotMatch(compiled.join('\n'), /interface|never/);
});

test('`using` and `await using` become what Node 22 has, in their order, also where the block throws', async () => {
  const source = `
    export async function f(log: string[]): Promise<void> {
      using a = { [Symbol.dispose]: () => void log.push('a') };
      await using b = { [Symbol.asyncDispose]: async () => void log.push('b') };
      log.push(typeof a + typeof b);
      throw new Error('c');
    }`;
  const compiled = compile(source, path);
  assert.doesNotMatch(compiled, /^\s*(?:await )?using /m);
  const { f } = (await import(`data:text/javascript,${encodeURIComponent(compiled)}`)) as {
    f: (log: string[]) => Promise<void>;
  };
  const log: string[] = [];
  await assert.rejects(f(log), { message: 'c' });
  assert.deepEqual(log, ['objectobject', 'b', 'a']);
});

test('what cannot be compiled away is refused with the name of the file', () => {
  for (const name of ['DisposableStack', 'AsyncDisposableStack']) {
    assert.throws(() => compile(`const held = new ${name}();`, path), {
      message: `${path} names ${name}, which Node 22 does not have`,
    });
  }
});
