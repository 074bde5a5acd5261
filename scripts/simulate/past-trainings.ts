import { DEV_WORKSPACE, machineLearningId } from '../../sandbox/core/tenancy.ts';
import type { Stage } from './stage.ts';

/**
 * Every training that took place before the story took so long, say the tags of its model version. A release compares them with its own, and how long their processes really took
 * tells only how busy the machine was.
 */
export function setPastTrainings({ sandbox: { context: { resources } } }: Pick<Stage, 'sandbox'>, durationMs: number): void {
  for (const model of resources.children(machineLearningId(`workspaces/${DEV_WORKSPACE}`), 'models')) {
    for (const { id, properties } of resources.children(model.id, 'versions')) {
      const { tags = {} } = properties as { tags?: Record<string, string> };
      if (tags['training_ms'] !== undefined) resources.set(id, { tags: { ...tags, training_ms: String(durationMs) } });
    }
  }
}
