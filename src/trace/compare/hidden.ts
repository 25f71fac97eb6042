/**
 * Functions of the model that recordings do not show: the tracer was told to leave out these classes. A call of one is taken out of
 * the model's tree and what it calls is put in its place.
 */
const CLASSES: readonly { readonly why: string; readonly names: RegExp }[] = [
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
      /^(schedule\w*|wakeup_softirqd|ttwu_\w+|set_current_state|__set_current_state|(__)?raise_softirq\w*|do_softirq|in_interrupt|in_irq|irq_enter|irq_exit|runqueue|current_task|smp_processor_id|enter_from_hardware|add_wait_queue|remove_wait_queue|waitqueue_active|signal_pending)$/,
  },
  {
    why: 'trivial accessors',
    names:
      /^(tcp_sk|inet_sk|inet_csk|skb_shinfo|skb_network_header|skb_transport_header|skb_mac_header|skb_headlen|skb_headroom|skb_tailroom|before|after|between|TCP_SKB_CB|tcp_hdr|ip_hdr|eth_hdr|skb_is_gso|skb_is_nonlinear|skb_queue_empty|skb_queue_len|skb_peek|skb_cloned|skb_shared|skb_get|netdev_priv|qdisc_priv|qdisc_skb_cb|sock_flag|sock_net|dev_net)$/,
  },
  {
    why: 'assembler routines: checksums and copies',
    names:
      /^(csum_(partial_copy\w*|fold|add|sub|tcpudp_\w+|block_\w+|and_copy_\w+)|csum_and_copy\w*|ip_fast_csum|ip_compute_csum|memcpy\w*|copy_(to|from)_user\w*|__copy_\w*user\w*)$/,
  },
];

/** True for a function of one of these classes. */
export function isHidden(name: string): boolean {
  return CLASSES.some(({ names }) => names.test(name));
}

/** Why recordings do not show a function, or null when they would. */
export function whyHidden(name: string): string | null {
  return CLASSES.find(({ names }) => names.test(name))?.why ?? null;
}
