/** The catalogue of models, for a form that is of use without it too: looking its files up takes the daemon seconds. */

import type { ModelsDocument } from '../../../shared/src/protocol/models-document.ts';
import { lookUpTimeoutMilliseconds } from '../lib/connection.ts';
import type { Trouble } from '../lib/trouble.ts';
import { useDaemon } from './use-daemon.ts';

export interface Models {
  readonly models: ModelsDocument['models'];
  readonly isLoading: boolean;
  /** Absent where a daemon is there, even if it did not tell its models. */
  readonly trouble: Trouble | undefined;
  readonly revalidate: () => void;
}

export function useModels(): Models {
  const { data, trouble, isLoading, revalidate } = useDaemon(async (client) => {
    try {
      return await client.call('models', {}, { timeoutMilliseconds: lookUpTimeoutMilliseconds });
    } catch (error) {
      if (!client.isOpen) {
        throw error;
      }
      // A name can be typed all the same.
      return { models: [] };
    }
  }, []);
  return { models: data?.models ?? [], trouble, isLoading, revalidate };
}
