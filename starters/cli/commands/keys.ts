import { keyFiles, keyNames, KeyRingError, mintKeys, readPublicKeys, readSigningKey, rotateKey, type KeyName } from '../../../activities/record/key-ring.ts';
import { ConfigurationError, readRecordConfiguration } from '../../../workers/configuration.ts';
import { CommandError, ExitCode } from '../exit.ts';
import { note, print, printJson, table } from '../output.ts';
import type { JsonOption } from '../command-options.ts';

/** Lists the keys: which signs, and which older ones still verify. Private halves are never shown. */
export async function listKeys({ json }: JsonOption): Promise<void> {
  const directory = keysDirectory();
  const keys = await Promise.all(
    keyNames.map(async (name) => {
      const { privateKeys, publicKeys } = keyFiles(directory, name);
      const signs = await orNull(readSigningKey(privateKeys));
      const known = await orNull(readPublicKeys(publicKeys));
      return { name, signs: signs?.kid ?? null, verify: known?.kids ?? [] };
    }),
  );
  if (json) return printJson({ directory, keys });
  print(table(['keys', 'signs now', 'verify'], keys.map(({ name, signs, verify }) => [name, signs ?? 'no private key here', verify.join('\n')])));
}

export async function mint({ json }: JsonOption): Promise<void> {
  const directory = keysDirectory();
  const minted = await explained(mintKeys(directory));
  if (json) return printJson({ directory, minted });
  print(minted.length === 0 ? `All keys are there already, in ${directory}.` : `Made the keys of ${minted.join(' and ')} in ${directory}.`);
}

export async function rotate(name: KeyName, { json }: JsonOption): Promise<void> {
  const directory = keysDirectory();
  const rotated = await explained(rotateKey(directory, name));
  if (json) return printJson({ directory, name, ...rotated });
  print(`The key ${rotated.kid} signs ${name === 'record' ? 'the record' : 'decisions'} from now on; ${rotated.former} still verifies what it has signed.`);
  note(`Bring ${keyFiles(directory, name).publicKeys} to whoever verifies before the new key signs there: the worker of the record, and the auditor.`);
}

function keysDirectory(): string {
  try {
    return readRecordConfiguration().keysDirectory;
  } catch (error) {
    throw error instanceof ConfigurationError ? new CommandError(ExitCode.Usage, error.message) : error;
  }
}

async function explained<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof KeyRingError ? new CommandError(ExitCode.Refused, error.message) : error;
  }
}

async function orNull<T>(work: Promise<T>): Promise<T | null> {
  return await work.catch((error: unknown) => {
    if (error instanceof KeyRingError) return null;
    throw error;
  });
}
