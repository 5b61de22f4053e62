// Opens a search result in Browse.

import type { SearchHit } from "../host";
import { router } from "./router.svelte";
import { postLists } from "./postListState.svelte";
import { collections } from "./collections.svelte";

export function openSearchResult({ connection_id, kind, within, id }: SearchHit): void {
  if (kind === "posts") postLists.open(connection_id, within).show(id);
  else if (kind === "projects") postLists.open(connection_id, id);
  else void collections.open(connection_id).show(kind, within, id);
  router.toConnection(connection_id, "browse");
}
