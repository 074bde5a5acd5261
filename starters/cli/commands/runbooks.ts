import { runbooks } from '../../runbooks.ts';
import { print, printJson, table } from '../output.ts';
import type { JsonOption } from '../command-options.ts';

/** Lists what can be started; as JSON with the schema of each input. */
export async function showRunbooks({ json }: JsonOption): Promise<void> {
  if (json) {
    const { z } = await import('zod');
    return printJson(runbooks.map(({ name, description, schema }) => ({ name, description, input: z.toJSONSchema(schema) })));
  }
  print(table(['runbook', 'what it does'], runbooks.map(({ name, description }) => [name, description])));
}
