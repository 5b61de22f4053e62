// Sample posts: every status, several scripts, short and long titles.

import type { Post } from "../bindings";
import { at, MINUTE } from "./data";

const titles = [
  "Choosing a rope for salt water",
  "The autumn catalogue, changed",
  "How a grapnel holds where an anchor drags",
  "Splicing an eye, step by step",
  "Bronze fittings in winter",
  "A day at the ropewalk",
  "What repairs cost us",
  "كيف تختار حبلاً للماء المالح",
  "Letters from small boats",
  "Measuring wear on mooring lines, a long study over three winters " +
    "with figures for every harbour between the two capes and some beyond",
  "塩水に強いロープの選び方",
  "Night watch: a photo essay",
  "מדריך לקשרים שאינם מחליקים",
  "Galvanised or stainless?",
  "",
];
const people = ["Amélie Renard", "Tom Okafor", "Ines Duarte", "Jonas Lind", "سارة حداد"];
const categories = ["Guides", "News", "Care", "Stories", null];

export const posts = (count: number): Post[] =>
  Array.from({ length: count }, (_, n) => ({
    id: `66f1c${n.toString(16).padStart(5, "0")}`,
    title: titles[n % titles.length] ?? "",
    slug: `post-${n}`,
    status: n % 4 === 1 ? "draft" : n % 23 === 7 ? "archived" : "published",
    author: people[n % people.length] ?? null,
    category: categories[n % categories.length] ?? null,
    word_count: n % 17 === 0 ? null : 300 + ((n * 7919) % 3200),
    created_on: at(-(n * 190 + 900) * MINUTE),
    last_update: at(-(n * 190 + 12) * MINUTE),
    post_publish: n % 4 === 1 ? null : at(-(n * 190 + 700) * MINUTE),
    others: [
      { name: "reading_time", value: String(3 + (n % 11)) },
      { name: "featured", value: n % 9 === 0 ? "true" : "false" },
    ],
  }));
