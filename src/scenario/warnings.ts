/** What a valid scenario may run into that whoever wrote it should know. */
import { HOST_NAMES, type Scenario } from './shape';

/** Sentences that name the field; none: nothing is known to be wrong. */
export function warningsOf(scenario: Scenario): string[] {
  const { hosts, edits } = scenario;
  const warnings = faultWarnings(scenario);
  for (const name of HOST_NAMES) {
    if (name === 'R') continue;
    const { qdisc, nic } = hosts[name];
    if (qdisc.kind === 'noqueue' && nic.gso && nic.sg && !nic.tso) {
      warnings.push(
        `hosts.${name}.qdisc: without a queue, a ring that fills in the middle of a packet cut by GSO makes TCP take back all of it, though the peer acknowledges the part that left; the connection hangs, as in Linux. Switch gso off, or take a queue.`,
      );
    }
    const hangs = edits.some((edit) => edit.op === 'hang' && edit.host === name);
    if (hangs && !nic.watchdog) {
      warnings.push(`hosts.${name}.nic.watchdog: the card hangs, and without its watchdogs nobody sees to it.`);
    }
  }
  return warnings;
}

/** Faults that do nothing. */
function faultWarnings({ link, linkB }: Scenario): string[] {
  return Object.entries({ link, linkB }).flatMap(([name, { faults }]) =>
    faults.flatMap((fault, n) => {
      const at = `${name}.faults[${n}]`;
      if (fault.op === 'down') return [];
      const { every } = fault;
      const nth = fault.nth === undefined ? [] : [fault.nth].flat();
      if (nth.length > 0 && every !== undefined && !nth.some((one) => one % every === 0))
        return [`${at}: nth and every pick frames together, and none of ${nth.join(', ')} is a multiple of ${every}.`];
      return fault.op === 'delay' && fault.us === 0 && fault.jitterUs === 0
        ? [`${at}: a delay of 0 us without jitter delays nothing.`]
        : [];
    }),
  );
}
