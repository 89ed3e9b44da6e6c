import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { usualWorkload, workloadMistake, workloadOfForm, workloadValues } from './workload-values.ts';

const values = { ...usualWorkload, text: '' };
const folder = mkdtempSync(join(tmpdir(), 'tidemark-workload-'));
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

describe('the workload of a form', () => {
  test('without anything said is as before', () => {
    expect(workloadOfForm(values)).toEqual({ text: undefined });
    expect(workloadOfForm({ ...values, text: 'Hello.\nAgain.' })).toEqual({ text: 'Hello.\nAgain.' });
  });

  test('has the pasted lines, or those of a file, as texts', () => {
    const list = { ...values, text: 'One.\n\nTwo.\n', isList: true, shuffled: true };
    expect(workloadOfForm(list)).toEqual({ text: undefined, texts: ['One.', '', 'Two.'], shuffled: true });
    const chosen = { ...values, text: 'Not this.', textsFile: [file('texts', 'One.\r\nTwo.\r\n')] };
    expect(workloadOfForm(chosen)).toEqual({ text: undefined, texts: ['One.', 'Two.'] });
  });

  test('keeps the cache and limits it', () => {
    expect(workloadOfForm({ ...values, keepCache: true, cacheLimit: '512 MiB' })).toEqual({
      text: undefined,
      keepCache: true,
      cacheLimitBytes: 512 * 2 ** 20,
    });
  });

  test('tells at the field what cannot be', () => {
    expect(workloadMistake(values)).toBeUndefined();
    const cases = [
      [{ cacheLimit: '512' }, 'cacheLimit'],
      [{ cacheLimit: '-1MB' }, 'cacheLimit'],
      [{ text: 'A line.\n'.repeat(1001), isList: true }, 'text'],
      [{ textsFile: [join(folder, 'absent')] }, 'textsFile'],
      [{ textsFile: [folder] }, 'textsFile'],
      [{ textsFile: [file('blank', ' \n')] }, 'textsFile'],
      [{ textsFile: [file('binary', Uint8Array.of(0xff, 0xfe))] }, 'textsFile'],
      [{ textsFile: [file('huge', 'A line.\n'.repeat(200_000))] }, 'textsFile'],
    ] as const;
    for (const [changes, field] of cases) {
      const mistake = workloadMistake({
        ...values,
        ...changes,
        textsFile: [...('textsFile' in changes ? changes.textsFile : [])],
      });
      expect(mistake?.field).toBe(field);
      expect(mistake?.message).not.toBe('');
    }
  });

  test('of a schedule that is opened and saved is the same', () => {
    for (const workload of [
      { text: 'Hello.' },
      {
        text: undefined,
        texts: ['One.', '', 'Two.'],
        shuffled: true,
        keepCache: true,
        cacheLimitBytes: 1_234_567,
      },
    ]) {
      expect(workloadOfForm(workloadValues(workload))).toEqual(workload);
    }
  });
});
