/** Addresses of networks in settings: which stay on this machine, and whose word on a visitor's address is taken. */
import { BlockList, isIP } from 'node:net';
import { z } from 'zod';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether a host, as it stands in an address or in a setting, is this machine and reached by nobody else. A name counts only if it is `localhost`: any other is what somebody's name server makes of it. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  const family = isIP(bare);
  return bare === 'localhost' || (family !== 0 && loopback.check(bare, family === 4 ? 'ipv4' : 'ipv6'));
}

/** Addresses and networks, separated by commas: `10.0.0.7, fd00::/8`. None by default. */
export const proxies = z.string().default('').transform((list) => list.split(',').map((one) => one.trim()).filter((one) => one !== '')).superRefine((list, context) => {
  const wrong = list.filter((one) => !isNetwork(one));
  if (wrong.length > 0) context.addIssue({ code: 'custom', message: `must be addresses or networks such as 10.0.0.7 or 10.0.0.0/24, separated by commas, and no network of everybody; not ${wrong.map((one) => `"${one}"`).join(', ')}` });
});

/** A network of everybody (`/0`) is none: whoever asks could then say which address they have. */
function isNetwork(text: string): boolean {
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(address);
  if (family === 0 || address.includes('%')) return false;
  return bits === undefined || (Number(bits) >= 1 && Number(bits) <= (family === 4 ? 32 : 128));
}
