// The command palette.

import { count } from "./number";

export const palette = {
  title: "Commands",
  placeholder: "Search connections, content and commands",
  apps: "Apps",
  actions: "Actions",
  read: "Offline content",
  tokenOf: "Show token",
  browse: "Browse",
  requestsOf: "Send API request",
  activityOf: "Show activity",
  settings: (group: string) => `Settings: ${group}`,
  theme: (name: string) => `Theme: ${name}`,
  connect: (app: string) => `Connect ${app}`,
  nothing: (text: string) => `No results for “${text}”`,
  found: (n: number) => count(n, "result", "results"),
};
