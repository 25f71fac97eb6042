/**
 * What recordings do not show: the tracer was told to leave out these classes of functions. A call of one is taken out of the
 * model's tree and what it calls is put in its place.
 */

function oneOf(names: string): RegExp {
  return new RegExp(`^(${names.trim().split(/\s+/).join('|')})$`);
}

export interface HiddenClass {
  readonly why: string;
  readonly names: RegExp;
  /** Only calls made by these are hidden; left out: all. */
  readonly callers?: RegExp;
}

const NO_STEERING =
  'steering of flows between CPUs: the recorded kernel was built for one CPU, where CONFIG_RPS cannot be set';

/** The classes, with the functions of the model that belong to them. */
export const CLASSES: readonly HiddenClass[] = [
  {
    why: 'allocator',
    names:
      /^(k[mz]?alloc|kfree|kmem_cache_\w+|__?alloc_pages?|alloc_pages?|__free_pages?|free_pages?|get_page|skb_frag_alloc)$/,
  },
  {
    why: 'locking and what keeps softirqs or preemption off',
    names:
      /^(_?_?(raw_)?(spin|read|write)_(lock|unlock|trylock)\w*|_?local_bh_\w+|__local_bh_\w+|rcu_\w+|preempt_\w+|bh_(un)?lock_sock\w*|sock_owned_by_user|__lock_sock)$/,
  },
  {
    why: 'timer wheel and clocks',
    names:
      /^(mod_timer|__mod_timer|add_timer|del_timer|timer_pending|init_timer|setup_timer|internal_add_timer|ktime_\w+|jiffies\w*|msecs_to_jiffies|usecs_to_jiffies|hrtimer_\w+|smp_apic_timer_interrupt|hrtimer_interrupt)$/,
  },
  {
    why: 'scheduler and softirq internals',
    names:
      /^(schedule\w*|wakeup_softirqd|ttwu_\w+|set_current_state|__set_current_state|__raise_softirq_irqoff|raise_softirq|do_softirq|in_interrupt|in_irq|irq_enter|irq_exit|runqueue|current_task|smp_processor_id|enter_from_hardware|add_wait_queue|remove_wait_queue|waitqueue_active|signal_pending)$/,
  },
  {
    why: 'trivial accessors',
    names: oneOf(`
      __net_timestamp __sk_dst_get __skb_insert __skb_pull __skb_push __skb_put __skb_trim __sock_put after
      before between dev_net dev_xmit_complete dst_hold dst_mtu eth_hdr inet_csk inet_sk ip_hdr
      LL_RESERVED_SPACE napi_disable_pending netdev_get_tx_queue netdev_priv netif_carrier_ok
      netif_queue_stopped netif_running netif_start_queue netif_stop_queue netif_tx_queue_stopped
      netif_tx_start_queue netif_tx_stop_queue qdisc_is_running qdisc_pkt_len qdisc_priv qdisc_qlen
      qdisc_skb_cb qdisc_throttled qdisc_unthrottled sk_has_account sk_has_allocations sk_mem_pages
      sk_stream_min_wspace sk_stream_wspace sk_unhashed sk_wmem_alloc_get skb_checksum_start_offset skb_clone_writable
      skb_cloned SKB_DATA_ALIGN skb_dst skb_dst_is_noref skb_dst_set skb_end_pointer skb_frag_address skb_get
      skb_get_queue_mapping skb_get_rx_queue skb_gro_len skb_gro_offset skb_gro_pull skb_has_frag_list skb_header_cloned
      skb_headlen skb_headroom skb_is_gso skb_is_nonlinear skb_mac_header skb_mac_header_was_set
      skb_network_header skb_network_header_len skb_network_offset skb_pagelen skb_peek skb_queue_empty
      skb_queue_head_init skb_queue_is_first skb_queue_is_last skb_queue_len skb_queue_next skb_queue_prev
      skb_reset_mac_header skb_reset_network_header skb_reset_tail_pointer skb_reset_transport_header
      skb_rtable skb_rx_queue_recorded skb_set_mac_header skb_set_network_header skb_set_queue_mapping skb_set_tail_pointer
      skb_set_transport_header skb_shared skb_shinfo skb_tail_pointer skb_tailroom skb_transport_header
      skb_transport_offset sock_error sock_flag sock_hold sock_net sock_put sock_rcvlowat sock_rcvtimeo
      sock_reset_flag sock_set_flag sock_sndtimeo tcp_check_send_head tcp_full_space tcp_hdr tcp_hdrlen
      tcp_in_initial_slowstart tcp_is_fack tcp_is_reno tcp_is_sack tcp_left_out tcp_max_burst
      tcp_packets_in_flight tcp_send_head tcp_sk TCP_SKB_CB tcp_skb_is_last tcp_skb_mss tcp_skb_pcount
      tcp_space tcp_win_from_space tcp_wnd_end tcp_write_queue_head tcp_write_queue_tail wq_has_sleeper
    `),
  },
  {
    why: 'file table look-up and its checks, which the compiler had merged into the system call',
    names: oneOf('fget_light fput_light fget fput_needed rw_verify_area access_ok'),
  },
  {
    why: 'assembler routines: checksums and copies',
    names:
      /^(csum_(partial_copy\w*|fold|add|sub|tcpudp_\w+|block_\w+|and_copy_\w+)|csum_and_copy\w*|ip_fast_csum|ip_compute_csum|memcpy\w*|copy_(to|from)_user\w*|__copy_\w*user\w*)$/,
  },
  {
    why: 'digests of lib/: the recordings show their callers without them',
    names: oneOf('half_md4_transform sha_init sha_transform'),
  },
  {
    why: 'freeing of pages',
    names: oneOf('__free_pages_ok'),
  },
  {
    why: 'small functions and macros merged into their callers: in no recording, though their callers are',
    names: oneOf(`
      DEFINE_WAIT __pskb_trim __skb_queue_purge inet_getid ipv4_is_multicast pskb_pull bictcp_update hystart_update ip_send_check pskb_trim
      rt_genid rt_hash rt_is_expired
    `),
  },
  {
    why: NO_STEERING,
    names: oneOf('get_rps_cpu rps_record_sock_flow rps_reset_sock_flow'),
  },
  {
    why: NO_STEERING,
    names: oneOf('sock_rps_reset_flow'),
    callers: oneOf('sock_rps_save_rxhash'),
  },
  {
    why: 'what qdisc_restart does to get a packet: recordings show nothing between it and sch_direct_xmit',
    names: oneOf(`
      __qdisc_dequeue_head dequeue_skb qdisc_dequeue_head
      qdisc_dequeue_peeked qdisc_l2t qdisc_peek_head
      qdisc_root qdisc_watchdog_schedule tbf_dequeue
    `),
  },
  {
    why: 'giving way inside __cond_resched_softirq, as part of the scheduler',
    names: oneOf('__cond_resched'),
  },
];

/** True for a call of a function of one of these classes; `caller` is null at the top of a context. */
export function isHidden(name: string, caller: string | null): boolean {
  return whyHidden(name, caller) !== null;
}

/** Why recordings do not show a call, or null when they would. */
export function whyHidden(name: string, caller: string | null): string | null {
  const found = CLASSES.find(
    ({ names, callers }) => names.test(name) && (callers === undefined || (caller !== null && callers.test(caller))),
  );
  return found?.why ?? null;
}
