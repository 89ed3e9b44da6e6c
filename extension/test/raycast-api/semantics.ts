/** What Raycast makes of values that have the right type: pictures have to exist, colours have to be colours. */

import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { loadTable } from './table.ts';
import { raycast } from './raycast.ts';

/** What is wrong with a value of a named type, or undefined. */
type Check = (value: unknown) => string | undefined;

const cssColour = /^(#[\da-f]{3}|#[\da-f]{6}|#[\da-f]{8}|(rgb|rgba|hsl|hsla)\([^()]*\)|[a-z]+)$/i;

const picture: Check = (value) => {
  if (typeof value !== 'string') {
    return undefined;
  }
  if (Object.values(loadTable().enums['Icon'] ?? {}).includes(value)) {
    return undefined;
  }
  if (/^(https?|file|data):/.test(value)) {
    return undefined;
  }
  const isEmoji = /^\p{Extended_Pictographic}/u.test(value) && [...value].length <= 8;
  if (isEmoji) {
    return undefined;
  }
  const path = isAbsolute(value) ? value : join(raycast.assetsPath, value);
  return existsSync(path) ? undefined : 'no icon, no address, and no file in the assets';
};

const colour: Check = (value) => {
  if (typeof value !== 'string') {
    return undefined;
  }
  return value.startsWith('raycast-')
    ? Object.values(loadTable().enums['Color'] ?? {}).includes(value)
      ? undefined
      : 'no colour of Raycast'
    : cssColour.test(value)
      ? undefined
      : 'no colour';
};

const reserved = new Set(['cmd+k', 'cmd+w', 'cmd+,', 'cmd+esc', 'cmd+escape', 'escape', 'cmd+q']);

const shortcut: Check = (value) => {
  for (const { modifiers, key } of combinationsOf(value)) {
    const name = [...modifiers, key].join('+');
    if (reserved.has(name)) {
      return `${name} is Raycast's own`;
    }
    if (new Set(modifiers).size < modifiers.length) {
      return 'a modifier is named twice';
    }
    if (modifiers.length === 0 && /^[a-z0-9]$/.test(key)) {
      return 'a key alone types into the search field';
    }
  }
  return undefined;
};

interface Combination {
  readonly modifiers: readonly string[];
  readonly key: string;
}

/** A shortcut's combination, or those for each platform. */
export function combinationsOf(value: unknown): Combination[] {
  if (typeof value !== 'object' || value === null) {
    return [];
  }
  if ('key' in value) {
    return [value as unknown as Combination];
  }
  return Object.values(value) as Combination[];
}

export const semantics: Readonly<Record<string, Check>> = {
  'Image.ImageLike': picture,
  'Image.Source': picture,
  'Color.ColorLike': colour,
  'Color.Raw': colour,
  'Keyboard.Shortcut': shortcut,
};
