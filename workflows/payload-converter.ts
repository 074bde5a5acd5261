/**
 * The payload converter that workers and clients share: the SDK's own, except that a payload which cannot be decoded becomes a value. Temporal Web UI lets a person send a
 * signal with encoding `json/protobuf`; with the default converter such a signal fails every workflow task from then on, and no later good answer gets through.
 */
import { DefaultPayloadConverter, type Payload, type PayloadConverter } from '@temporalio/common';

const standard = new DefaultPayloadConverter();

export const payloadConverter: PayloadConverter = {
  toPayload: (value) => standard.toPayload(value),
  fromPayload<T>(payload: Payload): T {
    try {
      return standard.fromPayload<T>(payload);
    } catch (error) {
      return { undecodable: error instanceof Error ? error.message : String(error) } as T;
    }
  },
};
