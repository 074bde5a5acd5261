import assert from 'node:assert/strict';
import { it } from 'node:test';
import { worstCaseEvents } from '../../../bench/worst-case.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTemporal } from '../../support/temporal-server.ts';

/** Where Temporal begins to warn; the history of a runbook with a gate is never continued as new, so all its answers must fit. */
const warningAt = 10_240;

it('a release that is sent 2,000 answers stays under the length at which Temporal warns', async () => {
  const temporal = await startTemporal();
  try {
    const events = await withReleaseWorkers(temporal, {}, () => worstCaseEvents(temporal.client, 2_000));
    assert.ok(events > 2_000 && events < warningAt, `${events} events`);
    // Signals that meet in one workflow task share its three events; four for each answer is the most there can be.
    assert.ok(events < 4 * 2_000 + 200);
  } finally {
    await temporal.teardown();
  }
});
