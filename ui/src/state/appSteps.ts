// The steps of adding an app, and the step that each field belongs to.

import { endpointKeys, upFrontKeys } from "./profile";

export type AppStep = "provider" | "register" | "credentials" | "scopes";

export const appSteps: AppStep[] = ["provider", "register", "credentials", "scopes"];

const credentials = ["client_id", "client_secret", "client_auth", "name", "environment", ...upFrontKeys];

/** The step with the field of this ID. */
export function stepOf(field: string, asksClientAuth = true): AppStep {
  if (field === "redirect") return "register";
  if (field === "client_auth" && !asksClientAuth) return "scopes";
  if (credentials.includes(field)) return "credentials";
  return ["provider", "grant_type"].includes(field) || endpointKeys.includes(field) ? "provider" : "scopes";
}
