/**
 * `npm run bench:review [-- gates]`: how long `reviewPendingReleases` takes over 500 releases that wait at Stage 1, with a person who answers each group at once. The releases'
 * own activities answer at once, so that what is measured is the review, its answers, and the runs that take them. The last line is one JSON object; more than 60 s fail.
 */
import { withReleaseWorkers } from '../test/support/release-worker.ts';
import { reviewLoad } from '../test/support/review-load.ts';
import { startTemporal } from '../test/support/temporal-server.ts';

const gates = Number(process.argv[2] ?? 500);
const most = 60;

const temporal = await startTemporal();
try {
  const { result, seconds, events, historyKb } = await withReleaseWorkers(temporal, {}, () => reviewLoad(temporal, { gates, groupSize: 100 }));
  const settled = result.groups.reduce((sum, { members, refusedCount }) => sum + members - refusedCount, 0);
  console.log(JSON.stringify({ bench: 'review', gates, groups: result.groups.length, settled, seconds: Number(seconds.toFixed(1)), events, historyKb }));
  if (settled !== gates || seconds > most) process.exitCode = 1;
} finally {
  await temporal.teardown();
}
