/** Notebook evidence: given with the start, or attached to the run while it waits for it. */
import { condition, defineUpdate, setHandler } from '@temporalio/workflow';
import { ApplicationFailure } from '@temporalio/common';
import { FailureType } from '../domain/failures.ts';
import type { NotebookEvidence } from '../domain/environment.ts';

export const attachNotebookUpdate = defineUpdate<{ attached: boolean }, [unknown]>('attachNotebook');

export class Notebook {
  #evidence: NotebookEvidence | null;

  /** Registers the update: make it in the workflow's first synchronous lines. */
  constructor(given: { link: string; sha256: string } | undefined, by: string) {
    this.#evidence = given ? { ...given, by } : null;
    setHandler(
      attachNotebookUpdate,
      (value) => {
        this.#evidence = readNotebook(value) as NotebookEvidence;
        return { attached: true };
      },
      {
        // Refused without an event.
        validator: (value) => {
          const read = readNotebook(value);
          if (typeof read === 'string') throw ApplicationFailure.nonRetryable(read, FailureType.InputInvalid);
          if (this.#evidence !== null) throw ApplicationFailure.nonRetryable('a notebook is attached already; reject the gate if it is the wrong one', FailureType.InputInvalid);
        },
        description: 'The notebook in which a model was loaded and scored: {link, sha256, by}',
      },
    );
  }

  /** The evidence, once it is there; null when nobody attached it in time. */
  async attached(withinMs: number): Promise<NotebookEvidence | null> {
    await condition(() => this.#evidence !== null, withinMs);
    return this.#evidence;
  }
}

/** What was sent, or what is wrong with it. */
function readNotebook(value: unknown): NotebookEvidence | string {
  const { link, sha256, by } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (typeof link !== 'string' || link.length > 1000 || !/^(azureml|https):\/\/\S+$/.test(link)) return 'link: must be an address that begins with azureml:// or https://';
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/i.test(sha256)) return 'sha256: must be 64 hexadecimal digits';
  if (typeof by !== 'string' || by.trim() === '' || by.length > 200) return 'by: must say who attaches it';
  return { link, sha256: sha256.toLowerCase(), by: by.trim() };
}
