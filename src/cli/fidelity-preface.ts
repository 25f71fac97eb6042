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
- **What no scenario can set up.** Security modules, audit, cgroups, xfrm (IPsec), bridges, VLANs, bonding, tunnels, busy polling,
  IPv6. Their hooks stand where the path meets them, and take the branch of a system that has none.
- **Steering between CPUs.** RSS, RPS, RFS, XPS and the affinity of interrupts are what a scenario says; nothing (irqbalance, the
  scheduler) changes them while it runs.
- **Routes.** The tables local and main as lists, longest prefix first, instead of tries; no policy rules, no multipath, one address an
  interface, always in a /24. The route cache is dropped as a whole when routes change, and long chains lose their least valuable entry; this
  version has no periodic clean-up of it. No redirects are sent or obeyed, IP options of received packets are not looked at, and there
  are no multicast groups.
- **Neighbours.** All states and timers of ARP; entries are never collected, and each has a reachable time of its own. No proxy ARP.
- **Netfilter.** The chains of filter, mangle and raw with rules that a scenario sets: match by protocol, addresses, ports, TCP flags,
  every nth; ACCEPT, DROP, REJECT. No chains of a user's own, no connection tracking, no NAT.
- **Sockets.** TCP, UDP, raw and packet sockets, IPv4. No Unix sockets, no asynchronous I/O; signals are noted, and a process has
  no handlers for them.
- **Statistics.** Counters that a panel, \`tc\` or a system call shows; the rest of the SNMP counters is left out.
- **The cards.** An 82540EM, 82545EM or 82576 by their manuals: registers, descriptors, engines, interrupt throttling, MSI-X, pause frames.
  No wake-on-LAN, no management, no virtual functions, no DCA. The PHY is a link that is up or not, at a speed that both ends agree on at once.
- **The wire.** Full duplex, no errors but those a scenario asks for.

## How it is held against a real kernel

Recordings of a running 2.6.39 (\`src/trace/golden\`) are compared with the model, caller, callee and order; a test asks for 90 % of the
recorded calls and for a row here for each difference. The last column of the table says how a
function was checked: the recordings it was seen in, the project's packetdrill scripts (\`src/scenario/packetdrill/scripts\`, their numbers from
the source and the RFCs) in which it ran, and the test files of kernel and machine that call it or ask for it by name.
Not compared, since it is timing: where interrupts fall, how many frames one poll finds, how many segments a reader finds waiting,
passes over a timer wheel with nothing due.

For the comparison the model's machine is as the recorded one (\`src/cli/situations.ts\`): both hosts on one CPU; emulated cards that
need no time, neither delay nor throttle interrupts, verify no checksum, and send one segment with headers only after a packet
cut into whole segments; frames handed over every millisecond; each function 125 times as dear, as under the tracer. What the
comparison allows for besides is listed below.
`;
