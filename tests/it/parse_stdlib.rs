//! Judges the reading of Python by CPython: over its whole standard library, the same files are refused and the syntax
//! trees hold the same names, bindings and statements at the same places.
//! `HOTCOLD_PARSE_ROOTS`, a path list, names other trees to read instead.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use hotcold::python::*;
use hotcold::text::{Span, TextSize};

/// Files that CPython accepts and hotcold refuses, by the end of their path, and why.
const REFUSED: &[(&str, &str)] = &[
    ("test/test_print.py", "`print >> file, x` is taken for Python 2, though CPython raises only when it runs"),
    ("test/test_compile.py", "tree-sitter loses a bracket when a line in it starts left of its block after a dot"),
];

/// Files that CPython rejects and hotcold reads, and why that is no harm.
const READ: &[(&str, &str)] = &[
    ("badsyntax_future9.py", "`from __future__ import braces`"),
    ("bad_coding.py", "the encoding is checked when the file is read from disk"),
    ("bad_coding2.py", "the encoding is checked when the file is read from disk"),
];

#[test]
fn the_standard_library_reads_as_cpython_reads_it() {
    let roots = match std::env::var_os("HOTCOLD_PARSE_ROOTS") {
        Some(roots) => std::env::split_paths(&roots).collect(),
        None => match stdlib() {
            Some(root) => vec![root],
            // Without Python there is nobody to judge.
            None => return,
        },
    };
    let files = python_files(&roots);
    assert!(!files.is_empty(), "no Python file in {roots:?}");
    let share = files.len().div_ceil(std::thread::available_parallelism().map_or(1, usize::from));
    let complaints: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = files.chunks(share).map(|files| scope.spawn(move || compare(files))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no thread panics")).collect()
    });
    assert!(complaints.is_empty(), "{} of {} files:\n{}", complaints.len(), files.len(), complaints.join("\n"));
}

fn stdlib() -> Option<PathBuf> {
    let program = "import sysconfig; print(sysconfig.get_paths()['stdlib'])";
    let output = Command::new("python3").args(["-c", program]).output().ok()?;
    Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim()))
}

fn python_files(roots: &[PathBuf]) -> Vec<PathBuf> {
    // What is installed beside the standard library is a root of its own, if anyone asks.
    let installed = |entry: &walkdir::DirEntry| entry.depth() > 0 && entry.file_name() == "site-packages";
    let walks = roots.iter().map(|root| walkdir::WalkDir::new(root).sort_by_file_name());
    let entries = walks.flat_map(|walk| walk.into_iter().filter_entry(|entry| !installed(entry)));
    let files = entries.filter_map(Result::ok).filter(|entry| entry.file_type().is_file());
    let paths = files.map(walkdir::DirEntry::into_path);
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
        .filter(|path| std::fs::read_to_string(path).is_ok())
        .collect()
}

/// Asks one Python about all files and compares its answers with ours.
fn compare(files: &[PathBuf]) -> Vec<String> {
    let mut python = Command::new("python3")
        .args(["-W", "ignore", "-c", JUDGE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 starts");
    let mut stdin = python.stdin.take().expect("the input is piped");
    let mut answers = BufReader::new(python.stdout.take().expect("the output is piped")).lines();
    let mut complaints = Vec::new();
    for file in files {
        writeln!(stdin, "{}", file.display()).expect("python3 reads");
        stdin.flush().expect("python3 reads");
        let mut theirs = Vec::new();
        let mut verdict = String::new();
        for line in answers.by_ref() {
            let line = line.expect("the answer is UTF-8");
            if let Some(last) = line.strip_prefix("= ") {
                verdict = last.to_owned();
                break;
            }
            theirs.push(line);
        }
        complaints.extend(judge(file, &verdict, theirs));
    }
    drop(stdin);
    python.wait().expect("python3 ends");
    complaints
}

fn judge(file: &Path, verdict: &str, mut theirs: Vec<String>) -> Option<String> {
    let text = std::fs::read_to_string(file).expect("the file was readable before");
    let listed = |list: &[(&str, &str)]| list.iter().any(|(end, _)| file.ends_with(end));
    match (parse(text), verdict) {
        (Ok(module), "ok") => {
            let mut ours = Events::of(&module);
            ours.sort_unstable();
            theirs.sort_unstable();
            let at = ours.iter().zip(&theirs).take_while(|(ours, theirs)| ours == theirs).count();
            let (ours, theirs) = (ours.get(at), theirs.get(at));
            (ours != theirs).then(|| format!("{}: CPython has {theirs:?}, we have {ours:?}", file.display()))
        }
        (Err(faults), "ok") if !listed(REFUSED) => Some(format!(
            "{}: CPython reads it, we say {:?} at {:?}",
            file.display(),
            faults[0].message,
            faults[0].span
        )),
        (Ok(_), verdict) if verdict != "unjudged" && !listed(READ) => {
            Some(format!("{}: we read it, CPython says {verdict}", file.display()))
        }
        _ => None,
    }
}

/// What a tree holds, as lines that a Python program can write too.
#[derive(Default)]
struct Events {
    lines: Vec<String>,
    /// Inside f-strings, where older Pythons do not know places.
    formats: usize,
    depth: usize,
    /// The byte order mark, which CPython does not count.
    shift: u32,
}

impl Events {
    fn of(module: &Module) -> Vec<String> {
        let shift = if module.text().starts_with('\u{feff}') { 3 } else { 0 };
        let mut events = Events { shift, ..Events::default() };
        events.block(module.body());
        events.lines
    }

    fn at(&self, offset: TextSize) -> String {
        if self.formats > 0 { "?".to_owned() } else { (u32::from(offset) - self.shift).to_string() }
    }

    fn push(&mut self, what: &str, detail: impl std::fmt::Display, offset: TextSize) {
        let at = self.at(offset);
        self.lines.push(format!("{what} {detail} {at}"));
    }

    fn block(&mut self, block: &Block) {
        self.depth += 1;
        for stmt in &block.body {
            self.stmt(stmt);
        }
        self.depth -= 1;
    }

    fn stmt(&mut self, stmt: &Stmt) {
        let depth = self.depth;
        let name = self.stmt_parts(stmt);
        let decorated = match &stmt.kind {
            StmtKind::Function(function) => !function.decorators.is_empty(),
            StmtKind::Class(class) => !class.decorators.is_empty(),
            _ => false,
        };
        if !decorated {
            self.push("start", format!("{name} {depth}"), stmt.span.start());
        }
        self.push("end", format!("{name} {depth}"), stmt.span.end());
        for block in stmt.blocks() {
            self.block(block);
        }
    }

    fn stmt_parts(&mut self, stmt: &Stmt) -> &'static str {
        match &stmt.kind {
            StmtKind::Import(import) => {
                for alias in &import.aliases {
                    let asname = alias.asname.as_ref().map_or("-", |asname| &asname.name);
                    self.push("alias", format!("{} {asname}", alias.name), alias.span.start());
                }
                match &import.form {
                    ImportForm::Import => "Import",
                    ImportForm::From { level, module, star } => {
                        if *star {
                            self.lines.push("star".to_owned());
                        }
                        let module = module.as_deref().unwrap_or("-");
                        self.push("from", format!("{level} {module}"), stmt.span.start());
                        "ImportFrom"
                    }
                }
            }
            StmtKind::Function(function) => {
                self.exprs(&function.decorators);
                self.lines.push(format!("def {} {}", function.name.name, function.is_async));
                self.params(&function.params);
                self.exprs(&function.returns);
                "FunctionDef"
            }
            StmtKind::Class(class) => {
                self.exprs(&class.decorators);
                self.lines.push(format!("class {}", class.name.name));
                self.exprs(&class.bases);
                self.keywords(&class.keywords);
                "ClassDef"
            }
            StmtKind::Return(value) => {
                self.exprs(value);
                "Return"
            }
            StmtKind::Delete(targets) => {
                self.exprs(targets);
                "Delete"
            }
            StmtKind::Assign { targets, value } => {
                self.exprs(targets);
                self.expr(value);
                "Assign"
            }
            StmtKind::AugAssign { target, value } => {
                self.expr(target);
                self.expr(value);
                "AugAssign"
            }
            StmtKind::AnnAssign { target, annotation, value, parenthesized } => {
                self.expr(target);
                self.expr(annotation);
                self.exprs(value);
                if matches!(target.kind, ExprKind::Name(_)) {
                    self.lines.push(format!("simple {}", !parenthesized));
                }
                "AnnAssign"
            }
            StmtKind::For(node) => {
                self.expr(&node.target);
                self.expr(&node.iter);
                if node.is_async { "AsyncFor" } else { "For" }
            }
            StmtKind::While { test, .. } => {
                self.expr(test);
                "While"
            }
            StmtKind::If { arms, .. } => {
                for arm in arms {
                    self.expr(&arm.test);
                }
                "If"
            }
            StmtKind::With { is_async, items, .. } => {
                for item in items {
                    self.lines.push("item".to_owned());
                    self.expr(&item.context);
                    self.exprs(&item.target);
                }
                if *is_async { "AsyncWith" } else { "With" }
            }
            StmtKind::Match { subject, cases } => {
                self.expr(subject);
                for case in cases {
                    self.pattern(&case.pattern);
                    self.exprs(&case.guard);
                }
                "Match"
            }
            StmtKind::Raise { exception, cause } => {
                self.exprs(exception);
                self.exprs(cause);
                "Raise"
            }
            StmtKind::Try(node) => {
                for handler in &node.handlers {
                    let name = handler.name.as_ref().map_or("-", |name| &name.name);
                    self.push("handler", name, handler.span.start());
                    self.push("handled", name, handler.span.end());
                    self.exprs(&handler.exception);
                }
                if node.handlers.iter().any(|handler| handler.star) { "TryStar" } else { "Try" }
            }
            StmtKind::Assert { test, message } => {
                self.expr(test);
                self.exprs(message);
                "Assert"
            }
            StmtKind::Global(names) | StmtKind::Nonlocal(names) => {
                for name in names {
                    self.lines.push(format!("scope {}", name.name));
                }
                if matches!(stmt.kind, StmtKind::Global(_)) { "Global" } else { "Nonlocal" }
            }
            StmtKind::TypeAlias { .. } => "TypeAlias",
            StmtKind::Expr(value) => {
                self.expr(value);
                "Expr"
            }
            StmtKind::Pass => "Pass",
            StmtKind::Break => "Break",
            StmtKind::Continue => "Continue",
        }
    }

    fn params(&mut self, params: &[Param]) {
        for param in params {
            self.push("param", format!("{} {:?}", param.ident.name, param.kind), param.ident.span.start());
            self.exprs(&param.annotation);
            self.exprs(&param.default);
        }
    }

    fn keywords(&mut self, keywords: &[Keyword]) {
        for keyword in keywords {
            let name = keyword.name.as_ref().map_or("**", |name| &name.name);
            self.lines.push(format!("keyword {name}"));
            self.expr(&keyword.value);
        }
    }

    fn pattern(&mut self, pattern: &Pattern) {
        let mut name = |what: &str, ident: Option<&Ident>| {
            self.lines.push(format!("{what} {}", ident.map_or("-", |ident| &ident.name)));
        };
        match pattern {
            Pattern::Capture(ident) => name("capture", Some(ident)),
            Pattern::Wildcard => name("capture", None),
            Pattern::Value(value) => self.expr(value),
            Pattern::Class { class, arguments, keywords } => {
                self.expr(class);
                self.lines.push(format!("class-pattern {} {}", arguments.len(), keywords.len()));
                arguments.iter().chain(keywords).for_each(|pattern| self.pattern(pattern));
            }
            Pattern::Sequence(patterns) => {
                self.lines.push(format!("sequence {}", patterns.len()));
                patterns.iter().for_each(|pattern| self.pattern(pattern));
            }
            Pattern::Mapping { items, rest } => {
                name("mapping", rest.as_ref());
                for (key, value) in items {
                    self.expr(key);
                    self.pattern(value);
                }
            }
            Pattern::Star(ident) => name("rest", ident.as_ref()),
            Pattern::Or(patterns) => {
                self.lines.push(format!("or {}", patterns.len()));
                patterns.iter().for_each(|pattern| self.pattern(pattern));
            }
            Pattern::As { pattern, name: ident } => {
                name("capture", Some(ident));
                self.pattern(pattern);
            }
        }
    }

    fn exprs<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) {
        for expr in exprs {
            self.expr(expr);
        }
    }

    fn expr(&mut self, expr: &Expr) {
        let Span { .. } = expr.span;
        let (start, end) = (expr.span.start(), expr.span.end());
        match &expr.kind {
            ExprKind::Name(name) => self.push("name", name, start),
            ExprKind::Attribute { value, attr } => {
                self.push("attribute", &attr.name, end);
                self.expr(value);
            }
            ExprKind::Call { func, args, keywords } => {
                self.push("call", format!("{} {}", args.len(), keywords.len()), end);
                self.expr(func);
                self.exprs(args);
                self.keywords(keywords);
            }
            ExprKind::Subscript { value, index } => {
                self.push("subscript", "", end);
                self.expr(value);
                self.expr(index);
            }
            ExprKind::Lambda { params, body } => {
                self.push("lambda", params.len(), start);
                self.params(params);
                self.expr(body);
            }
            ExprKind::Comprehension(node) => {
                self.push("comprehension", format!("{:?}", node.kind), start);
                self.exprs(&node.elements);
                for generator in &node.generators {
                    self.lines.push(format!("for {} {}", generator.is_async, generator.conditions.len()));
                    self.expr(&generator.target);
                    self.expr(&generator.iter);
                    self.exprs(&generator.conditions);
                }
            }
            ExprKind::Named { target, value } => {
                self.push("named", &target.name, target.span.start());
                self.expr(value);
            }
            ExprKind::Starred(value) => {
                self.push("starred", "", start);
                self.expr(value);
            }
            ExprKind::Tuple(elements) => {
                self.push("tuple", elements.len(), start);
                self.exprs(elements);
            }
            ExprKind::List(elements) => {
                self.push("list", elements.len(), start);
                self.exprs(elements);
            }
            ExprKind::Set(elements) => {
                self.push("set", elements.len(), start);
                self.exprs(elements);
            }
            ExprKind::Dict(items) => {
                self.push("dict", items.len(), start);
                for (key, value) in items {
                    self.exprs(key);
                    self.expr(value);
                }
            }
            ExprKind::Str(string) => {
                let bytes = string.parts.iter().any(|part| part.prefix.bytes);
                let format = string.parts.iter().any(|part| part.prefix.format);
                let kind = if bytes {
                    "bytes"
                } else if format {
                    "format"
                } else {
                    "plain"
                };
                self.push("string", kind, start);
                self.formats += 1;
                for part in &string.parts {
                    self.exprs(&part.interpolations);
                }
                self.formats -= 1;
            }
            ExprKind::Constant => {}
            ExprKind::Await(value) => {
                self.push("await", "", start);
                self.expr(value);
            }
            ExprKind::Yield(value) => {
                self.push("yield", "", start);
                self.exprs(value.as_deref());
            }
            ExprKind::Operation(operands) => self.exprs(operands),
        }
    }
}

/// Writes the same lines from CPython's tree.
const JUDGE: &str = r#"
import ast, io, sys, tokenize

class Unjudged(Exception): pass

class Judge:
    def __init__(self, text):
        self.out, self.formats, self.starts = [], 0, [0]
        for line in text.split(b"\n"):
            self.starts.append(self.starts[-1] + len(line) + 1)
    def offset(self, line, column):
        return "?" if self.formats else str(self.starts[line - 1] + column)
    def start(self, node): return self.offset(node.lineno, node.col_offset)
    def end(self, node): return self.offset(node.end_lineno, node.end_col_offset)
    # CPython counts the semicolon of `if x: y;` to the statement around it.
    def stop(self, node):
        end = int(self.end(node))
        return end - 1 if text[end - 1:end] == b";" else end
    def put(self, *words): self.out.append(" ".join(map(str, words)))
    def block(self, body, depth):
        for stmt in body: self.stmt(stmt, depth)
    def stmt(self, n, depth):
        kind = type(n).__name__
        name = "FunctionDef" if kind == "AsyncFunctionDef" else kind
        if not getattr(n, "decorator_list", None): self.put("start", name, depth, self.start(n))
        self.put("end", name, depth, self.stop(n))
        if kind in ("Import", "ImportFrom"):
            for a in n.names:
                if a.name == "*": self.put("star")
                else: self.put("alias", a.name, a.asname or "-", self.start(a))
            if kind == "ImportFrom": self.put("from", n.level, n.module or "-", self.start(n))
        elif name == "FunctionDef":
            self.each(n.decorator_list)
            self.put("def", n.name, "true" if kind != name else "false")
            self.params(n.args)
            self.each([n.returns])
            self.block(n.body, depth + 1)
        elif kind == "ClassDef":
            self.each(n.decorator_list)
            self.put("class", n.name)
            self.each(n.bases)
            self.keywords(n.keywords)
            self.block(n.body, depth + 1)
        elif kind in ("Try", "TryStar"):
            self.block(n.body, depth + 1)
            for h in n.handlers:
                self.put("handler", h.name or "-", self.start(h))
                self.put("handled", h.name or "-", self.stop(h))
                self.each([h.type])
                self.block(h.body, depth + 1)
            self.block(n.orelse, depth + 1)
            self.block(n.finalbody, depth + 1)
        elif kind == "If":
            while True:
                self.expr(n.test)
                self.block(n.body, depth + 1)
                # An `elif` is an `if` that stands alone where no `else` is written.
                if len(n.orelse) == 1 and isinstance(n.orelse[0], ast.If) and text[int(self.start(n.orelse[0])):].startswith(b"elif"):
                    n = n.orelse[0]
                else:
                    break
            self.block(n.orelse, depth + 1)
        elif kind in ("With", "AsyncWith"):
            for item in n.items:
                self.put("item")
                self.each([item.context_expr, item.optional_vars])
            self.block(n.body, depth + 1)
        elif kind == "Match":
            self.expr(n.subject)
            for case in n.cases:
                self.pattern(case.pattern)
                self.each([case.guard])
                self.block(case.body, depth + 1)
        elif kind in ("Global", "Nonlocal"):
            for x in n.names: self.put("scope", x)
        elif kind == "AnnAssign":
            self.each([n.target, n.annotation, n.value])
            if isinstance(n.target, ast.Name): self.put("simple", "true" if n.simple else "false")
        elif kind == "TypeAlias":
            pass
        else:
            for field, value in ast.iter_fields(n):
                if field in ("body", "orelse"): self.block(value, depth + 1)
                elif isinstance(value, list): self.each(value)
                elif isinstance(value, ast.expr): self.expr(value)
    def params(self, a):
        groups = [(a.posonlyargs, "PositionalOnly"), (a.args, "Positional"), ([a.vararg], "VarPositional"),
                  (a.kwonlyargs, "KeywordOnly"), ([a.kwarg], "VarKeyword")]
        for params, kind in groups:
            for p in params:
                if p is not None:
                    self.put("param", p.arg, kind, self.start(p))
                    self.each([p.annotation])
        self.each(a.defaults)
        self.each(a.kw_defaults)
    def keywords(self, keywords):
        for k in keywords:
            self.put("keyword", k.arg or "**")
            self.expr(k.value)
    def pattern(self, p):
        kind = type(p).__name__
        if kind == "MatchValue": self.expr(p.value)
        elif kind == "MatchAs":
            self.put("capture", p.name or "-")
            if p.pattern: self.pattern(p.pattern)
        elif kind == "MatchStar": self.put("rest", p.name or "-")
        elif kind == "MatchMapping":
            self.put("mapping", p.rest or "-")
            self.each(p.keys)
            for x in p.patterns: self.pattern(x)
        elif kind == "MatchClass":
            self.expr(p.cls)
            self.put("class-pattern", len(p.patterns), len(p.kwd_patterns))
            for x in p.patterns + p.kwd_patterns: self.pattern(x)
        elif kind in ("MatchSequence", "MatchOr"):
            self.put("sequence" if kind == "MatchSequence" else "or", len(p.patterns))
            for x in p.patterns: self.pattern(x)
    def each(self, nodes):
        for n in nodes:
            if n is not None: self.expr(n)
    def expr(self, n):
        kind = type(n).__name__
        if kind == "Name": self.put("name", n.id, self.start(n))
        elif kind == "Attribute":
            self.put("attribute", n.attr, self.end(n))
            self.expr(n.value)
        elif kind == "Call":
            self.put("call", len(n.args), len(n.keywords), self.end(n))
            self.expr(n.func)
            self.each(n.args)
            self.keywords(n.keywords)
        elif kind == "Subscript":
            self.put("subscript", "", self.end(n))
            self.each([n.value, n.slice])
        elif kind == "Lambda":
            a = n.args
            count = len(a.posonlyargs) + len(a.args) + len(a.kwonlyargs) + bool(a.vararg) + bool(a.kwarg)
            self.put("lambda", count, self.start(n))
            self.params(a)
            self.expr(n.body)
        elif kind in ("ListComp", "SetComp", "DictComp", "GeneratorExp"):
            names = {"ListComp": "List", "SetComp": "Set", "DictComp": "Dict", "GeneratorExp": "Generator"}
            self.put("comprehension", names[kind], self.start(n))
            self.each([n.key, n.value] if kind == "DictComp" else [n.elt])
            for g in n.generators:
                self.put("for", "true" if g.is_async else "false", len(g.ifs))
                self.each([g.target, g.iter])
                self.each(g.ifs)
        elif kind == "NamedExpr":
            self.put("named", n.target.id, self.start(n.target))
            self.expr(n.value)
        elif kind == "Starred":
            self.put("starred", "", self.start(n))
            self.expr(n.value)
        elif kind in ("Tuple", "List", "Set"):
            self.put(kind.lower(), len(n.elts), self.start(n))
            self.each(n.elts)
        elif kind == "Dict":
            self.put("dict", len(n.keys), self.start(n))
            self.each(n.keys)
            self.each(n.values)
        elif kind == "Constant":
            if isinstance(n.value, (str, bytes)):
                self.put("string", "plain" if isinstance(n.value, str) else "bytes", self.start(n))
        elif kind == "JoinedStr":
            self.put("string", "format", self.start(n))
            self.joined(n)
        elif kind == "Await":
            self.put("await", "", self.start(n))
            self.expr(n.value)
        elif kind in ("Yield", "YieldFrom"):
            self.put("yield", "", self.start(n))
            self.each([n.value])
        else:
            for child in ast.iter_child_nodes(n):
                if isinstance(child, ast.expr): self.expr(child)
    def joined(self, n):
        self.formats += 1
        for value in n.values:
            if isinstance(value, ast.FormattedValue):
                self.expr(value.value)
                if value.format_spec: self.joined(value.format_spec)
        self.formats -= 1

for path in iter(sys.stdin.readline, ""):
    with open(path[:-1], "rb") as file: text = file.read()
    judge, verdict = None, "ok"
    try:
        # Other encodings are refused when a file is read from disk.
        if tokenize.detect_encoding(io.BytesIO(text).readline)[0] not in ("utf-8", "utf-8-sig"):
            raise Unjudged
        code = compile(text, path[:-1], "exec", dont_inherit=True)
        tree = ast.parse(text)
        if text.startswith(b"\xef\xbb\xbf"): text = text[3:]
        judge = Judge(text)
        judge.block(tree.body, 1)
    except (RecursionError, Unjudged):
        judge, verdict = None, "unjudged"
    except Exception as error:
        judge, verdict = None, ascii(error)
    for line in judge.out if judge else []: sys.stdout.buffer.write(line.encode() + b"\n")
    sys.stdout.buffer.write(b"= " + verdict.encode() + b"\n")
    sys.stdout.flush()
"#;
