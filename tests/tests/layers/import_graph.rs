//! The imports between the files of one crate target, read from its source.
//!
//! A node is a file. File A imports file B where a path in A leads into the module that B holds:
//! - in a `use` declaration, `pub use` included;
//! - anywhere else in the code, where it begins with `crate`, `self`, `super` or the name of a child module. In the
//!   arguments of a macro, only those that begin with `crate` or `super` are recognized.
//!
//! A path is followed through modules only: an item belongs to the module by which it is named, also where that module
//! re-exports it. Declaring a child (`mod name;`) is no import, and neither is a path in a doc comment. Whatever is
//! `#[cfg(test)]` is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use grapnel_tests::{Context, Result};
use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;
use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, Item, ItemMod, ItemUse, Lit, Meta, UseTree};

/// The crate targets of the workspace: each root file that Cargo compiles, relative to the workspace.
pub(crate) fn crate_roots(workspace: &Path) -> Vec<String> {
    let mut roots = Vec::new();
    let members = ["src-tauri", "tests"].map(|name| workspace.join(name));
    let nested = members.iter().flat_map(|member| directories(member)).collect::<Vec<_>>();
    for member in members.iter().chain(&nested).filter(|member| member.join("Cargo.toml").is_file()) {
        let mut found = vec![member.join("src/lib.rs"), member.join("src/main.rs")];
        for directory in ["src/bin", "tests"].map(|name| member.join(name)) {
            found.extend(directories(&directory).iter().map(|target| target.join("main.rs")));
            found.extend(
                files(&directory).into_iter().filter(|file| file.extension().is_some_and(|e| e == "rs")),
            );
        }
        roots.extend(found.into_iter().filter(|root| root.is_file()).map(|root| shown(workspace, &root)));
    }
    roots.sort();
    roots
}

/// The files of one crate target and the imports between them.
pub(crate) struct ImportGraph {
    files: Vec<String>,
    /// The names that the first file imports from the second.
    imports: BTreeMap<(usize, usize), BTreeSet<String>>,
}

/// Files that import each other around a loop.
pub(crate) struct Circle {
    pub(crate) files: Vec<String>,
    imports: Vec<String>,
}

impl ImportGraph {
    /// Reads a target from its root file on.
    pub(crate) fn read(workspace: &Path, root: &str) -> Result<Self> {
        let mut modules = Modules::default();
        modules.read(workspace, &workspace.join(root), &[], &Children::OfRoot)?;
        let mut imports = BTreeMap::<_, BTreeSet<String>>::new();
        for (file, paths) in modules.paths.iter().enumerate() {
            for (module, path) in paths {
                for &target in modules.files_of(module, path).iter().filter(|target| **target != file) {
                    let name = path.last().cloned().unwrap_or_default();
                    imports.entry((file, target)).or_default().insert(name);
                }
            }
        }
        Ok(Self { files: modules.files, imports })
    }

    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    /// The strongly connected components of more than one file.
    pub(crate) fn circles(&self) -> Vec<Circle> {
        let graph: DiGraphMap<usize, ()> = self.imports.keys().map(|(from, to)| (*from, *to, ())).collect();
        let circles = tarjan_scc(&graph).into_iter().filter(|component| component.len() > 1);
        let circles = circles.map(|component| {
            let within = |(from, to): &(usize, usize)| component.contains(from) && component.contains(to);
            let imports = self.imports.iter().filter(|(ends, _)| within(ends)).map(|((from, to), names)| {
                let names = names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
                format!("{} -> {}: {names}", self.files[*from], self.files[*to])
            });
            let mut files: Vec<_> = component.iter().map(|file| self.files[*file].clone()).collect();
            files.sort();
            Circle { files, imports: imports.collect() }
        });
        circles.collect()
    }

    fn has_import(&self, from: &str, to: &str) -> bool {
        self.imports.keys().any(|(a, b)| self.files[*a] == from && self.files[*b] == to)
    }
}

impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  circle of {} files:", self.files.len())?;
        self.imports.iter().try_for_each(|import| writeln!(f, "    {import}"))
    }
}

/// A module's path from the root of its crate.
type ModulePath = Vec<String>;

/// The modules of a crate, by path. A module that is declared once for each platform has several files.
#[derive(Default)]
struct Modules {
    files: Vec<String>,
    of_path: BTreeMap<ModulePath, Vec<usize>>,
    /// The paths of each file, each with the module that contains it.
    paths: Vec<Vec<(ModulePath, Vec<String>)>>,
}

/// The location of a module's child files.
enum Children {
    /// In the same directory: it is a crate root, or its path was given by an attribute.
    OfRoot,
    /// In a directory with the module's name.
    InFolder,
}

impl Modules {
    fn read(&mut self, workspace: &Path, file: &Path, module: &[String], children: &Children) -> Result<()> {
        let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let syntax = syn::parse_file(&text).with_context(|| file.display().to_string())?;
        let index = self.files.len();
        self.files.push(shown(workspace, file));
        self.of_path.entry(module.to_vec()).or_default().push(index);
        self.paths.push(Vec::new());
        let mut paths = Paths { module: module.to_vec(), found: Vec::new() };
        paths.visit_file(&syntax);
        self.paths[index] = paths.found;
        let folder = match children {
            Children::OfRoot => file.parent().context("a folder")?.to_owned(),
            Children::InFolder => file.with_extension(""),
        };
        self.read_children(workspace, (file, index), &syntax.items, module, &folder)
    }

    fn read_children(
        &mut self,
        workspace: &Path,
        (file, index): (&Path, usize),
        items: &[Item],
        module: &[String],
        folder: &Path,
    ) -> Result<()> {
        for child in
            items.iter().filter_map(|item| if let Item::Mod(child) = item { Some(child) } else { None })
        {
            if is_test(&child.attrs) {
                continue;
            }
            let name = child.ident.to_string();
            let path: ModulePath = module.iter().cloned().chain([name.clone()]).collect();
            if let Some((_, items)) = &child.content {
                self.of_path.entry(path.clone()).or_default().push(index);
                self.read_children(workspace, (file, index), items, &path, &folder.join(&name))?;
                continue;
            }
            if let Some(given) = given_path(&child.attrs) {
                let file = file.parent().context("a folder")?.join(given);
                self.read(workspace, &file, &path, &Children::OfRoot)?;
            } else {
                let file = folder.join(format!("{name}.rs"));
                self.read(workspace, &file, &path, &Children::InFolder)?;
            }
        }
        Ok(())
    }

    /// The files that hold the module to which a path leads from another module; none where it leaves the crate.
    fn files_of(&self, module: &[String], path: &[String]) -> &[usize] {
        let mut at = module.to_vec();
        for (position, segment) in path.iter().enumerate() {
            match segment.as_str() {
                "crate" => at.clear(),
                "self" => {}
                "super" => _ = at.pop(),
                name => {
                    at.push(name.to_owned());
                    if !self.of_path.contains_key(&at) {
                        if position == 0 {
                            return &[];
                        }
                        at.pop();
                        break;
                    }
                }
            }
        }
        self.of_path.get(&at).map_or(&[], Vec::as_slice)
    }
}

/// The paths of one file that may lead to another, each with the module that contains it.
struct Paths {
    module: ModulePath,
    found: Vec<(ModulePath, Vec<String>)>,
}

impl Paths {
    fn add(&mut self, path: Vec<String>) {
        self.found.push((self.module.clone(), path));
    }

    fn add_tree(&mut self, before: &[String], tree: &UseTree) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.add_tree(&with(&path.ident), &path.tree),
            UseTree::Name(name) if name.ident == "self" => self.add(before.to_vec()),
            UseTree::Name(name) => self.add(with(&name.ident)),
            UseTree::Rename(renamed) => self.add(with(&renamed.ident)),
            UseTree::Glob(_) => self.add([before, &["*".to_owned()]].concat()),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_tree(before, tree)),
        }
    }

    /// The arguments of a macro are not parsed as syntax: paths are recognized by their first word.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Group(group) => self.add_tokens(group.stream()),
                TokenTree::Ident(first) if first == "crate" || first == "super" => {
                    let mut path = vec![first.to_string()];
                    while let Some(TokenTree::Punct(_) | TokenTree::Ident(_)) = tokens.peek() {
                        match tokens.next() {
                            Some(TokenTree::Punct(colon)) if colon.as_char() == ':' => {}
                            Some(TokenTree::Ident(name)) => path.push(name.to_string()),
                            _ => break,
                        }
                    }
                    // `crate` alone is a visibility.
                    if path.len() > 1 {
                        self.add(path);
                    }
                }
                _ => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Mod(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            Item::Const(item) => &item.attrs,
            Item::Struct(item) => &item.attrs,
            _ => &Vec::new(),
        };
        if !is_test(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, method: &'ast syn::ImplItemFn) {
        if !is_test(&method.attrs) {
            visit::visit_impl_item_fn(self, method);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if let Some((_, items)) = &module.content {
            self.module.push(module.ident.to_string());
            for item in items {
                self.visit_item(item);
            }
            self.module.pop();
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.add_tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            self.add(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.add_tokens(call.tokens.clone());
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        _ => false,
    })
}

/// The value of `#[path = "…"]`.
fn given_path(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(path) => Some(path.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    })
}

fn shown(workspace: &Path, file: &Path) -> String {
    file.strip_prefix(workspace).unwrap_or(file).display().to_string()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

fn directories(folder: &Path) -> Vec<PathBuf> {
    entries(folder).into_iter().filter(|entry| entry.is_dir()).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    entries(folder).into_iter().filter(|entry| entry.is_file()).collect()
}

#[test]
fn an_import_is_a_path_that_leads_into_another_file() -> Result<()> {
    let sources = [
        ("lib.rs", "mod a; mod b; #[cfg(test)] mod tests; pub use a::A;"),
        (
            "a.rs",
            "//! [`crate::b`]\nmod child; use std::fmt; pub struct A(child::C); mod inner { use super::super::b; }",
        ),
        ("a/child.rs", "pub struct C; fn f() { println!(\"{}\", super::super::b::f()); }"),
        ("b.rs", "pub fn f() -> u8 { 0 } #[cfg(test)] mod tests { use super::*; use crate::a; }"),
        ("tests.rs", "use crate::a::A;"),
    ];
    let home = tempfile::tempdir()?;
    fs::create_dir(home.path().join("a"))?;
    for (name, text) in sources {
        fs::write(home.path().join(name), text)?;
    }
    let graph = ImportGraph::read(home.path(), "lib.rs")?;
    assert_eq!(graph.len(), 4, "tests are left out");
    assert!(graph.has_import("lib.rs", "a.rs"), "a re-export");
    assert!(!graph.has_import("lib.rs", "b.rs"), "a declaration alone");
    assert!(graph.has_import("a.rs", "a/child.rs"), "the name of a child");
    assert!(graph.has_import("a.rs", "b.rs"), "from an inline module");
    assert!(graph.has_import("a/child.rs", "b.rs"), "in a macro");
    assert!(!graph.has_import("b.rs", "a.rs"), "in a test");
    assert!(graph.circles().is_empty());

    fs::write(home.path().join("b.rs"), "use crate::a::A;")?;
    let circles = ImportGraph::read(home.path(), "lib.rs")?.circles();
    assert_eq!(circles.len(), 1);
    assert_eq!(circles[0].files, ["a.rs", "a/child.rs", "b.rs"]);
    Ok(())
}
