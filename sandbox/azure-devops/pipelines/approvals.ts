import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import type { Store } from '../../core/store.ts';
import { PROJECT_ID, REPOSITORY, REPOSITORY_ID } from '../../core/tenancy.ts';
import type { Addresses } from '../addresses.ts';
import { identityOf } from '../identity.ts';
import { buildNumber, type Build, type Builds } from './builds.ts';

/** The body of `POST /_sandbox/approvals`: a stage of a run waits for people. */
export const approvalOrderSchema = z.strictObject({
  buildId: z.number().int().positive(),
  stage: z.string().min(1).default('Production'),
  approvers: z.array(z.string().min(1)).min(1),
  minRequired: z.number().int().min(1).default(1),
  /** Whether the subscribers of service hooks are told that it waits. */
  deliver: z.boolean().default(true),
});

/** The body of `POST /_sandbox/release-approvals`: a stage of a classic release waits for one person. */
export const releaseApprovalOrderSchema = z.strictObject({
  /** The build that the release takes its artifact from. */
  buildId: z.number().int().positive(),
  environment: z.string().min(1).default('Production'),
  approver: z.string().min(1),
  tags: z.array(z.string()).default([]),
  /** Azure DevOps approves by itself, as a policy of the stage may say. */
  isAutomated: z.boolean().default(false),
  deliver: z.boolean().default(true),
});

/** The body of `POST /_sandbox/builds/<id>/tags`. */
export const tagOrderSchema = z.strictObject({ add: z.array(z.string()).default([]), remove: z.array(z.string()).default([]) });

/** The body of `POST …/decide`: what a person does on Azure DevOps' own page. */
export const decisionSchema = z.strictObject({
  by: z.string().min(1),
  status: z.enum(['approved', 'rejected']),
  comment: z.string().default(''),
  deliver: z.boolean().default(true),
});

export type ApprovalDecision = z.infer<typeof decisionSchema>;

interface Step {
  assignedApprover: string;
  actualApprover?: string;
  status: 'pending' | 'approved' | 'rejected' | 'uninitiated';
  comment: string;
  lastModifiedOn: string;
}

/** An approval of a run's stage, as Azure Pipelines has it: several people, in any order. */
export interface PipelineApproval {
  /** GUID. */
  id: string;
  buildId: number;
  buildNumber: string;
  pipeline: { id: number; name: string };
  stage: string;
  minRequired: number;
  status: 'pending' | 'approved' | 'rejected';
  steps: Step[];
  createdOn: string;
  lastModifiedOn: string;
}

export interface Release {
  id: number;
  tags: string[];
  buildId: number;
  buildNumber: string;
  branch: string;
  commit: string;
  createdOn: string;
}

/** An approval of a classic release's stage: one person. */
export interface ReleaseApproval {
  id: number;
  releaseId: number;
  environment: string;
  approver: string;
  approvedBy?: string;
  status: 'pending' | 'approved' | 'rejected';
  comments: string;
  isAutomated: boolean;
  createdOn: string;
  modifiedOn: string;
}

const APPROVALS = 'pipeline-approvals';
const RELEASES = 'releases';
const RELEASE_APPROVALS = 'release-approvals';

export class PipelineApprovals {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #builds: Builds;

  constructor(store: Store, clock: Clock, builds: Builds) {
    this.#store = store;
    this.#clock = clock;
    this.#builds = builds;
  }

  get(id: string): PipelineApproval | undefined {
    return this.#store.get<PipelineApproval>(APPROVALS, id);
  }

  /** Newest first. */
  list(): PipelineApproval[] {
    return this.#store.list<PipelineApproval>(APPROVALS).reverse();
  }

  create({ buildId, stage, approvers, minRequired }: z.infer<typeof approvalOrderSchema>): PipelineApproval | undefined {
    const build = this.#builds.get(buildId);
    if (!build) return undefined;
    const now = this.#clock.iso();
    const steps = approvers.map((assignedApprover): Step => ({ assignedApprover, status: 'pending', comment: '', lastModifiedOn: now }));
    const approval: PipelineApproval = { id: randomUUID(), buildId, buildNumber: buildNumber(build), pipeline: build.pipeline, stage, minRequired: Math.min(minRequired, approvers.length), status: 'pending', steps, createdOn: now, lastModifiedOn: now };
    this.#store.put(APPROVALS, approval.id, approval);
    return approval;
  }

  /** One person decides their step; whoever is not assigned decides the first open one, as a member of its group does. */
  decide(approval: PipelineApproval, { by, status, comment }: ApprovalDecision): PipelineApproval {
    const now = this.#clock.iso();
    const open = approval.steps.filter((step) => step.status === 'pending');
    const own = open.find(({ assignedApprover }) => assignedApprover.toLowerCase() === by.toLowerCase()) ?? open[0];
    if (own) Object.assign(own, { actualApprover: by, status, comment, lastModifiedOn: now });
    const approved = approval.steps.filter((step) => step.status === 'approved').length;
    const decided: PipelineApproval = { ...approval, lastModifiedOn: now, status: status === 'rejected' ? 'rejected' : approved >= approval.minRequired ? 'approved' : 'pending' };
    this.#store.put(APPROVALS, decided.id, decided);
    return decided;
  }
}

export class ReleaseApprovals {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  get(id: number): ReleaseApproval | undefined {
    return this.#store.get<ReleaseApproval>(RELEASE_APPROVALS, String(id));
  }

  release(id: number): Release | undefined {
    return this.#store.get<Release>(RELEASES, String(id));
  }

  /** Newest first. */
  list(): ReleaseApproval[] {
    return this.#store.list<ReleaseApproval>(RELEASE_APPROVALS).reverse();
  }

  create({ environment, approver, tags, isAutomated }: z.infer<typeof releaseApprovalOrderSchema>, build: Build): ReleaseApproval {
    const now = this.#clock.iso();
    const release: Release = { id: this.#store.next(RELEASES), tags, buildId: build.id, buildNumber: buildNumber(build), branch: build.branch, commit: build.commit, createdOn: now };
    this.#store.put(RELEASES, String(release.id), release);
    const approval: ReleaseApproval = { id: this.#store.next(RELEASE_APPROVALS), releaseId: release.id, environment, approver, status: isAutomated ? 'approved' : 'pending', comments: '', isAutomated, createdOn: now, modifiedOn: now };
    this.#store.put(RELEASE_APPROVALS, String(approval.id), approval);
    return approval;
  }

  decide(approval: ReleaseApproval, { by, status, comment }: ApprovalDecision): ReleaseApproval {
    const decided: ReleaseApproval = { ...approval, approvedBy: by, status, comments: comment, modifiedOn: this.#clock.iso() };
    this.#store.put(RELEASE_APPROVALS, String(decided.id), decided);
    return decided;
  }
}

/** As `_apis/pipelines/approvals` shows it; the steps only where they are asked for. */
export function presentApproval(approval: PipelineApproval, addresses: Addresses, withSteps: boolean): Record<string, unknown> {
  const { id, buildId, buildNumber: name, pipeline, minRequired, status, steps, createdOn, lastModifiedOn } = approval;
  const shown = steps.map((step, index) => ({
    ...step,
    assignedApprover: identityOf(step.assignedApprover),
    ...(step.actualApprover === undefined ? {} : { actualApprover: identityOf(step.actualApprover), lastModifiedBy: identityOf(step.actualApprover) }),
    order: index + 1,
    initiatedOn: createdOn,
    history: [],
  }));
  return {
    id,
    ...(withSteps ? { steps: shown } : {}),
    status,
    createdOn,
    lastModifiedOn,
    executionOrder: 'anyOrder',
    minRequiredApprovers: minRequired,
    blockedApprovers: [],
    pipeline: { owner: { _links: { web: { href: `${addresses.organisation()}/${PROJECT_ID}/_build/results?buildId=${buildId}` } }, id: buildId, name }, id: String(pipeline.id), name: pipeline.name },
    _links: { self: { href: addresses.api(`pipelines/approvals/${id}`) } },
  };
}

/** The part of its run's timeline that concerns an approval: it has the approval's id, and stands below its stage. */
export function approvalRecords({ id, stage, status }: PipelineApproval): object[] {
  const [stageId, checkpointId] = [`stage-${stage}`, `checkpoint-${stage}`];
  const state = status === 'pending' ? 'inProgress' : 'completed';
  return [
    { id: stageId, parentId: null, type: 'Stage', name: stage, identifier: stage, attempt: 1, state: 'pending' },
    { id: checkpointId, parentId: stageId, type: 'Checkpoint', name: 'Checkpoint', identifier: `Checkpoint.${stage}`, attempt: 1, state },
    { id, parentId: checkpointId, type: 'Checkpoint.Approval', name: 'Checkpoint.Approval', identifier: `Checkpoint.Approval.${stage}`, attempt: 1, state },
  ];
}

/** As `_apis/release/releases` shows it: only what tells where its artifact comes from. */
export function presentRelease({ id, tags, buildId, buildNumber: version, branch, commit, createdOn }: Release, addresses: Addresses): Record<string, unknown> {
  return {
    id,
    name: `Release-${id}`,
    status: 'active',
    createdOn,
    tags,
    artifacts: [
      {
        type: 'Build',
        alias: '_train',
        isPrimary: true,
        definitionReference: {
          version: { id: String(buildId), name: version },
          branch: { id: branch, name: branch },
          sourceVersion: { id: commit, name: commit },
          repository: { id: REPOSITORY_ID, name: REPOSITORY },
          project: { id: PROJECT_ID, name: '' },
        },
      },
    ],
    url: addresses.api(`Release/releases/${id}`),
  };
}

/** As `_apis/release/approvals` shows it. */
export function presentReleaseApproval(approval: ReleaseApproval, release: Release, addresses: Addresses): Record<string, unknown> {
  const { id, environment, approver, approvedBy, status, comments, isAutomated, createdOn, modifiedOn } = approval;
  return {
    id,
    revision: 1,
    approver: identityOf(approver),
    ...(approvedBy === undefined ? {} : { approvedBy: identityOf(approvedBy) }),
    approvalType: 'preDeploy',
    status,
    comments,
    isAutomated,
    isNotificationOn: true,
    trialNumber: 1,
    attempt: 1,
    rank: 1,
    createdOn,
    modifiedOn,
    release: { id: release.id, name: `Release-${release.id}`, url: addresses.api(`Release/releases/${release.id}`) },
    releaseDefinition: { id: 1, name: 'deploy' },
    releaseEnvironment: { id: release.id * 10 + 1, name: environment },
    url: addresses.api(`Release/approvals/${id}`),
  };
}
