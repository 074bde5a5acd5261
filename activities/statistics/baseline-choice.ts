/** Which of the drift monitor's references counts: that of the version that serves. Pure. */
import type { BaselineReading, DriftBaseline } from '../../workflows/domain/drift-retraining.ts';

/**
 * The reference of the version that serves, or of the newest version before it. After a rollback, or a release that nobody followed, the newest reference is another version's: what it was
 * trained on says nothing about the model that serves.
 *
 * @param baselines newest first
 * @param serving null: nobody knows what serves
 * @param registeredAt when each version was registered, in milliseconds since the epoch; needed where the one that serves has no reference of its own
 */
export function chooseBaseline(baselines: readonly DriftBaseline[], serving: string | null, registeredAt: ReadonlyMap<string, number>): BaselineReading {
  const [newest] = baselines;
  if (newest === undefined) return { baseline: null, remark: null };
  if (serving === null) return { baseline: newest, remark: `It is not known which version serves: the newest drift baseline is taken, ${newest.asset} of ${newest.modelVersion}` };
  const own = baselines.find(({ modelVersion }) => modelVersion === serving);
  if (own) return { baseline: own, remark: own.modelVersion === newest.modelVersion ? null : `${serving} serves: its own drift baseline counts, ${own.asset}, not the newest, which is of ${newest.modelVersion}` };
  const age = (version: string): number => registeredAt.get(version) ?? Number.POSITIVE_INFINITY;
  const before = baselines.filter(({ modelVersion }) => age(modelVersion) < (registeredAt.get(serving) ?? 0)).sort((one, other) => age(other.modelVersion) - age(one.modelVersion));
  if (before[0]) return { baseline: before[0], remark: `${serving} serves, and no drift baseline was recorded for it: that of the version before is taken, ${before[0].asset} of ${before[0].modelVersion}` };
  return { baseline: null, remark: `${serving} serves, and drift baselines are recorded only for others that are not known to be older, the newest for ${newest.modelVersion}: the year before is taken` };
}
