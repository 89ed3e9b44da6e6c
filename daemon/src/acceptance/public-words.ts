/** Takes out of a document what names a person or a place: such a page is made to be published. */

export interface PrivateWords {
  /** Written as `.`: of the program, and of the checks themselves. */
  readonly folders: readonly string[];
  /** Written as `~`. */
  readonly homes: readonly string[];
  readonly users: readonly string[];
  readonly host: string;
}

/** Names that stand for nobody: root's is in sentences about root. */
const nobodies = new Set(['root', 'user', 'runner', 'admin', 'node', '']);

/** Fields whose values are of a fixed list, which a machine's name may be in. */
const fixed = new Set(['kind', 'id', 'status', 'outcome', 'platform', 'architecture', 'startedAt']);

/** Replaces them in every string of a value. */
export function publicWords({ folders, homes, users, host }: PrivateWords): <Value>(value: Value) => Value {
  const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
  const whole = (word: string): RegExp =>
    new RegExp(`(?<![\\p{L}\\p{N}_])${escaped(word)}(?![\\p{L}\\p{N}_])`, 'giu');
  // The longest first: a home may be in a folder's path, and a folder in another.
  const byLength = (paths: readonly string[]): string[] =>
    [...new Set(paths)].filter((path) => path.length > 1).sort((a, b) => b.length - a.length);
  const rules: (readonly [RegExp, string])[] = [
    // macOS calls /var, /tmp and /etc by both names.
    ...byLength(folders).map((path) => [new RegExp(`(?:/private)?${escaped(path)}`, 'gu'), '.'] as const),
    ...byLength(homes).map(
      (path) => [new RegExp(`${escaped(path)}(?![\\p{L}\\p{N}_-])`, 'gu'), '~'] as const,
    ),
    // Homes of others, and what is left of paths through temporary folders, which have random names.
    [/\/(?:Users|home)\/[^\s/'"“”:,]+/gu, '~'],
    [/(?:\/private)?(?:\/var\/folders|\/tmp|\/var\/tmp)\/[^\s'"“”:,]+/gu, '(temporary)'],
    ...users.filter((name) => !nobodies.has(name.toLowerCase())).map((name) => [whole(name), '~'] as const),
    ...[host, host.replace(/\..*$/u, '')]
      .filter((name) => name.length > 1 && name.toLowerCase() !== 'localhost')
      .map((name) => [whole(name), '(this machine)'] as const),
  ];
  const words = (text: string): string =>
    rules.reduce((rest, [pattern, replacement]) => rest.replaceAll(pattern, replacement), text);
  const replaced = (value: unknown): unknown =>
    typeof value === 'string'
      ? words(value)
      : Array.isArray(value)
        ? value.map(replaced)
        : typeof value === 'object' && value !== null
          ? Object.fromEntries(
              Object.entries(value).map(([key, each]) => [key, fixed.has(key) ? each : replaced(each)]),
            )
          : value;
  return <Value>(value: Value) => replaced(value) as Value;
}
