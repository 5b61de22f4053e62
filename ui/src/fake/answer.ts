// How a part of the fake host answers a command.

import type { commands as Real, Error as Trouble } from "../bindings";

export type Name = keyof typeof Real;
export type Answered<T> = { status: "ok"; data: T } | { status: "error"; error: Trouble };

/** Notes the call, and answers it, unless a test makes it fail or wait. `call`: the ID by which it can be cancelled. */
export type Answer = <T>(name: Name, given: unknown[], answer: () => T, call?: number) => Promise<Answered<T>>;
