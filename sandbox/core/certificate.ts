import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from 'selfsigned';

export interface Certificate {
  /** Where clients find the authority to trust (PEM). */
  caFile: string;
  key: string;
  cert: string;
}

const YEAR_MS = 365 * 24 * 3600 * 1000;

/**
 * The server's certificate for 127.0.0.1 and localhost, signed by an authority of its own. Both are minted at the first start
 * and kept in `directory` as ca.pem, cert.pem and key.pem; the authority's key is thrown away.
 */
export async function loadOrMintCertificate(directory: string): Promise<Certificate> {
  const caFile = join(directory, 'ca.pem');
  const certFile = join(directory, 'cert.pem');
  const keyFile = join(directory, 'key.pem');
  if (!existsSync(keyFile)) {
    mkdirSync(directory, { recursive: true });
    const shared = { keyType: 'ec', algorithm: 'sha256', notAfterDate: new Date(Date.now() + 10 * YEAR_MS) } as const;
    // A name of its own: a client that trusts several stand-ins finds the signer by name.
    const name = `Holdpoint sandbox authority ${randomBytes(4).toString('hex')}`;
    const authority = await generate([{ name: 'commonName', value: name }], {
      ...shared,
      extensions: [
        { name: 'basicConstraints', cA: true, critical: true },
        { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
      ],
    });
    const server = await generate([{ name: 'commonName', value: 'localhost' }], {
      ...shared,
      ca: { key: authority.private, cert: authority.cert },
      extensions: [
        { name: 'basicConstraints', cA: false },
        { name: 'extKeyUsage', serverAuth: true },
        { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }, { type: 2, value: 'localhost' }] },
      ],
    });
    writeFileSync(caFile, authority.cert);
    writeFileSync(certFile, server.cert);
    // Written last: its presence says that the other two are complete.
    writeFileSync(keyFile, server.private, { mode: 0o600 });
  }
  return { caFile, key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8') };
}
