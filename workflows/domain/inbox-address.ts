/** Where the approval inbox shows a gate: the one place that knows the path, for cards, messages and the inbox itself. */

/** The address of a run's gate. `inboxUrl`: the receiver's address, such as `https://holdpoint.example.com`, without a slash at the end. */
export function inboxGateUrl(inboxUrl: string, workflowId: string): string {
  return `${inboxUrl}${inboxGatePath(workflowId)}`;
}

/** The path of the same. A workflow id is one segment of it, whatever it contains. */
export function inboxGatePath(workflowId: string): string {
  return `/inbox/gates/${encodeURIComponent(workflowId)}`;
}
