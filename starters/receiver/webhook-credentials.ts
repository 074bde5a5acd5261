import { createHash, timingSafeEqual } from 'node:crypto';

export interface WebhookCredentials {
  user: string;
  password: string;
}

/** Basic authentication of whatever calls the receiver. Both sides are hashed first, so that the comparison takes the same time whatever was sent, its length included. */
export function credentialCheck({ user, password }: WebhookCredentials) {
  const expected = [user, password].map(sha256);
  return async (givenUser: string, givenPassword: string): Promise<void> => {
    const matches = [givenUser, givenPassword].map((given, index) => timingSafeEqual(sha256(given), expected[index]!));
    if (!matches.every(Boolean)) throw Object.assign(new Error('user or password is wrong'), { statusCode: 401 });
  };
}

function sha256(value: string): Buffer {
  return createHash('sha256').update(value, 'utf8').digest();
}
