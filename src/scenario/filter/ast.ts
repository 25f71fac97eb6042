/** What a capture filter says, before it is compiled. */

export type Protocol = 'ether' | 'ip' | 'arp' | 'tcp' | 'udp' | 'icmp';
export type Direction = 'src' | 'dst' | 'src or dst' | 'src and dst';
export type BinaryOperator = '+' | '-' | '*' | '/' | '&' | '|' | '<<' | '>>';
export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** A number computed from the packet. */
export type Term =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'length' }
  /** `size` bytes at an offset into the header of a protocol. */
  | { readonly kind: 'field'; readonly protocol: Protocol; readonly at: Term; readonly size: 1 | 2 | 4 }
  | { readonly kind: 'binary'; readonly operator: BinaryOperator; readonly left: Term; readonly right: Term };

export type Filter =
  | { readonly kind: 'and' | 'or'; readonly left: Filter; readonly right: Filter }
  | { readonly kind: 'not'; readonly inner: Filter }
  | { readonly kind: 'compare'; readonly operator: Comparison; readonly left: Term; readonly right: Term }
  | { readonly kind: 'protocol'; readonly protocol: Exclude<Protocol, 'ether'> }
  | { readonly kind: 'ethertype' | 'ip protocol'; readonly value: number }
  /** An IPv4 address and how many of its bits count; ARP's addresses are looked at too unless `ip` is said. */
  | {
      readonly kind: 'address';
      readonly protocol: 'ip' | 'arp' | null;
      readonly direction: Direction;
      readonly address: number;
      readonly bits: number;
    }
  | { readonly kind: 'mac'; readonly direction: Direction; readonly address: number }
  | { readonly kind: 'multicast' }
  | {
      readonly kind: 'ports';
      readonly protocol: 'tcp' | 'udp' | null;
      readonly direction: Direction;
      readonly first: number;
      readonly last: number;
    }
  | { readonly kind: 'outgoing'; readonly yes: boolean };
