//! What usage logging looks like in a file: one import of the function that logs, and calls of it that are statements.
//! Decides nothing; whether the import is hotcold's is asked of the caller.

use super::{Block, Expr, ExprKind, Function, Import, ImportForm, Module, Stmt, StmtKind};

/// The function that logs a use.
pub const TRACKER: &str = "track_module_usage";

/// The usage logging of a file, in the order of the text. Without an import at module level there is none.
#[derive(Debug, Default)]
pub struct Tracking<'m> {
    pub imports: Vec<Logging<'m>>,
    pub calls: Vec<Call<'m>>,
}

/// A statement of usage logging, and its place in its block.
#[derive(Debug, Clone, Copy)]
pub struct Logging<'m> {
    pub stmt: &'m Stmt,
    pub block: &'m Block,
    pub index: usize,
}

/// `track_module_usage("boto3")`
#[derive(Debug, Clone, Copy)]
pub struct Call<'m> {
    pub at: Logging<'m>,
    /// The innermost function around it; none at module level, where hotcold writes no call.
    pub function: Option<&'m Function>,
    /// The module that it names.
    pub module: &'m str,
}

impl<'m> Tracking<'m> {
    /// `is_home` tells whether the function that logs is hotcold's if it comes from a module of this name.
    pub fn of(module: &'m Module, is_home: &dyn Fn(&str) -> bool) -> Tracking<'m> {
        let body = module.body();
        let is_import = |stmt: &Stmt| stmt.as_import().and_then(Import::tracker_home).is_some_and(is_home);
        let imports = body.body.iter().enumerate().filter(|(_, stmt)| is_import(stmt));
        let imports: Vec<Logging<'_>> = imports.map(|(index, stmt)| Logging { stmt, block: body, index }).collect();
        if imports.is_empty() {
            return Tracking::default();
        }
        let mut collector = Collector { text: module.text(), function: None, calls: Vec::new() };
        collector.block(body);
        Tracking { imports, calls: collector.calls }
    }

    pub fn is_empty(&self) -> bool {
        self.imports.is_empty()
    }

    /// The statements of both kinds.
    pub fn statements(&self) -> impl Iterator<Item = Logging<'m>> {
        self.imports.iter().copied().chain(self.calls.iter().map(|call| call.at))
    }
}

impl Import {
    /// The module that `from module import track_module_usage` takes the function from.
    pub fn tracker_home(&self) -> Option<&str> {
        match (&self.form, self.aliases.as_slice()) {
            (ImportForm::From { level: 0, module: Some(module), .. }, [alias])
                if alias.name == TRACKER && alias.asname.is_none() && !self.lazy =>
            {
                Some(module)
            }
            _ => None,
        }
    }
}

impl Stmt {
    /// The module that `track_module_usage("module")` names.
    pub fn as_tracking_call<'t>(&self, text: &'t str) -> Option<&'t str> {
        let StmtKind::Expr(Expr { kind: ExprKind::Call { func, args, keywords }, .. }) = &self.kind else {
            return None;
        };
        match args.as_slice() {
            [module] if keywords.is_empty() && func.as_name() == Some(TRACKER) => module.as_str()?.plain(text),
            _ => None,
        }
    }
}

struct Collector<'m> {
    text: &'m str,
    function: Option<&'m Function>,
    calls: Vec<Call<'m>>,
}

impl<'m> Collector<'m> {
    fn block(&mut self, block: &'m Block) {
        for (index, stmt) in block.body.iter().enumerate() {
            if let Some(module) = stmt.as_tracking_call(self.text) {
                self.calls.push(Call { at: Logging { stmt, block, index }, function: self.function, module });
            }
            let outside = self.function;
            if let StmtKind::Function(function) = &stmt.kind {
                self.function = Some(function);
            }
            stmt.blocks().into_iter().for_each(|block| self.block(block));
            self.function = outside;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(text: &str) -> Vec<String> {
        let module = super::super::parse(text.to_owned()).unwrap();
        let tracking = Tracking::of(&module, &|home| home == "app.hotcold_usage");
        let name = |call: &Call<'_>| call.function.map_or("", |function| &function.name.name).to_owned();
        tracking.calls.iter().map(|call| format!("{} {}", name(call), call.module)).collect()
    }

    #[test]
    fn calls_of_the_imported_function_are_found_in_the_tree() {
        let text = "from app.hotcold_usage import track_module_usage\n\n\ndef f():\n    track_module_usage('a.b')\n    \
                    x = 'track_module_usage(\"c\")'\n    def g(): track_module_usage(\"d\"); return x\n    return g\n";
        assert_eq!(calls(text), ["f a.b", "g d"]);
    }

    #[test]
    fn a_function_of_that_name_from_elsewhere_is_not_hotcolds() {
        let text = "from app.usage import track_module_usage\n\n\ndef f():\n    track_module_usage('a')\n";
        assert!(calls(text).is_empty());
        let text = "def track_module_usage(name):\n    pass\n\n\ndef f():\n    track_module_usage('a')\n";
        assert!(calls(text).is_empty());
    }
}
