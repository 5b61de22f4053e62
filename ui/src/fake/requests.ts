// How the made-up host answers the Requests tab and exports activity.

import type {
  ApiEndpointView,
  ApiExchangeView,
  ApiRequestDraft,
  commands as Real,
  ExchangeKind,
  ResponseKind,
  ResponseLayout,
  ResponseLine,
} from "../bindings";
import type { Answer } from "./answer";
import { at, trouble, type FakeData } from "./data";

/** The lines of a body: how many, and each of them. */
type Text = { total: number; line: (number: number) => ResponseLine };
type Body = { kind: ResponseKind; type: string | null; pretty?: Text; raw?: Text; size: number };
type Sent = NonNullable<FakeData["requests"]>["sent"][number];

const plain = (text: string): Text => {
  const lines = text.split("\n");
  return {
    total: lines.length,
    line: (number) => ({ number, text: lines[number] ?? "", indent: 0, fold_end: null, hidden: null }),
  };
};

/** Indented JSON, with its folds. */
function pretty(value: unknown): Text {
  const lines: ResponseLine[] = JSON.stringify(value, null, 1)
    .split("\n")
    .map((line, number) => {
      const text = line.trimStart();
      return { number, text, indent: line.length - text.length, fold_end: null, hidden: null };
    });
  const open: ResponseLine[] = [];
  for (const line of lines) {
    if (/^[}\]]/.test(line.text)) {
      const opened = open.pop();
      if (opened) opened.fold_end = line.number;
    } else {
      const outer = open.at(-1);
      if (outer) outer.hidden = (outer.hidden ?? 0) + 1;
    }
    if (/[{[]$/.test(line.text)) open.push(line);
  }
  const nothing = { text: "", indent: 0, fold_end: null, hidden: null };
  return { total: lines.length, line: (number) => lines[number] ?? { number, ...nothing } };
}

/** The members of each of many posts, in ten lines. */
const POST = (nth: number) => [
  "{",
  `"id": "post-${nth}",`,
  `"title": "Choosing a rope, part ${nth}",`,
  '"status": "published",',
  `"word_count": ${400 + (nth % 900)},`,
  '"featured": false,',
  '"author": "Ines Duarte",',
  '"category": null,',
  '"updated_at": "2026-11-12T09:30:00Z"',
];

/** An array of posts, whose lines are made when they are asked for. */
const manyPosts = (count: number): Text => ({
  total: count * 10 + 2,
  line: (number) => {
    const total = count * 10 + 2;
    const nothing = { number, fold_end: null, hidden: null };
    if (number === 0) return { number, text: "[", indent: 0, fold_end: total - 1, hidden: count };
    if (number === total - 1) return { ...nothing, text: "]", indent: 0 };
    const [nth, within] = [Math.floor((number - 1) / 10), (number - 1) % 10];
    if (within === 9) return { ...nothing, text: nth === count - 1 ? "}" : "},", indent: 1 };
    const text = POST(nth)[within] ?? "";
    return within === 0
      ? { number, text, indent: 1, fold_end: number + 9, hidden: 8 }
      : { ...nothing, text, indent: 2 };
  },
});

const json = (value: unknown): Body => {
  const raw = JSON.stringify(value);
  return { kind: "json", type: "application/json", pretty: pretty(value), raw: plain(raw), size: raw.length };
};

const projects = {
  projects: [
    { id: "p1", name: "Acme Journal", domain: "journal.acme.example", posts: 412, tags: ["news", "product"] },
    { id: "p2", name: "Acme Shop", domain: "shop.acme.example", posts: 5000, tags: [] },
    { id: "p3", name: "Spring campaign", domain: null, posts: 0, tags: ["draft"] },
    { id: "p4", name: "مدونة الميناء", domain: "harbour.example", posts: 60, tags: [] },
  ],
  total: 4,
  next: null,
};

/** What the host answers to a path. */
function response(target: string): { status: number; text: string; body: Body; missing?: string[] } {
  if (target.startsWith("post/list"))
    return {
      status: 200,
      text: "OK",
      body: { kind: "json", type: "application/json", pretty: manyPosts(100_000), raw: plain("[…]"), size: 20_400_000 },
    };
  if (target.startsWith("media/"))
    return { status: 200, text: "OK", body: { kind: "binary", type: "image/webp", size: 84_210 } };
  if (target.startsWith("post/delete"))
    return { status: 204, text: "No Content", body: { kind: "empty", type: null, size: 0 } };
  if (target === "/admin")
    return { status: 403, text: "Forbidden", body: json({ error: "insufficient_scope" }), missing: ["berths:admin"] };
  if (target.startsWith("project/")) return { status: 200, text: "OK", body: json(projects) };
  return { status: 404, text: "Not Found", body: json({ error: { code: "not_found", message: "No such resource." } }) };
}

const endpoints: ApiEndpointView[] = [
  { method: "GET", path: "user/details", name: "", summary: "The account that authorized the connection", body: "" },
  { method: "GET", path: "project/list", name: "", summary: "The projects of the connection", body: "" },
  {
    method: "POST",
    path: "project/details",
    name: "",
    summary: "One project",
    body: '{\n  "project_id": "<project ID>"\n}',
  },
  {
    method: "POST",
    path: "post/list",
    name: "",
    summary: "The posts of a project",
    body: '{\n  "project_id": "<project ID>",\n  "limit": 20,\n  "offset": 0\n}',
  },
  {
    method: "POST",
    path: "post/create",
    name: "",
    summary: "Adds a post to a project",
    body: '{\n  "project_id": "<project ID>",\n  "title": "<title>",\n  "content": "<HTML>"\n}',
  },
];

const gone = trouble("not_found", "The response is no longer held.", null, "Open the request from the history.");

export function sentBefore(connection: string, method: string, target: string, minutes: number): Sent {
  return exchange(connection, `sent-${minutes}`, { method, target, headers: [], body: "" }, -minutes * 60_000);
}

function exchange(connection: string, id: string, draft: ApiRequestDraft, when = 0): Sent {
  const { status, text, body, missing } = response(draft.target);
  return {
    connection,
    view: {
      summary: {
        id,
        at: at(when),
        method: draft.method,
        target: draft.target,
        status,
        duration_ms: 124,
        size: body.size,
        error: null,
        body_kept: true,
      },
      draft,
      status_text: text,
      headers: [
        ...(body.type ? [{ name: "content-type", value: body.type }] : []),
        { name: "date", value: "Fri, 27 Nov 2026 09:00:00 GMT" },
        { name: "x-request-id", value: "7f3a1c90-52d1-4f4b-9f0e-2f1f6c0e7a11" },
        { name: "set-cookie", value: "[secret]" },
      ],
      content_type: body.type,
      kind: body.kind,
      pretty_lines: body.pretty?.total ?? 0,
      raw_lines: body.raw?.total ?? 0,
      is_truncated: false,
      notes: [],
      ...(missing ? { missing_scopes: missing } : {}),
    },
  };
}

/** An exchange that Grapnel or the browser had with the provider. */
export function ofGrapnel(
  connection: string,
  kind: ExchangeKind,
  minutes: number,
  more: {
    method?: string;
    url: string;
    form?: string;
    status?: number;
    text?: string;
    error?: string;
    answer?: string;
  },
): Sent {
  const { method = "GET", url, form = "", status = null, text = "", error = null, answer } = more;
  const parsed = answer === undefined ? null : json(JSON.parse(answer));
  const headers = [
    { name: "accept", value: "application/json" },
    ...(form ? [{ name: "content-type", value: "application/x-www-form-urlencoded" }] : []),
    ...(kind === "userinfo" || kind === "api" ? [{ name: "authorization", value: "Bearer [secret]" }] : []),
  ];
  const byBrowser = kind === "authorization" || kind === "callback";
  return {
    connection,
    ...(answer === undefined ? {} : { answer }),
    view: {
      summary: {
        id: `${kind}-${minutes}`,
        kind,
        at: at(-minutes * 60_000),
        method,
        target: url,
        status,
        duration_ms: byBrowser ? null : 87,
        size: parsed?.size ?? null,
        error,
        body_kept: true,
      },
      draft: { method, target: url, headers: byBrowser ? [] : headers, body: form },
      status_text: text,
      headers: status === null ? [] : [{ name: "content-type", value: "application/json" }],
      content_type: parsed ? "application/json" : null,
      kind: parsed?.kind ?? "empty",
      pretty_lines: parsed?.pretty?.total ?? 0,
      raw_lines: parsed?.raw?.total ?? 0,
      is_truncated: false,
      notes: [],
    },
  };
}

export function requesting(answer: Answer, data: () => FakeData) {
  const requests = () => (data().requests ??= { sent: [], saved: [] });
  const found = (id: string): Sent => {
    const sent = requests().sent.find(({ view }) => view.summary.id === id);
    if (!sent) throw gone;
    return sent;
  };
  const text = (id: string, layout: ResponseLayout): Text => {
    const { view, answer: own } = found(id);
    const body = own === undefined ? response(view.draft.target).body : json(JSON.parse(own));
    return (layout === "pretty" ? body.pretty : body.raw) ?? { total: 0, line: () => ({}) as ResponseLine };
  };
  const noted = (sent: Sent): ApiExchangeView => ({ ...sent.view, notes: data().requestNotes ?? [] });
  return {
    apiRequestPage: (id) =>
      answer("apiRequestPage", [id], () => {
        const grigora = data().details[id]?.summary.provider === "grigora";
        return {
          base_url: grigora ? "https://api.grigora.co/general/api/v1" : null,
          endpoints: grigora ? endpoints : [],
          saved: requests().saved,
        };
      }),
    sendApiRequest: (id, draft, call) =>
      answer(
        "sendApiRequest",
        [id, draft],
        () => {
          const sent = exchange(id, `sent-now-${requests().sent.length}`, draft);
          requests().sent.unshift(sent);
          return noted(sent);
        },
        call,
      ),
    responseLines: (id, layout, ranges) =>
      answer("responseLines", [id, layout, ranges], () => {
        const { total, line } = text(id, layout);
        return ranges
          .flatMap(({ start, count }) =>
            Array.from({ length: Math.min(count, total - start) }, (_, nth) => start + nth),
          )
          .slice(0, 400)
          .map(line);
      }),
    searchResponse: (id, layout, wanted) =>
      answer("searchResponse", [id, layout, wanted], () => {
        const { total, line } = text(id, layout);
        const lines: number[] = [];
        let count = 0;
        for (let number = 0; number < Math.min(total, 20_000); number += 1) {
          if (!line(number).text.toLowerCase().includes(wanted.toLowerCase())) continue;
          count += 1;
          if (lines.length < 1000) lines.push(number);
        }
        return { lines, total: count };
      }),
    saveResponse: (id) =>
      answer("saveResponse", [id], () => (data().chosen ? "/home/ada/Downloads/response.json" : null)),
    copyResponse: (id) => answer("copyResponse", [id], () => null),
    apiRequestHistory: (id) =>
      answer("apiRequestHistory", [id], () =>
        requests()
          .sent.filter(({ connection }) => connection === id)
          .map(({ view }) => view.summary),
      ),
    searchApiExchanges: (id, text) =>
      answer("searchApiExchanges", [id, text], () =>
        requests()
          .sent.filter(({ connection, view }) => {
            const headers = [...view.draft.headers, ...view.headers].map(({ name, value }) => `${name}: ${value}`);
            return connection === id && [...headers, view.draft.body].some((part) => part.includes(text));
          })
          .map(({ view }) => view.summary.id),
      ),
    openApiExchange: (id, opened) => answer("openApiExchange", [id, opened], () => noted(found(opened))),
    deleteApiExchange: (id, deleted) =>
      answer("deleteApiExchange", [id, deleted], () => {
        requests().sent = requests().sent.filter(({ view }) => view.summary.id !== deleted);
        return null;
      }),
    clearApiRequestHistory: (id) =>
      answer("clearApiRequestHistory", [id], () => {
        requests().sent = requests().sent.filter(({ connection }) => connection !== id);
        return null;
      }),
    saveApiRequest: (id, name, draft, replace) =>
      answer("saveApiRequest", [id, name, draft, replace], () => {
        const wrong = (message: string) => ({ ...trouble("invalid_input", message), field: "name" });
        if (!name.trim()) throw wrong("A saved request needs a name.");
        const taken = requests().saved.find((one) => one.name === name);
        if (taken && !replace) throw wrong(`There is a saved request “${name}” already.`);
        const saved = { id: taken?.id ?? `saved-${requests().saved.length + 1}`, name, draft };
        requests().saved = [...requests().saved.filter((one) => one.id !== saved.id), saved];
        return saved;
      }),
    deleteSavedRequest: (id, saved) =>
      answer("deleteSavedRequest", [id, saved], () => {
        requests().saved = requests().saved.filter((one) => one.id !== saved);
        return null;
      }),
    apiRequestSnippet: (id, draft, format) =>
      answer(
        "apiRequestSnippet",
        [id, draft, format],
        () => `${format} "https://api.grigora.co/general/api/v1/${draft.target}" $(grapnel token 'Acme production')`,
      ),
    exportActivity: (id, search, kinds) =>
      answer("exportActivity", [id, search, kinds], () => (data().chosen ? "/home/ada/Downloads/activity.json" : null)),
    exchangeSnippet: (id, exchange) =>
      answer("exchangeSnippet", [id, exchange], () => `curl '${found(exchange).view.summary.target}'`),
  } satisfies Partial<typeof Real>;
}
