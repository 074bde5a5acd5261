/** What a deployment leaves behind that is not compatible with the runs under way: `releaseModel` with other commands. */
import { sleep } from '@temporalio/workflow';

export async function releaseModel(): Promise<void> {
  await sleep('1h');
}
