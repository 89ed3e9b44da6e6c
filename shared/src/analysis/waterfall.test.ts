/** The parts of a peak and of a footprint add up to it, to the byte. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { exampleProfile } from '../../test/example-documents.ts';
import { deviceSentence, footprintParts, peakParts, typicalSample } from './waterfall.ts';

const bytes = fc.nat({ max: 1_000_000_000 });

test('the parts add up, whatever loading added or left out and whatever the footprint is', () => {
  fc.assert(
    fc.property(bytes, bytes, bytes, bytes, bytes, bytes, (a, b, loaded, active, above, footprint) => {
      const run = exampleProfile({
        bytesByDtype: { uint32: a, bfloat16: b },
        load: { activeBytes: loaded, footprintBeforeBytes: footprint },
        measured: [
          { activeBeforeBytes: active, peakBytes: active + above, activeBytes: active, footprintBytes: b },
        ],
      });
      const peak = peakParts(run);
      const whole = footprintParts(run);
      assert.ok(peak && whole);
      const weights = peak.weights.reduce((sum, each) => sum + each.bytes, 0);
      assert.equal(weights + peak.loadingBytes + peak.otherActiveBytes + peak.transientBytes, peak.peakBytes);
      assert.equal(
        whole.beforeLoadingBytes + whole.activeBytes + whole.unexplainedBytes,
        whole.footprintBytes,
      );
    }),
  );
});

test('the typical iteration is a measured one, with the median peak', () => {
  const peaks = [5e8, 9e8, 6e8, 7e8].map((peakBytes) => ({ peakBytes }));
  assert.equal(typicalSample(exampleProfile({ measured: peaks }))?.peakBytes, 6e8);
  assert.equal(typicalSample(exampleProfile({ measured: [] }))?.warmup, true);
  assert.equal(typicalSample({ ...exampleProfile(), iterations: [] }), undefined);
});

test('dtypes come wide first, packed last, unknown ones after them, and empty ones not at all', () => {
  const bytesByDtype = { uint8: 1, uint32: 1, bfloat16: 1, float32: 1, float16: 0 };
  const parts = peakParts(exampleProfile({ bytesByDtype, load: { activeBytes: 4 } }));
  assert.deepEqual(
    parts?.weights.map(({ dtype }) => dtype),
    ['float32', 'bfloat16', 'uint32', 'uint8'],
  );
});

test("what a GPU's driver counts beside MLX is told without the cache where that was cleared, and not at all without a driver", () => {
  const sample = { activeBytes: 164e6, cacheBytes: 300e6, deviceBytes: 1_000e6 };
  const run = exampleProfile({ measured: [sample] });
  assert.match(
    deviceSentence(run) ?? '',
    /counts 1,000\.0 MB .* active memory, and 836\.0 MB that MLX does not/,
  );
  const kept = { ...run, settings: { ...run.settings, keepCache: true } };
  assert.match(deviceSentence(kept) ?? '', /active memory and its cache, and 536\.0 MB/);
  assert.equal(deviceSentence(exampleProfile()), undefined);
});
