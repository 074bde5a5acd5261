import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { importJWK, SignJWT } from 'jose';
import { readFileSync } from 'node:fs';
import { openFolderStore } from '../../../activities/record/folder-store.ts';
import { createRecordActivities } from '../../../activities/record/index.ts';
import { keyFiles, mintKeys, rotateKey } from '../../../activities/record/key-ring.ts';
import { createDecisionSigner, type SignDecision } from '../../../starters/decision-signer.ts';
import { readAnswer, type Answer } from '../../../workflows/domain/answer.ts';
import type { VerifiedAnswer, VerifyAnswersInput } from '../../../workflows/domain/identity.ts';

const directory = mkdtempSync(join(tmpdir(), 'holdpoint-answers-'));
const keysDirectory = join(directory, 'keys');
const files = keyFiles(keysDirectory, 'decisions');
const run = { workflowId: 'releaseModel:P001:C001:1', runId: 'first-run' };
const given: Answer = { gate: 'stage1', verdict: 'approve', evidence: '0123456789ab', comment: 'fine' };
const people = [{ id: 'alice', aliases: ['alice@example.com'] }, { id: 'bob', aliases: [] }];
let sign: SignDecision;
before(async () => {
  await mintKeys(keysDirectory);
  sign = createDecisionSigner({ privateKeysFile: files.privateKeys });
});
after(() => rmSync(directory, { recursive: true }));

const worker = (attribute?: (input: VerifyAnswersInput) => Promise<VerifiedAnswer[]>) => {
  const store = openFolderStore(join(directory, 'record'));
  return createRecordActivities({ record: store, anchors: store, keysDirectory, build: 'test', ...(attribute && { attribute }) });
};
const inputOf = (answers: Answer[], wanted: VerifyAnswersInput['wanted'] = 'authenticated'): VerifyAnswersInput => ({
  workflowId: run.workflowId, runId: 'run-after-a-reset', firstRunId: run.runId, wanted, people,
  // As the gate passes them on: read, whatever was sent.
  answers: answers.map((answer, index) => ({ id: index + 1, channel: 'decide', answer: readAnswer(answer).answer, payloadDigest: '', receivedAt: '2026-11-21T12:00:00.000Z' })),
});
const verify = async (...answers: Answer[]): Promise<VerifiedAnswer[]> => (await worker().verifyAnswers(inputOf(answers))).answers;
const signed = (by = 'alice', answer: Answer = given) => sign({ ...run, via: 'inbox', by, answer });

describe('verifyAnswers', () => {
  it('knows whose a signed answer is, also after a reset', async () => {
    assert.deepEqual(await verify(await signed(), await signed()), [1, 2].map((id) => ({ id, level: 'authenticated', by: 'alice', via: 'inbox', problem: null })));
    assert.deepEqual(await verify(await signed()), await verify(await signed()), 'a second look finds the same');
  });

  it('accepts what was signed before a rotation and after it', async () => {
    const before = await signed();
    await rotateKey(keysDirectory, 'decisions');
    const levels = (await verify(before, await signed())).map(({ level }) => level);
    assert.deepEqual(levels, ['authenticated', 'authenticated']);
  });

  const token = (claims: object, { typ = 'holdpoint-decision+jwt', kid, issuer = 'holdpoint' }: { typ?: string; kid?: string; issuer?: string } = {}) => {
    const [key] = (JSON.parse(readFileSync(files.privateKeys, 'utf8')) as { keys: { kid: string }[] }).keys;
    const jwt = new SignJWT({ ...run, via: 'inbox', answer: { ...given, by: 'alice' }, ...claims }).setProtectedHeader({ alg: 'EdDSA', typ, kid: kid ?? key!.kid }).setIssuer(issuer).setSubject('alice').setIssuedAt().setJti('1');
    return importJWK(key!, 'EdDSA').then((private_) => jwt.sign(private_));
  };
  const forgeries: [string, () => Promise<Answer>, RegExp][] = [
    ['another comment', async () => ({ ...(await signed()), comment: 'not fine' }), /not the answer that was signed/],
    ['another verdict', async () => ({ ...(await signed()), verdict: 'reject' }), /not the answer that was signed/],
    ['another person', async () => ({ ...(await signed()), by: 'bob' }), /not the answer that was signed/],
    ['other evidence', async () => ({ ...(await signed()), evidence: 'ffffffffffff' }), /not the answer that was signed/],
    ['a field more', async () => ({ ...(await signed()), except: ['P001/C002'] }), /not the answer that was signed/],
    ['a field less', async () => ({ ...(await signed()), comment: undefined }), /not the answer that was signed/],
    ['another gate', async () => ({ ...(await signed()), gate: 'stage3' }), /signed for another gate/],
    ['another run of the same workflow', () => sign({ ...run, runId: 'another-run', via: 'inbox', by: 'alice', answer: given }), /signed for another run/],
    ['another workflow', () => sign({ ...run, workflowId: 'releaseModel:P001:C002:1', via: 'inbox', by: 'alice', answer: given }), /signed for another run/],
    ['somebody by an alias', () => signed('alice@example.com'), /does not know by that id/],
    ['a changed claim', async () => {
      const answer = await signed();
      const [head, claims, tail] = answer.signature!.split('.');
      const changed = Buffer.from(Buffer.from(claims!, 'base64url').toString().replace('"sub":"alice"', '"sub":"carol"')).toString('base64url');
      return { ...answer, signature: [head, changed, tail].join('.') };
    }, /does not verify/],
    ['a key that is not known', async () => {
      const elsewhere = join(directory, 'elsewhere');
      await mintKeys(elsewhere);
      return createDecisionSigner({ privateKeysFile: keyFiles(elsewhere, 'decisions').privateKeys })({ ...run, via: 'inbox', by: 'alice', answer: given });
    }, /key that is not known here/],
    ['a known key\'s name on another key\'s signature', async () => {
      const elsewhere = join(directory, 'elsewhere2');
      await mintKeys(elsewhere);
      const { kid } = (JSON.parse(readFileSync(files.publicKeys, 'utf8')) as { keys: { kid: string }[] }).keys[0]!;
      const [key] = (JSON.parse(readFileSync(keyFiles(elsewhere, 'decisions').privateKeys, 'utf8')) as { keys: object[] }).keys;
      const jwt = new SignJWT({ ...run, via: 'inbox', answer: { ...given, by: 'alice' } }).setProtectedHeader({ alg: 'EdDSA', typ: 'holdpoint-decision+jwt', kid }).setIssuer('holdpoint').setSubject('alice').setIssuedAt().setJti('1');
      return { ...given, by: 'alice', signature: await jwt.sign(await importJWK(key!, 'EdDSA')) };
    }, /does not verify/],
    ['a signature of another kind', async () => ({ ...given, by: 'alice', signature: await token({}, { typ: 'JWT' }) }), /not one of a decision/],
    ['another issuer', async () => ({ ...given, by: 'alice', signature: await token({}, { issuer: 'somebody' }) }), /does not verify/],
    ['a signature without a verdict', async () => ({ ...given, by: 'alice', signature: await token({ answer: { gate: 'stage1', by: 'alice' } }) }), /has no verdict/],
    ['an unsigned token', async () => ({ ...given, by: 'alice', signature: `${Buffer.from('{"alg":"none","typ":"holdpoint-decision+jwt"}').toString('base64url')}.e30.` }), /key that is not known here/],
    ['something that is no token', async () => ({ ...given, by: 'alice', signature: 'alice was here' }), /does not verify/],
  ];
  for (const [what, forge, problem] of forgeries) {
    it(`takes it for a mere claim: ${what}`, async () => {
      const [found, genuine] = await verify(await forge(), await signed());
      assert.equal(found!.level, 'claimed');
      assert.equal(found!.by, null);
      assert.match(found!.problem!, problem);
      assert.equal(genuine!.level, 'authenticated', 'and the others are judged by themselves');
    });
  }

  it('says of an unsigned answer that it is only claimed', async () => {
    assert.deepEqual(await verify({ ...given, by: 'alice' }), [{ id: 1, level: 'claimed', by: null, via: null, problem: 'it is not signed' }]);
    assert.deepEqual((await worker().verifyAnswers(inputOf([{ ...given, by: 'alice' }], 'claimed'))).answers, [{ id: 1, level: 'claimed', by: null, via: null, problem: null }]);
  });

  it('has unsigned answers attributed where that is wanted, and only those', async () => {
    const asked: number[][] = [];
    const attribute = async ({ answers }: VerifyAnswersInput): Promise<VerifiedAnswer[]> => {
      asked.push(answers.map(({ id }) => id));
      return answers.map(({ id }) => ({ id, level: 'attributed', by: 'bob', via: 'temporal', problem: null }));
    };
    const answers = [await signed(), { ...given, by: 'bob' }];
    const levels = async (wanted: VerifyAnswersInput['wanted']) => (await worker(attribute).verifyAnswers(inputOf(answers, wanted))).answers.map(({ id, level }) => [id, level]);
    assert.deepEqual(await levels('authenticated'), [[1, 'authenticated'], [2, 'claimed']]);
    assert.deepEqual(asked, []);
    assert.deepEqual(await levels('attributed'), [[1, 'authenticated'], [2, 'attributed']]);
    assert.deepEqual(asked, [[2]]);
  });
});
