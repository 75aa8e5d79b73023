//! Which calls and libraries of a file evaluate annotations, and which functions and classes it hands on, so that somebody
//! else may. Decides nothing.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use rustc_hash::FxHashSet as HashSet;
use smol_str::SmolStr;

use super::hints::{Evaluated, Evaluation, HintFacts, Meaning, is_named};
use super::{from_module, is_type_checking};
use crate::name::ModuleName;
use crate::project::hints::libraries;
use crate::python::visit::{Visitor, walk_expr, walk_stmt};
use crate::python::{Expr, ExprKind, Import, Module, Stmt, StmtKind};
use crate::text::{LineColumn, Span};

/// Names of functions that evaluate annotations, also those that are text, and hooks that make every module imported
/// later check its annotations.
#[rustfmt::skip]
const EVALUATORS: &[&str] = &[
    "get_type_hints", "evaluate_forward_ref", "resolve_types", "_eval_type", "_evaluate", "ForwardRef",
    "update_forward_refs", "model_rebuild",
    "install_import_hook", "beartype_this_package", "beartype_package", "beartype_packages", "beartype_all",
];

/// Names of functions that evaluate annotations which Python keeps unevaluated, and those that are text if they are
/// called with `eval_str`.
const INSPECTORS: &[&str] = &["signature", "from_callable", "get_annotations", "getfullargspec", "create_autospec"];

/// Those of them that give signatures.
const SIGNATURES: &[&str] = &["signature", "from_callable", "create_autospec"];

/// The modules that these functions are of: the words are used for other things too.
const INSPECTING: &[&str] = &["inspect", "annotationlib", "typing_extensions", "unittest", "mock"];

/// Names of functions that load a module by its name.
const LOADERS: &[&str] =
    &["import_module", "__import__", "import_string", "load_module", "exec_module", "run_module", "run_path"];

/// Words of `functools` whose use makes a file hand annotations to whoever registers.
const DISPATCHERS: &[&str] = &["singledispatch", "singledispatchmethod"];

/// How a word stands in a file that evaluates annotations by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::project) enum Clue {
    Anywhere,
    /// As an attribute of something.
    Attribute,
    /// As a name that is no attribute.
    Name,
    /// As the name of an argument.
    Keyword,
    /// In a file that imports one of the modules that inspect.
    Inspects,
    /// Beside an attribute of this name.
    WithAttribute(&'static str),
}

/// Words of which one stands in every file that evaluates annotations, and how it stands there. Who loads whoever does has one
/// of [`loaders`].
pub(in crate::project) fn reads_annotations_by() -> impl Iterator<Item = (&'static str, Clue)> {
    let anywhere = EVALUATORS.iter().chain(DISPATCHERS).chain(&["eval_str", "__annotations__", "__annotate__"]);
    let anywhere = anywhere.map(|word| (*word, Clue::Anywhere));
    let inspectors = INSPECTORS.iter().map(|word| (*word, Clue::Inspects));
    let others = [
        ("autospec", Clue::Keyword),
        ("annotation", Clue::Attribute),
        ("return_annotation", Clue::Attribute),
        ("eval", Clue::Name),
        ("exec", Clue::Name),
    ];
    // The types of a dataclass's fields, read where names are looked up.
    let fields = ["dataclasses", "fields"]
        .iter()
        .flat_map(|word| ["__globals__", "modules"].map(|other| (*word, Clue::WithAttribute(other))));
    anywhere.chain(inspectors).chain(others).chain(fields)
}

/// Whether a file may take one of the functions that inspect from where they are: it imports a module that begins so.
pub(in crate::project) fn may_inspect(begins_with: impl Fn(&str) -> bool) -> bool {
    INSPECTING.iter().any(|root| begins_with(root))
}

/// Words of which one stands in every file that loads a module by a name that is given to it.
pub(in crate::project) fn loaders() -> impl Iterator<Item = &'static str> {
    LOADERS.iter().copied()
}

/// Reads what `module` does with annotations into `facts`, which knows the names of its body already.
pub(super) fn read(facts: &mut HintFacts, module: &Module, name: &ModuleName, is_package: bool) {
    let mut finder = Finder {
        facts,
        module,
        name,
        is_package,
        locals: OnceCell::new(),
        evals: false,
        looks_up: false,
        reads_fields: None,
    };
    module.body().body.iter().for_each(|stmt| finder.visit_stmt(stmt));
    let Finder { evals, looks_up, reads_fields, .. } = finder;
    if let (true, Some(place)) = (evals || looks_up, reads_fields) {
        facts.evaluations.push(Evaluation { of: None, when: Evaluated::Text, call: "fields".into(), place });
    }
    // What is done with the text that is read cannot be told. A signature gives it by its parameters' `annotation`, which
    // is recorded where it is asked for; as a whole it can be evaluated and is the name of nothing.
    let may_evaluate = |call: &str| evals || (looks_up && !SIGNATURES.contains(&call));
    for evaluation in facts.evaluations.iter_mut().filter(|evaluation| may_evaluate(&evaluation.call)) {
        evaluation.when = Evaluated::Text;
    }
    facts.evals |= evals;
}

/// Parameters and names that functions bind: they may hide a name of the module.
#[derive(Default)]
struct Locals<'m> {
    names: HashSet<&'m str>,
    depth: u32,
}

impl<'m> Visitor<'m> for Locals<'m> {
    fn visit_stmt(&mut self, stmt: &'m Stmt) {
        match &stmt.kind {
            StmtKind::Function(function) => {
                self.names.extend(function.params.iter().map(|param| param.ident.name.as_str()));
                self.depth += 1;
                walk_stmt(self, stmt);
                self.depth -= 1;
                return;
            }
            StmtKind::Assign { targets, .. } if self.depth > 0 => {
                self.names.extend(targets.iter().filter_map(|target| target.as_name()));
            }
            StmtKind::For(node) => self.names.extend(node.target.as_name()),
            _ => {}
        }
        walk_stmt(self, stmt);
    }

    fn visit_expr(&mut self, expr: &'m Expr) {
        match &expr.kind {
            ExprKind::Lambda { params, .. } => {
                self.names.extend(params.iter().map(|param| param.ident.name.as_str()));
            }
            ExprKind::Comprehension(comprehension) => {
                self.names.extend(comprehension.generators.iter().filter_map(|part| part.target.as_name()));
            }
            _ => {}
        }
        walk_expr(self, expr);
    }
}

struct Finder<'f, 'm> {
    facts: &'f mut HintFacts,
    module: &'m Module,
    name: &'f ModuleName,
    is_package: bool,
    locals: OnceCell<HashSet<&'m str>>,
    /// `eval` stands in the file.
    evals: bool,
    /// Names are looked up in a module or among the globals of a function.
    looks_up: bool,
    /// The types of a dataclass's fields are read.
    reads_fields: Option<LineColumn>,
}

impl<'m> Visitor<'m> for Finder<'_, 'm> {
    fn visit_stmt(&mut self, stmt: &'m Stmt) {
        match &stmt.kind {
            StmtKind::Import(import) => self.import(stmt, import),
            // What is imported for type checkers only evaluates nothing.
            StmtKind::If { arms, .. } if arms.first().is_some_and(|arm| is_type_checking(&arm.test)) => return,
            _ => {}
        }
        walk_stmt(self, stmt);
    }

    fn visit_expr(&mut self, expr: &'m Expr) {
        match &expr.kind {
            ExprKind::Call { func, args, keywords } => {
                let has = |name: &str| keywords.iter().any(|keyword| is_named(keyword, &[name]));
                let unpacks = keywords.iter().any(|keyword| keyword.name.is_none());
                match self.reader(func) {
                    Some((name, when)) => {
                        let when = if has("eval_str") || unpacks { Evaluated::Text } else { when };
                        self.evaluation(when, &name, args.first(), expr.span);
                    }
                    None if has("eval_str") => self.evaluation(Evaluated::Text, "eval_str", None, expr.span),
                    None if has("autospec") => self.evaluation(Evaluated::Deferred, "autospec", None, expr.span),
                    None => {}
                }
                if last(func).is_some_and(|name| LOADERS.contains(&name)) {
                    match args.first().and_then(|arg| arg.as_str()?.plain(self.module.text())) {
                        Some(module) => self.library(&[module], expr.span),
                        None => self.facts.loads_any = true,
                    }
                }
                self.facts.dispatches |= last(func) == Some(DISPATCHERS[0]);
                // What is called is not handed on.
                match &func.kind {
                    ExprKind::Name(name) => self.evals |= name == "eval" || name == "exec",
                    // `register(kind)(function)`
                    ExprKind::Call { .. } => self.visit_expr(func),
                    _ => walk_expr(self, func),
                }
                args.iter().chain(keywords.iter().map(|keyword| &keyword.value)).for_each(|arg| self.visit_expr(arg));
                return;
            }
            ExprKind::Attribute { value, attr } => {
                self.facts.loads_any |= LOADERS.contains(&attr.name.as_str());
                match attr.name.as_str() {
                    "__annotations__" | "__annotate__" => {
                        self.evaluation(Evaluated::Deferred, &attr.name, Some(value), expr.span);
                    }
                    // Of a parameter of `inspect.signature`.
                    "annotation" | "return_annotation" => {
                        self.evaluation(Evaluated::Deferred, &attr.name, None, expr.span);
                    }
                    "type"
                        if self.facts.names.contains_key("dataclasses") || self.facts.names.contains_key("fields") =>
                    {
                        let place = self.module.line_column(expr.span.start());
                        self.reads_fields.get_or_insert(place);
                    }
                    "__globals__" | "modules" => self.looks_up = true,
                    name if DISPATCHERS.contains(&name) => self.facts.dispatches = true,
                    _ => {}
                }
                self.value(expr);
                if !matches!(value.kind, ExprKind::Name(_)) {
                    self.visit_expr(value);
                }
                return;
            }
            ExprKind::Name(name) => {
                self.evals |= matches!(name.as_str(), "eval" | "exec");
                self.facts.loads_any |= LOADERS.contains(&name.as_str());
                self.facts.dispatches |= DISPATCHERS.contains(&name.as_str());
                self.value(expr);
            }
            // `"sphinx" in sys.modules` looks nothing up.
            ExprKind::Operation(operands) if self.asks_for_membership(operands) => {
                return operands[..1].iter().for_each(|operand| self.visit_expr(operand));
            }
            ExprKind::Str(string) => {
                if let Some(content) = string.plain(self.module.text()).filter(|content| content.len() < 80) {
                    self.string(content, expr.span);
                }
            }
            _ => {}
        }
        walk_expr(self, expr);
    }
}

impl<'m> Finder<'_, 'm> {
    fn import(&mut self, stmt: &'m Stmt, import: &'m Import) {
        let from = from_module(import, self.name, self.is_package);
        let modules: Vec<&str> = match &from {
            Some(from) => vec![from.as_str()],
            None => import.aliases.iter().map(|alias| alias.name.as_str()).collect(),
        };
        self.library(&modules, stmt.span);
        for alias in import.aliases.iter().filter(|alias| from.is_some() && alias.asname.is_some()) {
            // Its other name leads to it from here on.
            self.hand_on(&alias.name, stmt.span);
        }
    }

    fn asks_for_membership(&self, operands: &[Expr]) -> bool {
        let [left, right] = operands else { return false };
        let between = &self.module.text()[Span::new(left.span.end(), right.span.start())];
        matches!(right.as_dotted().as_deref(), Some([_, "modules"])) && matches!(between.trim(), "in" | "not in")
    }

    fn library(&mut self, modules: &[&str], span: Span) {
        let mut roots = modules.iter().filter_map(|module| module.split('.').next());
        if let Some(root) = roots.find(|root| libraries::reads_annotations(root)) {
            let place = self.module.line_column(span.start());
            self.facts.library.get_or_insert_with(|| (SmolStr::new(root), place));
        }
    }

    /// A name, or an attribute of one, that is not called here.
    fn value(&mut self, expr: &Expr) {
        if let Some((name, when)) = self.reader(expr) {
            // Passed on as a value it may be called with anything.
            self.evaluation(when, &name, None, expr.span);
        }
        let Some(written) = last(expr) else { return };
        self.hand_on(written, expr.span);
        if let Some(meant) = self.other_name(expr) {
            self.hand_on(&SmolStr::new(meant), expr.span);
        }
    }

    /// A string may name what is looked up by it.
    fn string(&mut self, content: &str, span: Span) {
        let is_identifier = content.chars().all(|c| c.is_alphanumeric() || c == '_') && !content.is_empty();
        if !is_identifier {
            return;
        }
        match content {
            "eval_str" => self.evaluation(Evaluated::Text, content, None, span),
            "__annotations__" => self.evaluation(Evaluated::Deferred, content, None, span),
            _ if EVALUATORS.contains(&content) => self.evaluation(Evaluated::Text, content, None, span),
            _ => {}
        }
        self.hand_on(content, span);
    }

    fn hand_on(&mut self, name: &str, span: Span) {
        if !self.facts.handed_on.contains_key(name) {
            let place = self.module.line_column(span.start());
            self.facts.handed_on.insert(SmolStr::new(name), place);
        }
    }

    /// The function that evaluates annotations, if the expression names one, under whichever name it was imported.
    fn reader(&self, expr: &Expr) -> Option<(SmolStr, Evaluated)> {
        let written = last(expr)?;
        let names = [written, self.other_name(expr).unwrap_or(written)];
        let found = |list: &[&str]| names.iter().any(|name| list.contains(name));
        let meant = || expr.as_dotted().and_then(|parts| self.facts.resolve(&parts, self.name));
        let when = match () {
            () if found(EVALUATORS) => Evaluated::Text,
            () if found(INSPECTORS) && meant().is_some_and(|meant| INSPECTING.contains(&meant.root())) => {
                Evaluated::Deferred
            }
            () => return None,
        };
        Some((SmolStr::new(names[1]), when))
    }

    /// The last part of what a name was imported from, if it is another one: `f` of `from m import f as g`.
    fn other_name(&self, expr: &Expr) -> Option<&str> {
        let ExprKind::Name(name) = &expr.kind else { return None };
        match self.facts.names.get(name.as_str()) {
            Some(Meaning::Imported(target)) => Some(target.last()),
            _ => None,
        }
    }

    fn evaluation(&mut self, when: Evaluated, call: &str, of: Option<&Expr>, span: Span) {
        let module = self.module;
        let locals = || {
            let mut locals = Locals::default();
            module.body().body.iter().for_each(|stmt| locals.visit_stmt(stmt));
            locals.names
        };
        let is_local = |name: &str| self.locals.get_or_init(locals).contains(name);
        let parts = of.and_then(Expr::as_dotted).filter(|parts| !is_local(parts[0]));
        let of = parts.and_then(|parts| self.facts.resolve(&parts, self.name));
        let place = self.module.line_column(span.start());
        self.facts.evaluations.push(Evaluation { of, when, call: SmolStr::new(call), place });
    }
}

fn last(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name),
        ExprKind::Attribute { attr, .. } => Some(&attr.name),
        _ => None,
    }
}

/// Names used other than by calling them, with the first place of each.
pub type HandedOn = BTreeMap<SmolStr, LineColumn>;
