// Orders overlapping overview requests, so that an old response never overwrites newer data.

/** `changed`: connections that changed since the request began. `newer`: IDs with data newer than the response. */
export type OverviewRequest = { nth: number; changed: Set<string>; newer: Set<string> };

export class RequestOrdering {
  #open = new Set<OverviewRequest>();
  #begun = 0;
  #shown = 0;

  begin(): OverviewRequest {
    const request: OverviewRequest = { nth: (this.#begun += 1), changed: new Set(), newer: new Set() };
    this.#open.add(request);
    return request;
  }

  end = (request: OverviewRequest): void => void this.#open.delete(request);

  /** Ends the request. Returns whether to use its response: false if a later request was answered first. */
  accept(request: OverviewRequest): boolean {
    this.end(request);
    if (this.isStale(request)) return false;
    this.#shown = request.nth;
    return true;
  }

  isStale = ({ nth }: OverviewRequest): boolean => nth < this.#shown;
  isOnlyRequest = (): boolean => this.#open.size === 1;

  noteChange(id: string): void {
    for (const { changed } of this.#open) changed.add(id);
  }

  noteNewer(ids: Iterable<string>): void {
    for (const { newer } of this.#open) for (const id of ids) newer.add(id);
  }
}

/** The response merged with the current list: IDs in `newer` stay as they are, present or absent. */
export const merged = <T extends { id: string }>(now: T[], read: T[], newer: Set<string>): T[] =>
  newer.size === 0 ? read : [...read.filter(({ id }) => !newer.has(id)), ...now.filter(({ id }) => newer.has(id))];
