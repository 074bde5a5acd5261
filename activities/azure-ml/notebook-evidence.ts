/** The notebook that an approver is shown as evidence: is it the one that was meant, and did it run to its end without an error? */
import { z } from 'zod';
import { sha256Hex } from '../../workflows/domain/digest.ts';
import type { NotebookCheck, NotebookEvidence } from '../../workflows/domain/environment.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import type { RestClient } from '../http/rest-client.ts';
import { parsedJson } from '../parsed-json.ts';
import type { BlobReader } from './blob-reader.ts';
import { blobOf } from './datastore.ts';

export interface CheckNotebookInput {
  /** The dev workspace, where notebooks are run. */
  workspace: WorkspaceRef;
  notebook: NotebookEvidence;
}

const mostBytes = 32 * 1024 * 1024;

/** What is asked of nbformat 4; everything else of it passes. */
const notebookFile = z.object({
  cells: z.array(z.object({
    cell_type: z.string(),
    execution_count: z.number().nullish(),
    source: z.union([z.string(), z.array(z.string())]).optional(),
    outputs: z.array(z.object({ output_type: z.string(), ename: z.string().optional(), evalue: z.string().optional() })).optional(),
  })),
});

/**
 * Reads a notebook of the dev workspace, compares its digest with the one given, and looks for cells that failed or were not executed. What is wrong is a finding for the approver, never an
 * error; one that lies elsewhere is not read, and that is said.
 *
 * Safe to retry because it only reads.
 */
export async function checkNotebook({ arm, blob }: { arm: RestClient; blob: BlobReader }, { workspace, notebook }: CheckNotebookInput): Promise<NotebookCheck> {
  const found = (findings: string[], cells = 0, executed = 0): NotebookCheck => ({ ...notebook, isRead: true, findings, cells, executed });
  if (!/^azureml:\/\/datastores\/[^/]+\/paths\/.+/.test(notebook.link)) return { ...found([]), isRead: false };
  const text = await blob.read(await blobOf(arm, workspace, notebook.link), mostBytes);
  if (text === null) return found(['there is no such notebook']);
  const digest = sha256Hex(text);
  const other = digest === notebook.sha256.toLowerCase() ? [] : [`its digest is ${digest.slice(0, 12)}…, not the one given: it was changed since`];
  const parsed = notebookFile.safeParse(parsedJson(text));
  if (!parsed.success) return found([...other, 'it is no Jupyter notebook']);
  const code = parsed.data.cells.filter(({ cell_type, source }) => cell_type === 'code' && [source ?? ''].flat().join('').trim() !== '');
  const executed = code.filter(({ execution_count }) => typeof execution_count === 'number').length;
  const failed = code.flatMap(({ outputs = [] }) => outputs.filter(({ output_type }) => output_type === 'error').map(({ ename, evalue }) => `a cell failed: ${ename ?? 'error'}: ${(evalue ?? '').slice(0, 120)}`));
  const idle = code.length === 0 ? ['it has no code'] : executed < code.length ? [`${code.length - executed} of ${code.length} code cells were not executed`] : [];
  return found([...other, ...failed.slice(0, 3), ...idle], code.length, executed);
}
