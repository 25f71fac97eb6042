/** What FIDELITY.md says before its table: simplifications that concern no single function. */
export const PREFACE = `# Fidelity

How close the model is to Linux 2.6.39 (x86-64, 4 KiB pages, HZ 1000), function by function. This file is made from the docstrings
of \`src/kernel\`: \`npm run -s skbscope -- fidelity --out FIDELITY.md\`. A test fails when it is out of date.

The model follows the source of 2.6.39: names, order of calls, conditions, constants and units. It is written anew in
TypeScript; no text of the kernel is in it. \`kernel: "article"\` in a scenario takes the socket hop of 2.6.35, where
\`inet_stream_ops.sendmsg\` is \`tcp_sendmsg\` itself.

## What is simplified throughout

- **Time.** Each function costs a fixed number of ns, copies and checksums cost by the byte. No caches, no branch prediction: orders
  of magnitude are right, single durations are not.
- **No ticks.** Timers go off at their time, to the jiffy; there is no periodic clock interrupt, so nothing passes over a timer
  wheel in vain, and no accounting of CPU time.
- **Scheduler.** A task leaves its CPU when it sleeps or its system call ends. No kernel preemption, no priorities, no migration: a
  task stays on the CPU the scenario gives it.
- **Memory.** Allocation never fails but by socket accounting; pages have no zones, caches no slabs. Addresses are those of
  the model's own RAM.
- **RCU and reference counts.** Read-side sections are left out, since nothing is freed under a reader; reference counts stand
  where the path reads or changes them.
- **Locks.** Spinlocks have an owner and waiters, and another CPU really spins; lockdep, tickets and fairness are left out.
- **Security, audit, cgroups, netfilter rules, xfrm, bridging, VLANs, bonding, RPS, RFS, XPS, busy polling**: none is configured. Their hooks
  stand where the path meets them, and take the branch of an idle system.
- **Statistics.** SNMP counters are left out but those a panel shows.
- **The card.** An 82540EM or 82545EM by its manual: registers, descriptors, engines, interrupt throttling. No flow control, no
  wake-on-LAN, no management. The PHY is a link that is up or not.
- **The wire.** Full duplex, no bit errors but those a scenario asks for.

## How it is held against a real kernel

Recordings of a running 2.6.39 (\`src/trace/golden\`) are compared with the model, caller, callee and order; a test asks for 90 % of the
recorded calls and for a row here for each difference. The last column of the table says how a
function was checked: the recordings it was seen in, the project's packetdrill scripts (\`src/scenario/packetdrill/scripts\`, their numbers from
the source and the RFCs) in which it ran, and the test files that name it.
Not compared, since it is timing: where interrupts fall, how many frames one poll finds, how many segments a reader finds waiting,
passes over a timer wheel with nothing due.

For the comparison the model's machine is as the recorded one (\`src/cli/situations.ts\`): both hosts on one CPU; emulated cards that
need no time, neither delay nor throttle interrupts, verify no checksum, and send one segment with headers only after a packet
cut into whole segments; frames handed over every millisecond; each function 125 times as dear, as under the tracer. What the
comparison allows for besides is listed below.
`;
