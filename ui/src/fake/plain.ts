// The fake host's commands that return nothing.

import type { commands as Real, Error as Trouble } from "../bindings";

type Name = keyof typeof Real;
type Answer = <T>(
  name: Name,
  given: unknown[],
  answer: () => T,
) => Promise<{ status: "ok"; data: T } | { status: "error"; error: Trouble }>;

/** `exists` throws if there is no such connection. */
export function plain(answer: Answer, exists: (id: string) => void) {
  const done = (name: Name) => (id: string) => answer(name, [id], () => (exists(id), null));
  return {
    refresh: done("refresh"),
    copyToken: done("copyToken"),
    copyAuthorizationHeader: done("copyAuthorizationHeader"),
    copyIdToken: done("copyIdToken"),
    revealToken: done("revealToken"),
    signOut: done("signOut"),
    copyLink: (attempt: string) => answer("copyLink", [attempt], () => null),
    copyText: (text: string) => answer("copyText", [text], () => null),
  };
}
