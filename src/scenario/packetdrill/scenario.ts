/** A scenario whose other end is a packetdrill script. */
import type { ScenarioInput } from '../shape';
import type { SysctlValue } from '../sysctls';
import type { Packet, Script } from './ast';
import { effectsOf } from './commands';
import { parsePacketdrill } from './parse';
import { parsePython, Unsupported } from './python';
import { type Beyond, settingsOf } from './settings';

/** The addresses packetdrill uses, with a remote one outside of the host's network (RFC 5737). */
const LOCAL_IP = '192.168.0.1';
const REMOTE_IP = '192.0.2.1';

export interface ScriptOptions {
  /** Switches of host A before those the script sets, by name without `net.`. */
  readonly sysctl?: Readonly<Record<string, SysctlValue>>;
  /** First congestion window of the route, segments. */
  readonly initcwnd?: number;
  /** The device sends with offload, as packetdrill's; default true. */
  readonly offload?: boolean;
  readonly title?: string;
}

/**
 * The scenario a script makes: host A with a card that does what packetdrill's tun device does when it sends (checksums, scatter-gather, TSO:
 * set_device_offload_flags), one CPU, and packetdrill's addresses; no time passes on the wire. The script must parse; what it asks beyond the
 * model is told by `beyondOf`.
 */
export function scenarioOfScript(
  text: string,
  { sysctl, initcwnd, offload = true, title }: ScriptOptions = {},
): ScenarioInput {
  const parsed = parsePacketdrill(text);
  const settings = parsed.ok ? settingsOf(parsed.script).settings : null;
  const remote = settings?.remoteIp ?? REMOTE_IP;
  const mtu = Math.min(9000, Math.max(576, settings?.mtu ?? 1500));
  return {
    version: 2,
    title: (title ?? 'A packetdrill script').slice(0, 120),
    hosts: {
      A: {
        ip: settings?.localIp ?? LOCAL_IP,
        cpus: 1,
        nic: {
          tso: offload,
          gso: offload,
          sg: offload,
          txCsum: offload,
          ...Object.fromEntries(settings?.offloads ?? []),
          itr: 0,
          mtu,
        },
        routes: [
          { to: `${remote.slice(0, remote.lastIndexOf('.'))}.0/24`, ...(initcwnd === undefined ? {} : { initcwnd }) },
        ],
        ...(sysctl === undefined ? {} : { sysctl }),
      },
      B: { ip: remote },
    },
    link: { delayUs: 0 },
    script: text,
  };
}

/** Whether a script says itself with which offloads its device sends. */
export function setsOffload(script: Script): boolean {
  return settingsOf(script).settings.offloads.length > 0;
}

/** Settings of a script that this kernel has not, by line: it runs without them. */
export function ignoredOf({ init, events }: Script): Beyond[] {
  const commands = [
    ...init,
    ...events.flatMap(({ action, place }) => (action.kind === 'command' ? [{ text: action.text, place }] : [])),
  ];
  return commands.flatMap(({ text, place }) =>
    effectsOf(text).flatMap((effect) => (effect.kind === 'ignored' ? [{ line: place.line, what: effect.what }] : [])),
  );
}

/** What a script asks for that the model has no way to do, by line; the script must parse. System calls are known only when they are made. */
export function beyondOf(text: string): Beyond[] {
  const parsed = parsePacketdrill(text);
  if (!parsed.ok) return [];
  const { script } = parsed;
  const beyond = [...settingsOf(script).beyond];
  for (const { action, place } of script.events) {
    if (action.kind === 'command') {
      for (const effect of effectsOf(action.text)) {
        if (effect.kind === 'unsupported') beyond.push({ line: place.line, what: effect.what });
      }
    } else if (action.kind === 'code') {
      try {
        parsePython(action.text);
      } catch (error) {
        if (!(error instanceof Unsupported)) throw error;
        beyond.push({ line: action.textPlace.line + error.line, what: error.what });
      }
    } else if (action.kind === 'packet') {
      const what = packetBeyond(action);
      if (what !== null) beyond.push({ line: place.line, what });
    }
  }
  return beyond.sort((a, b) => a.line - b.line);
}

function packetBeyond(packet: Packet): string | null {
  if (packet.outer.length > 0) return `a packet inside of another (${packet.outer[0]})`;
  if (packet.ip?.flowLabel != null) return 'a flow label, which only IPv6 has';
  if (packet.protocol !== 'tcp') return null;
  if (packet.fuzz !== null) return 'changed header fields in braces';
  if (packet.options === 'any') return null;
  const unknown = packet.options.find(({ kind }) => kind === 'unknown');
  return unknown?.kind === 'unknown' ? `the TCP option ${unknown.text}` : null;
}
