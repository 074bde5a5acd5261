/** A change whose build pipeline trains, told by a hook that came before its pull request was completed: what the tests that kill the worker on its way share. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { readBlocks } from '../../../activities/record/chain.ts';
import { openFolderStore } from '../../../activities/record/folder-store.ts';
import { keyFiles, readPublicKeys } from '../../../activities/record/key-ring.ts';
import type { UnresolvedHookResult } from '../../../workflows/domain/hook.ts';
import { releaseChangeId } from '../../../workflows/domain/ids.ts';
import { accompanied, neverPolls, people, post, startAccompanied } from '../../starters/support/accompanied-stack.ts';
import { pullRequestThreads } from '../../support/platform-state.ts';
import { circuitChange, Releases } from '../../support/releases.ts';
import type { Stack } from '../../support/stack.ts';
import type { CompletedPullRequest } from '../../support/stand-in-control.ts';
import { transitions } from '../../support/transitions.ts';

const target = { plant: 'P001', circuit: 'C001' };

/** One change of its own for each `variation`, 0 to 7, with the version `v<variation>`. */
export class AccompaniedChanges {
  readonly stack: Stack;
  readonly releases: Releases;
  readonly #url: string;

  private constructor(stack: Stack, url: string) {
    this.stack = stack;
    this.releases = new Releases(stack);
    this.#url = url;
  }

  /** Stack, receiver and one worker; builds are looked at every two seconds. */
  static async start(): Promise<AccompaniedChanges> {
    const { stack, url } = await startAccompanied(accompanied({ people, training: { ...neverPolls, pollEvery: '2s' } }));
    return new AccompaniedChanges(stack, url);
  }

  /** One good file, and one that is refused with a thread on the pull request. */
  async pullRequest(variation: number, status: 'active' | 'completed'): Promise<CompletedPullRequest> {
    return await this.stack.standIn.completePullRequest({ ...circuitChange(target, variation), 'config/plants/P002/C002.yml': `training: [ # ${variation}` }, { status });
  }

  async build({ pullRequestId }: CompletedPullRequest, variation: number, deliver: boolean): Promise<number> {
    return await this.stack.standIn.build({ pullRequestId, publish: [{ ...target, from: 'seed', version: `v${variation}` }], deliver });
  }

  changeOf({ repositoryId, pullRequestId }: CompletedPullRequest): string {
    return releaseChangeId(repositoryId, pullRequestId);
  }

  /** Tells that a build has ended, until it leads to a run: the one that keeps the hook, or the change. */
  async toldOf(buildId: number): Promise<string> {
    for (;;) {
      const { body } = await post<{ workflowId?: string }>(this.#url, 'build.complete', { id: buildId });
      if (body.workflowId !== undefined) return body.workflowId;
    }
  }

  async lastSeq(): Promise<number> {
    return (await this.stack.standIn.ledger()).at(-1)?.seq ?? 0;
  }

  /** To be called again and again: completes the pull request once the kept hook looks for it. */
  completing(kept: string, { pullRequestId }: CompletedPullRequest): () => Promise<void> {
    let isCompleted = false;
    return async () => {
      if (isCompleted || !(await this.releases.look(kept)).pending.includes('awaitBuildOrigin')) return;
      isCompleted = true;
      await this.stack.standIn.completeLater(pullRequestId);
    };
  }

  /** The kept hook started its change, has one run and is on record once. */
  async assertKeptOnce(kept: string, pullRequest: CompletedPullRequest): Promise<void> {
    const { outcome, reason } = (await this.stack.client.workflow.getHandle(kept).result()) as UnresolvedHookResult;
    assert.deepEqual([outcome, reason], ['succeeded', `started ${this.changeOf(pullRequest)}`]);
    assert.deepEqual([await this.#runsOf(kept), await this.#closesOnRecord(kept)], [1, 1]);
  }

  /** One run of the change, on record once; one thread; one release of one run that has come to its gate; and nothing trained, registered or deployed by Holdpoint since. */
  async assertFoundOnce(pullRequest: CompletedPullRequest, variation: number, since: number): Promise<void> {
    const [change, release] = [this.changeOf(pullRequest), `releaseModel:P001:C001:v${variation}`];
    const { result, releases: started } = await this.releases.trained(pullRequest);
    assert.deepEqual([result.outcome, started], ['succeeded', [release]], result.reason);
    await this.releases.reaches(release, 'Stage 1 approval');
    assert.deepEqual([await this.#runsOf(change), await this.#runsOf(release), await this.#closesOnRecord(change)], [1, 1, 1]);
    assert.deepEqual((await pullRequestThreads(this.stack, pullRequest.pullRequestId)).map(({ status }) => status), ['active']);
    const made = transitions((await this.stack.standIn.ledger(since)).filter(({ path }) => !path.startsWith('/chat/')));
    assert.deepEqual(made, { [`POST pullRequests/${pullRequest.pullRequestId}/threads`]: 1 });
    await this.stack.client.workflow.getHandle(release).terminate('enough seen');
  }

  /** Runs of a workflow id: one, however often it was asked for. */
  async #runsOf(workflowId: string): Promise<number> {
    return (await this.stack.client.workflow.count(`WorkflowId = '${workflowId}'`)).count;
  }

  /** How often the record tells of the end of a run. */
  async #closesOnRecord(workflowId: string): Promise<number> {
    const keys = await readPublicKeys(keyFiles(this.stack.keysDirectory, 'record').publicKeys);
    const blocks = await readBlocks(openFolderStore(join(this.stack.directory, 'record')), keys);
    assert.deepEqual(blocks.flatMap(({ problems }) => problems), []);
    return blocks.flatMap(({ block }) => block?.calls ?? []).filter(({ run, entries }) => run.workflowId === workflowId && entries.some(({ kind }) => kind === 'closed')).length;
  }
}
