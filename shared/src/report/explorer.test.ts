/** The picture that a reader explores: by the keyboard, the mouse and fingers, as the page's script runs it, bundled or not. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { build } from 'esbuild';
import { exampleTrace } from '../../test/example-trace.ts';
import { exampleAttribution, fullProfile } from '../../test/example-reports.ts';
import { openPage } from '../../test/small-document.ts';
import type { SmallElement, SmallPage } from '../../test/small-document.ts';
import type { ProfileDocument } from '../protocol/profile-document.ts';
import { renderReport } from './report.ts';

const traces = [
  exampleTrace({ operations: 22_000 }),
  exampleTrace({ operations: 20_000, order: 'depth-first', seed: 4 }),
];
const document: ProfileDocument = {
  ...fullProfile(),
  attribution: { ...exampleAttribution(), traces },
};
const page = renderReport(document);

class Reader {
  readonly page: SmallPage;

  constructor(html = page, width = 900) {
    this.page = openPage(html, width);
  }

  get pictures(): SmallElement[] {
    return this.page.root.all(({ attributes }) => attributes.get('role') === 'application');
  }

  get said(): string {
    return this.page.root.all(({ attributes }) => attributes.has('aria-live'))[0]?.textContent ?? '';
  }

  /** What stands below a picture. */
  panel(place = 0): string {
    return (
      this.page.root.all(({ attributes }) => attributes.get('class') === 'operation')[place]?.textContent ??
      ''
    );
  }

  /** The numbers along the axis. */
  axis(place = 0): number[] {
    return (
      this.pictures[place]?.all(
        ({ name, attributes }) => name === 'text' && !/^end$/.test(attributes.get('text-anchor') ?? 'end'),
      ) ?? []
    )
      .map(({ textContent }) => Number(textContent.replaceAll(',', '')))
      .filter((label) => Number.isFinite(label));
  }

  span(place = 0): number {
    const axis = this.axis(place);
    return (axis.at(-1) ?? 0) - (axis[0] ?? 0);
  }

  areas(place = 0): string[] {
    return (
      this.pictures[place]?.all(({ name, attributes }) => name === 'path' && attributes.has('d')) ?? []
    ).map(({ attributes }) => attributes.get('d') ?? '');
  }

  press(key: string, place = 0): boolean {
    const isTaken = this.pictures[place]?.dispatch({ type: 'keydown', key }) ?? false;
    this.page.settle();
    return isTaken;
  }

  pointer(type: string, clientX: number, more: object = {}): void {
    const event = { pointerId: 1, pointerType: 'mouse' as const, button: 0, ...more };
    this.pictures[0]?.dispatch({ type: `pointer${type}`, clientX, ...event });
    this.page.settle();
  }

  click(words: string): void {
    const [button] = this.page.root.all(
      ({ name, textContent }) => name === 'button' && textContent === words,
    );
    assert.ok(button, words);
    button.dispatch({ type: 'click' });
    this.page.settle();
  }
}

describe('the keyboard', () => {
  test('begins at the peak, and walks along the operations, which a screen reader says', () => {
    const reader = new Reader();
    assert.match(reader.panel(), /^Operation 21,975 of 22,000: \w+ \(the peak\)/);
    assert.equal(reader.said, '');
    reader.press('ArrowLeft');
    assert.match(
      reader.said,
      /^Operation 21,974 of 22,000: \w+\. generator\.\S+ \(generator\)\. \[.*\] \w+, [\d.]+ MB\. Peak [\d.]+ MB during it, active [\d.]+ MB after it\./,
    );
    reader.press('ArrowRight');
    reader.press('ArrowRight');
    assert.match(reader.panel(), /^Operation 21,976 /);
    reader.press('Home');
    reader.press('ArrowLeft');
    assert.match(reader.panel(), /^Operation 1 of /);
    reader.press('PageDown');
    assert.match(reader.panel(), /^Operation 101 of /);
    reader.press('End');
    reader.press('PageDown');
    assert.match(reader.panel(), /^Operation 22,000 of /);
    reader.press('p');
    assert.match(reader.panel(), /\(the peak\)/);
  });

  test('zooms around the operation, keeps it in sight, and shows the whole again, in all pictures alike', () => {
    const reader = new Reader();
    const whole = reader.span();
    reader.press('Home');
    for (let count = 0; count < 5; count += 1) {
      reader.press('+');
    }
    const near = reader.span();
    assert.ok(near < whole / 20 && near > 0, `${near} of ${whole}`);
    assert.deepEqual(reader.axis(1), reader.axis(0));
    assert.ok((reader.axis()[0] ?? Infinity) < near / 3);
    reader.press('End');
    assert.ok((reader.axis().at(-1) ?? 0) > 21_000);
    reader.press('-');
    assert.ok(reader.span() > near);
    reader.press('0');
    assert.equal(reader.span(), whole);
  });

  test('changes the axis to time, and takes no key that it has no use for', () => {
    const reader = new Reader();
    reader.press('t');
    assert.match(reader.said, /The axis shows seconds/);
    assert.ok((reader.axis().at(-1) ?? Infinity) <= (traces[0]?.seconds ?? 0));
    reader.press('T');
    assert.match(reader.said, /The axis shows operations/);
    assert.equal(reader.press('Tab'), false);
    assert.equal(reader.press('x'), false);
    assert.equal(reader.press('ArrowLeft'), true);
  });
});

describe('the mouse and fingers', () => {
  test('hovering shows an operation without a word to a screen reader; a tap says it', () => {
    const reader = new Reader();
    reader.pointer('move', 300);
    const hovered = /^Operation ([\d,]+) /.exec(reader.panel())?.[1] ?? '';
    assert.ok(Number(hovered.replaceAll(',', '')) < 12_000, hovered);
    assert.equal(reader.said, '');
    reader.pointer('down', 300);
    reader.pointer('up', 300);
    assert.match(reader.said, new RegExp(`^Operation ${hovered} `));
  });

  test('a drag of the mouse zooms to what it marked', () => {
    const reader = new Reader();
    const whole = reader.span();
    reader.pointer('down', 400);
    reader.pointer('move', 450);
    reader.pointer('move', 500);
    reader.pointer('up', 500);
    assert.ok(reader.span() < whole / 5);
    assert.ok((reader.axis()[0] ?? 0) > 5000 && (reader.axis().at(-1) ?? Infinity) < 15_000);
  });

  test('two fingers zoom, and one then pans', () => {
    const reader = new Reader();
    const whole = reader.span();
    const touch = (id: number) => ({ pointerType: 'touch', pointerId: id });
    reader.pointer('down', 400, touch(1));
    reader.pointer('down', 440, touch(2));
    reader.pointer('move', 300, touch(1));
    reader.pointer('move', 560, touch(2));
    reader.pointer('up', 560, touch(2));
    const near = reader.span();
    assert.ok(near < whole / 4, `${near} of ${whole}`);
    const before = reader.axis()[0] ?? 0;
    reader.pointer('move', 200, touch(1));
    reader.pointer('up', 200, touch(1));
    assert.ok((reader.axis()[0] ?? 0) > before);
  });

  test('a wheel zooms with Ctrl, and scrolls the page without', () => {
    const reader = new Reader();
    const whole = reader.span();
    const wheel = (ctrlKey: boolean): boolean =>
      reader.pictures[0]?.dispatch({ type: 'wheel', deltaY: -400, ctrlKey, clientX: 500 }) ?? false;
    assert.equal(wheel(false), false);
    assert.equal(wheel(true), true);
    reader.page.settle();
    assert.ok(reader.span() < whole / 2);
  });

  test('buttons do the same', () => {
    const reader = new Reader();
    const whole = reader.span();
    reader.click('Zoom in');
    assert.ok(reader.span() < whole);
    reader.click('Zoom out');
    reader.click('Show all');
    assert.equal(reader.span(), whole);
    reader.click('Go to the peak');
    assert.ok(reader.span() < whole / 15);
    reader.click('Show time');
    reader.click('Show operations');
    assert.equal(reader.span(), whole);
  });
});

test('whatever the width and the zoom, the peak is in the picture and nothing is beside it', () => {
  const reader = new Reader();
  for (const width of [320, 900, 1600]) {
    reader.page.resize(width);
    for (const key of ['0', 'p', '+', '+', '+', '+', '+', '+', '+', '+']) {
      reader.press(key);
      const commands = reader.areas().join(' ');
      assert.ok(!/NaN|undefined|Infinity/.test(commands));
      const xs = [...commands.matchAll(/[MH]([-\d.]+)/g)].map(([, x]) => Number(x));
      assert.ok(Math.min(...xs) >= 0 && Math.max(...xs) <= width, `${Math.min(...xs)} to ${Math.max(...xs)}`);
      const highest = Math.min(...[...commands.matchAll(/V([\d.]+)/g)].map(([, y]) => Number(y)));
      // 356.2 MB of 400 MB, on 230 pixels below 26.
      assert.ok(Math.abs(highest - (26 + 230 * (1 - 356.2 / 400))) < 0.2, `${highest}`);
    }
  }
});

test('a trace without an operation harms no one', () => {
  const reader = new Reader(
    renderReport({
      ...document,
      attribution: { ...exampleAttribution(), traces: [exampleTrace({ operations: 0 })] },
    }),
  );
  for (const key of ['ArrowRight', 'End', 'p', '+', 't', '0']) {
    reader.press(key);
  }
  reader.pointer('move', 300);
  assert.equal(reader.pictures.length, 1);
});

for (const minify of [false, true]) {
  test(`bundled as an extension is, ${minify ? 'made short' : 'whole'}, the script works by its own text`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-report-'));
    try {
      const outfile = join(folder, 'report.cjs');
      await build({
        entryPoints: [join(import.meta.dirname, 'report.ts')],
        outfile,
        bundle: true,
        minify,
        format: 'cjs',
        platform: 'node',
        target: 'node22',
        // A warning is what an `import.meta` that CommonJS has not would be.
        logOverride: { 'empty-import-meta': 'error' },
      });
      const bundled = createRequire(import.meta.url)(outfile) as { renderReport: typeof renderReport };
      const reader = new Reader(bundled.renderReport(document));
      reader.press('ArrowLeft');
      assert.match(reader.said, /^Operation 21,974 of 22,000/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
