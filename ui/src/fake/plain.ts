// The fake host's commands that return nothing.

import type { Answer, Name } from "./answer";

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
