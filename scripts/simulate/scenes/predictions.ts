/** What a circuit's readings and predictions look like: written anew over the demo's weather, which ends with 2015. */
import { z } from 'zod';
import { PROD_WORKSPACE } from '../../../sandbox/core/tenancy.ts';
import { CIRCUITS } from '../../../sandbox/seed/estate.ts';
import type { InputPart, SceneKit } from '../scene.ts';
import { day, label, targetOf } from '../story-pieces.ts';

export const readingsField = z.strictObject({
  target: label.default('P001/C001'),
  /** The first day that is changed. */
  from: day,
  /** No more readings. */
  stop: z.literal(true, 'must be true, or be left out').optional(),
  /** Added to each reading of the circuit's sensor. */
  moveBy: z.number('must be a number').optional(),
});

export const predictionsField = z.strictObject({
  target: label.default('P001/C001'),
  /** How far predictions are off, to either side by turns, in the sensor's unit. */
  off: z.number('must be a number').min(0, 'must be 0 or more').default(1),
  /** From this day on they are so far off. */
  from: day.optional(),
  thenOff: z.number('must be a number').min(0, 'must be 0 or more').optional(),
});

const weather = `${PROD_WORKSPACE}/data/weather.csv`;

/** The readings as a table; the demo's file has no quoted cells. */
function table({ context: { blobs } }: SceneKit['sandbox']): { header: string[]; rows: string[][] } {
  const [header = '', ...lines] = blobs.read(weather).toString().trim().split('\n');
  return { header: header.trim().split(','), rows: lines.map((line) => line.trim().split(',')) };
}

/** Where the cells of a circuit are. */
function place(labelled: string, header: readonly string[]): { location: string; column: number; locationAt: number; dateAt: number } {
  const { plant, circuit } = targetOf(labelled);
  const found = CIRCUITS.find((each) => each.plant === plant && each.name === circuit);
  if (found === undefined) throw new Error(`the demo has no circuit ${labelled}`);
  return { location: found.location, column: header.indexOf(found.column), locationAt: header.indexOf('location'), dateAt: header.indexOf('date') };
}

export function writeReadings({ sandbox }: Pick<SceneKit, 'sandbox'>, orders: z.output<typeof readingsField>[]): void {
  const { header, rows } = table(sandbox);
  let kept = rows;
  for (const { target, from, stop, moveBy = 0 } of orders) {
    const { location, column, locationAt, dateAt } = place(target, header);
    const isMeant = (row: readonly string[]): boolean => row[locationAt] === location && row[dateAt]! >= from;
    kept = kept.filter((row) => !stop || !isMeant(row)).map((row) => (isMeant(row) ? row.with(column, String(Math.round((Number(row[column]) + moveBy) * 100) / 100)) : row));
  }
  sandbox.context.blobs.write(weather, `${[header, ...kept].map((cells) => cells.join(',')).join('\n')}\n`, 'text/csv');
}

/** Answers where they are, for the run's input. */
export function writePredictions({ sandbox }: SceneKit, orders: z.output<typeof predictionsField>[]): InputPart {
  const { header, rows } = table(sandbox);
  let input: InputPart = {};
  for (const { target, off, from, thenOff = off } of orders) {
    const { location, column, locationAt, dateAt } = place(target, header);
    const lines = rows.filter((row) => row[locationAt] === location).map((row, index) => {
      const error = from !== undefined && row[dateAt]! >= from ? thenOff : off;
      return `${row[dateAt]},${Number(row[column]) + (index % 2 === 0 ? error : -error)}`;
    });
    const path = `predictions/${target}.csv`;
    sandbox.context.blobs.write(`${PROD_WORKSPACE}/${path}`, `date,prediction\n${lines.join('\n')}\n`, 'text/csv');
    input = { target: targetOf(target), predictionsUri: `azureml://datastores/workspaceblobstore/paths/${path}` };
  }
  return input;
}
