/** A double of @raycast/api, which has no runtime outside Raycast: tests alias the package to this module. */

import { component } from './components.ts';
import { declarations, enumeration } from './declarations.ts';
import { raycast } from './raycast.ts';

export {
  Cache,
  captureException,
  clearSearchBar,
  Clipboard,
  closeMainWindow,
  confirmAlert,
  getApplications,
  getPreferenceValues,
  getSelectedText,
  launchCommand,
  LocalStorage,
  open,
  openCommandPreferences,
  openExtensionPreferences,
  popToRoot,
  showHUD,
  showInFinder,
  showToast,
  Toast,
  trash,
  updateCommandMetadata,
} from './functions.ts';

type Tree = Record<string, unknown>;

/** A top-level name with everything below it: components and enums where the declarations have them. */
function namespace(name: string, base: object = {}): Tree {
  const { names, components, enums } = declarations;
  const tree = base as Tree;
  for (const below of names) {
    const key = below.slice(name.length + 1);
    if (below !== `${name}.${key}` || key.includes('.')) {
      continue;
    }
    if (components.includes(below)) {
      tree[key] = namespace(below, component(below));
    } else if (below in enums) {
      tree[key] = enumeration(below);
    }
  }
  return tree;
}

const root = (name: string): Tree => namespace(name, component(name));

export const Action = root('Action');
export const ActionPanel = root('ActionPanel');
export const Detail = root('Detail');
export const Form = root('Form');
export const Grid = root('Grid');
export const List = root('List');
export const MenuBarExtra = root('MenuBarExtra');

export const Alert = namespace('Alert');
export const Image = namespace('Image');
export const Color = enumeration('Color');
export const Icon = enumeration('Icon');
export const LaunchType = enumeration('LaunchType');
export const PopToRootType = enumeration('PopToRootType');

/** As @raycast/eslint-plugin knows them for macOS. */
const common: Readonly<Record<string, { modifiers: string[]; key: string }>> = {
  Copy: { modifiers: ['cmd', 'shift'], key: 'c' },
  CopyDeeplink: { modifiers: ['cmd', 'shift'], key: 'c' },
  CopyName: { modifiers: ['cmd', 'opt'], key: 'c' },
  CopyPath: { modifiers: ['cmd', 'ctrl'], key: 'c' },
  Save: { modifiers: ['cmd'], key: 's' },
  Duplicate: { modifiers: ['cmd', 'shift'], key: 's' },
  Edit: { modifiers: ['cmd'], key: 'e' },
  MoveDown: { modifiers: ['cmd', 'shift'], key: 'arrowDown' },
  MoveUp: { modifiers: ['cmd', 'shift'], key: 'arrowUp' },
  New: { modifiers: ['cmd'], key: 'n' },
  Open: { modifiers: ['cmd'], key: 'o' },
  OpenWith: { modifiers: ['cmd', 'shift'], key: 'o' },
  Pin: { modifiers: ['cmd'], key: '.' },
  Refresh: { modifiers: ['cmd'], key: 'r' },
  Remove: { modifiers: ['ctrl'], key: 'd' },
  RemoveAll: { modifiers: ['ctrl', 'shift'], key: 'd' },
  ToggleQuickLook: { modifiers: ['cmd'], key: 'y' },
};

export const Keyboard = { Shortcut: { Common: common } };

export const environment = {
  get commandName() {
    return raycast.command.name;
  },
  get commandMode() {
    return raycast.command.mode;
  },
  get extensionName() {
    return raycast.manifest.name;
  },
  get ownerOrAuthorName() {
    return raycast.manifest.author;
  },
  get launchType() {
    return raycast.launchType;
  },
  get appearance() {
    return raycast.options.appearance ?? 'dark';
  },
  get theme() {
    return raycast.options.appearance ?? 'dark';
  },
  get assetsPath() {
    return raycast.assetsPath;
  },
  get supportPath() {
    return raycast.supportPath;
  },
  raycastVersion: '1.104.25',
  isDevelopment: false,
  textSize: 'medium',
  canAccess: () => false,
};

export function useNavigation(): { push: (view: never, onPop?: () => void) => void; pop: () => void } {
  return {
    push: (view, onPop) => raycast.navigator?.push(view, onPop),
    pop: () => raycast.navigator?.pop(),
  };
}

/** What is there only inside Raycast, and what no command here uses. */
export const AI = { ask: () => Promise.reject(new Error('Raycast AI is not available')) };
