// The command palette.

import { count } from "./number";

export const palette = {
  title: "Commands",
  placeholder: "Find a connection, a post, or something to do",
  apps: "Apps",
  actions: "Actions",
  read: "In what was read",
  tokenOf: "Show the token",
  browse: "Browse",
  activityOf: "Show its activity",
  theme: (name: string) => `Theme: ${name}`,
  connect: (app: string) => `Connect ${app} in the browser`,
  nothing: (text: string) => `Nothing fits “${text}”.`,
  found: (n: number) => count(n, "result", "results"),
};
