import { describe, expect, it } from 'vitest';
import type { CallInput } from './calls';
import { parseScenario } from './schema';

/** What is wrong with these calls of a task on host A. */
function complaints(calls: readonly CallInput[]): string[] {
  const parsed = parseScenario({ connections: [], tasks: [{ host: 'A', name: 'client', calls: [...calls] }] });
  return parsed.ok ? [] : parsed.issues.map(({ message }) => message);
}

const to = { host: 'B', port: 5001 } as const;

describe('calls that make connections', () => {
  it('name a descriptor before they use it', () => {
    expect(
      complaints([
        { op: 'socket', as: 's' },
        { op: 'connect', fd: 's', to },
      ]),
    ).toEqual([]);
    expect(
      complaints([
        { op: 'connect', fd: 's', to },
        { op: 'socket', as: 's' },
      ]),
    ).toEqual([
      'tasks[0].calls[0].fd: expected the name of a connection, or one that a call before gave with "as", got "s"',
    ]);
    expect(
      complaints([
        { op: 'socket', as: 'sock' },
        { op: 'listen', fd: 'sick' },
      ]),
    ).toEqual([
      'tasks[0].calls[1].fd: expected the name of a connection, or one that a call before gave with "as" (did you mean "sock"?), got "sick"',
    ]);
  });

  it('name their peer by host or by address', () => {
    const socket: CallInput = { op: 'socket', as: 's' };
    const expected = 'an address: { "host": "B", "port": 5001 } or { "ip": "10.0.0.2", "port": 5001 }';
    const both = { host: 'B', ip: '10.0.0.2', port: 1 } as const;
    expect(complaints([socket, { op: 'connect', fd: 's', to: { ip: '10.0.0.2', port: 1 } }])).toEqual([]);
    expect(complaints([socket, { op: 'connect', fd: 's', to: both }])).toEqual([
      `tasks[0].calls[1].to: expected ${expected}, got an object`,
    ]);
    expect(complaints([socket, { op: 'connect', fd: 's', to: { host: 'R', port: 1 } }])).toEqual([
      'tasks[0].calls[1].to.host: expected a host that is there (R only with "R": {} in hosts), got "R"',
    ]);
  });
});
