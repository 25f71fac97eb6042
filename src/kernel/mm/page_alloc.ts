/**
 * Mirrors mm/page_alloc.c (2.6.39): pages for the payload. Modelled: that a page is RAM with a reference count, given out
 * and given back. Left out: zones, per-CPU lists, reclaim: allocation does not fail.
 */
import { heap } from '../../base/heap';
import { PAGE_SIZE, page } from '../include/linux/skbuff';

/**
 * Allocates 2^order pages in one piece.
 * @simplified never fails and never sleeps
 * @cost 80
 */
export function alloc_pages(_gfp_mask: number, order: number): page | null {
  const made = new page();
  made.order = order;
  made.virtual = heap.ramAlloc(PAGE_SIZE << order);
  return made;
}

/**
 * Gives the memory back.
 * @simplified no free lists
 * @cost 40
 */
export function __free_pages_ok(page: page): void {
  heap.ramFree(page.virtual, PAGE_SIZE << page.order);
  heap.release(page);
}
