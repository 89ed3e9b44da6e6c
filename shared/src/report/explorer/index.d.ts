/** For their text alone: outside of a browser they cannot be called, and their types name what only a browser has. */
export declare const browserFunctions: Readonly<
  Record<'explore' | 'followGestures' | 'elementMakers', unknown>
>;
