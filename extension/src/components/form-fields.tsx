/** Fields that the forms of a profile, a study and a schedule share, and the models that they offer. */

import { Form } from '@raycast/api';
import type { ReactNode } from 'react';
import type { ModelsDocument } from '../../../shared/src/protocol/command-documents.ts';
import { lookUpTimeoutMilliseconds } from '../lib/connection.ts';
import { countOf, wholeNumber } from '../lib/preferences.ts';
import { useDaemon } from './use-daemon.ts';
import type { DaemonAnswer } from './use-daemon.ts';

/** What useForm gives a field. */
type FieldProps = Omit<Form.TextField.Props, 'info' | 'placeholder' | 'title'>;

interface SpeechFieldsProps {
  readonly itemProps: { readonly text: FieldProps; readonly voice: FieldProps };
  readonly info?: string;
}

/** What is spoken, and by whom. */
export const SpeechFields = ({ itemProps, info = '' }: SpeechFieldsProps): ReactNode => (
  <>
    <Form.TextArea title="Text" placeholder="Tidemark's built-in sentence" info={info} {...itemProps.text} />
    <Form.TextField title="Voice" placeholder="af_heart" {...itemProps.voice} />
  </>
);

export const validCount = (value: string | undefined): string | undefined =>
  wholeNumber(value?.trim()) === undefined ? 'Enter a whole number of at least 1' : undefined;

export const validCountOrZero = (value: string | undefined): string | undefined =>
  countOf(value ?? '') === undefined ? 'Enter a whole number of at least 0' : undefined;

/** The catalog, for a form that is of use without it too: looking its files up takes the daemon seconds. */
export const useModels = (): DaemonAnswer<Pick<ModelsDocument, 'models'>> =>
  useDaemon<Pick<ModelsDocument, 'models'>, []>(async (client) => {
    try {
      return await client.call('models', {}, { timeoutMilliseconds: lookUpTimeoutMilliseconds });
    } catch (error) {
      if (!client.isOpen) {
        throw error;
      }
      // The daemon is there, and a name can be typed all the same.
      return { models: [] };
    }
  }, []);
