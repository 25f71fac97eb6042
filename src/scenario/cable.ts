/** A cable between two hosts, and what goes wrong on it. */
import * as v from 'valibot';
import { listOf, oneOf, whole } from './fields';

/** Hosts that a cable may end at. */
const ENDS = ['A', 'B', 'R'] as const;
const KINDS = ['data', 'ack', 'syn', 'fin', 'rst', 'tcp', 'udp', 'icmp', 'fragment', 'ip', 'arp'] as const;
const LATEST_US = 600_000_000;

const PROBABILITY = 'a number above 0, at most 1';
const nth = whole(1, 1_000_000, '');

/** Which frames: those of which all that is said is true; nothing said: all of them. */
const frames = {
  from: v.optional(oneOf(ENDS, 'The host that sends them; left out: both directions.')),
  kind: v.optional(
    oneOf(
      KINDS,
      'data: TCP with payload. ack: TCP with nothing but an acknowledgement. syn: SYN and SYN-ACK. The rest by protocol or flag.',
    ),
  ),
  nth: v.optional(
    v.pipe(
      v.union([nth, listOf(nth, 1000, 'numbers', 1)], 'a number from 1, or a list of such numbers'),
      v.description('Which of the frames with this sender and kind, counted from 1.'),
    ),
  ),
  every: v.optional(whole(1, 1_000_000, 'Each that many.')),
  rate: v.optional(
    v.pipe(
      v.number(PROBABILITY),
      v.gtValue(0, PROBABILITY),
      v.maxValue(1, PROBABILITY),
      v.description('With this probability; the seed of the scenario decides.'),
    ),
  ),
  fromUs: v.optional(whole(0, LATEST_US, 'Those that are sent from then on; counting begins then.', 'us'), 0),
  untilUs: v.optional(whole(0, LATEST_US, 'Those that are sent before.', 'us')),
};

const Fault = v.variant(
  'op',
  [
    v.strictObject({ op: v.literal('drop'), ...frames }),
    v.strictObject({ op: v.literal('duplicate'), ...frames, copies: v.optional(whole(1, 10, 'How many more.'), 1) }),
    v.strictObject({
      op: v.literal('reorder'),
      ...frames,
      frames: v.optional(whole(1, 10_000, 'How many later frames pass it.', 'frames'), 1),
      us: v.optional(whole(1, 10_000_000, 'It waits no longer than that.', 'us'), 1_000_000),
    }),
    v.strictObject({
      op: v.literal('delay'),
      ...frames,
      us: v.optional(whole(0, 10_000_000, 'Time on top of the delay of the cable.', 'us'), 0),
      jitterUs: v.optional(whole(0, 10_000_000, 'And a random part of this much.', 'us'), 0),
    }),
    v.strictObject({
      op: v.literal('corrupt'),
      ...frames,
      offset: v.optional(
        whole(0, 9017, 'Byte from the destination MAC address on; past the end of the frame it starts again.'),
        54,
      ),
      mask: v.optional(whole(1, 255, 'Bits of it that flip.'), 1),
      fcs: v.optional(
        oneOf(
          ['wrong', 'right'],
          'wrong: the card sees it. right: as if it happened in the memory of a switch; only checksums above tell.',
        ),
        'wrong',
      ),
    }),
    v.strictObject({
      op: v.literal('down'),
      fromUs: whole(0, LATEST_US, 'When the cable is pulled.', 'us'),
      untilUs: v.optional(whole(1, LATEST_US, 'When it is plugged in again; left out: never.', 'us')),
    }),
  ],
  'a fault whose op is "drop", "duplicate", "reorder", "delay", "corrupt" or "down"',
);

export const Cable = v.optional(
  v.strictObject(
    {
      mbps: v.optional(oneOf([10, 100, 1000], 'Speed, Mbit/s.'), 1000),
      delayUs: v.optional(whole(0, 1_000_000, 'Time on the wire, one way.', 'us'), 5),
      faults: v.optional(listOf(Fault, 64, 'faults'), []),
    },
    'the link: { mbps, delayUs, faults }',
  ),
  {},
);

export type Cable = v.InferOutput<typeof Cable>;
export type Fault = v.InferOutput<typeof Fault>;

/** Changes of a cable from outside. */
export const CABLE_EDITS = [
  v.strictObject({
    op: v.literal('link'),
    atUs: whole(0, LATEST_US, 'When.', 'us'),
    up: v.boolean('true or false'),
    of: v.optional(oneOf(['A', 'B'], 'Whose cable; without a router both have the same.'), 'A'),
  }),
  v.strictObject({
    op: v.literal('drop'),
    atUs: whole(0, LATEST_US, 'Frames are counted from then on.', 'us'),
    from: oneOf(ENDS, 'The host that sends it.'),
    of: v.optional(oneOf(['A', 'B'], "On whose cable; left out: that of the sender, A's for R.")),
    nth: v.optional(whole(1, 1_000_000, 'Which of them, counted from 1.'), 1),
  }),
] as const;
