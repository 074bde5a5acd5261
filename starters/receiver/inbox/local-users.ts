/** Users of the demo, who sign in with a password. Their passwords are no secret, so production refuses them: it has an identity provider. */
import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);
/** OWASP's least for scrypt: 32 MiB for each try. */
const cost = { N: 2 ** 15, r: 8, p: 3, maxmem: 64 * 1024 * 1024 };
const length = 32;

interface StoredUser {
  name: string;
  salt: string;
  hash: string;
}

/** Says whether the password is that of the user, in the same time whether or not there is such a user. */
export type PasswordCheck = (name: string, password: string) => Promise<boolean>;

/** Opens the users' file; at the first start it is minted with these names, each with itself as the password. */
export async function openLocalUsers(file: string, names: readonly string[]): Promise<PasswordCheck> {
  const users = (await read(file)) ?? (await mint(file, names));
  const nobody: StoredUser = { name: '', salt: randomBytes(16).toString('base64'), hash: randomBytes(length).toString('base64') };
  return async (name, password) => {
    const user = users.find((candidate) => candidate.name === name);
    const { salt, hash } = user ?? nobody;
    const matches = timingSafeEqual(await derive(password, Buffer.from(salt, 'base64'), length, cost), Buffer.from(hash, 'base64'));
    return matches && user !== undefined;
  };
}

async function read(file: string): Promise<StoredUser[] | null> {
  try {
    return (JSON.parse(await readFile(file, 'utf8')) as { users: StoredUser[] }).users;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

async function mint(file: string, names: readonly string[]): Promise<StoredUser[]> {
  const users = await Promise.all(names.map(async (name) => {
    const salt = randomBytes(16);
    return { name, salt: salt.toString('base64'), hash: (await derive(name, salt, length, cost)).toString('base64') };
  }));
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.new`, JSON.stringify({ users }, null, 2), { mode: 0o600 });
  await rename(`${file}.new`, file);
  return users;
}
