import { randomUUID } from 'node:crypto';
import { PROJECT_ID } from '../../core/tenancy.ts';
import type { Addresses } from '../addresses.ts';
import { identityOf } from '../identity.ts';
import { buildNumber, presentBuild, presentPipeline, presentRun, webAddress, type Build } from '../pipelines/builds.ts';
import type { ServiceEvent } from './events.ts';

/** A build has ended. Of version 1.0 the `status` is the result, and the commit stands in `sourceGetVersion`. */
export function buildCompleted(build: Build, createdDate: string, addresses: Addresses): ServiceEvent {
  const { id, pipeline, branch, commit, requestedBy, result = 'succeeded', finishedDate } = build;
  const who = identityOf(requestedBy);
  const resource = {
    uri: `vstfs:///Build/Build/${id}`,
    id,
    buildNumber: buildNumber(build),
    url: addresses.api(`build/Builds/${id}`),
    startTime: build.createdDate,
    finishTime: finishedDate,
    reason: 'individualCI',
    status: result,
    sourceGetVersion: `LG:${branch}:${commit}`,
    lastChangedBy: who,
    definition: { definitionType: 'Xaml', id: pipeline.id, name: pipeline.name, url: addresses.api(`build/Definitions/${pipeline.id}`) },
    requests: [{ id, requestedFor: who }],
  };
  return {
    id: randomUUID(),
    eventType: 'build.complete',
    publisherId: 'tfs',
    createdDate,
    subject: `build:${id}`,
    text: `Build ${buildNumber(build)} ${result}`,
    details: `Build ${buildNumber(build)} of ${pipeline.name} ${result}`,
    resource,
    resourceOf: { '2.0': presentBuild(build, addresses) },
    minimal: { id, url: resource.url },
    filters: { definitionName: [pipeline.name], buildStatus: [result, result.charAt(0).toUpperCase() + result.slice(1)] },
  };
}

/** A run has begun or ended. */
export function runStateChanged(build: Build, createdDate: string, addresses: Addresses): ServiceEvent {
  const { id, pipeline, result } = build;
  const run = { ...presentRun(build, addresses), _links: { self: { href: addresses.api(`pipelines/${pipeline.id}/runs/${id}`) }, web: { href: webAddress(build, addresses) } } };
  const shown = presentPipeline(pipeline, addresses);
  return {
    id: randomUUID(),
    eventType: 'ms.vss-pipelines.run-state-changed-event',
    publisherId: 'pipelines',
    createdDate,
    subject: `build:${id}`,
    text: `Run ${id} ${result ?? 'in progress'}`,
    details: `Run ${id} of ${pipeline.name} ${result ?? 'in progress'}`,
    resource: { run, pipeline: shown, projectId: PROJECT_ID },
    minimal: { run: { id, url: run._links.self.href } },
    filters: { PipelineId: [String(pipeline.id)], runStateId: [result === undefined ? 'InProgress' : 'Completed'] },
  };
}
