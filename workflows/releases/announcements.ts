import { isCancellation } from '@temporalio/workflow';
import type { Announce } from '../blocks/gates.ts';
import type { Run } from '../blocks/run.ts';
import { postMessage } from './release-activities.ts';

/** Tells the team's channel. Not waited for: a channel that is away delays no gate, and the card says so instead. */
export function announceBy(run: Run): Announce {
  return (step, text) => {
    postMessage({ key: run.key(`announce ${step}`), text }).catch((error: unknown) => {
      if (!isCancellation(error)) run.note('The channel could not be told.');
    });
  };
}
