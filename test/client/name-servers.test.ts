// The look-up of a tracker against real name servers: the machine comes into another network, where others are asked.

import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from './support.ts';

const NAME = 'tracker.starling.example';
const [SILENT, GOOD] = ['127.0.0.77', '127.0.0.78'];

/** A name server at `address` that says that every name has the IPv4 address 10.1.2.3, or says nothing. */
async function nameServer(address: string, answers: boolean): Promise<void> {
  const socket = createSocket('udp4');
  onTestFinished(() => {
    socket.close();
  });
  socket.on('message', (query, from) => {
    if (!answers) return;
    const end = query.indexOf(0, 12) + 5;
    const wantsIpv4 = query.readUInt16BE(end - 4) === 1;
    const header = Buffer.from([
      query[0] as number,
      query[1] as number,
      0x81,
      0x80,
      0,
      1,
      0,
      Number(wantsIpv4),
      0,
      0,
      0,
      0,
    ]);
    const record = wantsIpv4 ? [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 1, 2, 3] : [];
    socket.send(Buffer.concat([header, query.subarray(12, end), Buffer.from(record)]), from.port, from.address);
  });
  socket.bind(53, address);
  await once(socket, 'listening');
}

/** Looks the name up in a process for which `resolvConf` names the servers, whenever it is told to. */
function startLookups(folder: string, resolvConf: string) {
  const script = join(folder, 'lookups.ts');
  const program = `
    const { lookupTracker } = await import(${JSON.stringify(resolve('client/trackers/lookup-tracker.ts'))});
    process.stdin.on('data', () => lookupTracker('${NAME}', null).then(
      (found) => console.log(found.map(({ address }) => address).join()),
      (error) => console.log(error.code),
    ));
  `;
  writeFileSync(script, program);
  const mounted = 'mount --bind "$1" /etc/resolv.conf && exec "$2" "$3"';
  const child = spawn('unshare', ['-m', 'sh', '-c', mounted, 'sh', resolvConf, process.execPath, script]);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return async () => {
    child.stdin.write('\n');
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    return said.toString().trim();
  };
}

describe('name servers', () => {
  test('those of the network that the machine is in now are asked', async () => {
    await nameServer(SILENT, false);
    await nameServer(GOOD, true);
    const folder = temporaryFolder();
    const resolvConf = join(folder, 'resolv.conf');
    writeFileSync(resolvConf, `nameserver ${SILENT}\n`);
    const lookUp = startLookups(folder, resolvConf);
    expect(await lookUp()).toBe('EAI_AGAIN');
    writeFileSync(resolvConf, `nameserver ${GOOD}\n`);
    expect(await lookUp()).toBe('10.1.2.3');
  });
});
