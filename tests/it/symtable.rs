//! The semantic model against CPython's own symbol tables, for every file of its standard library and tests: the same
//! scopes, in each the same names, each name of the same class and used in the same ways.
//!
//! `PYTHON` names another interpreter than the `python3` on the path.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::process::Command;

use hotcold::python::{self, ComprehensionKind};
use hotcold::semantic::{Model, ScopeId, ScopeNode, Symbol, SymbolClass};
use hotcold::text::LineIndex;
use rayon::prelude::*;
use serde::Deserialize;

/// What CPython adds to its tables by itself.
const SYNTHESISED: &[&str] = &[
    ".0",
    ".defaults",
    ".generic_base",
    ".kwdefaults",
    ".type_params",
    "__classdict__",
    "__conditional_annotations__",
    "__static_attributes__",
    "__type_params__",
];

/// One scope as both sides show it. Children have no order: CPython visits the parts of a statement in another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Table {
    kind: String,
    /// Of a function or class.
    name: String,
    /// Where a function, class, lambda or comprehension starts; zero for the hidden scopes of type parameters.
    line: u32,
    /// CPython's class of the name, then how it is used.
    names: BTreeMap<String, String>,
    children: Vec<Table>,
    /// Names of comprehensions that were merged into this scope (see `inline`).
    merged: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Dumped(String, String, u32, BTreeMap<String, String>, Vec<Dumped>);

#[derive(Deserialize)]
struct Header {
    version: (u32, u32),
}

#[derive(Deserialize)]
struct Footer {
    rejected: usize,
}

#[derive(Default)]
struct Tally {
    files: usize,
    refused: Vec<String>,
    scopes: usize,
    names: usize,
    differences: Vec<String>,
}

#[test]
#[expect(clippy::print_stderr, reason = "the numbers compared are the point")]
fn every_name_of_the_standard_library_has_the_class_that_cpython_gives_it() {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/symtable_dump.py");
    let output = Command::new(&python).args(["-I", "-X", "utf8", script]).output().expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = String::from_utf8(output.stdout).expect("the dump is UTF-8");

    let mut lines: Vec<&str> = output.lines().collect();
    let header: Header = serde_json::from_str(lines.remove(0)).expect("the first line is the header");
    let footer: Footer = serde_json::from_str(lines.pop().expect("a footer")).expect("the last line is the footer");

    let pool = rayon::ThreadPoolBuilder::new().stack_size(64 << 20).build().expect("threads start");
    let tally = pool.install(|| {
        let tallies = lines.par_iter().map(|line| {
            let (path, dumped): (String, Dumped) = serde_json::from_str(line).expect("a line is a path and its table");
            compare_file(&path, dumped, header.version)
        });
        tallies.reduce(Tally::default, Tally::add)
    });

    eprintln!(
        "Python {}.{}: {} files compared, {} refused by hotcold, {} rejected by Python; {} scopes, {} names, {} differences",
        header.version.0,
        header.version.1,
        tally.files,
        tally.refused.len(),
        footer.rejected,
        tally.scopes,
        tally.names,
        tally.differences.len(),
    );
    assert!(tally.files > 1000, "too few files were compared: {}", tally.files);
    eprintln!("refused: {}", tally.refused.join(", "));
    assert!(tally.refused.len() * 100 < tally.files, "{} files are refused", tally.refused.len());
    let shown: Vec<&str> = tally.differences.iter().take(40).map(String::as_str).collect();
    assert!(shown.is_empty(), "{} differences, among them:\n{}", tally.differences.len(), shown.join("\n"));
}

fn compare_file(path: &str, dumped: Dumped, version: (u32, u32)) -> Tally {
    let text = std::fs::read_to_string(path).expect("the file that Python read is there");
    let Ok(module) = python::parse(text) else {
        return Tally { refused: vec![path.to_owned()], ..Tally::default() };
    };
    let model = Model::new(&module);
    let mut ours = model_table(&model, &LineIndex::new(module.text()), module.text());
    if version >= (3, 12) {
        inline(&mut ours, false);
    }
    let mut theirs = python_table(dumped);
    sort(&mut ours);
    sort(&mut theirs);
    let mut tally = Tally { files: 1, ..Tally::default() };
    compare(path, &ours, &theirs, &mut tally);
    tally
}

impl Tally {
    fn add(mut self, other: Tally) -> Tally {
        self.files += other.files;
        self.refused.extend(other.refused);
        self.scopes += other.scopes;
        self.names += other.names;
        self.differences.extend(other.differences);
        self
    }
}

/// The model as a tree of tables, without what the compiler never sees: scopes and names in strings, and in annotations
/// under the future import.
fn model_table(model: &Model<'_>, lines: &LineIndex, text: &str) -> Table {
    let mut tables: Vec<Option<Table>> = model
        .scopes()
        .map(|(_, scope)| {
            let (kind, name, start) = match scope.node {
                ScopeNode::Module => ("module", "", None),
                ScopeNode::Class(class) => ("class", class.name.name.as_str(), Some(class.name.span.start())),
                ScopeNode::Function(function) => {
                    ("function", function.name.name.as_str(), Some(function.name.span.start()))
                }
                ScopeNode::Lambda { .. } => ("lambda", "", Some(scope.span.start())),
                ScopeNode::Comprehension(comprehension) => {
                    let kind = match comprehension.kind {
                        ComprehensionKind::List => "listcomp",
                        ComprehensionKind::Set => "setcomp",
                        ComprehensionKind::Dict => "dictcomp",
                        ComprehensionKind::Generator => "genexpr",
                    };
                    (kind, "", Some(scope.span.start()))
                }
                ScopeNode::TypeParameters(_) => ("parameters", "", None),
                ScopeNode::Lazy(_) => ("lazy", "", None),
            };
            let names = scope.symbols.iter().filter(|(_, symbol)| symbol.class != SymbolClass::Unclassified);
            let table = Table {
                kind: kind.to_owned(),
                name: name.to_owned(),
                line: start.map_or(0, |start| lines.line_column(text, start).line),
                names: names.map(|(name, symbol)| (name.to_string(), letters(symbol))).collect(),
                children: Vec::new(),
                merged: BTreeSet::new(),
            };
            (!scope.uncompiled).then_some(table)
        })
        .collect();
    // Parents come before their children, so the last scope goes first; that leaves the children in reverse.
    let parents: Vec<Option<ScopeId>> = model.scopes().map(|(_, scope)| scope.parent).collect();
    let ids: BTreeMap<ScopeId, usize> = model.scopes().enumerate().map(|(index, (id, _))| (id, index)).collect();
    for index in (1..tables.len()).rev() {
        let parent = ids[&parents[index].expect("only the module has no parent")];
        if let Some(mut table) = tables[index].take() {
            table.children.reverse();
            let parent = tables[parent].as_mut().expect("what is compiled stands in what is compiled");
            parent.children.push(table);
        }
    }
    let mut root = tables[0].take().expect("the module is compiled");
    root.children.reverse();
    root
}

fn letters(symbol: &Symbol) -> String {
    let class = match symbol.class {
        SymbolClass::Unclassified => '?',
        SymbolClass::Local => 'l',
        SymbolClass::Cell => 'c',
        SymbolClass::Free => 'f',
        SymbolClass::GlobalExplicit => 'e',
        SymbolClass::GlobalImplicit => 'g',
    };
    let uses = [
        (symbol.is_used(), 'u'),
        (symbol.is_assigned(), 'a'),
        (symbol.is_parameter(), 'p'),
        (symbol.is_imported(), 'i'),
    ];
    std::iter::once(class).chain(uses.into_iter().filter(|(is, _)| *is).map(|(_, letter)| letter)).collect()
}

fn python_table(Dumped(kind, name, line, mut names, children): Dumped) -> Table {
    let (kind, name) = match (kind.as_str(), name.as_str()) {
        ("function", "lambda") => ("lambda".to_owned(), String::new()),
        ("function", "listcomp" | "setcomp" | "dictcomp" | "genexpr") if names.contains_key(".0") => {
            (name, String::new())
        }
        ("function" | "class", _) => (kind, name),
        _ => (kind, String::new()),
    };
    let line = if matches!(kind.as_str(), "module" | "parameters" | "lazy") { 0 } else { line };
    names.retain(|name, _| !SYNTHESISED.contains(&name.as_str()));
    let children = children.into_iter().map(python_table).collect();
    Table { kind, name, line, names, children, merged: BTreeSet::new() }
}

/// Since 3.12 CPython compiles list, set and dict comprehensions into the scope around them, and its table shows the
/// result: the comprehension is gone, its scopes stand in the scope around, and its names too, unless that scope has them
/// already. A name that only the comprehension captured is no cell any more.
fn inline(table: &mut Table, in_class_annotation: bool) {
    let hidden = matches!(table.kind.as_str(), "parameters" | "lazy");
    let sees_class = hidden && in_class_annotation;
    for child in &mut table.children {
        inline(child, table.kind == "class" || sees_class);
    }
    for child in std::mem::take(&mut table.children) {
        if sees_class || !matches!(child.kind.as_str(), "listcomp" | "setcomp" | "dictcomp") {
            table.children.push(child);
            continue;
        }
        for (name, letters) in child.names {
            let passing = table.names.get(&name).is_none_or(|letters| letters == "f");
            if passing {
                table.names.insert(name.clone(), letters);
            }
            table.merged.insert(name);
        }
        table.merged.extend(child.merged);
        table.children.extend(child.children);
    }
}

fn sort(table: &mut Table) {
    table.children.iter_mut().for_each(sort);
    table.children.sort();
}

fn compare(place: &str, ours: &Table, theirs: &Table, tally: &mut Tally) {
    tally.scopes += 1;
    let mut difference = String::new();
    let names: BTreeSet<&String> = ours.names.keys().chain(theirs.names.keys()).collect();
    for name in names {
        tally.names += 1;
        let merged = ours.merged.contains(name);
        let show = |table: &Table| {
            let letters = table.names.get(name).map_or("-", String::as_str);
            if merged { letters.replacen('c', "l", 1) } else { letters.to_owned() }
        };
        let (our, their) = (show(ours), show(theirs));
        if our != their {
            let _ = write!(difference, " {name}: ours {our}, theirs {their};");
        }
    }
    let label = |table: &Table| format!("{} {}:{}", table.kind, table.name, table.line);
    let heads = |table: &Table| table.children.iter().map(label).collect::<Vec<_>>();
    if heads(ours) != heads(theirs) {
        let (ours, theirs): (BTreeSet<_>, BTreeSet<_>) =
            (heads(ours).into_iter().collect(), heads(theirs).into_iter().collect());
        let only = |left: &BTreeSet<String>, right: &BTreeSet<String>| {
            left.difference(right).cloned().collect::<Vec<_>>().join(", ")
        };
        let _ = write!(
            difference,
            " scopes: only ours [{}], only theirs [{}];",
            only(&ours, &theirs),
            only(&theirs, &ours)
        );
    }
    if !difference.is_empty() {
        tally.differences.push(format!("{place} > {}:{difference}", label(ours)));
    }
    if heads(ours) == heads(theirs) {
        for (ours, theirs) in ours.children.iter().zip(&theirs.children) {
            compare(&format!("{place} > {}", label(ours)), ours, theirs, tally);
        }
    }
}
