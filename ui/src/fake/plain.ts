// The fake host's commands that return nothing.

import type { Details, TokenTarget } from "../bindings";
import type { Answer, Name } from "./answer";
import { at, MINUTE } from "./data";

/** `details` throws if there is no such connection. */
export function plain(answer: Answer, details: (id: string) => Details) {
  const done = (name: Name) => (id: string) => answer(name, [id], () => (details(id), null));
  return {
    refresh: done("refresh"),
    copyToken: done("copyToken"),
    copyAuthorizationHeader: done("copyAuthorizationHeader"),
    copyIdToken: done("copyIdToken"),
    copyDerivedToken: (id: string, target: TokenTarget) =>
      answer("copyDerivedToken", [id, target], () => {
        const issued = { issued_at: at(0), expires_at: at(30 * MINUTE), scopes: target.scopes, is_bearer: true };
        const of = details(id);
        of.derived_tokens ??= [];
        const is = JSON.stringify(target);
        if (!of.derived_tokens.some((one) => JSON.stringify(one.target) === is))
          of.derived_tokens.push({
            id: `derived-${of.derived_tokens.length + 1}`,
            target,
            issued: { ...issued, token_type: null },
            error: null,
          });
        return null;
      }),
    removeDerivedToken: (id: string, derived: string) =>
      answer("removeDerivedToken", [id, derived], () => {
        const of = details(id);
        of.derived_tokens = of.derived_tokens?.filter((one) => one.id !== derived);
        return null;
      }),
    revealToken: done("revealToken"),
    signOut: done("signOut"),
    copyLink: (attempt: string) => answer("copyLink", [attempt], () => null),
    copyText: (text: string) => answer("copyText", [text], () => null),
  };
}
