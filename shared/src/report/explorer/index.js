/** What runs in the reader's browser: each function by its own text, given the others. */

import { elementMakers } from './elements.js';
import { explore } from './explore.js';
import { followGestures } from './gestures.js';

export const browserFunctions = { explore, followGestures, elementMakers };
