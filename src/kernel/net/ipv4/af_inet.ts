/**
 * Mirrors net/ipv4/af_inet.c (2.6.39): the protocol family between struct socket and the transport, IPv4's part in
 * segmentation and merging, and what registers IPv4 and TCP when the kernel starts.
 * Left out: shutdown and release, raw sockets, ioctls, /proc.
 */

import { type OpsTable, ops } from '../../../base/dispatch';
import { type Kgen, kernel, kernel_global, sysctl } from '../../arch/current';
import {
  EACCES,
  EADDRINUSE,
  EADDRNOTAVAIL,
  EAGAIN,
  EALREADY,
  ECONNABORTED,
  EHOSTUNREACH,
  EINPROGRESS,
  EINVAL,
  EISCONN,
  ENOIOCTLCMD,
  ENOSYS,
  ENOTCONN,
  EPROTONOSUPPORT,
  ESOCKTNOSUPPORT,
} from '../../include/linux/errno';
import { type kiocb, O_NONBLOCK } from '../../include/linux/fs';
import { GFP_ATOMIC } from '../../include/linux/gfp';
import { ETH_P_IP } from '../../include/linux/if_ether';
import { AF_INET, AF_UNSPEC, INADDR_ANY, PROT_SOCK, SIZEOF_SOCKADDR_IN, type sockaddr } from '../../include/linux/in';
import {
  IP_DF,
  IP_MF,
  IPPROTO_ICMP,
  IPPROTO_IP,
  IPPROTO_RAW,
  IPPROTO_TCP,
  IPPROTO_UDP,
  iphdr,
} from '../../include/linux/ip';
import {
  MSG_DONTWAIT,
  type msghdr,
  type net_proto_family,
  PF_INET,
  type proto_ops,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  SS_CONNECTED,
  SS_CONNECTING,
  SS_DISCONNECTING,
  SS_UNCONNECTED,
  type socket,
} from '../../include/linux/net';
import {
  NETIF_F_SG,
  NETIF_F_V4_CSUM,
  type napi_struct,
  type packet_offload,
  packet_type,
  skb_gro_len,
  skb_gro_offset,
  skb_gro_pull,
} from '../../include/linux/netdevice';
import {
  __skb_pull,
  SKB_GSO_DODGY,
  SKB_GSO_TCP_ECN,
  SKB_GSO_TCPV4,
  SKB_GSO_UDP,
  type sk_buff,
  skb_shinfo,
} from '../../include/linux/skbuff';
import { TCP_CLOSE, TCP_LISTEN, TCP_SYN_RECV, TCP_SYN_SENT, tcp_sock } from '../../include/linux/tcp';
import { udp_sock } from '../../include/linux/udp';
import { TASK_INTERRUPTIBLE } from '../../include/linux/wait';
import { dst_release, RTN_BROADCAST, RTN_LOCAL, RTN_MULTICAST } from '../../include/net/dst';
import { IP_PMTUDISC_DONT, IP_PMTUDISC_WANT, inet_sk, type inet_sock } from '../../include/net/inet_sock';
import { IPTOS_RT_MASK } from '../../include/net/ip';
import { MAX_INET_PROTOS } from '../../include/net/protocol';
import {
  type addr_len_ptr,
  type proto,
  RCV_SHUTDOWN,
  SHUTDOWN_MASK,
  SOCK_BINDADDR_LOCK,
  SOCK_BINDPORT_LOCK,
  SOCK_DEAD,
  SOCK_LINGER,
  sk_dst_reset,
  sk_sleep,
  type sock,
  sock_error,
  sock_flag,
  sock_intr_errno,
  sock_rps_record_flow,
  sock_rps_reset_flow,
  sock_sndtimeo,
} from '../../include/net/sock';
import { TCPF_CLOSE, TCPF_SYN_RECV, TCPF_SYN_SENT } from '../../include/net/tcp';
import { current, schedule_timeout } from '../../kernel/sched';
import { DEFINE_WAIT, finish_wait, prepare_to_wait } from '../../kernel/wait';
import { csum_replace2, type err_ptr, ip_fast_csum } from '../../lib/checksum';
import { datagram_poll } from '../core/datagram';
import { dev_add_pack } from '../core/dev';
import { __skb_queue_purge, pskb_may_pull } from '../core/skbuff';
import {
  __sk_dst_check,
  lock_sock,
  release_sock,
  sk_alloc,
  sk_mem_reclaim,
  sk_setup_caps,
  sock_common_getsockopt,
  sock_common_setsockopt,
  sock_graft,
  sock_init_data,
} from '../core/sock';
import { sock_alloc, sock_register } from '../socket';
import { inet_addr_type } from './fib_frontend';
import { icmp_init, icmp_protocol } from './icmp';
import { inet_csk_listen_start } from './inet_connection_sock';
import { ip_rcv } from './ip_input';
import { inet_add_protocol, inet_protocol } from './protocol';
import { raw_prot, raw_sock } from './raw';
import { ip_route_output_ports } from './route';
import { tcp_poll, tcp_sendmsg } from './tcp';
import { tcp_prot, tcp_protocol, tcp_sk_init } from './tcp_ipv4';
import { udp_poll, udp_prot, udp_protocol } from './udp';

/** Length of an IPv4 header without options, bytes. */
const IPHDR_LEN = 20;
/** sizeof(sa_family_t), bytes. */
const SIZEOF_SA_FAMILY = 2;

/** Flags of a kind of socket. */
const INET_PROTOSW_REUSE = 1;
const INET_PROTOSW_PERMANENT = 2;
const INET_PROTOSW_ICSK = 4;

/** What a stream socket of IPv4 does. */
export const inet_stream_ops = ops<proto_ops>('proto_ops', 'inet_stream_ops', {
  family: PF_INET,
  bind: inet_bind,
  connect: inet_stream_connect,
  accept: inet_accept,
  getname: inet_getname,
  listen: inet_listen,
  sendmsg: inet_sendmsg,
  recvmsg: inet_recvmsg,
  release: inet_release,
  poll: tcp_poll,
  ioctl: inet_ioctl,
  shutdown: inet_shutdown,
  setsockopt: sock_common_setsockopt,
  getsockopt: sock_common_getsockopt,
});

/** What a datagram socket of IPv4 does. */
export const inet_dgram_ops = ops<proto_ops>('proto_ops', 'inet_dgram_ops', {
  family: PF_INET,
  bind: inet_bind,
  connect: inet_dgram_connect,
  getname: inet_getname,
  sendmsg: inet_sendmsg,
  recvmsg: inet_recvmsg,
  release: inet_release,
  poll: udp_poll,
  ioctl: inet_ioctl,
  shutdown: inet_shutdown,
  setsockopt: sock_common_setsockopt,
  getsockopt: sock_common_getsockopt,
});

/** What a raw socket of IPv4 does: as a datagram socket, but without looking at checksums when polled. */
export const inet_sockraw_ops = ops<proto_ops>('proto_ops', 'inet_sockraw_ops', {
  family: PF_INET,
  bind: inet_bind,
  connect: inet_dgram_connect,
  getname: inet_getname,
  sendmsg: inet_sendmsg,
  recvmsg: inet_recvmsg,
  release: inet_release,
  poll: datagram_poll,
  ioctl: inet_ioctl,
  shutdown: inet_shutdown,
  setsockopt: sock_common_setsockopt,
  getsockopt: sock_common_getsockopt,
});

/** The same table as 2.6.35 has it, and the article: sending goes to TCP at once. */
export const inet_stream_ops_article = ops<proto_ops>('proto_ops of 2.6.35', 'inet_stream_ops', {
  family: PF_INET,
  bind: inet_bind,
  connect: inet_stream_connect,
  accept: inet_accept,
  getname: inet_getname,
  listen: inet_listen,
  sendmsg: tcp_sendmsg,
  recvmsg: inet_recvmsg,
  release: inet_release,
  poll: tcp_poll,
  ioctl: inet_ioctl,
  shutdown: inet_shutdown,
  setsockopt: sock_common_setsockopt,
  getsockopt: sock_common_getsockopt,
});

/** What IPv4 does for the device layer about large skbs; in 2.6.39 fields of ip_packet_type. */
const ip_offload = ops<packet_offload>('packet_type', 'ip_packet_type', {
  gso_send_check: inet_gso_send_check,
  gso_segment: inet_gso_segment,
  gro_receive: inet_gro_receive,
  gro_complete: inet_gro_complete,
});

/** The handler of received IPv4 packets of this host. */
export const ip_packet_type = kernel_global(() => {
  const pt = new packet_type();
  pt.type = ETH_P_IP;
  pt.func = ip_rcv;
  pt.offload = ip_offload;
  return pt;
});

/**
 * Starts IPv4: registers TCP, UDP and ICMP, and the handler of IPv4 packets.
 * @modelled net/ipv4/af_inet.c
 * @omits arp_init: the machine starts ARP with the devices
 * @omits ip_init: routes are read when they are first asked for
 */
export function inet_init(): number {
  if (inet_add_protocol(tcp_protocol, IPPROTO_TCP) < 0) {
    return -EAGAIN;
  }
  if (inet_add_protocol(udp_protocol, IPPROTO_UDP) < 0 || inet_add_protocol(icmp_protocol, IPPROTO_ICMP) < 0) {
    return -EAGAIN;
  }
  icmp_init(inet_ctl_sock_create);
  tcp_sk_init(inet_ctl_sock_create);
  sock_register(inet_family_ops);
  dev_add_pack(ip_packet_type());
  return 0;
}

/** How sockets of this family are made. */
export const inet_family_ops = ops<net_proto_family>('net_proto_family', 'inet_family_ops', {
  family: PF_INET,
  create: inet_create,
});

/**
 * Turns a stream socket into a listener, or changes the backlog of one: 0, or -errno.
 * @modelled net/ipv4/af_inet.c
 */
export function* inet_listen(sock: socket, backlog: number): Kgen<number> {
  const sk = sock.sk as sock;
  yield* lock_sock(sk);
  let err = -EINVAL;
  const old_state = sk.skc_state;
  if (
    sock.state === SS_UNCONNECTED &&
    sock.type === SOCK_STREAM &&
    (old_state === TCP_CLOSE || old_state === TCP_LISTEN)
  ) {
    err = old_state === TCP_LISTEN ? 0 : inet_csk_listen_start(sk, backlog);
    if (err === 0) {
      sk.sk_max_ack_backlog = backlog;
    }
  }
  yield* release_sock(sk);
  return err;
}

/** A kind of socket: what it is made of (struct inet_protosw). */
interface inet_protosw {
  readonly type: number;
  /** IPPROTO_IP: any protocol. */
  readonly protocol: number;
  readonly prot: proto & OpsTable;
  readonly ops: proto_ops & OpsTable;
  readonly no_check: number;
  readonly flags: number;
  readonly make: () => inet_sock;
}

/** Kinds of sockets, in the order in which they are looked at. */
const inetsw_array: readonly inet_protosw[] = [
  {
    type: SOCK_STREAM,
    protocol: IPPROTO_TCP,
    prot: tcp_prot,
    ops: inet_stream_ops,
    no_check: 0,
    flags: INET_PROTOSW_PERMANENT | INET_PROTOSW_ICSK,
    make: () => new tcp_sock(),
  },
  {
    type: SOCK_DGRAM,
    protocol: IPPROTO_UDP,
    prot: udp_prot,
    ops: inet_dgram_ops,
    no_check: 0,
    flags: INET_PROTOSW_PERMANENT,
    make: () => new udp_sock(),
  },
  {
    type: SOCK_RAW,
    protocol: IPPROTO_IP,
    prot: raw_prot,
    ops: inet_sockraw_ops,
    no_check: 0,
    flags: INET_PROTOSW_REUSE,
    make: () => new raw_sock(),
  },
];

/**
 * Gives a socket of this family its operations and its protocol side, closed: 0, or -errno. Type and protocol choose from a
 * table; protocol 0 means the first one of the type.
 * @simplified kinds of sockets stand in a list, not in one for each type
 * @omits request_module: no protocol comes as a module
 * @cost 60
 */
export function inet_create(sock: socket, wanted: number): number {
  let protocol = wanted;
  if (protocol < 0 || protocol >= MAX_INET_PROTOS) {
    return -EINVAL;
  }
  sock.state = SS_UNCONNECTED;
  let answer: inet_protosw | null = null;
  let err = -ESOCKTNOSUPPORT;
  for (const kind of inetsw_array) {
    if (kind.type !== sock.type) {
      continue;
    }
    if (protocol === kind.protocol && protocol !== IPPROTO_IP) {
      answer = kind;
    } else if (protocol === IPPROTO_IP && kind.protocol !== IPPROTO_IP) {
      ({ protocol } = kind);
      answer = kind;
    } else if (protocol !== IPPROTO_IP && kind.protocol === IPPROTO_IP) {
      answer = kind;
    }
    if (answer !== null) {
      break;
    }
    err = -EPROTONOSUPPORT;
  }
  if (answer === null) {
    return err;
  }
  const isArticle = answer.ops === inet_stream_ops && kernel.version === 'article';
  sock.ops = isArticle ? inet_stream_ops_article : answer.ops;
  const sk = sk_alloc(answer.make(), PF_INET, answer.prot);
  const inet = inet_sk(sk);
  sk.sk_no_check = answer.no_check;
  if ((answer.flags & INET_PROTOSW_REUSE) !== 0) {
    sk.skc_reuse = 1;
  }
  if (sock.type === SOCK_RAW) {
    inet.inet_num = protocol;
    inet.hdrincl = protocol === IPPROTO_RAW;
  }
  inet.pmtudisc = sysctl('ipv4.ip_no_pmtu_disc', 0) !== 0 ? IP_PMTUDISC_DONT : IP_PMTUDISC_WANT;
  inet.inet_id = 0;
  sock_init_data(sock, sk);
  sk.sk_destruct = inet_sock_destruct;
  sk.sk_protocol = protocol;
  sk.sk_backlog_rcv = answer.prot.backlog_rcv;
  inet.uc_ttl = -1;
  inet.mc_ttl = 1;
  if (inet.inet_num !== 0) {
    inet.inet_sport = inet.inet_num;
    answer.prot.hash?.(sk);
  }
  return answer.prot.init === undefined ? 0 : answer.prot.init(sk);
}

/**
 * A socket of the kernel's own, which is not in the protocol's tables.
 * @simplified gives the socket instead of an error code; the family is IPv4
 */
export function inet_ctl_sock_create(type: number, protocol: number): sock {
  const sock = sock_alloc();
  sock.type = type;
  inet_create(sock, protocol);
  const sk = sock.sk as sock;
  sk.sk_allocation = GFP_ATOMIC;
  (sk.skc_prot as proto).unhash?.(sk);
  return sk;
}

/**
 * Gives a socket that has no local port one: 0, or -EAGAIN when none is free.
 * @modelled net/ipv4/af_inet.c
 * @cost 8
 */
export function* inet_autobind(sk: sock): Kgen<number> {
  yield* lock_sock(sk);
  const inet = inet_sk(sk);
  if (inet.inet_num === 0) {
    const { get_port } = sk.skc_prot as proto;
    if (get_port === undefined || get_port(sk, 0) !== 0) {
      yield* release_sock(sk);
      return -EAGAIN;
    }
    inet.inet_sport = inet.inet_num;
  }
  yield* release_sock(sk);
  return 0;
}

/**
 * Binds a socket to an address of this host and a port, either may be 0: any. 0, or -errno.
 * @modelled net/ipv4/af_inet.c
 */
export function* inet_bind(sock: socket, addr: sockaddr, addr_len: number): Kgen<number> {
  const sk = sock.sk as sock;
  const inet = inet_sk(sk);
  const prot = sk.skc_prot as proto;
  if (prot.bind !== undefined) {
    return yield* prot.bind(sk, addr, addr_len);
  }
  if (addr_len < SIZEOF_SOCKADDR_IN) {
    return -EINVAL;
  }
  const chk_addr_ret = inet_addr_type(addr.sin_addr);
  const special = chk_addr_ret === RTN_MULTICAST || chk_addr_ret === RTN_BROADCAST;
  if (
    sysctl('ipv4.ip_nonlocal_bind', 0) === 0 &&
    !inet.freebind &&
    !inet.transparent &&
    addr.sin_addr !== INADDR_ANY &&
    chk_addr_ret !== RTN_LOCAL &&
    !special
  ) {
    return -EADDRNOTAVAIL;
  }
  const snum = addr.sin_port;
  if (snum !== 0 && snum < PROT_SOCK && !capable(CAP_NET_BIND_SERVICE)) {
    return -EACCES;
  }
  yield* lock_sock(sk);
  let err = -EINVAL;
  if (sk.skc_state === TCP_CLOSE && inet.inet_num === 0) {
    inet.inet_rcv_saddr = addr.sin_addr;
    inet.inet_saddr = special ? 0 : addr.sin_addr;
    if (prot.get_port?.(sk, snum) !== 0) {
      inet.inet_saddr = 0;
      inet.inet_rcv_saddr = 0;
      err = -EADDRINUSE;
    } else {
      if (inet.inet_rcv_saddr !== 0) {
        sk.sk_userlocks |= SOCK_BINDADDR_LOCK;
      }
      if (snum !== 0) {
        sk.sk_userlocks |= SOCK_BINDPORT_LOCK;
      }
      inet.inet_sport = inet.inet_num;
      inet.inet_daddr = 0;
      inet.inet_dport = 0;
      sk_dst_reset(sk);
      err = 0;
    }
  }
  yield* release_sock(sk);
  return err;
}

/** Capability to bind to ports below 1024 (include/linux/capability.h). */
const CAP_NET_BIND_SERVICE = 10;

/**
 * The task may do what needs a capability.
 * @simplified all tasks are root's
 * @cost 4
 */
export function capable(_cap: number): boolean {
  return true;
}

/**
 * Sleeps until a connection is made, or given up, at most `timeout` jiffies. Returns the jiffies left. The socket is owned at the
 * beginning and at the end.
 * @modelled net/ipv4/af_inet.c
 * @cost 12
 */
export function* inet_wait_for_connect(sk: sock, timeout: number): Kgen<number> {
  const wait = DEFINE_WAIT();
  let timeo = timeout;
  prepare_to_wait(sk_sleep(sk), wait, TASK_INTERRUPTIBLE);
  while (sk.skc_state === TCP_SYN_SENT || sk.skc_state === TCP_SYN_RECV) {
    yield* release_sock(sk);
    timeo = yield* schedule_timeout(timeo);
    yield* lock_sock(sk);
    if (current().signal_pending || timeo === 0) {
      break;
    }
    prepare_to_wait(sk_sleep(sk), wait, TASK_INTERRUPTIBLE);
  }
  finish_wait(sk_sleep(sk), wait);
  return timeo;
}

/**
 * Connects a stream socket, waiting until that is done unless it must not: 0, or -errno. An address of family AF_UNSPEC ends the
 * connection instead.
 * @modelled net/ipv4/af_inet.c
 */
export function* inet_stream_connect(sock: socket, uaddr: sockaddr, addr_len: number, flags: number): Kgen<number> {
  const sk = sock.sk as sock;
  if (addr_len < SIZEOF_SA_FAMILY) {
    return -EINVAL;
  }
  yield* lock_sock(sk);
  const err = yield* connect_owned(sock, sk, uaddr, addr_len, flags);
  yield* release_sock(sk);
  return err;
}

/**
 * Connects a socket that is owned.
 * @model the part of inet_stream_connect between lock_sock and release_sock
 * @cost 0
 */
function* connect_owned(sock: socket, sk: sock, uaddr: sockaddr, addr_len: number, flags: number): Kgen<number> {
  const { connect, disconnect } = sk.skc_prot as Required<proto>;
  if (uaddr.sa_family === AF_UNSPEC) {
    const failed = yield* disconnect(sk, flags);
    sock.state = failed !== 0 ? SS_DISCONNECTING : SS_UNCONNECTED;
    return failed;
  }
  let err = -EALREADY;
  switch (sock.state) {
    case SS_CONNECTED:
      return -EISCONN;
    case SS_CONNECTING:
      break;
    case SS_UNCONNECTED:
      if (sk.skc_state !== TCP_CLOSE) {
        return -EISCONN;
      }
      err = yield* connect(sk, uaddr, addr_len);
      if (err < 0) {
        return err;
      }
      sock.state = SS_CONNECTING;
      err = -EINPROGRESS;
      break;
    default:
      return -EINVAL;
  }
  const timeo = sock_sndtimeo(sk, flags & O_NONBLOCK);
  if (sk.skc_state === TCP_SYN_SENT || sk.skc_state === TCP_SYN_RECV) {
    if (timeo === 0 || (yield* inet_wait_for_connect(sk, timeo)) === 0) {
      return err;
    }
    err = sock_intr_errno(timeo);
    if (current().signal_pending) {
      return err;
    }
  }
  if (sk.skc_state === TCP_CLOSE) {
    // Reset, timed out, unreachable: the socket says why.
    err = sock_error(sk) || -ECONNABORTED;
    sock.state = SS_UNCONNECTED;
    if ((yield* disconnect(sk, flags)) !== 0) {
      sock.state = SS_DISCONNECTING;
    }
    return err;
  }
  sock.state = SS_CONNECTED;
  return 0;
}

/**
 * Connects a datagram or raw socket: names its peer; AF_UNSPEC ends that. 0, or -errno.
 * @modelled net/ipv4/af_inet.c
 * @cost 10
 */
export function* inet_dgram_connect(sock: socket, uaddr: sockaddr, addr_len: number, flags: number): Kgen<number> {
  const sk = sock.sk as sock;
  const prot = sk.skc_prot as proto;
  if (addr_len < SIZEOF_SA_FAMILY) {
    return -EINVAL;
  }
  if (uaddr.sa_family === AF_UNSPEC) {
    return yield* (prot.disconnect as NonNullable<proto['disconnect']>)(sk, flags);
  }
  if (inet_sk(sk).inet_num === 0 && (yield* inet_autobind(sk)) !== 0) {
    return -EAGAIN;
  }
  return yield* (prot.connect as NonNullable<proto['connect']>)(sk, uaddr, addr_len);
}

/**
 * Ties the next connection of a listener to a new socket: 0, or -errno.
 * @modelled net/ipv4/af_inet.c
 */
export function* inet_accept(sock: socket, newsock: socket, flags: number): Kgen<number> {
  const sk1 = sock.sk as sock;
  const err: err_ptr = { err: -EINVAL };
  const { accept } = sk1.skc_prot as Required<proto>;
  const sk2 = yield* accept(sk1, flags, err);
  if (sk2 === null) {
    return err.err;
  }
  yield* lock_sock(sk2);
  sock_graft(sk2, newsock);
  newsock.state = SS_CONNECTED;
  yield* release_sock(sk2);
  return 0;
}

/**
 * Fills in the own address of a socket, or its peer's: the length of the address, or -ENOTCONN.
 * @modelled net/ipv4/af_inet.c
 * @cost 8
 */
export function inet_getname(sock: socket, addr: sockaddr, peer: number): number {
  const sk = sock.sk as sock;
  const inet = inet_sk(sk);
  addr.sa_family = AF_INET;
  if (peer !== 0) {
    const gone = sk.skc_state === TCP_CLOSE || sk.skc_state === TCP_SYN_SENT;
    if (inet.inet_dport === 0 || (gone && peer === 1)) {
      return -ENOTCONN;
    }
    addr.sin_port = inet.inet_dport;
    addr.sin_addr = inet.inet_daddr;
  } else {
    addr.sin_port = inet.inet_sport;
    addr.sin_addr = inet.inet_rcv_saddr !== 0 ? inet.inet_rcv_saddr : inet.inet_saddr;
  }
  return SIZEOF_SOCKADDR_IN;
}

/**
 * Sends by the protocol of the socket. A socket without a local port gets one first, unless the protocol does not want that.
 * @modelled net/ipv4/af_inet.c
 * @cost 8
 */
export function* inet_sendmsg(iocb: kiocb, sock: socket, msg: msghdr, size: number): Kgen<number> {
  const sk = sock.sk as sock;
  sock_rps_record_flow(sk);
  const prot = sk.skc_prot as proto;
  if (inet_sk(sk).inet_num === 0 && !prot.no_autobind && (yield* inet_autobind(sk)) !== 0) {
    return -EAGAIN;
  }
  return yield* prot.sendmsg(iocb, sk, msg, size);
}

/**
 * Receives by the protocol of the socket.
 * @modelled net/ipv4/af_inet.c
 * @cost 8
 */
export function* inet_recvmsg(iocb: kiocb, sock: socket, msg: msghdr, size: number, flags: number): Kgen<number> {
  const sk = sock.sk as sock;
  sock_rps_record_flow(sk);
  const addr_len: addr_len_ptr = { addr_len: 0 };
  const nonblock = flags & MSG_DONTWAIT;
  const err = yield* (sk.skc_prot as proto).recvmsg(iocb, sk, msg, size, nonblock, flags & ~MSG_DONTWAIT, addr_len);
  if (err >= 0) {
    msg.msg_namelen = addr_len.addr_len;
  }
  return err;
}

/**
 * Leaves the multicast groups of a socket.
 * @simplified no multicast: there is none
 * @cost 4
 */
export function ip_mc_drop_socket(_sk: sock): void {}

/**
 * The last descriptor of a socket is closed: its protocol closes, waiting a while if SO_LINGER says so. 0.
 * @modelled net/ipv4/af_inet.c
 * @cost 10
 */
export function* inet_release(sock: socket): Kgen<number> {
  const { sk } = sock;
  if (sk !== null) {
    sock_rps_reset_flow(sk);
    ip_mc_drop_socket(sk);
    const timeout = sock_flag(sk, SOCK_LINGER) ? sk.sk_lingertime : 0;
    sock.sk = null;
    yield* (sk.skc_prot as Required<proto>).close(sk, timeout);
  }
  return 0;
}

/**
 * shutdown(): `how` 0 for reading, 1 for writing, 2 for both. Sleepers wake. 0, or -errno.
 * @modelled net/ipv4/af_inet.c
 * @cost 15
 */
export function* inet_shutdown(sock: socket, how: number): Kgen<number> {
  const sk = sock.sk as sock;
  const prot = sk.skc_prot as proto;
  const mask = how + 1;
  if ((mask & ~SHUTDOWN_MASK) !== 0 || mask === 0) {
    return -EINVAL;
  }
  let err = 0;
  yield* lock_sock(sk);
  if (sock.state === SS_CONNECTING) {
    const unconnected = TCPF_SYN_SENT | TCPF_SYN_RECV | TCPF_CLOSE;
    sock.state = ((1 << sk.skc_state) & unconnected) !== 0 ? SS_DISCONNECTING : SS_CONNECTED;
  }
  const disconnects = sk.skc_state === TCP_SYN_SENT || (sk.skc_state === TCP_LISTEN && (mask & RCV_SHUTDOWN) !== 0);
  if (disconnects) {
    err = yield* (prot as Required<proto>).disconnect(sk, O_NONBLOCK);
    sock.state = err !== 0 ? SS_DISCONNECTING : SS_UNCONNECTED;
  } else if (sk.skc_state !== TCP_LISTEN) {
    if (sk.skc_state === TCP_CLOSE) {
      err = -ENOTCONN;
    }
    sk.sk_shutdown |= mask;
    if (prot.shutdown !== undefined) {
      yield* prot.shutdown(sk, mask);
    }
  }
  sk.sk_state_change?.(sk);
  yield* release_sock(sk);
  return err;
}

/**
 * ioctl() on a socket of this family: the protocol's.
 * @modelled net/ipv4/af_inet.c
 * @omits ip_rt_ioctl: routes are given by the scenario
 * @omits arp_ioctl: neighbours are given by the scenario
 * @omits devinet_ioctl: addresses are given by the scenario
 * @cost 6
 */
export function* inet_ioctl(sock: socket, cmd: number, arg: number): Kgen<number> {
  const sk = sock.sk as sock;
  const { ioctl } = sk.skc_prot as proto;
  return ioctl === undefined ? -ENOIOCTLCMD : yield* ioctl(sk, cmd, arg);
}

/**
 * Frees what is left of a socket, with its last reference.
 * @modelled net/ipv4/af_inet.c
 */
export function inet_sock_destruct(sk: sock): void {
  __skb_queue_purge(sk.sk_receive_queue);
  __skb_queue_purge(sk.sk_error_queue);
  sk_mem_reclaim(sk);
  if (sk.sk_type === SOCK_STREAM && sk.skc_state !== TCP_CLOSE) {
    throw new Error(`inet_sock_destruct: a TCP socket in state ${sk.skc_state} is freed`);
  }
  if (!sock_flag(sk, SOCK_DEAD)) {
    throw new Error('inet_sock_destruct: a socket that a file holds is freed');
  }
  dst_release(sk.sk_dst_cache);
  sk.sk_dst_cache = null;
}

/**
 * Sees to it that an owned socket has a good route before a segment is sent again: 0, or -errno.
 * @modelled net/ipv4/af_inet.c
 * @omits inet_sk_reselect_saddr: ip_dynaddr is off
 * @cost 5
 */
export function* inet_sk_rebuild_header(sk: sock): Kgen<number> {
  if (__sk_dst_check(sk, 0) !== null) {
    return 0;
  }
  const inet = inet_sk(sk);
  const rt = ip_route_output_ports(
    sk,
    inet.inet_daddr,
    inet.inet_saddr,
    inet.inet_dport,
    inet.inet_sport,
    sk.sk_protocol,
    inet.tos & IPTOS_RT_MASK,
    0,
  );
  if (rt === null) {
    sk.sk_route_caps = 0;
    sk.sk_err_soft = EHOSTUNREACH;
    return -EHOSTUNREACH;
  }
  sk_setup_caps(sk, rt);
  return 0;
}

/**
 * Prepares an skb whose checksum is complete for segmentation: the transport makes it partial. 0, or -errno.
 * @modelled net/ipv4/af_inet.c
 * @cost 8
 */
export function inet_gso_send_check(skb: sk_buff): number {
  if (!pskb_may_pull(skb, IPHDR_LEN)) {
    return -EINVAL;
  }
  const iph = new iphdr(skb.network_header);
  const ihl = (iph.version_ihl & 0xf) * 4;
  if (ihl < IPHDR_LEN || !pskb_may_pull(skb, ihl)) {
    return -EINVAL;
  }
  __skb_pull(skb, ihl);
  skb.transport_header = skb.data;
  const prot = inet_protocol(new iphdr(skb.network_header).protocol);
  const check = prot?.gso_send_check;
  return check === null || check === undefined ? -EPROTONOSUPPORT : check(skb);
}

/**
 * Cuts a large packet: the transport cuts, then each segment gets its own length, id and header checksum.
 * @simplified a packet that cannot be cut gives null, as one that need not be
 * @cost 15
 */
export function inet_gso_segment(skb: sk_buff, features: number): sk_buff | null {
  const wanted = (features & NETIF_F_V4_CSUM) === 0 ? features & ~NETIF_F_SG : features;
  const known = SKB_GSO_TCPV4 | SKB_GSO_UDP | SKB_GSO_DODGY | SKB_GSO_TCP_ECN;
  if ((skb_shinfo(skb).gso_type & ~known) !== 0 || !pskb_may_pull(skb, IPHDR_LEN)) {
    return null;
  }
  const ihl = (new iphdr(skb.network_header).version_ihl & 0xf) * 4;
  if (ihl < IPHDR_LEN || !pskb_may_pull(skb, ihl)) {
    return null;
  }
  __skb_pull(skb, ihl);
  skb.transport_header = skb.data;
  const first = new iphdr(skb.network_header);
  const { protocol } = first;
  let { id } = first;
  let offset = 0;
  const prot = inet_protocol(protocol);
  const segment = prot === null ? null : prot.gso_segment;
  const segs = segment === null ? null : segment(skb, wanted);
  for (let seg = segs; seg !== null; seg = seg.next) {
    const iph = new iphdr(seg.network_header);
    if (protocol === IPPROTO_UDP) {
      iph.id = id;
      iph.frag_off = (offset >> 3) | (seg.next === null ? 0 : IP_MF);
      offset += seg.len - seg.mac_len - ihl;
    } else {
      iph.id = id;
      id++;
    }
    iph.tot_len = seg.len - seg.mac_len;
    iph.check = 0;
    iph.check = ip_fast_csum(seg.network_header, iph.version_ihl & 0xf);
  }
  return segs;
}

/**
 * Compares a received packet with those held: which are of the same flow, and may it be merged. The transport decides.
 * Gives the held skb that must now be passed on, or null.
 * @modelled net/ipv4/af_inet.c
 * @omits skb_gro_header_slow: written out, as headers are never in the first fragment alone
 * @cost 20
 */
export function inet_gro_receive(head: napi_struct, skb: sk_buff): sk_buff | null {
  const off = skb_gro_offset(skb);
  if (!pskb_may_pull(skb, off + IPHDR_LEN)) {
    skb.cb.gro_flush |= 1;
    return null;
  }
  const iph = new iphdr(skb.data + off);
  const prot = inet_protocol(iph.protocol);
  if (
    prot === null ||
    prot.gro_receive === null ||
    iph.version_ihl !== 0x45 ||
    ip_fast_csum(skb.data + off, iph.version_ihl & 0xf) !== 0
  ) {
    skb.cb.gro_flush |= 1;
    return null;
  }
  const { id } = iph;
  const flush = (iph.tot_len ^ skb_gro_len(skb)) | (iph.frag_off ^ IP_DF);
  for (let p = head.gro_list; p !== null; p = p.next) {
    if (!p.cb.gro_same_flow) {
      continue;
    }
    const iph2 = new iphdr(p.network_header);
    if (
      iph.protocol !== iph2.protocol ||
      iph.tos !== iph2.tos ||
      iph.saddr !== iph2.saddr ||
      iph.daddr !== iph2.daddr
    ) {
      p.cb.gro_same_flow = false;
      continue;
    }
    p.cb.gro_flush |= (iph.ttl ^ iph2.ttl) | (((iph2.id + p.cb.gro_count) & 0xffff) ^ id);
    p.cb.gro_flush |= flush;
  }
  skb.cb.gro_flush |= flush;
  skb_gro_pull(skb, IPHDR_LEN);
  skb.transport_header = skb.data + skb_gro_offset(skb);
  const pp = prot.gro_receive(head, skb);
  skb.cb.gro_flush |= flush;
  return pp;
}

/**
 * Ends a merge: the header gets the length of the whole, then the transport ends it.
 * @modelled net/ipv4/af_inet.c
 * @cost 10
 */
export function inet_gro_complete(skb: sk_buff): number {
  const iph = new iphdr(skb.network_header);
  const newlen = skb.len - (skb.network_header - skb.data);
  iph.check = csum_replace2(iph.check, iph.tot_len, newlen);
  iph.tot_len = newlen;
  const prot = inet_protocol(iph.protocol);
  if (prot === null || prot.gro_complete === null) {
    return -ENOSYS;
  }
  return prot.gro_complete(skb);
}
