import { CancellationScope } from '@temporalio/workflow';
import type { BoundedFanOut } from '../blocks/bounded-fan-out.ts';
import { isCancelled } from '../blocks/cancellation.ts';
import type { Run } from '../blocks/run.ts';
import { environmentReference, fleetTest, testTable, type EnvironmentDefinition, type FleetMember, type FleetTest, type TestModelInput } from '../domain/environment.ts';
import type { FanOutReport } from '../domain/fan-out.ts';
import { modelName } from '../domain/ids.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import { keepReport } from './environment-activities.ts';

export interface IntegrationTest {
  environment: EnvironmentDefinition;
  members: readonly FleetMember[];
  maxParallel: number;
  /** Most failed tests that are borne. */
  failureBudget: number;
  generation: number;
  /** Takes the account, also when the run is cancelled meanwhile. */
  tell: (test: FleetTest) => void;
}

export interface IntegrationTested {
  report: FanOutReport;
  /** The same, compact, with the table by reference. */
  test: FleetTest;
}

/** Scores with every model in the new environment, so many at once, and keeps the table of the results in the test workspace's storage. */
export async function testEveryModel(run: Run, fanOut: BoundedFanOut, { workspaces, inference, location, settleMs }: TargetPolicy, { environment, members, maxParallel, failureBudget, generation, tell }: IntegrationTest): Promise<IntegrationTested> {
  const keep = async (report: FanOutReport): Promise<FleetTest> => {
    const table = await run.attempt('The table of the integration test could not be kept', () => keepReport({ key: run.key('integration test', generation), workspace: workspaces.test, name: 'integration-test.csv', text: testTable(report) }));
    const test = fleetTest(report, table);
    tell(test);
    return test;
  };
  const tests = fanOut.run<TestModelInput>({
    name: generation === 0 ? 'test' : `test-${generation + 1}`,
    what: 'Integration test',
    workflow: 'testModelInEnvironment',
    items: members.map(({ label, target, endpoint, deployment }) => ({
      id: label,
      summary: `Test ${label} in ${environment.name} ${environment.version}`,
      input: { model: modelName(target), place: { workspaces, endpoint, deployment, inference, location, settleMs }, environment: environmentReference(environment), signature: run.signature },
    })),
    concurrency: maxParallel,
    budget: { failures: failureBudget },
    progress: (lines) => run.progress(lines),
  });
  try {
    const report = await tests;
    return { report, test: await keep(report) };
  } catch (error) {
    if (isCancelled(error) && fanOut.report) await CancellationScope.nonCancellable(() => keep(fanOut.report!)); // which models were tested is told all the same
    throw error;
  } finally {
    run.progress([]);
  }
}

/** Asset ids of the models that the tests scored with, by label. */
export function testedModels({ items }: FanOutReport): Map<string, string> {
  return new Map(items.flatMap(({ item, subject }) => (subject === undefined ? [] : [[item, subject] as const])));
}
