/** The section `drift` of the estate file. */
import { z } from 'zod';
import { date } from './calendar-schema.ts';
import type { Complain } from './complaints.ts';
import type { Estate } from './schema.ts';

const text = z.string().min(1).max(200);

const operationalChange = z.strictObject({
  what: text,
  plant: text,
  circuits: z.array(text).min(1, 'must name at least one circuit, or be left out').optional(),
  features: z.array(text).min(1, 'must name at least one column of the readings, or be left out').optional(),
  from: date,
  until: date.optional(),
});

export const driftSchema = z.strictObject({
  report: z
    .string()
    .regex(/^azureml:\/\/datastores\/[^/]+\/paths\/.+/, 'must be azureml://datastores/<datastore>/paths/<path>')
    .refine((uri) => uri.includes('{plant}') && uri.includes('{circuit}'), 'must contain {plant} and {circuit}, so that each circuit has its own report')
    .optional(),
  operationalChanges: z.array(operationalChange).default([]),
});

/** Whoever declares a change for a circuit that does not exist has another one in mind. */
export function checkDrift({ plants, drift }: Pick<Estate, 'plants' | 'drift'>, complain: Complain): void {
  drift.operationalChanges.forEach(({ plant, circuits = [], from, until }, index) => {
    const at = ['drift', 'operationalChanges', index];
    const known = Object.hasOwn(plants, plant) ? plants[plant] : undefined;
    if (!known) complain([...at, 'plant'], `there is no plant "${plant}"; known are ${Object.keys(plants).join(', ')}`);
    else circuits.forEach((circuit, which) => { if (!Object.hasOwn(known.circuits, circuit)) complain([...at, 'circuits', which], `there is no circuit ${plant}/${circuit}; known are ${Object.keys(known.circuits).join(', ')}`); });
    if (until !== undefined && until < from) complain([...at, 'until'], 'must not be before "from"');
  });
}
