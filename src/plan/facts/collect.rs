//! The one walk over a file that collects its facts.

use rustc_hash::FxHashSet as HashSet;
use smol_str::SmolStr;

use super::Facts;
use super::executed::handed;
use crate::plan::{Code, known};
use crate::python::visit::{Visitor, walk_expr, walk_stmt};
use crate::python::{Block, Expr, ExprKind, Function, ImportForm, Stmt, StmtKind};
use crate::semantic::{BindingKind, Model, Resolution, ScopeId, ScopeNode};
use crate::text::{Span, TextSize};

/// One walk over the file.
pub(super) struct Collector<'f, 'm> {
    pub(super) facts: &'f mut Facts<'m>,
    pub(super) model: &'m Model<'m>,
    /// Starts of names that are called, or whose attribute is.
    pub(super) callees: HashSet<TextSize>,
    /// Starts of names that are called themselves.
    pub(super) called: HashSet<TextSize>,
    pub(super) functions: Vec<&'m Function>,
}

impl<'m> Visitor<'m> for Collector<'_, 'm> {
    fn visit_stmt(&mut self, stmt: &'m Stmt) {
        match &stmt.kind {
            StmtKind::Function(function) => {
                self.functions.push(function);
                self.facts.parameters.extend(function.params.iter().map(|param| param.ident.name.as_str()));
                for decorator in &function.decorators {
                    self.callees.extend(root(decorator).map(|name| name.span.start()));
                }
            }
            StmtKind::Class(class) => {
                for decorator in &class.decorators {
                    self.callees.extend(root(decorator).map(|name| name.span.start()));
                }
            }
            StmtKind::Assign { targets, value } => {
                targets.iter().for_each(|target| self.facts.calls.assigned(target, value));
            }
            StmtKind::AnnAssign { target, value: Some(value), .. } => self.facts.calls.assigned(target, value),
            StmtKind::Match { cases, .. } => {
                cases.iter().for_each(|case| self.header(case.span, &case.body));
            }
            _ => stmt.blocks().iter().for_each(|block| self.header(stmt.span, block)),
        }
        walk_stmt(self, stmt);
    }

    fn visit_expr(&mut self, expr: &'m Expr) {
        match &expr.kind {
            ExprKind::Attribute { attr, .. } => {
                if matches!(attr.name.as_str(), "f_globals" | "f_locals" | "__globals__") {
                    self.dynamic(
                        Code::DynamicNamespace,
                        expr.span,
                        "the names of a frame or function are read as a whole",
                    );
                }
                if let (Some(name), Some(parts)) = (root(expr), expr.as_dotted()) {
                    self.facts.chains.entry(name.span.start()).or_insert_with(|| parts[1..].to_vec());
                    self.attribute(&parts, expr);
                }
            }
            ExprKind::Call { func, args, keywords } => {
                self.callees.extend(root(func).map(|name| name.span.start()));
                let values = || args.iter().chain(keywords.iter().map(|keyword| &keyword.value));
                self.callees.extend(handed(func, values()));
                self.facts.calls.called(func);
                if func.as_name().is_some() {
                    self.called.insert(func.span.start());
                }
                if let Some(parts) = func.as_dotted() {
                    self.facts.called_chains.insert(func.span.start());
                    self.call(&parts, expr, args);
                    self.registrations(&parts, expr, values());
                    let shipped = keywords
                        .iter()
                        .filter(|keyword| keyword.name.as_ref().is_some_and(|name| name.name == "python_callable"));
                    for name in shipped.filter_map(|keyword| keyword.value.as_name()) {
                        self.facts.detached.insert(SmolStr::new(name), expr.span);
                    }
                }
            }
            ExprKind::Subscript { value, index } => {
                let is_own = index.as_name() == Some("__name__");
                if is_own && value.as_dotted().is_some_and(|parts| self.are_loaded_modules(&parts)) {
                    self.dynamic(Code::DynamicNamespace, expr.span, "the module takes itself from `sys.modules`");
                }
            }
            ExprKind::Str(_) => self.string(expr),
            _ => {}
        }
        walk_expr(self, expr);
    }
}

impl<'m> Collector<'_, 'm> {
    /// All clauses of a statement have the indentation of its first line.
    fn header(&mut self, header: Span, body: &Block) {
        if body.inline {
            self.facts.headers.extend(body.colon.map(|colon| (colon, header.start())));
        }
    }

    fn dynamic(&mut self, code: Code, place: Span, what: &str) {
        self.facts.dynamic.get_or_insert_with(|| (code, place, what.to_owned()));
    }

    /// Whether the name at the start of `expr` is the builtin, and in which scope it is used.
    fn builtin(&self, expr: &Expr) -> Option<ScopeId> {
        let name = root(expr)?;
        let reference = self.facts.reference(self.model, name.span.start())?;
        matches!(reference.resolution, Resolution::Builtin | Resolution::Unknown).then_some(reference.scope)
    }

    fn call(&mut self, func: &[&'m str], call: &'m Expr, args: &'m [Expr]) {
        let ExprKind::Call { func: callee, .. } = &call.kind else { return };
        match func {
            ["globals"] if self.builtin(callee).is_some() => {
                self.dynamic(Code::DynamicNamespace, call.span, "`globals()` is called");
            }
            ["vars" | "locals" | "dir"] if args.is_empty() => {
                let Some(scope) = self.builtin(callee) else { return };
                match self.model.enclosing_function(scope) {
                    Some(_) => {
                        self.facts.locals.entry(scope).or_insert(call.span);
                    }
                    // In a class body it is the class's namespace.
                    None if matches!(self.model.scope(scope).node, ScopeNode::Class(_)) => {}
                    None => {
                        self.dynamic(Code::DynamicNamespace, call.span, "the module's namespace is taken as a whole")
                    }
                }
            }
            ["eval" | "exec"] if self.builtin(callee).is_some() => {
                // With a dictionary of its own it sees nothing of this module; `globals()` is seen above.
                let own_names = args.len() >= 2 && !matches!(args[1].kind, ExprKind::Constant);
                if !own_names {
                    self.dynamic(Code::EvalExec, call.span, "the code in this string may use any global name");
                }
            }
            ["__import__"] | [.., "import_module"]
                if args.first().and_then(|arg| arg.as_name()) == Some("__name__") =>
            {
                self.dynamic(Code::DynamicNamespace, call.span, "the module imports itself by name");
            }
            [.., "modules", "get"] if args.first().and_then(|arg| arg.as_name()) == Some("__name__") => {
                self.dynamic(Code::DynamicNamespace, call.span, "the module takes itself from `sys.modules`");
            }
            _ => {}
        }
        let last = func.last().copied().unwrap_or_default();
        if matches!(last, "import_module" | "__import__" | "reload") {
            self.import_system(call);
        }
    }

    fn attribute(&mut self, parts: &[&'m str], expr: &'m Expr) {
        if parts.len() > 1 && self.are_loaded_modules(&parts[..2]) {
            self.import_system(expr);
        }
    }

    /// `sys.modules`, under whichever name this module has it.
    fn are_loaded_modules(&self, parts: &[&str]) -> bool {
        let imports = |name: &str, form: &ImportForm, of: &str| {
            let symbol = self.model.symbol(self.model.module_scope(), name);
            symbol.iter().flat_map(|symbol| &symbol.bindings).any(|id| match self.model.binding(*id).kind {
                BindingKind::Import { import, alias } => {
                    import.form == *form && import.aliases.get(alias).is_some_and(|alias| alias.name == of)
                }
                _ => false,
            })
        };
        match parts {
            ["sys", "modules"] => true,
            [name, "modules"] => imports(name, &ImportForm::Import, "sys"),
            [name] => {
                let form = ImportForm::From { level: 0, module: Some("sys".into()), star: false };
                imports(name, &form, "modules")
            }
            _ => false,
        }
    }

    fn import_system(&mut self, expr: &'m Expr) {
        let Some(name) = root(expr) else { return };
        let Some(reference) = self.facts.reference(self.model, name.span.start()) else { return };
        if let Some(function) = self.model.enclosing_function(reference.scope) {
            self.facts.reads_import_system.entry(function).or_insert(expr.span);
        }
    }

    /// `atexit.register(f)`, `signal.signal(..., f)`, `udf(f)`.
    fn registrations(&mut self, func: &[&'m str], call: &'m Expr, values: impl Iterator<Item = &'m Expr>) {
        let dotted = func.join(".");
        let code = if known::SHUTDOWN_REGISTRARS.contains(&dotted.as_str()) {
            Code::ShutdownPath
        } else if known::SIGNAL_REGISTRARS.contains(&dotted.as_str()) {
            Code::SignalHandler
        } else if known::COMPILERS.contains(&func.last().copied().unwrap_or_default()) {
            Code::CompiledFunction
        } else if known::DETACHING_CALLS.contains(&func.last().copied().unwrap_or_default()) {
            for value in values {
                if let Some(name) = value.as_name() {
                    self.facts.detached.insert(SmolStr::new(name), call.span);
                }
            }
            return;
        } else {
            return;
        };
        for value in values {
            let Some(name) = root(value) else { continue };
            let Some(reference) = self.facts.reference(self.model, name.span.start()) else { continue };
            if let (Some(parts), true) = (value.as_dotted(), matches!(value.kind, ExprKind::Attribute { .. })) {
                self.facts.chains.entry(name.span.start()).or_insert_with(|| parts[1..].to_vec());
            }
            for scope in self.facts.called_by(self.model, reference) {
                let what = format!("`{dotted}` registers the function");
                self.facts.late.entry(scope).or_insert((code, call.span, what));
            }
        }
    }

    fn string(&mut self, expr: &'m Expr) {
        let source = &self.facts.text[expr.span];
        if source.contains(">>>") {
            self.facts.doctests.push(expr.span);
        }
        if source.contains("from __main__ import") {
            self.facts.main_strings.push(expr.span);
        }
    }
}

/// The name that a chain of attributes, calls and subscripts begins with.
fn root(expr: &Expr) -> Option<&Expr> {
    let mut current = expr;
    loop {
        match &current.kind {
            ExprKind::Name(_) => return Some(current),
            ExprKind::Attribute { value, .. } | ExprKind::Subscript { value, .. } => current = value,
            ExprKind::Call { func, .. } => current = func,
            _ => return None,
        }
    }
}
