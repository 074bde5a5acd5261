/** The demo's weather: two stations, four years with real seasons, and a real difference between the stations. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readReadings, type ReadingsTable } from '../../activities/statistics/readings-table.ts';

export const weather = readFileSync(new URL('../../node_modules/vega-datasets/data/weather.csv', import.meta.url), 'utf8');

export function stationReadings(name: string): ReadingsTable {
  const table = readReadings(weather, name);
  assert.ok(!('problem' in table));
  return table;
}
