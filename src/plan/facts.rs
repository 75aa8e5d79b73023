//! What must be known of a file before anything in it moves: dynamic access to names, `__all__`, functions that run at
//! import or at shutdown, doctests, type comments, opt-outs. Collected in one walk; decides nothing.

mod collect;
mod executed;
mod mention;

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use smol_str::SmolStr;

use collect::Collector;
use executed::Calls;

use super::hints::Owners;
use super::memo::Memo;
use super::{Code, Refusal};
use crate::policy;
use crate::project::is_main_guard;
use crate::python::visit::Visitor;
use crate::python::{Block, Expr, ExprKind, Module, Stmt, StmtKind};
use crate::semantic::{BindingKind, Model, Reference, Resolution, ScopeId};
use crate::text::{Span, TextSize, span};

/// See the module's comment.
pub struct Facts<'m> {
    text: &'m str,
    comments: &'m [Span],
    /// The chain of attributes on a name (`a.b.c`), by the start of the name.
    chains: HashMap<TextSize, Vec<&'m str>>,
    /// Those of them that are called: `a.b.c()`.
    called_chains: HashSet<TextSize>,
    /// References by their start.
    references: HashMap<TextSize, usize>,
    /// Uses that may see any global name from a string.
    pub dynamic: Option<(Code, Span, String)>,
    /// Calls of `locals()`, `vars()`, `dir()`, by scope.
    pub locals: HashMap<ScopeId, Span>,
    pub all: All,
    /// Functions that run while the module is imported, with the place that starts them.
    pub executed: HashMap<ScopeId, Span>,
    /// Functions that must not import when they run.
    pub late: HashMap<ScopeId, (Code, Span, String)>,
    pub star: Option<Span>,
    pub module_getattr: Option<Span>,
    pub main_guards: Vec<&'m Block>,
    pub parameters: HashSet<&'m str>,
    /// Docstrings with doctests, and other strings that name globals of this module.
    doctests: Vec<Span>,
    main_strings: Vec<Span>,
    isort_off: Vec<Span>,
    pub is_notebook: Option<Span>,
    /// Functions passed as an argument to a call that ships them elsewhere.
    pub detached: HashMap<SmolStr, Span>,
    pub reads_import_system: HashMap<ScopeId, Span>,
    /// Scopes of functions by their name.
    by_name: HashMap<&'m str, Vec<ScopeId>>,
    /// Names declared `global` somewhere.
    pub globals: HashMap<SmolStr, Span>,
    /// Names of functions by the colon that opens their body.
    pub functions: HashMap<TextSize, &'m str>,
    /// Places on the first lines of functions, and of other statements and clauses with a body on their own line, by the
    /// same.
    pub headers: HashMap<TextSize, TextSize>,
    /// Starts of names that are called themselves.
    called: HashSet<TextSize>,
    calls: Calls<'m>,
    pub owners: Owners<'m>,
    pub memo: Memo,
}

/// What `__all__` says.
#[derive(Debug, Default)]
pub enum All {
    #[default]
    Absent,
    Names(HashMap<SmolStr, Span>),
    Computed(Span),
}

impl<'m> Facts<'m> {
    pub fn new(module: &'m Module, model: &'m Model<'m>) -> Facts<'m> {
        let text = module.text();
        let references: HashMap<TextSize, usize> =
            model.references().iter().enumerate().map(|(at, reference)| (reference.span.start(), at)).collect();
        let mut facts = Facts {
            text,
            comments: module.comments(),
            chains: HashMap::default(),
            called_chains: HashSet::default(),
            references,
            dynamic: None,
            locals: HashMap::default(),
            all: All::Absent,
            executed: HashMap::default(),
            late: HashMap::default(),
            star: None,
            module_getattr: None,
            main_guards: Vec::new(),
            parameters: HashSet::default(),
            doctests: Vec::new(),
            main_strings: Vec::new(),
            isort_off: isort_off(module),
            is_notebook: notebook(module),
            detached: HashMap::default(),
            reads_import_system: HashMap::default(),
            by_name: HashMap::default(),
            globals: HashMap::default(),
            functions: HashMap::default(),
            headers: HashMap::default(),
            called: HashSet::default(),
            calls: Calls::default(),
            owners: Owners::new(module),
            memo: Memo::default(),
        };
        for binding in model.bindings().iter().filter(|binding| matches!(binding.kind, BindingKind::Global)) {
            facts.globals.entry(binding.name.clone()).or_insert(binding.span);
        }
        let mut collector = Collector {
            facts: &mut facts,
            model,
            callees: HashSet::default(),
            called: HashSet::default(),
            functions: Vec::new(),
        };
        for stmt in &module.body().body {
            collector.visit_stmt(stmt);
        }
        let Collector { callees, functions, called, .. } = collector;
        // Passed on as a value, these builtins may be called with anything.
        for reference in model.references() {
            let escapes = matches!(reference.name.as_str(), "eval" | "exec" | "globals")
                && reference.resolution == Resolution::Builtin
                && !called.contains(&reference.span.start());
            if escapes {
                let what = format!("`{}` is passed on", reference.name);
                facts.dynamic.get_or_insert((Code::EvalExec, reference.span, what));
            }
        }
        facts.called = called;
        for function in &functions {
            if let Some(scope) = model.scope_of_function(function) {
                facts.by_name.entry(function.name.name.as_str()).or_default().push(scope);
            }
            facts.headers.extend(function.body.colon.map(|colon| (colon, function.name.span.start())));
            facts.functions.extend(function.body.colon.map(|colon| (colon, function.name.name.as_str())));
        }
        facts.read_body(module, model);
        facts.module_getattr = ["__getattr__", "__dir__"].iter().find_map(|name| {
            let symbol = model.symbol(model.module_scope(), name)?;
            symbol.bindings.first().map(|id| model.binding(*id).span)
        });
        for site in model.imports().iter().filter(|site| site.import.is_star()) {
            facts.star = Some(site.stmt.span);
        }
        facts.find_executed(model, &callees);
        facts.find_late(model, &functions, &callees);
        facts
    }

    /// The names after a reference: `["b", "c"]` of `a.b.c`, for the reference `a`.
    pub fn chain(&self, reference: &Reference) -> &[&'m str] {
        self.chains.get(&reference.span.start()).map_or(&[], Vec::as_slice)
    }

    /// Whether the chain of a reference is called as a whole.
    pub fn is_called(&self, reference: &Reference) -> bool {
        self.called_chains.contains(&reference.span.start())
    }

    /// The reference that begins at `at`.
    pub fn reference<'f>(&self, model: &'f Model<'_>, at: TextSize) -> Option<&'f Reference> {
        self.references.get(&at).map(|position| &model.references()[*position])
    }

    /// Module-level statements with a meaning of their own.
    fn read_body(&mut self, module: &'m Module, model: &Model<'m>) {
        for stmt in &module.body().body {
            match &stmt.kind {
                StmtKind::If { arms, .. } => {
                    let guards = arms.iter().filter(|arm| is_main_guard(&arm.test, self.text));
                    self.main_guards.extend(guards.map(|arm| &arm.body));
                }
                StmtKind::Assign { targets, value } if targets.iter().any(|t| t.as_name() == Some("__all__")) => {
                    self.all = All::Absent;
                    self.export(value);
                }
                StmtKind::AnnAssign { target, value: Some(value), .. } if target.as_name() == Some("__all__") => {
                    self.export(value);
                }
                StmtKind::AugAssign { target, value } if target.as_name() == Some("__all__") => self.export(value),
                StmtKind::Expr(Expr { kind: ExprKind::Call { func, args, .. }, span }) => {
                    match func.as_dotted().as_deref() {
                        Some(["__all__", "append" | "remove"]) => args.iter().for_each(|arg| self.export_name(arg)),
                        Some(["__all__", "extend"]) => args.iter().for_each(|arg| self.export(arg)),
                        Some(["__all__", ..]) => self.all = All::Computed(*span),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        self.other_shapes_of_all(module, model);
    }

    /// `__all__` read or changed in any other way than the statements above: its value is then unknown.
    fn other_shapes_of_all(&mut self, module: &'m Module, model: &Model<'m>) {
        let home = model.module_scope();
        let bindings = model.symbol(home, "__all__").map(|symbol| symbol.bindings.as_slice()).unwrap_or_default();
        let bound = bindings.iter().map(|id| model.binding(*id).span);
        let read = model.references_to(home, "__all__").map(|reference| reference.span);
        let understood: Vec<Span> =
            module.body().body.iter().filter(|stmt| is_export(stmt)).map(|stmt| stmt.span).collect();
        let is_understood = |place: Span| {
            let next = understood.partition_point(|stmt| stmt.start() <= place.start());
            next.checked_sub(1).is_some_and(|last| understood[last].contains_range(place))
        };
        let other = bound.chain(read).find(|place| !is_understood(*place));
        if let Some(place) = other {
            self.all = All::Computed(place);
        }
    }

    fn export(&mut self, value: &Expr) {
        match &value.kind {
            ExprKind::List(items) | ExprKind::Tuple(items) => items.iter().for_each(|item| self.export_name(item)),
            // `[...] + other.__all__`: the other module's names are its own.
            ExprKind::Operation(items) if self.text[value.span].contains('+') => {
                items.iter().for_each(|item| self.export(item));
            }
            ExprKind::Attribute { attr, .. } if attr.name == "__all__" => {}
            ExprKind::Call { func, args, .. } if matches!(func.as_name(), Some("list" | "tuple" | "sorted")) => {
                args.iter().for_each(|arg| self.export(arg));
            }
            _ => self.all = All::Computed(value.span),
        }
    }

    fn export_name(&mut self, item: &Expr) {
        match (item.as_str().and_then(|string| string.plain(self.text)), &mut self.all) {
            (Some(name), All::Names(names)) => {
                names.insert(SmolStr::new(name), item.span);
            }
            (Some(name), All::Absent) => {
                self.all = All::Names(HashMap::from_iter([(SmolStr::new(name), item.span)]));
            }
            (Some(_), All::Computed(_)) => {}
            (None, _) => {
                if let ExprKind::Starred(inner) = &item.kind {
                    self.export(inner);
                } else {
                    self.all = All::Computed(item.span);
                }
            }
        }
    }

    pub fn in_main_guard(&self, place: Span) -> bool {
        self.main_guard_around(place).is_some()
    }

    /// The block of the `__main__` guard that holds the place.
    pub fn main_guard_around(&self, place: Span) -> Option<&'m Block> {
        let next = self.main_guards.partition_point(|block| block.span.start() <= place.start());
        let block = self.main_guards[next.checked_sub(1)?];
        block.span.contains_range(place).then_some(block)
    }

    pub fn line_of(&self, place: Span) -> Span {
        let start = self.text[..usize::from(place.start())].rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let rest = &self.text[usize::from(place.end())..];
        let end = usize::from(place.end()) + rest.find(['\n', '\r']).unwrap_or(rest.len());
        span(start, end)
    }

    /// Comments on the lines of the statement.
    pub fn comments_on(&self, stmt: &Stmt) -> impl Iterator<Item = &'m str> {
        let lines = self.line_of(stmt.span);
        let text = self.text;
        let first = self.comments.partition_point(|comment| comment.start() < lines.start());
        self.comments[first..].iter().take_while(move |comment| comment.end() <= lines.end()).map(move |c| &text[*c])
    }

    /// The own-line comment directly above the statement.
    pub fn comment_above(&self, stmt: &Stmt) -> Option<Span> {
        let line = self.line_of(Span::empty(stmt.span.start()));
        let before = self.comments.partition_point(|comment| comment.end() <= line.start()).checked_sub(1)?;
        let comment = self.comments[before];
        let between = &self.text[Span::new(comment.end(), line.start())];
        let own_line = self.text[Span::new(self.line_of(comment).start(), comment.start())].trim().is_empty();
        (own_line && matches!(between, "\n" | "\r\n")).then_some(comment)
    }

    /// `# hotcold: keep`
    pub fn is_kept(&self, stmt: &Stmt) -> bool {
        self.comments_on(stmt).any(|comment| directive(comment) == Some("keep"))
    }

    /// A comment that asks other tools to leave the statement where it is.
    pub fn suppression(&self, stmt: &Stmt, codes: &[&str]) -> Option<Span> {
        if self.isort_off.iter().any(|region| region.contains_range(stmt.span)) {
            return Some(stmt.span);
        }
        let found = self.comments_on(stmt).any(|comment| {
            SKIPS.iter().any(|skip| comment.replace(' ', "").contains(skip))
                || codes
                    .iter()
                    .any(|code| comment.contains(code) && (comment.contains("noqa") || comment.contains("disable")))
        });
        found.then_some(stmt.span)
    }

    pub fn begins_its_line(&self, stmt: &Stmt) -> bool {
        self.text[Span::new(self.line_of(stmt.span).start(), stmt.span.start())]
            .trim_start_matches(['\u{feff}', '\u{c}'])
            .trim()
            .is_empty()
    }

    /// Nothing but a comment follows the statement on its line.
    pub fn ends_its_line(&self, stmt: &Stmt) -> bool {
        let rest = self.text[Span::new(stmt.span.end(), self.line_of(stmt.span).end())].trim_start();
        rest.is_empty() || rest.starts_with('#')
    }

    /// The standard exception comments that stand on the statement's lines.
    pub fn exception_comments(&self, stmt: &Stmt) -> Vec<String> {
        self.comments_on(stmt).flat_map(policy::exception_comments_in).collect()
    }

    /// The file's calls that may look up any name of the module by string.
    pub fn dynamic_refusal(&self) -> Option<Refusal> {
        self.dynamic.as_ref().map(|(code, place, what)| Refusal::here(*code, *place, what.clone()))
    }

    /// Names exported by `__all__`, or a refusal for a computed one.
    pub fn export_refusal(&self, name: &str) -> Option<Refusal> {
        match &self.all {
            All::Absent => None,
            All::Names(names) => {
                let place = names.get(name)?;
                Some(Refusal::here(Code::Exported, *place, format!("`__all__` lists `{name}`")))
            }
            All::Computed(place) => Some(Refusal::here(Code::DynamicAll, *place, "`__all__` is computed here")),
        }
    }
}

const SKIPS: &[&str] = &["isort:skip", "usort:skip", "noreorder", "isort:dont-add"];

/// The word after `hotcold:` in a comment.
pub fn directive(comment: &str) -> Option<&str> {
    let at = comment.find("hotcold:")?;
    comment[at + "hotcold:".len()..].split_whitespace().next()
}

/// A statement of the module's body that gives `__all__` names in a way that [`Facts::export`] understands.
fn is_export(stmt: &Stmt) -> bool {
    let is_all = |expr: &Expr| expr.as_name() == Some("__all__");
    match &stmt.kind {
        StmtKind::Assign { targets, .. } => targets.iter().any(is_all),
        StmtKind::AnnAssign { target, .. } | StmtKind::AugAssign { target, .. } => is_all(target),
        StmtKind::Expr(Expr { kind: ExprKind::Call { func, .. }, .. }) => {
            func.as_dotted().is_some_and(|parts| parts.first() == Some(&"__all__"))
        }
        _ => false,
    }
}

/// Regions between `# isort: off` and `# isort: on`.
fn isort_off(module: &Module) -> Vec<Span> {
    let text = module.text();
    let mut regions = Vec::new();
    let mut open = None;
    for comment in module.comments() {
        let words = text[*comment].trim_start_matches('#').replace("ruff:", "").replace(' ', "");
        match words.as_str() {
            "isort:off" => open = open.or(Some(comment.start())),
            "isort:on" => regions.extend(open.take().map(|start| Span::new(start, comment.end()))),
            "isort:skip_file" => regions.push(span(0, text.len())),
            _ => {}
        }
    }
    regions.extend(open.map(|start| Span::new(start, crate::text::size(text.len()))));
    regions
}

/// A comment that marks an exported notebook.
fn notebook(module: &Module) -> Option<Span> {
    let text = module.text();
    module.comments().iter().copied().find(|comment| {
        let line = &text[*comment];
        let first_column = comment.start() == 0.into() || text[..usize::from(comment.start())].ends_with('\n');
        first_column
            && (line.starts_with("# %%")
                || line.starts_with("#%%")
                || line.starts_with("# COMMAND ------")
                || line.starts_with("# In["))
    })
}

/// The statements of the module's body that are gone after a move.
pub fn first_survivor<'m>(module: &'m Module, gone: &BTreeSet<TextSize>) -> Option<(usize, &'m Stmt)> {
    module.body().body.iter().enumerate().find(|(_, stmt)| !gone.contains(&stmt.span.start()))
}
