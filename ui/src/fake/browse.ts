// The fake host’s offline content: filters, sorts, counts and searches like the real one.

import type { SearchHit, Month, Post, PostLine, PostPage, PostQuery } from "../bindings";
import type { FakeData } from "./data";
import { trouble } from "./data";

type Kept = { as_of: string; posts: Post[]; narrowing: string };

const neverRead = trouble("not_found", "Nothing of this was read before.");
const theirs = (query: PostQuery): string =>
  JSON.stringify([
    query.status,
    query.title,
    query.updated_from,
    query.updated_to,
    query.published_from,
    query.published_to,
  ]);
const nothing = JSON.stringify(Array(6).fill(null));
const between = (at: string | null, from: string | null, to: string | null) =>
  (!from && !to) || (at !== null && (!from || at >= from) && (!to || at <= to));

const byProvider = (post: Post, query: PostQuery): boolean =>
  (!query.status || post.status === query.status) &&
  (!query.title || post.title.toLocaleLowerCase().includes(query.title.toLocaleLowerCase())) &&
  between(post.last_update, query.updated_from, query.updated_to) &&
  between(post.post_publish, query.published_from, query.published_to);

const byUs = (post: Post, query: PostQuery): boolean =>
  (!query.author || post.author === query.author) &&
  (!query.category || post.category === query.category) &&
  (query.words_from === null || (post.word_count ?? -1) >= query.words_from) &&
  (query.words_to === null || (post.word_count ?? Infinity) <= query.words_to);

function select(posts: Post[], query: PostQuery): Post[] {
  const found = posts.filter((post) => byProvider(post, query) && byUs(post, query));
  const key = query.sort as keyof Post | null;
  const value = (post: Post) => (key === null ? "" : (post[key] ?? ""));
  if (key) found.sort((a, b) => (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0));
  return query.order === "desc" ? found.reverse() : found;
}

const counted = (values: (string | null)[]) => {
  const counts = new Map<string, number>();
  for (const value of values) if (value) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].map(([value, count]) => ({ value, count })).sort((a, b) => b.count - a.count);
};

export class FakePosts {
  #kept = new Map<string, Kept>();
  #selected: { key: string; posts: Post[] } | null = null;

  clear = (): void => this.#kept.clear();

  load(data: FakeData, connection: string, query: PostQuery): void {
    const narrowing = theirs(query);
    const posts = (data.posts[query.project_id] ?? []).filter((post) => byProvider(post, query));
    const key = JSON.stringify([connection, query.project_id, narrowing !== nothing]);
    this.#kept.set(key, { as_of: new Date().toISOString(), posts, narrowing });
    if (narrowing === nothing) this.#kept.delete(JSON.stringify([connection, query.project_id, true]));
    this.#selected = null;
  }

  #view(connection: string, query: PostQuery): { kept: Kept; narrowed: boolean; posts: Post[] } {
    const narrow = this.#kept.get(JSON.stringify([connection, query.project_id, true]));
    const whole = this.#kept.get(JSON.stringify([connection, query.project_id, false]));
    const narrowed = narrow !== undefined && narrow.narrowing === theirs(query);
    const kept = narrowed ? narrow : whole;
    if (!kept) throw neverRead;
    const key = JSON.stringify([connection, query]);
    if (this.#selected?.key !== key) this.#selected = { key, posts: select(kept.posts, query) };
    return { kept, narrowed, posts: this.#selected.posts };
  }

  page(connection: string, query: PostQuery, offset: number, limit: number): PostPage {
    const { kept, narrowed, posts } = this.#view(connection, query);
    const lines = posts
      .slice(offset, offset + limit)
      .map(({ slug: _slug, others: _others, ...line }): PostLine => line);
    const facets = {
      status: counted(kept.posts.map((post) => post.status)),
      author: counted(kept.posts.map((post) => post.author)),
      category: counted(kept.posts.map((post) => post.category)),
    };
    return {
      as_of: kept.as_of,
      narrowed,
      size: kept.posts.length,
      found: posts.length,
      lines,
      facets: offset === 0 ? facets : null,
    };
  }

  months(connection: string, query: PostQuery): Month[] {
    const { posts } = this.#view(connection, { ...query, updated_from: null, updated_to: null });
    const now = new Date();
    return Array.from({ length: 24 }, (_, n) => {
      const at = new Date(now.getFullYear(), now.getMonth() - 23 + n, 1);
      const [from, to] = [at.toISOString(), new Date(at.getFullYear(), at.getMonth() + 1, 1).toISOString()];
      const these = posts.filter((post) => post.last_update && post.last_update >= from && post.last_update < to);
      const of = (status: string) => these.filter((post) => post.status === status).length;
      return {
        month: `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, "0")}`,
        published: of("published"),
        draft: of("draft"),
        other: these.length - of("published") - of("draft"),
      };
    });
  }

  post(data: FakeData, connection: string, query: PostQuery, id: string) {
    const post = this.#view(connection, query).kept.posts.find((one) => one.id === id);
    if (!post) throw neverRead;
    const domain = data.projects.find((project) => project.id === query.project_id)?.domain;
    return { post, address: domain && post.status === "published" ? `https://${domain}/${post.slug}` : null };
  }

  search(data: FakeData, text: string): SearchHit[] {
    const name = (id: string) => data.connections.find((one) => one.id === id)?.name ?? "";
    const as_of = new Date().toISOString();
    const found: SearchHit[] = [];
    const put = (
      connection_id: string,
      kind: string,
      within: string,
      one: { id: string; title: string; status?: string | null },
    ) => {
      if (!one.title.toLocaleLowerCase().includes(text.toLocaleLowerCase())) return;
      found.push({
        connection_id,
        connection: name(connection_id),
        kind,
        within,
        parent: data.projects.find(({ id }) => id === within)?.name ?? null,
        id: one.id,
        title: one.title,
        status: one.status ?? null,
        as_of,
      });
    };
    for (const connection of data.connections) {
      if (connection.provider === "grigora")
        for (const { id, name } of data.wasRead ? data.projects : [])
          put(connection.id, "projects", "", { id, title: name });
      else
        for (const [key, items] of Object.entries(data.items)) {
          const [kind, within] = key.split("/");
          for (const { id, name } of items) put(connection.id, kind ?? "", within ?? "", { id, title: name });
        }
    }
    for (const [key, kept] of this.#kept) {
      const [connection, within] = JSON.parse(key) as [string, string];
      for (const post of kept.posts) put(connection, "posts", within, post);
    }
    return found.slice(0, 50);
  }
}
