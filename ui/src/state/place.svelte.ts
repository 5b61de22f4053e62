// Where the person is in the window.

import type { SandboxApp } from "../host";

export type Tab = "overview" | "token" | "browse" | "activity";

export type Place =
  | { at: "home" }
  | { at: "add"; prefill: SandboxApp[] | null }
  | { at: "app"; app: string }
  | { at: "change"; app: string }
  | { at: "connect"; app: string; attempt: string | null; connection: string | null }
  | { at: "connection"; connection: string; tab: Tab }
  | { at: "activity" }
  | { at: "settings" };

class Here {
  place = $state.raw<Place>({ at: "home" });

  go = (place: Place): void => {
    this.place = place;
  };

  toConnection = (connection: string, tab: Tab = "overview"): void => this.go({ at: "connection", connection, tab });
}

export const here = new Here();
