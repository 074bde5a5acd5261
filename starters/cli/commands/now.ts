import type { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { createAzureMlClients } from '../../../activities/azure-ml/clients.ts';
import { readEstate } from '../../../activities/estate/estate-file.ts';
import { freezeStanding } from '../../../activities/estate/freezes.ts';
import { targetPolicy } from '../../../activities/estate/target-policy.ts';
import { ConfigurationError, readCommandLineConfiguration, readPlatformConfiguration, readRecordConfiguration, readTemporalConfiguration, type PlatformConfiguration } from '../../../workers/configuration.ts';
import { platformSettings } from '../../../workers/platform-settings.ts';
import { FailureType } from '../../../workflows/domain/failures.ts';
import { targetLabel } from '../../../workflows/domain/ids.ts';
import type { Target } from '../../../workflows/domain/vocabulary.ts';
import { openRecord } from '../../audit/open-record.ts';
import { holdpoint } from '../../command-line.ts';
import { everywhereText, gatherEverywhere } from '../../now/everywhere.ts';
import { gatherFacts, type GatherOptions } from '../../now/gather.ts';
import { nearestTargets, readTarget } from '../../now/named-target.ts';
import { nextStep } from '../../now/next-step.ts';
import { nowText } from '../../now/now-text.ts';
import { Sources, type Unread } from '../../now/sources.ts';
import { createLazyClient, isUnanswered } from '../../temporal-connection.ts';
import { configured } from '../configured.ts';
import { CommandError, ExitCode } from '../exit.ts';
import { print, printJson } from '../output.ts';
import { platformError } from '../platform-errors.ts';
import type { NowCommandOptions } from '../command-options.ts';
import { readKeptSignIn } from '../sign-in/kept-sign-in.ts';

/** From the start of the process to the end of all reading, in milliseconds: what is printed then is on the screen within five seconds. */
const answerMs = 4_300;
/** However long the process took to start, reading has this much, in milliseconds. */
const leastMs = 2_500;

/** One screen about one target, for somebody who was woken. Only reads. A place that does not answer in time is named, and what the others say is shown. */
export async function now(text: string, options: NowCommandOptions): Promise<void> {
  const target = readTarget(text);
  if (target === null) throw new CommandError(ExitCode.Usage, `${text} is no target`, `Write plant and circuit: \`${holdpoint} now P001/C001\`.`);
  await answer(options, async ({ client, sources, person, at }) => {
    const platform = await readPlatform({ target, text, at, sources });
    const facts = await gatherFacts({ target, person, at, sources, client, platform, openRecord: openLocalRecord });
    const report = { ...facts, next: nextStep(facts) };
    return { report, text: nowText(report) };
  });
}

/** What needs a person now, of all targets. */
export async function nowEverywhere(options: NowCommandOptions): Promise<void> {
  await answer(options, async ({ client, ...asked }) => {
    const report = await gatherEverywhere(client, asked);
    return { report, text: everywhereText(report) };
  });
}

interface Asked {
  client: Client;
  sources: Sources;
  person: string | null;
  at: string;
}

/** Reads under the deadline, prints, and says by the exit code whether the answer is whole. */
async function answer({ as, json }: NowCommandOptions, gather: (asked: Asked) => Promise<{ report: object; text: string }>): Promise<void> {
  const temporal = configured(readTemporalConfiguration);
  const client = createLazyClient(temporal);
  const sources = new Sources({ withinMs: Math.max(leastMs, answerMs - performance.now()), explain: (error) => explained(error, temporal.temporalAddress), late: (source) => (source === 'Temporal' ? `does not answer at ${temporal.temporalAddress}` : undefined) });
  const person = as ?? readKeptSignIn(configured(readCommandLineConfiguration).signInFile)?.person ?? null; // a sign-in that has ended still tells who asks
  let isLate = false;
  try {
    const { report, text } = await gather({ client, sources, person, at: new Date().toISOString() });
    if (json) printJson({ ...report, readMs: sources.elapsedMs });
    else print(text);
    process.exitCode = exitCodeOf(sources.unread);
    isLate = sources.unread.some(({ kind }) => kind === 'away');
  } finally {
    if (!isLate) await client.connection.close();
  }
  if (isLate) await leave(); // what is late must not keep the process
}

/** Estate, policy and clients. Without them Temporal is asked all the same. @throws CommandError for a target that the estate does not have */
async function readPlatform({ target, text, at, sources }: Pick<Asked, 'at' | 'sources'> & { target: Target; text: string }): Promise<GatherOptions['platform']> {
  return await sources.read('estate and platforms', async () => {
    const configuration: PlatformConfiguration = readPlatformConfiguration();
    const estate = await readEstate(configuration.estateFile);
    const policy = targetPolicy(estate, target);
    if ('problem' in policy) throw new CommandError(ExitCode.NotFound, `The estate has no ${targetLabel(target)}`, `Nearest are ${nearestTargets(estate, text).join(', ')}. The estate is ${configuration.estateFile}.`);
    const freezes = freezeStanding(estate, { targets: [target], action: 'release' }, at)?.inForce ?? [];
    return { policy, freezes, clients: createAzureMlClients(platformSettings({ ...configuration, HOLDPOINT_REQUEST_TIMEOUT_MS: Math.min(configuration.HOLDPOINT_REQUEST_TIMEOUT_MS, answerMs) }, estate)) };
  });
}

/** The record of a folder needs no platform; one in Azure Blob Storage is signed in to like any platform. */
async function openLocalRecord() {
  return await openRecord(readRecordConfiguration(), () => platformSettings(readPlatformConfiguration(), { azureDevOps: { project: '' } }));
}

function explained(error: unknown, temporalAddress: string): Pick<Unread, 'reason' | 'kind'> {
  if (error instanceof CommandError) throw error;
  if (error instanceof ConfigurationError) return { reason: error.message.split('\n').slice(1).map((line) => line.trim()).join('; '), kind: 'refused' };
  if (isUnanswered(error)) return { reason: `no worker, or no Temporal, answers at ${temporalAddress}`, kind: 'away' };
  const told = platformError(error, '', {});
  const reason = (told instanceof Error ? told.message : String(told)).replace(/^: /, '');
  const isAway = error instanceof ApplicationFailure && (error.type === FailureType.Unavailable || error.type === FailureType.Throttled);
  return { reason, kind: isAway ? 'away' : 'refused' };
}

/** 4 without Temporal, as of every command; 5 where anything else was not read: the answer is not whole. */
function exitCodeOf(unread: readonly Unread[]): ExitCode {
  if (unread.some(({ source }) => source === 'Temporal')) return ExitCode.Unreachable;
  return unread.length > 0 ? ExitCode.TimedOut : ExitCode.Done;
}

/** Ends the process once everything is written. */
async function leave(): Promise<never> {
  await new Promise((resolve) => process.stdout.write('', resolve));
  process.exit();
}
