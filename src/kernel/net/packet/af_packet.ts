/**
 * Mirrors net/packet/af_packet.c (2.6.39): a packet socket, the tap behind tcpdump. It sees received packets before IP does,
 * and sent packets before segmentation and checksums that are done in software or in the card.
 * Modelled: SOCK_RAW and SOCK_DGRAM sockets on one device or all. Left out: the mapped ring (tpacket), fanout, sending.
 */
import { ops } from '../../../base/dispatch';
import { embed, int, struct } from '../../../base/struct';
import type { Kgen } from '../../arch/current';
import { EAGAIN } from '../../include/linux/errno';
import { GFP_ATOMIC } from '../../include/linux/gfp';
import { ETH_P_ALL } from '../../include/linux/if_ether';
import { PF_PACKET, SOCK_DGRAM, SOCK_RAW } from '../../include/linux/net';
import { type net_device, packet_type } from '../../include/linux/netdevice';
import {
  __skb_queue_tail,
  PACKET_OUTGOING,
  type sk_buff,
  skb_network_offset,
  skb_shared,
} from '../../include/linux/skbuff';
import { spin_lock, spin_unlock } from '../../include/linux/spinlock';
import { skb_dst_drop } from '../../include/net/dst';
import { type proto, sock } from '../../include/net/sock';
import { dev_add_pack, dev_remove_pack, net_disable_timestamp, net_enable_timestamp } from '../core/dev';
import { sk_attach_filter, sk_filter_release, sk_run_filter, type sock_fprog } from '../core/filter';
import { consume_skb, kfree_skb, pskb_trim, skb_clone, skb_pull, skb_push, skb_queue_purge } from '../core/skbuff';
import { sk_alloc, skb_set_owner_r, sock_init_data, sock_put } from '../core/sock';

/** Receive buffer of a capture, bytes: what libpcap asks for. */
const CAPTURE_RCVBUF = 2 << 20;

export const packet_sock = struct(
  'packet_sock',
  {
    prot_hook: embed(packet_type, 'its entry among the handlers of packets'),
    num: int('EtherType wanted'),
    ifindex: int('device bound to, 0: any'),
    net: int('network namespace of the socket, 0: that of the devices'),
    tp_packets: int('packets given'),
    tp_drops: int('packets for which there was no room'),
  },
  sock,
);
export interface packet_sock extends InstanceType<typeof packet_sock> {}

/**
 * The packet socket that a sock is.
 * @modelled net/packet/af_packet.c
 * @cost 1
 */
export function pkt_sk(sk: sock): packet_sock {
  return sk as packet_sock;
}

/**
 * Runs the socket's filter, if it has one: how many bytes of the packet it wants, 0 for none.
 * @modelled net/packet/af_packet.c
 * @cost 5
 */
export function run_filter(skb: sk_buff, sk: sock, res: number): number {
  return sk.sk_filter === null ? res : sk_run_filter(skb, sk.sk_filter);
}

/**
 * Takes a packet for a packet socket: the link header is put back, the socket gets a clone.
 * @modelled net/packet/af_packet.c
 * @cost 40
 */
export function* packet_rcv(packet: sk_buff, dev: net_device, pt: packet_type, _orig_dev: net_device): Kgen<number> {
  let skb = packet;
  const sk = pt.af_packet_priv as sock;
  const po = pkt_sk(sk);
  if (po.net !== 0) {
    consume_skb(skb);
    return 0;
  }
  skb.dev = dev;
  const skb_head = skb.data;
  const skb_len = skb.len;
  if (dev.header_ops !== null) {
    if (sk.sk_type !== SOCK_DGRAM) {
      skb_push(skb, skb.data - skb.mac_header);
    } else if (skb.pkt_type === PACKET_OUTGOING) {
      skb_pull(skb, skb_network_offset(skb));
    }
  }
  let snaplen = skb.len;
  const res = run_filter(skb, sk, snaplen);
  const room = sk.sk_rmem_alloc + skb.truesize < sk.sk_rcvbuf;
  let taken = res !== 0 && room;
  snaplen = Math.min(snaplen, res);
  if (taken && skb_shared(skb)) {
    const nskb = skb_clone(skb, GFP_ATOMIC);
    if (nskb === null) {
      taken = false;
    } else {
      if (skb_head !== skb.data) {
        skb.data = skb_head;
        skb.len = skb_len;
      }
      kfree_skb(skb);
      skb = nskb;
    }
  }
  if (!taken) {
    if (res !== 0) {
      po.tp_drops++;
    }
    if (skb_head !== skb.data && skb_shared(skb)) {
      skb.data = skb_head;
      skb.len = skb_len;
    }
    consume_skb(skb);
    return 0;
  }
  const parse = dev.header_ops === null ? null : dev.header_ops.parse;
  skb.cb.sll_addr = parse === null ? 0 : parse(skb);
  skb.cb.origlen = skb.len;
  if (pskb_trim(skb, snaplen) !== 0) {
    po.tp_drops++;
    consume_skb(skb);
    return 0;
  }
  skb_set_owner_r(skb, sk);
  skb.dev = null;
  skb_dst_drop(skb);
  yield* spin_lock(sk.sk_receive_queue.lock);
  po.tp_packets++;
  __skb_queue_tail(sk.sk_receive_queue, skb);
  spin_unlock(sk.sk_receive_queue.lock);
  sk.sk_data_ready?.(sk, skb.len);
  return 0;
}

/**
 * A packet socket cannot be written to here.
 * @simplified sending is not modelled
 */
export function* packet_no_transfer(): Kgen<number> {
  return -EAGAIN;
}

export const packet_proto = ops<proto>('proto', 'packet_proto', {
  name: 'PACKET',
  sendmsg: packet_no_transfer,
  recvmsg: packet_no_transfer,
  backlog_rcv: packet_no_transfer,
  max_header: 0,
  no_autobind: true,
  obj_size: 0,
});

/**
 * Makes a packet socket that sees everything; nothing comes before it is bound.
 * @simplified takes the socket type as its only argument
 */
export function packet_create(type: number): packet_sock {
  const sk = sk_alloc(new packet_sock(), PF_PACKET, packet_proto);
  sock_init_data(null, sk);
  sk.sk_type = type;
  sk.num = ETH_P_ALL;
  sk.prot_hook.func = packet_rcv;
  sk.prot_hook.af_packet_priv = sk;
  return sk;
}

/**
 * Binds a packet socket to a device (null: all) and puts it among the handlers of packets.
 * @modelled net/packet/af_packet.c
 */
export function packet_do_bind(sk: sock, dev: net_device | null, protocol: number): number {
  const po = pkt_sk(sk);
  po.num = protocol;
  po.prot_hook.type = protocol;
  po.prot_hook.dev = dev;
  po.ifindex = dev === null ? 0 : dev.ifindex;
  dev_add_pack(po.prot_hook);
  return 0;
}

/**
 * Closes a packet socket: no more packets come, those not read are freed.
 * @simplified without the file side
 */
export function packet_release(sk: sock): number {
  dev_remove_pack(pkt_sk(sk).prot_hook);
  net_disable_timestamp();
  skb_queue_purge(sk.sk_receive_queue);
  if (sk.sk_filter !== null) {
    sk_filter_release(sk.sk_filter);
    sk.sk_filter = null;
  }
  sock_put(sk);
  return 0;
}

/** What a capture program asks for. */
export interface capture_options {
  /** Filter program; null: none, so that every packet is taken whole. */
  readonly fprog?: sock_fprog | null;
  /** Receive buffer, bytes. */
  readonly rcvbuf?: number;
  /** Other than 0: the socket is in another network namespace. It is asked about every packet and takes none. */
  readonly net?: number;
}

/**
 * Opens a capture as tcpdump does: a raw packet socket with a filter, time stamps and a large buffer. Its packets stay in
 * sk_receive_queue until packet_release.
 * @model the system calls of a capture program
 */
export function packet_model_capture(dev: net_device | null, options: capture_options = {}): packet_sock {
  const sk = packet_create(SOCK_RAW);
  sk.sk_rcvbuf = options.rcvbuf ?? CAPTURE_RCVBUF;
  sk.net = options.net ?? 0;
  if (options.fprog != null && sk_attach_filter(options.fprog, sk) !== 0) {
    throw new Error('a capture filter that sk_chk_filter refuses');
  }
  net_enable_timestamp();
  packet_do_bind(sk, dev, ETH_P_ALL);
  return sk;
}
