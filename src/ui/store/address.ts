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
    if (page.trace === null) page.load(first);
    return;
  }
  const decoded = decodeLink(hash);
  if (decoded.ok) {
    const { preset, unchanged, scenario, key, view } = decoded.link;
    page.show(mainOf(view));
    const asItCame = unchanged && preset !== null ? presetSource(preset) : null;
    page.load(asItCame ?? { preset, unchanged, scenario, text: null }, key ?? undefined);
    return;
  }
  if (page.trace === null) page.load(first);
  usePage.getState().report({ title: 'This link cannot be opened', lines: [decoded.message] });
}

/** What stands in the middle of the page: a card by its number, else the stage. */
function mainOf(view: Readonly<Record<string, string>>): Main {
  return /^\d$/.test(view.card ?? '') ? Number(view.card) : 'stage';
}

/** The address of exactly this step. Throws with a plain message where a link cannot hold the scenario. */
export function linkHere(): string {
  const { source, main } = usePage.getState();
  if (source === null) throw new Error('nothing is open yet');
  const { preset, scenario } = source;
  const target = {
    preset,
    scenario: scenario as Parameters<typeof encodeLink>[0]['scenario'] & object,
    key: currentKey(),
    view: typeof main === 'number' ? { card: String(main) } : {},
  };
  return `${location.href.split('#')[0]}${encodeLink(target)}`;
}
