//! Exchanges of a connection for its Requests tab: a request that a person writes, its response by lines, the history,
//! saved requests, and the same request for other programs.

mod draft;
mod exchange;
mod history;
mod json_lines;
mod masked;
mod page;
mod raw_lines;
mod response_body;
mod saved;
mod send;
mod snippet;

pub use exchange::Exchange;
pub(crate) use history::{clear, list, open, remove, search};
pub(crate) use page::page;
pub use response_body::ResponseBody;
pub(crate) use saved::{remove as remove_saved, save};
pub(crate) use send::send;
pub(crate) use snippet::{exchange_snippet, snippet};
