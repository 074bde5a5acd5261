/** Activities that read and tend other runs, through a Temporal client that the worker hands in. */
import type { Client } from '@temporalio/client';
import { cancelUnneededRun, findAlertRun, takeUpAlerts } from './alert-runs.ts';
import { answerGate, answerGates, tendGate, tendGates, type AnswerGateInput, type AnswerGatesInput, type TendGateInput, type TendGatesInput } from './answers.ts';
import { awaitRelease, type AwaitReleaseInput } from './change-release.ts';
import { awaitNoStop, holdReleases, liftHold, readStops, type HoldReleasesInput, type ReadFreeze } from './emergency-stop.ts';
import { tellFailureCount, type TellFailureCountInput } from './failure-count.ts';
import { findIncident } from './incidents.ts';
import { findInterruptedRuns, type FindInterruptedRunsInput } from './interrupted-runs.ts';
import { readKnownRuns, readRunMemory } from './known-runs.ts';
import { awaitRunClosed, claimLock, claimLocks, findClosedRuns, freeLock, releaseLocks } from './locks.ts';
import { findOlderRuns, supersedeRun, type FindOlderRunsInput, type SupersedeRunInput } from './older-runs.ts';
import { findBusyTargets, followReleases, type FollowReleasesInput } from './released-runs.ts';
import { showApprovals } from './show-approvals.ts';
import { findWaitingGates, readGates, type FindWaitingGatesInput } from './waiting-gates.ts';

/** `readFreeze`: what the estate's freezes say at an instant, for the question before a release's write; without it nothing is frozen. */
export const createRunsActivities = ({ client, readFreeze }: { client: Client; readFreeze?: ReadFreeze }) => ({
  findWaitingGates: (input: FindWaitingGatesInput) => findWaitingGates(client, input),
  readGates: (input: Parameters<typeof readGates>[1]) => readGates(client, input),
  answerGate: (input: AnswerGateInput) => answerGate(client, input),
  answerGates: (input: AnswerGatesInput) => answerGates(client, input),
  tendGate: (input: TendGateInput) => tendGate(client, input),
  tendGates: (input: TendGatesInput) => tendGates(client, input),
  findOlderRuns: (input: FindOlderRunsInput) => findOlderRuns(client, input),
  supersedeRun: (input: SupersedeRunInput) => supersedeRun(client, input),
  findBusyTargets: (input: { plant?: string }) => findBusyTargets(client, input),
  followReleases: (input: FollowReleasesInput) => followReleases(client, input),
  awaitRelease: (input: AwaitReleaseInput) => awaitRelease(client, input),
  claimLock: (input: Parameters<typeof claimLock>[1]) => claimLock(client, input),
  claimLocks: (input: Parameters<typeof claimLocks>[1]) => claimLocks(client, input),
  releaseLocks: (input: Parameters<typeof releaseLocks>[1]) => releaseLocks(client, input),
  freeLock: (input: Parameters<typeof freeLock>[1]) => freeLock(client, input),
  awaitRunClosed: (input: Parameters<typeof awaitRunClosed>[1]) => awaitRunClosed(client, input),
  tellFailureCount: (input: TellFailureCountInput) => tellFailureCount(client, input),
  findClosedRuns: (input: Parameters<typeof findClosedRuns>[1]) => findClosedRuns(client, input),
  findInterruptedRuns: (input: FindInterruptedRunsInput) => findInterruptedRuns(client, input),
  findAlertRun: (input: Parameters<typeof findAlertRun>[1]) => findAlertRun(client, input),
  cancelUnneededRun: (input: Parameters<typeof cancelUnneededRun>[1]) => cancelUnneededRun(client, input),
  takeUpAlerts: (input: Parameters<typeof takeUpAlerts>[1]) => takeUpAlerts(client, input),
  findIncident: (input: Parameters<typeof findIncident>[1]) => findIncident(client, input),
  holdReleases: (input: HoldReleasesInput) => holdReleases(client, input),
  liftHold: (input: Parameters<typeof liftHold>[1]) => liftHold(client, input),
  readStops: (input: Parameters<typeof readStops>[1]) => readStops(client, input, readFreeze),
  readKnownRuns: (input: Parameters<typeof readKnownRuns>[1]) => readKnownRuns(client, input),
  readRunMemory: (input: Parameters<typeof readRunMemory>[1]) => readRunMemory(client, input),
  showApprovals: (input: Parameters<typeof showApprovals>[1]) => showApprovals(client, input),
  awaitNoStop: (input: Parameters<typeof awaitNoStop>[1]) => awaitNoStop(client, input),
});
