/** The page's address: what to open at the start, and the link to where it stands. */
import { decodeLink, encodeLink } from '../../scenario/link';
import { PRESETS, presetNamed } from '../../scenario/presets';
import { currentKey, type Main, type Source, usePage } from './store';

/** Opened when the address names nothing. */
const FIRST_PRESET = 'write-4000';

export function presetSource(name: string): Source | null {
  const preset = presetNamed(name);
  return preset === null ? null : { preset: preset.name, unchanged: true, scenario: preset.scenario, text: null };
}

/** What was opened because the address named it: that is not put there again. */
let named: Source | null = null;

function loadNamed(source: Source, key?: string): void {
  named = source;
  usePage.getState().load(source, key);
}

/** Opens what the address names. A wrong link is reported, and the page shows what it had, or its first preset. */
export function openAddress(hash: string): void {
  const page = usePage.getState();
  const first = presetSource(FIRST_PRESET) ?? {
    preset: null,
    unchanged: false,
    scenario: PRESETS[0]?.scenario,
    text: null,
  };
  if (hash === '' || hash === '#') {
    loadNamed(first);
    return;
  }
  const decoded = decodeLink(hash);
  if (decoded.ok) {
    const { preset, unchanged, scenario, key, view } = decoded.link;
    page.show(mainOf(view));
    const asItCame = unchanged && preset !== null ? presetSource(preset) : null;
    loadNamed(asItCame ?? { preset, unchanged, scenario, text: null }, key ?? undefined);
    return;
  }
  if (page.trace === null) loadNamed(first);
  usePage.getState().report({ title: 'This link cannot be opened', lines: [decoded.message] });
}

/** What stands in the middle of the page: a card by its number, else the stage. */
function mainOf(view: Readonly<Record<string, string>>): Main {
  return /^\d$/.test(view.card ?? '') ? Number(view.card) : 'stage';
}

/** Follows the address, and puts there what is opened otherwise: back in the browser goes back to what was shown before. */
export function keepAddress(): () => void {
  const onHash = (): void => openAddress(location.hash);
  window.addEventListener('hashchange', onHash);
  const stop = usePage.subscribe(({ source }, before) => {
    if (source === null || source === before.source || source === named) return;
    try {
      // An edit is made at a step, and is seen from there.
      const isEdit = source.text === null && !source.unchanged;
      const hash = isEdit ? new URL(linkHere()).hash : hashOf(source, null);
      if (hash !== location.hash) history.pushState(null, '', hash);
    } catch {
      // Too large for a link: the address stays.
    }
  });
  return () => {
    window.removeEventListener('hashchange', onHash);
    stop();
  };
}

function hashOf({ preset, scenario }: Source, key: string | null, view: Readonly<Record<string, string>> = {}): string {
  return encodeLink({ preset, scenario: scenario as Parameters<typeof encodeLink>[0]['scenario'] & object, key, view });
}

/** The address of exactly this step. Throws with a plain message where a link cannot hold the scenario. */
export function linkHere(): string {
  const { source, main } = usePage.getState();
  if (source === null) throw new Error('nothing is open yet');
  const view: Readonly<Record<string, string>> = typeof main === 'number' ? { card: String(main) } : {};
  return `${location.href.split('#')[0]}${hashOf(source, currentKey(), view)}`;
}
