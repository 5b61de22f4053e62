// Forms of new apps as they were left, for when the person comes back. Only in memory: they may hold client secrets.

import { AppFormDraft, type AppFormState } from "./appForm.svelte";

const drafts = new Map<string, AppFormDraft>();

/** The draft of this key if anything was entered in it, or else a new one. */
export function draftOf(key: string, make: () => AppFormState): AppFormDraft {
  const kept = drafts.get(key);
  if (kept?.entered) return kept;
  const draft = new AppFormDraft(make());
  drafts.set(key, draft);
  return draft;
}

export const dropDrafts = (): void => drafts.clear();
