import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultPayloadConverter } from '@temporalio/common';
import { payloadConverter } from '../../workflows/payload-converter.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('the shared payload converter', () => {
  it('is the standard one for what can be decoded', () => {
    const value = { gate: 'stage1', by: 'alice' };
    assert.deepEqual(payloadConverter.fromPayload(payloadConverter.toPayload(value)), value);
    assert.deepEqual(payloadConverter.toPayload(value), defaultPayloadConverter.toPayload(value));
  });

  for (const [name, payload] of [
    ['an encoding that nobody knows here', { metadata: { encoding: bytes('json/protobuf'), messageType: bytes('acme.Unknown') }, data: bytes('{}') }],
    ['JSON that is none', { metadata: { encoding: bytes('json/plain') }, data: bytes('{"gate":') }],
    ['no encoding at all', { metadata: {}, data: bytes('x') }],
  ] as const) {
    it(`turns ${name} into a value that says why`, () => {
      const value = payloadConverter.fromPayload<{ undecodable: string }>(payload);
      assert.equal(typeof value.undecodable, 'string');
      assert.ok(value.undecodable.length > 0);
    });
  }
});
