/** Values of options, read from what was typed; a wrong one is told with its option. */
import { InvalidArgumentError } from 'commander';

export function webAddress(value: string): string {
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) throw new InvalidArgumentError('It must be an address such as https://holdpoint.example.com.');
  return value;
}

export function minutes(value: string): number {
  const parsed = Number(value);
  if (!Number.isInteger(parsed) || parsed < 1 || parsed > 43_200) throw new InvalidArgumentError('It must be a whole number of minutes from 1 to 43200.');
  return parsed;
}

export function seconds(value: string): number {
  const parsed = Number(value);
  if (!Number.isFinite(parsed) || parsed <= 0) throw new InvalidArgumentError('It must be a number of seconds above 0.');
  return parsed;
}
