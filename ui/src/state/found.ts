// Going to what a search found, in Browse.

import type { Found } from "../host";
import { here } from "./place.svelte";
import { shelves } from "./shelf.svelte";
import { things } from "./things.svelte";

export function show({ connection_id, kind, within, id }: Found): void {
  if (kind === "posts") shelves.open(connection_id, within).show(id);
  else if (kind === "projects") shelves.open(connection_id, id);
  else void things.open(connection_id).show(kind, within, id);
  here.toConnection(connection_id, "browse");
}
