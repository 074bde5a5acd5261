/** The part of Azure DevOps' REST API, version 7.1, that tells of approvals: of stages in Azure Pipelines, and of classic releases, which Azure DevOps Services serves at a host of its own. */
import type { RestClient } from '../http/rest-client.ts';

const version = { 'api-version': '7.1' };

interface IdentityBody {
  displayName?: string;
  uniqueName?: string;
}

export interface PipelineApprovalBody {
  /** GUID. */
  id: string;
  /** `pending`, `approved`, `rejected`, `skipped`, `canceled`, `timedOut`, … */
  status: string;
  steps?: {
    /** A person or a group. */
    assignedApprover?: IdentityBody;
    /** Who really did it; absent while nobody has. */
    actualApprover?: IdentityBody;
    status: string;
    comment?: string;
    lastModifiedOn?: string;
  }[];
  lastModifiedOn?: string;
  /** The run that waits. */
  pipeline?: { owner?: { id: number; name?: string }; name?: string } | null;
}

export interface ReleaseApprovalBody {
  id: number;
  /** `pending`, `approved`, `rejected`, `reassigned`, `canceled`, `skipped`. */
  status: string;
  approver?: IdentityBody;
  /** Who really did it. */
  approvedBy?: IdentityBody;
  comments?: string;
  /** Azure DevOps approved by itself. */
  isAutomated?: boolean;
  modifiedOn?: string;
  release: { id: number; name?: string };
  releaseDefinition?: { id: number; name?: string };
  releaseEnvironment?: { name?: string };
}

/** A line of a run's timeline. The one of an approval has the approval's id; its stage is above it. */
export interface TimelineRecordBody {
  id: string;
  parentId?: string | null;
  /** `Stage`, `Checkpoint`, `Checkpoint.Approval`, … */
  type: string;
  /** As the page shows it. */
  name?: string;
  /** As the YAML has it. */
  identifier?: string;
}

export interface ReleaseBody {
  id: number;
  name: string;
  tags?: string[];
  artifacts?: { type?: string; isPrimary?: boolean; definitionReference?: Record<string, { id?: string } | undefined> }[];
}

export type ApprovalsApi = ReturnType<typeof approvalsApi>;

/** Calls of one project; each sends one request and throws classified failures. `releaseUrl` is where classic releases are served. */
export const approvalsApi = (rest: RestClient, project: string, releaseUrl: string) => {
  const root = `/${encodeURIComponent(project)}/_apis`;
  const releases = `${releaseUrl}${root}/release`;
  const get = async <T>(url: string, query: Record<string, string | number> = {}): Promise<T> => (await rest.send<T>({ method: 'GET', url, query: { ...query, ...version } })).body;

  return {
    async pipelineApproval(id: string): Promise<PipelineApprovalBody | undefined> {
      const { value } = await get<{ value: PipelineApprovalBody[] }>(`${root}/pipelines/approvals`, { approvalIds: id, $expand: 'steps' });
      return value.find((approval) => approval.id.toLowerCase() === id.toLowerCase());
    },

    async pipelineApprovals(state: 'pending' | 'approved' | 'rejected', top: number): Promise<PipelineApprovalBody[]> {
      return (await get<{ value: PipelineApprovalBody[] }>(`${root}/pipelines/approvals`, { state, top, $expand: 'steps' })).value;
    },

    async timeline(runId: number): Promise<TimelineRecordBody[]> {
      return (await get<{ records?: TimelineRecordBody[] }>(`${root}/build/builds/${runId}/timeline`)).records ?? [];
    },

    releaseApproval: (id: number) => get<ReleaseApprovalBody>(`${releases}/approvals/${id}`),

    async releaseApprovals(status: 'pending' | 'approved' | 'rejected', top: number): Promise<ReleaseApprovalBody[]> {
      return (await get<{ value: ReleaseApprovalBody[] }>(`${releases}/approvals`, { statusFilter: status, queryOrder: 'descending', top })).value;
    },

    release: (id: number) => get<ReleaseBody>(`${releases}/releases/${id}`),
  };
};

/** `https://vsrm.dev.azure.com/<organisation>` for Azure DevOps Services, the same address for a server of one's own. */
export function releaseManagementUrl(devOpsUrl: string): string {
  return serviceUrl(devOpsUrl, 'vsrm');
}

/** The host of a part of Azure DevOps Services that has its own: `vsrm` releases, `vssps` identities; for a server of one's own the same address. */
export function serviceUrl(devOpsUrl: string, service: 'vsrm' | 'vssps'): string {
  const url = new URL(devOpsUrl);
  if (url.hostname === 'dev.azure.com') url.hostname = `${service}.dev.azure.com`;
  else if (url.hostname.endsWith('.visualstudio.com') && !url.hostname.includes(`.${service}.`)) url.hostname = url.hostname.replace('.visualstudio.com', `.${service}.visualstudio.com`);
  return url.toString().replace(/\/$/, '');
}
