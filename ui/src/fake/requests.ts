// How the made-up host answers the request page.

import type { ApiExchangeView, ApiRequestDraft, commands as Real, Error as Trouble } from "../bindings";

type Answer = <T>(
  name: keyof typeof Real,
  given: unknown[],
  answer: () => T,
) => Promise<{ status: "ok"; data: T } | { status: "error"; error: Trouble }>;

function exchange(id: string, draft: ApiRequestDraft): ApiExchangeView {
  return {
    summary: {
      id,
      at: "2026-07-25T09:00:00Z",
      method: draft.method,
      target: draft.target,
      status: 200,
      duration_ms: 120,
      size: 2,
      error: null,
      body_kept: true,
    },
    draft,
    status_text: "OK",
    headers: [{ name: "content-type", value: "application/json" }],
    content_type: "application/json",
    kind: "json",
    pretty_lines: 1,
    raw_lines: 1,
    is_truncated: false,
    notes: [],
  };
}

const blank: ApiRequestDraft = { method: "GET", target: "", headers: [], body: "" };

export const requesting = (answer: Answer) =>
  ({
    apiRequestPage: (id) => answer("apiRequestPage", [id], () => ({ base_url: null, endpoints: [], saved: [] })),
    sendApiRequest: (id, draft, call) => answer("sendApiRequest", [id, draft, call], () => exchange("sent", draft)),
    responseLines: (id, layout, ranges) =>
      answer("responseLines", [id, layout, ranges], () => [
        { number: 0, text: "{}", indent: 0, fold_end: null, hidden: null },
      ]),
    searchResponse: (id, layout, text) => answer("searchResponse", [id, layout, text], () => ({ lines: [], total: 0 })),
    saveResponse: (id) => answer("saveResponse", [id], () => "/home/ann/response.json"),
    copyResponse: (id) => answer("copyResponse", [id], () => null),
    apiRequestHistory: (id) => answer("apiRequestHistory", [id], () => []),
    openApiExchange: (id, opened) => answer("openApiExchange", [id, opened], () => exchange(opened, blank)),
    deleteApiExchange: (id, deleted) => answer("deleteApiExchange", [id, deleted], () => null),
    clearApiRequestHistory: (id) => answer("clearApiRequestHistory", [id], () => null),
    saveApiRequest: (id, name, draft, replace) =>
      answer("saveApiRequest", [id, name, draft, replace], () => ({ id: name, name, draft })),
    deleteSavedRequest: (id, saved) => answer("deleteSavedRequest", [id, saved], () => null),
    apiRequestSnippet: (id, draft, format) => answer("apiRequestSnippet", [id, draft, format], () => "curl …"),
  }) satisfies Partial<typeof Real>;
