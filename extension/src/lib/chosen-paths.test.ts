import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { home } from '../../test/harness/surroundings.ts';
import { wrongPath } from './chosen-paths.ts';
import { readPreferences } from './preferences.ts';
import { findTidemark, terminalCommand } from './tidemark-command.ts';
import { raycast } from '../../test/raycast-api/raycast.ts';

const wrong = (values: Record<string, string>): string | undefined =>
  wrongPath(readPreferences(values))?.message;

function file(name: string, mode = 0o644): string {
  const path = join(home.path, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '#!/bin/sh\n');
  chmodSync(path, mode);
  return path;
}

describe('the path to the command', () => {
  test('is right where it can be run, or names a clone that has it', () => {
    expect(wrong({})).toBeUndefined();
    expect(wrong({ tidemarkPath: home.tidemark() })).toBeUndefined();
    const command = file('clone/node_modules/.bin/tidemark', 0o755);
    expect(wrong({ tidemarkPath: join(home.path, 'clone') })).toBeUndefined();
    expect(wrong({ tidemarkPath: '~/clone' })).toBeUndefined();
    expect(findTidemark(join(home.path, 'clone'), [])).toBe(command);
  });

  const faults: readonly [string, () => string, RegExp][] = [
    ['gone', () => join(home.path, 'gone'), /gone”, does not exist\.$/],
    ['gone, from the home folder', () => '~/gone', /“~\/gone”, does not exist \(tried \/.*\/gone\)\.$/],
    ['a name', () => 'tidemark', /“tidemark”, is not an absolute path \(tried \//],
    ['a folder', () => home.path, /is a folder without node_modules\/\.bin\/tidemark in it\.$/],
    ['a plain file', () => file('plain'), /plain”, is not executable\.$/],
    ['below a file', () => join(file('plain'), 'tidemark'), /does not exist\.$/],
    [
      'a link to what is gone',
      () => {
        const path = join(home.path, 'link');
        symlinkSync(join(home.path, 'nowhere'), path);
        return path;
      },
      /link”, does not exist\.$/,
    ],
  ];

  test.each(faults)('that is %s is named with what is wrong', (_name, make, sentence) => {
    const told = wrong({ tidemarkPath: make() });
    expect(told).toMatch(sentence);
    expect(told).toMatch(/^The Tidemark executable in the preferences, “/);
  });
});

describe('the data folder', () => {
  test('is right where it is a folder, and where none is chosen', () => {
    expect(wrong({ dataFolder: home.path })).toBeUndefined();
    expect(wrong({ dataFolder: '~' })).toBeUndefined();
  });

  const faults: readonly [string, () => string, RegExp][] = [
    ['gone', () => join(home.path, 'gone'), /gone”, does not exist\.$/],
    ['on a disk that is not there', () => '/Volumes/Nowhere/Tidemark', /does not exist\.$/],
    ['a file', () => file('plain'), /plain”, is not a folder\.$/],
    ['from the home folder', () => '~/gone', /“~\/gone”, does not exist \(tried \//],
  ];

  test.each(faults)('that is %s is named with what is wrong', (_name, make, sentence) => {
    expect(wrong({ dataFolder: make() })).toMatch(sentence);
    expect(wrong({ dataFolder: make() })).toMatch(/^The data folder in the preferences, “/);
  });
});

describe('a command to copy', () => {
  const copied = (values: Record<string, string>): string => {
    raycast.restart({ preferences: values });
    return terminalCommand('daemon');
  };

  test('names the command and the data folder that the preferences name', () => {
    const path = home.tidemark();
    expect(copied({ tidemarkPath: path })).toBe(`${path} daemon`);
    expect(copied({ tidemarkPath: path, dataFolder: home.path })).toBe(
      `TIDEMARK_HOME=${home.path} ${path} daemon`,
    );
  });

  test('is understood by a shell whatever is in the paths', () => {
    const path = file("it's a $(clone) `x`/tidemark", 0o755);
    expect(copied({ tidemarkPath: path })).toBe(`'${home.path}/it'\\''s a $(clone) \`x\`/tidemark' daemon`);
  });

  test('is the plain command where none was found', () => {
    expect(copied({})).toBe('tidemark daemon');
  });
});
