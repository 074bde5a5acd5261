/** Versions of a circuit's model that a build pipeline published in the dev workspace. */
import { publishedBy, type ModelTags, type PublishedVersion } from '../../workflows/domain/build.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import type { ArmClient } from '../azure-resource-manager/arm-client.ts';
import { listVersions } from './model-versions.ts';

export interface ReadPublishedVersionInput {
  workspace: WorkspaceRef;
  model: string;
  /** Ids of the builds that count. */
  builds: number[];
  /** Commit that they built. */
  commit: string;
  tags: ModelTags;
}

const jobOutput = /^azureml:\/\/jobs\/([^/]+)\/outputs\//;

/**
 * Finds the version that one of the builds published, by its tags; null where there is none. The job that trained it is named by the tag `training_job`, by the version's own field,
 * or by the address of its files.
 *
 * Safe to retry because it only reads.
 */
export async function readPublishedVersion({ arm }: { arm: ArmClient }, { workspace, model, builds, commit, tags }: ReadPublishedVersionInput): Promise<{ found: PublishedVersion | null }> {
  const published = publishedBy(await listVersions(arm, { workspace, model }), { builds, commit, tags });
  if (published === undefined) return { found: null };
  const { version, jobName, modelUri } = published;
  return { found: { version, trainingJob: published.tags['training_job'] ?? jobName ?? jobOutput.exec(modelUri ?? '')?.[1] ?? null } };
}
