// The Requests tab of each connection: the request that is written, its response, the history and saved requests.

import {
  host,
  type ApiEndpointView,
  type ApiExchangeSummary,
  type ApiExchangeView,
  type ApiRequestDraft,
  type ApiRequestPage,
  type RequestHeader,
  type ResponseLayout,
  type SavedRequest,
} from "../host";
import { Load } from "./load.svelte";
import { router } from "./router.svelte";
import { ResponseLines } from "./responseLines.svelte";

/** Waits for a response that are shorter show no progress text, in milliseconds. */
const SLOW = 500;

/** Whether the person sent a request. */
export const isOwn = ({ kind }: ApiExchangeSummary): boolean => (kind ?? "request") === "request";

/** Whether an exchange failed. Of what the browser sent, only an error is known. */
export const hasFailed = ({ kind, status, error }: ApiExchangeSummary): boolean =>
  error !== null || (status === null ? kind !== "authorization" && kind !== "callback" : status >= 400);

export const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

export class RequestPageState {
  readonly connection: string;
  method = $state("GET");
  target = $state("");
  headers = $state<RequestHeader[]>([]);
  body = $state("");
  page = new Load<ApiRequestPage>();
  history = new Load<ApiExchangeSummary[]>();
  /** The request that was sent or opened last, with its response. */
  exchange = new Load<ApiExchangeView>(SLOW);
  /** Whether the last exchange was asked for by opening it, not by sending. */
  opening = $state(false);
  layout = $state<ResponseLayout>("pretty");
  lines = $state.raw<ResponseLines | null>(null);
  /** Requests that were replaced before they were sent or saved, the last one replaced at the end. */
  unsent = $state.raw<ApiRequestDraft[]>([]);
  /** The request that is also in the history or saved, as text. */
  #kept = "";
  /** The example body that was filled in; as long as it is unchanged, another endpoint may replace it. */
  #example = "";
  /** The exchange that `lines` belongs to. */
  #shown: ApiExchangeView | null = null;
  #opened: string | null = null;

  constructor(connection: string) {
    this.connection = connection;
  }

  draft = (): ApiRequestDraft => ({
    method: this.method,
    target: this.target.trim(),
    headers: $state.snapshot(this.headers).filter(({ name, value }) => name.trim() !== "" || value.trim() !== ""),
    body: this.body,
  });

  /** The exchange that is shown, if Grapnel or the browser sent it. */
  get foreign(): ApiExchangeView | null {
    const shown = this.exchange.data;
    return shown && !this.exchange.trouble && !isOwn(shown.summary) ? shown : null;
  }

  /** Whether something is written that is neither in the history nor saved. */
  get #isUnsent(): boolean {
    const { target, body, headers } = this.draft();
    const isBlank = target === "" && body === "" && headers.length === 0;
    return !isBlank && JSON.stringify(this.draft()) !== this.#kept;
  }

  read = (): Promise<void> => this.page.run(() => host.apiRequestPage(this.connection));
  readHistory = (): Promise<void> => this.history.run(() => host.apiRequestHistory(this.connection));

  /** Takes over an endpoint, and its example body unless the person has written one. */
  choose(endpoint: ApiEndpointView): void {
    this.method = endpoint.method;
    this.target = endpoint.path;
    if (this.body.trim() === "" || this.body === this.#example) this.body = this.#example = endpoint.body;
  }

  /** Shows another request. One that would be lost stays available. */
  fill(draft: ApiRequestDraft): void {
    if (this.#isUnsent) this.unsent = [...this.unsent, this.draft()];
    this.#write(draft);
    this.#kept = JSON.stringify(this.draft());
  }

  /** Goes back to the request that was replaced last; one that it replaces comes last in turn. */
  restore = (): void => {
    const last = this.unsent.at(-1);
    if (!last) return;
    this.unsent = [...(this.#isUnsent ? [this.draft()] : []), ...this.unsent.slice(0, -1)];
    this.#write(last);
    this.#kept = "";
  };

  #write(draft: ApiRequestDraft): void {
    this.method = draft.method;
    this.target = draft.target;
    this.headers = draft.headers.map((header) => ({ ...header }));
    this.body = draft.body;
    this.#example = "";
  }

  reset = (): void => {
    this.fill({ method: "GET", target: "", headers: [], body: "" });
    this.close();
  };

  /** Closes the exchange; what is written stays. */
  close = (): void => {
    this.#opened = null;
    this.exchange.clear();
    this.#show(null);
  };

  send = async (): Promise<void> => {
    this.opening = false;
    this.#opened = null;
    const draft = this.draft();
    if (await this.#run((call) => host.sendApiRequest(this.connection, draft, call)))
      this.#kept = JSON.stringify(draft);
    await this.readHistory();
  };

  /** Opens an exchange of the history. A request of the person can be sent again. */
  open = async (id: string): Promise<void> => {
    this.opening = true;
    this.#opened = id;
    await this.#run(() => host.openApiExchange(this.connection, id));
    const found = this.exchange.data;
    if (found?.summary.id === id && !this.exchange.trouble && isOwn(found.summary)) this.fill(found.draft);
  };

  again = (): Promise<void> => (this.#opened ? this.open(this.#opened) : this.send());

  /** Whether an exchange is shown. */
  async #run(ask: (call: number) => Promise<ApiExchangeView>): Promise<boolean> {
    await this.exchange.run(ask);
    if (this.exchange.trouble || this.exchange.stopped || this.exchange.busy) return false;
    this.#show(this.exchange.data);
    return true;
  }

  #show(exchange: ApiExchangeView | null): void {
    this.#shown = exchange;
    this.show(exchange?.pretty_lines ? "pretty" : "raw");
  }

  /** Shows the response in this layout, from its beginning. */
  show(layout: ResponseLayout): void {
    this.layout = layout;
    const of = this.#shown;
    const total = of ? (layout === "pretty" ? of.pretty_lines : of.raw_lines) : 0;
    const reopen = (id: string) => host.openApiExchange(this.connection, id);
    this.lines = of && total > 0 ? new ResponseLines(of.summary.id, layout, total, () => reopen(of.summary.id)) : null;
  }

  removeExchange = async (id: string): Promise<void> => {
    await host.deleteApiExchange(this.connection, id);
    if (this.history.data) this.history.data = this.history.data.filter((one) => one.id !== id);
    this.#drop((shown) => shown === id);
  };

  clearHistory = async (): Promise<void> => {
    await host.clearApiRequestHistory(this.connection);
    this.history.data = [];
    this.#drop(() => true);
  };

  save = async (name: string, replace: boolean): Promise<void> => {
    const draft = this.draft();
    const saved = await host.saveApiRequest(this.connection, name, draft, replace);
    this.#kept = JSON.stringify(draft);
    this.#changeSaved((all) =>
      [...all.filter((one) => one.id !== saved.id && one.name !== saved.name), saved].sort((a, b) =>
        a.name < b.name ? -1 : 1,
      ),
    );
  };

  removeSaved = async (id: string): Promise<void> => {
    await host.deleteSavedRequest(this.connection, id);
    this.#changeSaved((all) => all.filter((one) => one.id !== id));
  };

  #changeSaved(change: (all: SavedRequest[]) => SavedRequest[]): void {
    const page = this.page.data;
    if (page) this.page.data = { ...page, saved: change(page.saved) };
  }

  /** The host no longer has the response of a deleted exchange. */
  #drop(is: (id: string) => boolean): void {
    const shown = this.exchange.data?.summary.id;
    if (shown !== undefined && !this.exchange.busy && is(shown)) this.close();
  }
}

class RequestPages {
  #all = new Map<string, RequestPageState>();

  of(connection: string): RequestPageState {
    const page = this.#all.get(connection) ?? new RequestPageState(connection);
    this.#all.set(connection, page);
    return page;
  }

  /** Drops the requests and responses of a connection. */
  drop = (connection: string): void => {
    const page = this.#all.get(connection);
    page?.exchange.clear();
    this.#all.delete(connection);
  };
}

export const requestPages = new RequestPages();

/** Opens an exchange in the Requests tab of its connection. */
export function showExchange(connection: string, exchange: string): void {
  void requestPages.of(connection).open(exchange);
  router.toConnection(connection, "requests");
}
