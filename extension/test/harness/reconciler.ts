/** Renders React elements into a tree of plain objects, as Raycast does into its own windows. */

import { createContext } from 'react';
import type { ReactNode } from 'react';
import createReconciler from 'react-reconciler';
import { ConcurrentRoot, DefaultEventPriority, NoEventPriority } from 'react-reconciler/constants.js';
import { WrongUse } from '../raycast-api/semantics.ts';
import type { TreeNode } from './tree.ts';

let priority = NoEventPriority;

/** Nothing, but React wants one. */
const hostContext = {};

export interface Container {
  readonly root: TreeNode;
  onCommit: () => void;
}

const remove = (parent: TreeNode, child: TreeNode): void => {
  const place = parent.children.indexOf(child);
  if (place >= 0) {
    parent.children.splice(place, 1);
  }
  child.parent = undefined;
};

const append = (parent: TreeNode, child: TreeNode): void => {
  if (child.parent !== undefined) {
    remove(child.parent, child);
  }
  parent.children.push(child);
  child.parent = parent;
};

const insert = (parent: TreeNode, child: TreeNode, before: TreeNode): void => {
  if (child.parent !== undefined) {
    remove(child.parent, child);
  }
  parent.children.splice(parent.children.indexOf(before), 0, child);
  child.parent = parent;
};

const withoutChildren = ({ children, ...props }: Record<string, unknown>): Record<string, unknown> => {
  void children;
  return props;
};

/** The part of React's host configuration that a tree of objects needs. */
const hostConfig = {
  supportsMutation: true,
  supportsPersistence: false,
  supportsHydration: false,
  supportsMicrotasks: true,
  scheduleMicrotask: queueMicrotask,
  isPrimaryRenderer: true,
  noTimeout: -1 as const,
  scheduleTimeout: setTimeout,
  cancelTimeout: clearTimeout,
  createInstance: (type: string, props: Record<string, unknown>): TreeNode => ({
    type,
    props: withoutChildren(props),
    children: [],
    parent: undefined,
  }),
  createTextInstance(text: string): never {
    throw new WrongUse(`Raycast shows no text outside its components: ${JSON.stringify(text)}.`);
  },
  appendInitialChild: append,
  appendChild: append,
  insertBefore: insert,
  removeChild: remove,
  appendChildToContainer: ({ root }: Container, child: TreeNode) => append(root, child),
  insertInContainerBefore: ({ root }: Container, child: TreeNode, before: TreeNode) =>
    insert(root, child, before),
  removeChildFromContainer: ({ root }: Container, child: TreeNode) => remove(root, child),
  clearContainer({ root }: Container) {
    root.children.length = 0;
  },
  finalizeInitialChildren: () => false,
  shouldSetTextContent: () => false,
  commitUpdate(node: TreeNode, _type: string, _before: unknown, props: Record<string, unknown>) {
    node.props = withoutChildren(props);
  },
  commitTextUpdate: () => undefined,
  hideInstance: () => undefined,
  unhideInstance: () => undefined,
  getRootHostContext: () => hostContext,
  getChildHostContext: () => hostContext,
  getPublicInstance: (node: TreeNode) => node,
  prepareForCommit: () => null,
  resetAfterCommit: ({ onCommit }: Container) => onCommit(),
  preparePortalMount: () => undefined,
  detachDeletedInstance: () => undefined,
  beforeActiveInstanceBlur: () => undefined,
  afterActiveInstanceBlur: () => undefined,
  prepareScopeUpdate: () => undefined,
  getInstanceFromScope: () => null,
  getInstanceFromNode: () => null,
  setCurrentUpdatePriority(next: number) {
    priority = next;
  },
  getCurrentUpdatePriority: () => priority,
  resolveUpdatePriority: () => (priority === NoEventPriority ? DefaultEventPriority : priority),
  shouldAttemptEagerTransition: () => false,
  trackSchedulerEvent: () => undefined,
  resolveEventType: () => null,
  resolveEventTimeStamp: () => -1,
  requestPostPaintCallback: () => undefined,
  maySuspendCommit: () => false,
  preloadInstance: () => true,
  startSuspendingCommit: () => undefined,
  suspendInstance: () => undefined,
  waitForCommitToBeReady: () => null,
  resetFormInstance: () => undefined,
  NotPendingTransition: null,
  HostTransitionContext: createContext(null),
};

// Its types are of another minor version, and leave no host configuration written for this one.
const reconciler = createReconciler(hostConfig as never);

export interface Rendering {
  render(element: ReactNode): void;
  /** Everything is gone when it returns, effects included. */
  unmount(): void;
}

export function startRendering(container: Container, onError: (error: unknown) => void): Rendering {
  const root: unknown = (reconciler.createContainer as unknown as (...args: unknown[]) => unknown)(
    container,
    ConcurrentRoot,
    null,
    false,
    null,
    '',
    onError,
    onError,
    onError,
    null,
  );
  const { updateContainer, updateContainerSync, flushSyncWork, flushPassiveEffects } =
    reconciler as unknown as {
      updateContainer: (element: ReactNode, root: unknown, parent: null, done: null) => void;
      updateContainerSync: (element: ReactNode, root: unknown, parent: null, done: null) => void;
      flushSyncWork: () => void;
      flushPassiveEffects: () => boolean;
    };
  return {
    render: (element) => updateContainer(element, root, null, null),
    unmount() {
      updateContainerSync(null, root, null, null);
      flushSyncWork();
      while (flushPassiveEffects()) {
        // Each pass may leave effects for another.
      }
    },
  };
}
