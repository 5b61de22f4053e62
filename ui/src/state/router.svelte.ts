// The current page.

import type { SandboxApp } from "../host";

export type Tab = "overview" | "token" | "browse" | "requests" | "activity";

export type Route =
  | { page: "home" }
  | { page: "add"; prefill: SandboxApp[] | null; like?: string }
  | { page: "import" }
  | { page: "app"; app: string }
  | { page: "change"; app: string }
  | { page: "connect"; app: string; attempt: string | null; connection: string | null }
  | { page: "connection"; connection: string; tab: Tab }
  | { page: "activity" }
  | { page: "settings" };

class Router {
  route = $state.raw<Route>({ page: "home" });

  go = (route: Route): void => {
    this.route = route;
  };

  toConnection = (connection: string, tab: Tab = "overview"): void => this.go({ page: "connection", connection, tab });
}

export const router = new Router();
