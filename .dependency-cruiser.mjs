/**
 * The import law (the table in src/README.md), as an allowlist: a room imports what stands here and nothing else.
 * Each rule says why. `npm run imports` checks it, and so does `npm test`.
 */

/** room -> the rooms it may import besides itself, and the reason. */
const rooms = {
  base: [[], 'base is what everything stands on: it knows nobody'],
  scenario: [['base'], 'a scenario is data: it can be read, written and linked without a model'],
  trace: [['base'], 'a trace outlives the run: it is read without the model that made it'],
  kernel: [['base'], 'the kernel knows nothing of its observers, and meets hardware only by registers and DMA memory'],
  hardware: [['base'], 'a card knows registers, rings and bytes, and no kernel'],
  machine: [['kernel', 'hardware', 'scenario', 'trace', 'base'], 'the machine is the one place where the parts meet'],
  probes: [['base'], 'the build-time pass is a tool: of the project only its runtime needs base'],
  worker: [['machine', 'scenario', 'trace', 'base', 'export'], 'the Worker runs the machine and answers in messages'],
  view: [
    ['trace', 'scenario', 'base'],
    'what panels show is a pure function of the trace: no model, no React, no store',
  ],
  export: [['trace', 'scenario', 'base'], 'an export is made of what was recorded, never by running the model again'],
  ui: [['view', 'export', 'scenario', 'trace', 'base'], 'the page draws views: the model is out of its reach'],
  cli: [
    ['machine', 'kernel', 'hardware', 'scenario', 'trace', 'view', 'export', 'worker', 'probes', 'base'],
    'the command line is the same run in Node, without the page',
  ],
};

/** What one room may import from another room only in this file. */
const narrow = {
  // The page talks to the Worker by typed messages, and starts it by URL (new URL('../worker/...')).
  ui: ['^src/worker/messages\\.ts$'],
};

/** The cycles Linux itself has; all others are forbidden. */
const linuxCycles = [
  // tcp_input.c calls tcp_push_pending_frames and tcp_send_ack; tcp_output.c calls tcp_enter_cwr and tcp_clear_retrans_hints.
  // tcp.c and tcp_input.c call tcp_time_wait of tcp_minisocks.c, which calls tcp_done and tcp_update_metrics.
  // syncookies.c makes connections with what these have; tcp_output.c takes the timestamp of a cookie from it.
  // af_inet.c registers tcp_prot and tcp_protocol; ipv4_specific of tcp_ipv4.c names inet_sk_rebuild_header.
  'net/ipv4/(af_inet|tcp|tcp_input|tcp_minisocks|tcp_output|tcp_ipv4|tcp_timer|syncookies)\\.ts$',
  // Every part of IP reports errors by icmp_send, which sends by ip_append_data and ip_route_output_key and tells raw sockets and route.c;
  // a route names ip_local_deliver and ip_output, whose paths lead on to raw sockets; raw_prot takes udp_disconnect;
  // a route is bound to its neighbour by arp.c, which asks route.c whether a target is this host's.
  'net/ipv4/(route|arp|icmp|raw|udp|datagram|ip_input|ip_output|ip_fragment|ip_forward)\\.ts$',
  // inet_hashtables.c ends a socket in TIME_WAIT that gives way; inet_timewait_sock.c frees the entry of a port with inet_bind_bucket_destroy.
  'net/ipv4/(inet_hashtables|inet_timewait_sock)\\.ts$',
  // softirq.c wakes ksoftirqd; sched.c's cond_resched_softirq enables bottom halves.
  'kernel/(sched|softirq)\\.ts$',
  // dev.c runs the qdisc with __qdisc_run; sch_generic.c hands the skb back with dev_hard_start_xmit.
  // sch_generic.c attaches mq to devices with several queues; sch_mq.c gives each of them a pfifo_fast.
  // sch_generic.c tells link_watch.c of links that come and go; link_watch.c has it switch the queues.
  'net/(core/dev|core/link_watch|sched/sch_generic|sched/sch_mq)\\.ts$',
];

/** Tests may look behind the walls of their own room: they are no part of the product. */
const TEST = '\\.test\\.tsx?$';

const roomRules = Object.entries(rooms).map(([room, [may, why]]) => ({
  name: `room-${room}`,
  comment: `${room} may import ${may.length === 0 ? 'nothing of src' : may.join(', ')}: ${why}.`,
  severity: 'error',
  from: { path: `^src/${room}/`, pathNot: TEST },
  to: {
    path: '^src/',
    pathNot: [...[room, ...may].map((name) => `^src/${name}/`), ...(narrow[room] ?? [])],
  },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...roomRules,
    {
      name: 'a-room-for-everything',
      comment: 'a folder of src that the table above does not name has no rights: it imports nothing.',
      severity: 'error',
      from: { path: '^src/', pathNot: [...Object.keys(rooms).map((room) => `^src/${room}/`), TEST] },
      to: { path: '.' },
    },
    {
      name: 'probes-plugin-alone',
      comment: 'the probe plugin runs at build time, before anything of src is built; only runtime.ts may import base.',
      severity: 'error',
      from: { path: '^src/probes/', pathNot: ['^src/probes/runtime\\.ts$', TEST] },
      to: { path: '^src/', pathNot: '^src/probes/' },
    },
    {
      name: 'include-is-declarations',
      comment:
        'kernel/include declares structs and tables, as in Linux: it reaches no implementation. arch/ stands for the headers of the architecture.',
      severity: 'error',
      from: { path: '^src/kernel/include/', pathNot: TEST },
      to: { path: '^src/kernel/', pathNot: ['^src/kernel/include/', '^src/kernel/arch/'] },
    },
    {
      name: 'upcalls-through-tables',
      comment:
        'net/core, net/sched and drivers never name net/ipv4: upcalls go through the tables that the page shows.',
      severity: 'error',
      from: { path: '^src/kernel/(net/core|net/sched|drivers)/', pathNot: TEST },
      to: { path: '^src/kernel/net/ipv4/' },
    },
    {
      name: 'kernel-alone',
      comment: 'the kernel is plain TypeScript: no package, no Node module.',
      severity: 'error',
      from: { path: '^src/(kernel|hardware|base|trace)/', pathNot: TEST },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'view-is-pure',
      comment: 'view derives; drawing and keeping state are for ui: no React, no store, no d3-selection or transition.',
      severity: 'error',
      from: { path: '^src/(view|export)/', pathNot: TEST },
      to: {
        path: 'node_modules/(react|react-dom|zustand|d3-selection|d3-transition|d3-zoom|d3-axis|@base-ui|codemirror)',
      },
    },
    {
      name: 'node-only-in-node',
      comment:
        'the page and the Worker run in a browser: only the command line, the probe plugin and tests may use Node.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/(cli|probes)/', TEST] },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-cycles',
      comment: `no import cycles (types aside: they are gone when the code runs) but those that Linux has: ${linuxCycles.length} groups of files are named above.`,
      severity: 'error',
      from: { path: '^src/', pathNot: linuxCycles.map((group) => `^src/kernel/${group}`) },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    ...linuxCycles.map((group, nth) => ({
      name: `no-cycles-beyond-linux-${nth + 1}`,
      comment: 'a file of a cycle that Linux has may stand in that cycle only.',
      severity: 'error',
      from: { path: `^src/kernel/${group}` },
      to: {
        circular: true,
        via: { pathNot: `^src/kernel/${group}`, dependencyTypesNot: ['type-only'] },
        viaOnly: { dependencyTypesNot: ['type-only'] },
      },
    })),
    {
      name: 'resolvable',
      comment: 'an import that resolves to nothing is a mistake.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^virtual:' },
    },
    {
      name: 'declared',
      comment: 'a package must stand in package.json; the page may not lean on development packages.',
      severity: 'error',
      from: { path: '^src/', pathNot: [TEST, '^src/probes/plugin', '^src/cli/'] },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'browser', 'default', 'types'] },
  },
};
