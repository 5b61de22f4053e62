// The states of the sign-in steps.

import type { Attempt, Code, Phase } from "../host";
import type { BrowserLaunch } from "./browserLaunch.svelte";

export type StepState = "done" | "here" | "ahead" | "wrong";
export type Steps = { open: StepState; wait: StepState; exchange: StepState; identify: StepState };

/** Errors that occur before there is a code to exchange. */
const early: Code[] = ["provider_error", "callback_invalid", "browser_failed", "access_denied"];

/** Whether the provider returned an error instead of a code. */
export const returnedError = (attempt: Attempt): boolean =>
  attempt.exchange.some(({ method, parameters }) => method === "" && parameters.some(({ name }) => name === "error"));

/** `reached` is the last phase in which the attempt was still running. */
export function steps(attempt: Attempt | null, launch: BrowserLaunch | undefined, reached?: Phase): Steps {
  const ahead = { wait: "ahead", exchange: "ahead", identify: "ahead" } as const;
  if (!attempt) return { open: "here", ...ahead };
  const open = "done" as const;
  switch (attempt.phase) {
    case "waiting":
      if (launch?.busy || launch?.trouble) return { open: launch.trouble ? "wrong" : "here", ...ahead };
      return { open, wait: "here", exchange: "ahead", identify: "ahead" };
    case "exchanging":
      return { open, wait: "done", exchange: "here", identify: "ahead" };
    case "identifying":
      return { open, wait: "done", exchange: "done", identify: "here" };
    case "done":
      return { open, wait: "done", exchange: "done", identify: "done" };
    case "failed":
      if (returnedError(attempt)) break;
      if (reached === "identifying") return { open, wait: "done", exchange: "done", identify: "wrong" };
      if (reached !== "exchanging" && attempt.error && early.includes(attempt.error.code)) break;
      return { open, wait: "done", exchange: "wrong", identify: "ahead" };
  }
  return { open, wait: "wrong", exchange: "ahead", identify: "ahead" };
}
