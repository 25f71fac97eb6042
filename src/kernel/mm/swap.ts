/**
 * Mirrors mm/swap.c (2.6.39): dropping references to pages.
 * Left out: the LRU lists, compound pages (a page of higher order is one `struct page` here).
 */
import type { page } from '../include/linux/skbuff';
import { __free_pages_ok } from './page_alloc';

/**
 * One more holder of the page.
 * @modelled include/linux/mm.h
 * @cost 4
 */
export function get_page(page: page): void {
  page._count++;
}

/**
 * One holder less; the last one frees the page.
 * @modelled mm/swap.c
 * @cost 6
 */
export function put_page(page: page): void {
  page._count--;
  if (page._count === 0) {
    __put_single_page(page);
  }
}

/**
 * Frees a page nobody holds.
 * @modelled mm/swap.c
 * @cost 3
 */
export function __put_single_page(page: page): void {
  __page_cache_release(page);
  __free_pages_ok(page);
}

/**
 * Takes a page off the page cache's lists.
 * @simplified network pages are on none
 * @cost 3
 */
export function __page_cache_release(_page: page): void {}
