/** A document as a report: one file of HTML that needs nothing but itself. */

import type { RunDocument } from '../protocol/run-document.ts';
import { profilePage } from './profile-report.ts';
import { studyPage } from './study-report.ts';

export function renderReport(document: RunDocument): string {
  switch (document.kind) {
    case 'profile':
      return profilePage(document);
    case 'study':
      return studyPage(document);
  }
}
