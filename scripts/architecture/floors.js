/**
 * The floors of the house, top first: a room may import the rooms on the floors below it, and none beside or above it.
 * ESLint holds every import to this list, and a test holds the drawing in docs/architecture.md to it.
 */

/** @type {readonly (readonly string[])[]} rooms are folders, or files where a room is one file */
export const floors = [
  ['daemon/src/cli'],
  ['daemon/src/core', 'daemon/src/acceptance'],
  ['daemon/src/ipc', 'daemon/src/service', 'daemon/src/doctor'],
  ['daemon/src/alerts'],
  ['daemon/src/scheduler'],
  ['daemon/src/history'],
  ['daemon/src/profiler'],
  ['daemon/src/host'],
  ['daemon/src/models'],
  ['daemon/src/kokoro'],
  ['daemon/src/audio'],
  ['daemon/src/nn'],
  ['daemon/src/mlx'],
  ['daemon/src/files', 'daemon/src/logging', 'daemon/src/child-task.ts'],
  ['daemon/src/paths.ts', 'daemon/src/version.ts', 'daemon/src/interruption.ts', 'daemon/src/background.ts'],
  ['shared/src/client', 'shared/src/report'],
  ['shared/src/analysis'],
  ['shared/src/format'],
  ['shared/src/protocol'],
  ['shared/src/errors.ts'],
  ['shared/src/printable.ts'],
];

/** What a product's source never imports: it would not be there once the product is installed. */
const outside = ['scripts', 'daemon/test', 'shared/test'];

/**
 * The floors as zones of the ESLint rule `import-x/no-restricted-paths`, whose paths are absolute or from the working folder.
 *
 * @param {string} root the repository
 */
export function forbiddenImports(root) {
  const absolute = (/** @type {string} */ path) => `${root}/${path}`;
  const betweenFloors = floors.flatMap((rooms, floor) => {
    const above = floors.slice(0, floor).flat();
    return rooms.map((room) => {
      const beside = rooms.filter((other) => other !== room);
      return {
        target: absolute(room),
        from: [...above, ...beside].map(absolute),
        message: 'A room imports only what is on the floors below it: see docs/architecture.md.',
      };
    });
  });
  return [...betweenFloors.filter(({ from }) => from.length > 0), ...withinRooms(absolute)];
}

/** Who chooses one of several is above them: `import-x/no-cycle` would not see them import its types. */
function withinRooms(/** @type {(path: string) => string} */ absolute) {
  const service = (/** @type {string} */ name) => absolute(`daemon/src/service/${name}.ts`);
  return [
    {
      target: ['managed-service', 'launchd', 'systemd'].map(service),
      from: [service('service-manager')],
      message: 'A manager of services does not know who chooses it.',
    },
  ];
}

/**
 * Zones that keep tests, their doubles and the scripts out of the product's source; its own test files are not held to them.
 *
 * @param {string} root the repository
 */
export const outsideImports = (root) => [
  {
    target: [`${root}/daemon/src`, `${root}/shared/src`],
    from: outside.map((path) => `${root}/${path}`),
    message: 'What is installed imports nothing of the tests and the scripts.',
  },
];
