/**
 * How long one task of a workflow may compute before the SDK gives it up.
 *
 * By default that is 5 s, after which the SDK stops the script in its middle and leaves what it had queued to the next script of the same thread: there it fails outside of any workflow, ends the
 * thread, and with it the worker (SDK 1.24.0; seen with 9,900 signals in one task on a loaded machine, 0.4 ms each, most of them in the SDK). One flooded run would take the worker from all others,
 * again and again. The SDK has the option without listing it in its types; a workflow that never yields is still found, later.
 */
export const workflowTaskTime: object = { isolateExecutionTimeout: '1m' };
