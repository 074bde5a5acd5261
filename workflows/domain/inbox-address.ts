/** Where the approval inbox shows a gate: the one place that knows the path, for cards, messages and the inbox itself. */

/** The address of a run's gate. `inboxUrl`: the inbox, such as `https://holdpoint.example.com/inbox`, without a slash at the end. */
export function inboxGateUrl(inboxUrl: string, workflowId: string): string {
  return `${inboxUrl}${inboxGatePath(workflowId)}`;
}

/** The same below the inbox. A workflow id is one segment of the path, whatever is in it. */
export function inboxGatePath(workflowId: string): string {
  return `/gates/${encodeURIComponent(workflowId)}`;
}
