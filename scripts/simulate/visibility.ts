/**
 * Lists of runs, which the time-skipping server does not filter: for the filters that the product writes, over what the server tells of each run. A filter that cannot be read is refused,
 * so that no list is silently another one.
 */
import { WorkflowNotFoundError, type Client, type WorkflowExecutionInfo } from '@temporalio/client';
import pMap from 'p-map';

type Test = (info: WorkflowExecutionInfo) => boolean;

const clause = /^(\w+)\s+(?:(=|!=|<=|>=|STARTS_WITH)\s*'((?:[^']|'')*)'|(IN)\s*\(([^)]*)\)|(IS NOT NULL|IS NULL))(?:\s+AND\s+|$)/;

/** Lets a client answer lists. */
export function withLists(client: Client): Client {
  const list: Client['workflow']['list'] = ({ query = '' } = {}) => {
    const iterable = (async function* listed() {
      const isMeant = readFilter(query);
      for (const info of await known(client)) if (isMeant(info)) yield info;
    })();
    return Object.assign(iterable, { intoHistories: () => { throw new Error('a simulation lists no histories'); } });
  };
  Object.assign(client.workflow, { list });
  return client;
}

async function known({ workflow, workflowService, options: { namespace } }: Client): Promise<WorkflowExecutionInfo[]> {
  const [open, closed] = await Promise.all([workflowService.listOpenWorkflowExecutions({ namespace, startTimeFilter: {} }), workflowService.listClosedWorkflowExecutions({ namespace, startTimeFilter: {} })]);
  const executions = [...(open.executions ?? []), ...(closed.executions ?? [])].flatMap(({ execution }) => (execution?.workflowId ? [{ workflowId: execution.workflowId, runId: execution.runId ?? undefined }] : []));
  const described = await pMap(executions, async ({ workflowId, runId }) => {
    try {
      const { raw, ...info } = await workflow.getHandle(workflowId, runId).describe();
      return [{ ...info, raw: raw.workflowExecutionInfo ?? {} }];
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return []; // a start that was refused stays on the server's list
      throw error;
    }
  }, { concurrency: 16 });
  return described.flat();
}

/** @throws when the filter has something that is not known here */
export function readFilter(query: string): Test {
  const tests: Test[] = [];
  for (let rest = query.trim(); rest !== ''; ) {
    const found = clause.exec(rest);
    if (found === null) throw new Error(`a simulation cannot list runs by "${rest}"`);
    const [whole, field = '', operator, operand = '', isIn, list = '', nullity] = found;
    tests.push((info) => {
      const value = valueOf(info, field);
      if (nullity !== undefined) return (value === null) === (nullity === 'IS NULL');
      if (isIn !== undefined) return value !== null && [...list.matchAll(/'((?:[^']|'')*)'/g)].some(([, each = '']) => unquoted(each) === value);
      return value !== null && compared(value, operator!, unquoted(operand));
    });
    rest = rest.slice(whole.length);
  }
  return (info) => tests.every((test) => test(info));
}

function compared(value: string, operator: string, operand: string): boolean {
  switch (operator) {
    case '=': return value === operand;
    case '!=': return value !== operand;
    case 'STARTS_WITH': return value.startsWith(operand);
    case '<=': return Date.parse(value) <= Date.parse(operand);
    default: return Date.parse(value) >= Date.parse(operand);
  }
}

function valueOf({ type, workflowId, taskQueue, status, startTime, closeTime, searchAttributes }: WorkflowExecutionInfo, field: string): string | null {
  const own: Record<string, string | null> = {
    WorkflowType: type, WorkflowId: workflowId, TaskQueue: taskQueue, StartTime: startTime.toISOString(), CloseTime: closeTime?.toISOString() ?? null,
    ExecutionStatus: status.name.toLowerCase().replaceAll(/(^|_)(\w)/g, (_all, _gap, letter: string) => letter.toUpperCase()),
  };
  if (field in own) return own[field]!;
  const [value] = searchAttributes[field] ?? [];
  return value === undefined ? null : value instanceof Date ? value.toISOString() : String(value);
}

function unquoted(text: string): string {
  return text.replaceAll(`''`, `'`);
}
