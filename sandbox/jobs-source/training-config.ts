import { z } from 'zod';

/** What is used for a hyperparameter that the configuration leaves out. */
export const DEFAULT_HYPERPARAMETERS = { learning_rate: 0.001, epochs: 20, hidden_units: 16 };

export interface TrainingConfig {
  /** The last day that may be used, `YYYY-MM-DD`; null: no limit. */
  cutoffDate: string | null;
  hyperparameters: { learning_rate: number; epochs: number; hidden_units: number };
  /** What was understood differently from how it was written, for the log. */
  notes: string[];
}

const units = z.int().min(1).max(4096);
const configSchema = z.strictObject({
  cutoff_date: z.iso.date().optional(),
  hyperparameters: z
    .strictObject({
      learning_rate: z.number().positive().optional(),
      epochs: z.int().min(1).max(10_000).optional(),
      hidden_units: units.optional(),
      lstm_units: units.optional(),
    })
    .default({}),
});

/**
 * Reads the JSON text of the training section of a circuit's configuration. A hyperparameter that it does not know is an error,
 * never ignored; `lstm_units`, from the time of recurrent networks, is read as `hidden_units`.
 */
export function readTrainingConfig(json: string): TrainingConfig {
  const parsed = configSchema.safeParse(parse(json));
  if (!parsed.success) throw new Error(`the training configuration is wrong:\n${z.prettifyError(parsed.error)}`);
  const { lstm_units: lstmUnits, ...given } = parsed.data.hyperparameters;
  if (lstmUnits !== undefined && given.hidden_units !== undefined) {
    throw new Error('the training configuration is wrong: lstm_units and hidden_units mean the same, give one of them');
  }
  return {
    cutoffDate: parsed.data.cutoff_date ?? null,
    hyperparameters: { ...DEFAULT_HYPERPARAMETERS, ...given, ...(lstmUnits === undefined ? {} : { hidden_units: lstmUnits }) },
    notes: lstmUnits === undefined ? [] : [`lstm_units is read as hidden_units: ${lstmUnits}`],
  };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new Error(`the training configuration is not JSON: ${String(error)}`);
  }
}
