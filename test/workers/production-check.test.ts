import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { createEstateActivities } from '../../activities/estate/index.ts';
import { createStagePolicyActivities } from '../../activities/estate/stage-policy-activities.ts';
import { parseEstate } from '../../activities/estate/estate-file.ts';
import { ConfigurationError } from '../../workers/configuration.ts';
import { identityProblem, refuseInsufficientIdentity } from '../../workers/production-check.ts';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import type { IdentityLevel } from '../../workflows/domain/vocabulary.ts';
import { failure } from '../activities/support/platforms.ts';

const demo = await readFile('estate/demo.yml', 'utf8');
const keysDirectory = mkdtempSync(join(tmpdir(), 'holdpoint-keys-'));
after(() => rmSync(keysDirectory, { recursive: true }));

const without = { HOLDPOINT_PROFILE: 'demo', HOLDPOINT_QUEUES: Object.values(TaskQueue), TEMPORAL_PRINCIPALS: false, estateFile: 'estate.yml', keysDirectory: join(keysDirectory, 'none') } as const;
const check = (text: string, means: Partial<Parameters<typeof refuseInsufficientIdentity>[0]> = {}): void => refuseInsufficientIdentity({ ...without, ...means }, parseEstate(text, 'estate.yml'));
const refused = (message: RegExp) => (error: unknown): boolean => error instanceof ConfigurationError && message.test(error.message);

describe('the identity that gates demand', () => {
  it('is not less than production demands: nobody may claim to be anybody', () => {
    assert.throws(() => check(demo, { HOLDPOINT_PROFILE: 'production' }), refused(/^estate\.yml: gates stage1, stage3, rollback accept identity level "claimed"/));
    assert.doesNotThrow(() => check(demo));
  });

  it('is looked for in every plant and severity', () => {
    const text = demo.replaceAll('identity: claimed', 'identity: authenticated').replace('    station: New York\n', '    station: New York\n    severity: P0\n    gates:\n      stage3: {identity: claimed}\n');
    writeFileSync(join(keysDirectory, 'decisions.public.json'), '{"keys": []}');
    assert.throws(() => check(text, { HOLDPOINT_PROFILE: 'production', keysDirectory }), refused(/gates stage3 accept/));
  });

  it('authenticated needs the public keys where decisions are verified, in every profile', () => {
    const text = demo.replaceAll('identity: claimed', 'identity: authenticated');
    writeFileSync(join(keysDirectory, 'decisions.public.json'), '{"keys": []}');
    for (const HOLDPOINT_PROFILE of ['demo', 'production'] as const) {
      assert.throws(() => check(text, { HOLDPOINT_PROFILE }), refused(/gates stage1, stage3, rollback demand identity level "authenticated".*none\/decisions\.public\.json does not exist.*HOLDPOINT_KEYS/));
      assert.doesNotThrow(() => check(text, { HOLDPOINT_PROFILE, keysDirectory }));
      assert.doesNotThrow(() => check(text, { HOLDPOINT_PROFILE, HOLDPOINT_QUEUES: [TaskQueue.AzureMl] }));
    }
  });

  it('attributed needs the operator\'s word for the server, in every profile and whatever the keys', () => {
    const text = demo.replaceAll('identity: claimed', 'identity: attributed');
    for (const HOLDPOINT_PROFILE of ['demo', 'production'] as const) {
      assert.throws(() => check(text, { HOLDPOINT_PROFILE, keysDirectory }), refused(/gates stage1, stage3, rollback demand identity level "attributed".*TEMPORAL_PRINCIPALS=true/));
      assert.doesNotThrow(() => check(text, { HOLDPOINT_PROFILE, TEMPORAL_PRINCIPALS: true }));
    }
  });

  it('is asked about again with every policy, for the estate may change while a worker runs', async () => {
    const estateFile = join(keysDirectory, 'estate.yml');
    const means = { ...without, HOLDPOINT_PROFILE: 'production', keysDirectory } as const;
    const settings = { estateFile, identityProblem: (level: IdentityLevel) => identityProblem(means, level) };
    const { loadPolicy } = createEstateActivities(settings);
    const { loadStagePolicy } = createStagePolicyActivities(settings);
    const target = { plant: 'P001', circuit: 'C001' };
    writeFileSync(join(keysDirectory, 'decisions.public.json'), '{"keys": []}');

    const sound = demo.replaceAll('identity: claimed', 'identity: authenticated');
    writeFileSync(estateFile, sound);
    assert.equal((await loadPolicy({ target })).gates.stage1.identity, 'authenticated');
    assert.equal((await loadStagePolicy({ environment: 'production' })).gate.identity, 'authenticated');

    const lax = `${sound}\ngateDefaults:\n  - {identity: claimed}\n`.replace('    identity: authenticated\n', '');
    writeFileSync(estateFile, lax);
    const complaint = new RegExp(`estate\\.yml:${lax.split('\n').length - 1}: gateDefaults\\.0\\.identity: gates such as stage[13] accept identity level "claimed"`);
    await assert.rejects(loadPolicy({ target }), failure('EstateInvalid', true, complaint));
    await assert.rejects(loadStagePolicy({ environment: 'production' }), failure('EstateInvalid', true, complaint));

    writeFileSync(estateFile, sound.replaceAll('identity: authenticated', 'identity: attributed'));
    await assert.rejects(loadPolicy({ target }), failure('EstateInvalid', true, /gates\.stage1\.identity: gates such as stage1 demand identity level "attributed"/));
  });

  it('is that of stages of pipelines as well', () => {
    const text = `${demo.replaceAll('identity: claimed', 'identity: authenticated').replace('  project: ml-platform\n', '  project: ml-platform\n  stages: {environments: {shop: {gate: stage1, severity: P0}}}\n')}\ngateDefaults:\n  - {severity: P0, identity: claimed}\n`.replace('    identity: authenticated\n', '');
    const everywhere = text.replace('  - {severity: P0, identity: claimed}', '  - {identity: authenticated}\n  - {severity: P0, identity: claimed}');
    assert.throws(() => check(everywhere, { HOLDPOINT_PROFILE: 'production', keysDirectory }), refused(/gates stage1 accept identity level "claimed"/));
  });
});
