/** Stages of others' pipelines. */
import { z } from 'zod';
import { searchAttributePairs } from '../../workflows/blocks/search-attribute-pairs.ts';
import { StageApprovalPhase } from '../../workflows/domain/phases.ts';
import { approvePipelineStageId, checkForms, checkModes, type ApprovePipelineStageInput } from '../../workflows/domain/stage-check.ts';
import type { Runbook } from '../runbook.ts';
import { positive, text } from './input-fields.ts';

const guid = z.guid('must be a GUID');

/** Started by the receiver alone, when a check of Azure Pipelines comes in: by hand there would be no check to answer. */
export const approvePipelineStage: Runbook<ApprovePipelineStageInput> = {
  name: 'approvePipelineStage',
  description: 'Hold a stage of an Azure pipeline until people have decided',
  schema: z.strictObject({
    check: z.strictObject({ projectId: guid, hub: text(64), planId: guid, timelineId: guid, jobId: guid, taskInstanceId: guid }),
    buildId: positive,
    stage: text(200).nullable(),
    attempt: positive,
    environment: z.strictObject({ id: positive, name: text(200) }),
    mode: z.enum(checkModes),
    form: z.enum(checkForms),
    secret: text(127).nullable(),
  }),
  workflowId: approvePipelineStageId,
  summary: ({ stage, environment, buildId, mode }) => `${mode === 'observe' ? 'Observe' : 'Hold'} stage ${stage ?? '(unnamed)'} of run ${buildId} before ${environment.name}`,
  details: ({ buildId, stage, environment, mode }) => `Azure pipeline run ${buildId}, stage ${stage ?? '(unnamed)'}, environment ${environment.name}\n\nMode: ${mode}`,
  searchAttributes: () => searchAttributePairs({ Phase: StageApprovalPhase.Reading }),
  attribute: (input) => input,
};
