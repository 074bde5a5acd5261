/** The check as it is configured in Azure DevOps: the body of the REST call, and the same for a person who fills in the form. */
import type { CheckForm, CheckMode } from '../../workflows/domain/stage-check.ts';

/** How the product finds its own check again. */
export const checkName = 'Holdpoint';
/** The type of all checks that run a task, and the task "Invoke REST API" in the version that checks use. */
export const taskCheckType = { id: 'fe1de3ee-a436-41b4-bb20-f6eb4cb879a7', name: 'Task Check' };
export const invokeRestApi = { id: '9c3e8943-130d-4c78-ac63-8af81df62dfb', name: 'InvokeRESTAPI', version: '1.220.0' };
export const checkPath = 'checks/azure-pipelines';
/** 30 days: the longest that Azure DevOps lets a check wait. */
export const longestTimeoutMinutes = 43_200;
/** Azure DevOps demands that a check which is asked again is asked at most ten times. */
const mostEvaluations = 10;

export interface CheckPlan {
  environment: { id: number; name: string };
  mode: CheckMode;
  form: CheckForm;
  /** Id of the service connection. */
  connection: string;
  timeoutMinutes: number;
}

export interface CheckConfigurationBody {
  id?: number;
  type: { id: string; name?: string };
  settings: {
    definitionRef: { id: string; name: string; version: string };
    displayName: string;
    retryInterval?: number;
    inputs: Record<string, string>;
  };
  resource: { type: string; id: string; name?: string };
  timeout: number;
}

/** Header names as the documentation of checks has them; the variables are filled in by Azure Pipelines at each call. */
const headers = {
  'Content-Type': 'application/json',
  PlanUrl: '$(system.CollectionUri)',
  ProjectId: '$(system.TeamProjectId)',
  HubName: '$(system.HostType)',
  PlanId: '$(system.PlanId)',
  JobId: '$(system.JobId)',
  TimelineId: '$(system.TimelineId)',
  TaskInstanceId: '$(system.TaskInstanceId)',
  AuthToken: '$(system.AccessToken)',
};

/** 0 for the callback; for the polling form as often as Azure DevOps allows. */
export function minutesBetweenEvaluations({ form, timeoutMinutes }: Pick<CheckPlan, 'form' | 'timeoutMinutes'>): number {
  return form === 'callback' ? 0 : Math.ceil(timeoutMinutes / mostEvaluations);
}

export function checkConfiguration(plan: CheckPlan): CheckConfigurationBody {
  const { environment, form, connection, timeoutMinutes } = plan;
  const polling = { waitForCompletion: 'false', successCriteria: "eq(root['status'], 'approved')" };
  return {
    type: taskCheckType,
    settings: {
      definitionRef: invokeRestApi,
      displayName: checkName,
      retryInterval: minutesBetweenEvaluations(plan),
      inputs: {
        connectedServiceNameSelector: 'connectedServiceName',
        connectedServiceName: connection,
        method: 'POST',
        headers: JSON.stringify(headersOf(form)),
        body: bodyOf(plan),
        urlSuffix: checkPath,
        ...(form === 'callback' ? { waitForCompletion: 'true' } : polling),
      },
    },
    resource: { type: 'environment', id: String(environment.id), name: environment.name },
    timeout: timeoutMinutes,
  };
}

/** The polling form sends nothing back, so it is given no token. */
function headersOf(form: CheckForm): Record<string, string> {
  const { AuthToken, ...others } = headers;
  return form === 'callback' ? { ...others, AuthToken } : others;
}

function bodyOf({ environment, mode, form }: CheckPlan): string {
  return JSON.stringify({ buildId: '$(build.BuildId)', stage: '$(system.StageName)', attempt: '$(system.StageAttempt)', environment: environment.name, environmentId: String(environment.id), mode, form });
}

/** Field and value, in the order and with the names of Azure DevOps' form. */
export function formFields(plan: CheckPlan, receiverUrl: string, user: string): [field: string, value: string][] {
  const { settings } = checkConfiguration(plan);
  return [
    ['Project settings > Service connections > New > Generic: Server URL', receiverUrl],
    ['Username', user],
    ['Password/Token Key', 'the value of HOLDPOINT_WEBHOOK_PASSWORD'],
    ['Service connection name', 'holdpoint'],
    [`Pipelines > Environments > ${plan.environment.name} > Approvals and checks > + > Invoke REST API: Display name`, checkName],
    ['Connection type', 'Generic'],
    ['Generic service connection', 'holdpoint'],
    ['Method', 'POST'],
    ['Headers', JSON.stringify(headersOf(plan.form), null, 2)],
    ['Body', bodyOf(plan)],
    ['URL suffix and parameters', checkPath],
    ['Advanced: Completion event', plan.form === 'callback' ? 'Callback' : 'ApiResponse'],
    ...(plan.form === 'polling' ? ([['Success criteria', settings.inputs['successCriteria']!]] satisfies [string, string][]) : []),
    ['Control options: Time between evaluations (minutes)', String(settings.retryInterval)],
    ['Control options: Timeout (minutes)', String(plan.timeoutMinutes)],
  ];
}
