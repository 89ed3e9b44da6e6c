/** Raycast's enums, from the table. */

import { loadTable } from './table.ts';

/** One by its name, such as `Toast.Style`. A member that it does not have throws, where TypeScript would refuse it. */
export function enumeration(name: string): Readonly<Record<string, string | number>> {
  const members = loadTable().enums[name];
  if (members === undefined) {
    throw new Error(`@raycast/api declares no enum ${name}`);
  }
  return new Proxy(members, {
    get(target, key) {
      if (typeof key === 'symbol' || key in Object.prototype || key in target) {
        return Reflect.get(target, key) as string;
      }
      // Whoever looks whether something is a promise, an ES module or an element asks for these.
      if (
        ['then', 'toJSON', '__esModule', '$$typeof', 'asymmetricMatch', 'nodeType', 'tagName'].includes(key)
      ) {
        return undefined;
      }
      throw new Error(`@raycast/api has no ${name}.${key}`);
    },
  });
}
