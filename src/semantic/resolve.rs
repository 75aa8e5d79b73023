//! From names to meanings, as CPython's symbol table decides them: where bindings land, how each scope classifies each
//! name, what each reference resolves to. One climb through the scopes around per name and scope.

use rustc_hash::FxHashMap as HashMap;
use smol_str::SmolStr;

use super::builtins::is_builtin;
use super::{BindingId, BindingKind, Flags, Model, ReferenceId, Resolution, Scope, ScopeId, ScopeNode, SymbolClass};

/// What a name means in a scope.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) class: SymbolClass,
    pub(super) resolution: Resolution,
    /// The scope around that binds a free name.
    owner: Option<ScopeId>,
}

pub(super) fn resolve(mut model: Model<'_>) -> Model<'_> {
    land_bindings(&mut model);
    classify_symbols(&mut model.scopes);
    resolve_references(&mut model);
    index_references(&mut model);
    model
}

/// Each binding lands where it is written, unless the name is declared `global` or `nonlocal` there.
fn land_bindings(model: &mut Model<'_>) {
    for (index, binding) in model.bindings.iter_mut().enumerate() {
        let declares = matches!(binding.kind, BindingKind::Global | BindingKind::Nonlocal);
        let flags = flags(&model.scopes, binding.written_in, &binding.name);
        if !declares && flags.has(Flags::GLOBAL) {
            binding.scope = ScopeId::MODULE;
        } else if !declares && flags.has(Flags::NONLOCAL) {
            let owner = enclosing(&model.scopes, &binding.name, binding.written_in).owner;
            binding.scope = owner.unwrap_or(binding.written_in);
        }
        let symbols = &mut model.scopes[binding.scope.index()].symbols;
        let symbol = symbols.entry(binding.name.clone()).or_default();
        symbol.bindings.push(BindingId::new(index));
        if !declares {
            symbol.flags.add(Flags::STORED);
        }
    }
    let bindings = &model.bindings;
    for symbol in model.scopes.iter_mut().flat_map(|scope| scope.symbols.values_mut()) {
        symbol.bindings.sort_by_key(|id| bindings[id.index()].span.start());
    }
}

/// Parents come before children, so that a child's free name turns a local of a parent into a cell.
fn classify_symbols(scopes: &mut [Scope<'_>]) {
    for index in 0..scopes.len() {
        let id = ScopeId::new(index);
        let known = scopes[index].symbols.iter().filter(|(_, symbol)| symbol.flags.has(Flags::COMPILED));
        let names: Vec<SmolStr> = known.map(|(name, _)| name.clone()).collect();
        for name in names {
            let found = lookup(scopes, &name, id);
            if let Some(symbol) = scopes[index].symbols.get_mut(&name) {
                symbol.class = found.class;
            }
            if let Some(owner) = found.owner {
                capture(scopes, &name, id, owner);
            }
        }
    }
}

/// A name free in `from` is free in every scope on the way to its owner, and a cell there.
fn capture(scopes: &mut [Scope<'_>], name: &SmolStr, from: ScopeId, owner: ScopeId) {
    let uncompiled = scopes[from.index()].uncompiled;
    let mut next = scopes[from.index()].parent;
    while let Some(id) = next {
        let scope = &mut scopes[id.index()];
        if uncompiled && !scope.uncompiled {
            return;
        }
        if id == owner {
            // The `__class__` that a class gives its methods is none of the class's own names.
            let is_class = matches!(scope.node, ScopeNode::Class(_));
            match scope.symbols.get_mut(name) {
                Some(symbol) if symbol.class == SymbolClass::Local && !is_class => symbol.class = SymbolClass::Cell,
                _ => {}
            }
            return;
        }
        let symbol = scope.symbols.entry(name.clone()).or_default();
        if !symbol.flags.has(Flags::COMPILED) {
            symbol.class = SymbolClass::Free;
        }
        next = scope.parent;
    }
}

fn resolve_references(model: &mut Model<'_>) {
    for (index, scope) in model.scopes.iter().enumerate() {
        for (name, symbol) in scope.symbols.iter().filter(|(_, symbol)| !symbol.references.is_empty()) {
            let resolution = lookup(&model.scopes, name, ScopeId::new(index)).resolution;
            for id in &symbol.references {
                model.references[id.index()].resolution = resolution;
            }
        }
    }
}

fn index_references(model: &mut Model<'_>) {
    let mut order: Vec<ReferenceId> = (0..model.references.len()).map(ReferenceId::new).collect();
    order.sort_by_key(|id| model.references[id.index()].span.start());
    let mut readers: HashMap<(ScopeId, SmolStr), Vec<ReferenceId>> = HashMap::default();
    let mut named: HashMap<SmolStr, Vec<ReferenceId>> = HashMap::default();
    for id in order {
        let reference = &model.references[id.index()];
        let name = &reference.name;
        named.entry(name.clone()).or_default().push(id);
        match reference.resolution {
            Resolution::Scope(scope) => readers.entry((scope, name.clone())).or_default().push(id),
            Resolution::ClassThenGlobal(class) => {
                readers.entry((class, name.clone())).or_default().push(id);
                readers.entry((ScopeId::MODULE, name.clone())).or_default().push(id);
            }
            Resolution::Builtin | Resolution::Unknown => {}
        }
    }
    (model.readers, model.named) = (readers, named);
}

/// What `name` means when it is read in `from`.
pub(super) fn lookup(scopes: &[Scope<'_>], name: &str, from: ScopeId) -> Found {
    let here = flags(scopes, from, name);
    if here.has(Flags::GLOBAL) {
        return global(scopes, name, SymbolClass::GlobalExplicit);
    }
    if here.has(Flags::NONLOCAL) {
        return enclosing(scopes, name, from);
    }
    if here.has(Flags::BOUND) {
        let resolution = match scopes[from.index()].node {
            ScopeNode::Class(_) => Resolution::ClassThenGlobal(from),
            _ => Resolution::Scope(from),
        };
        return Found { class: SymbolClass::Local, resolution, owner: None };
    }
    visible_class(scopes, name, from).unwrap_or_else(|| enclosing(scopes, name, from))
}

/// Type parameters and lazily evaluated scopes directly in a class see its names, and then those of the module.
fn visible_class(scopes: &[Scope<'_>], name: &str, from: ScopeId) -> Option<Found> {
    let mut id = from;
    while let ScopeNode::TypeParameters(_) | ScopeNode::Lazy(_) = scopes[id.index()].node {
        id = scopes[id.index()].parent?;
        if id != from && flags(scopes, id, name).has(Flags::BOUND) {
            break;
        }
    }
    if !matches!(scopes[id.index()].node, ScopeNode::Class(_)) || id == from {
        return None;
    }
    let class = flags(scopes, id, name);
    if class.has(Flags::GLOBAL) {
        return Some(global(scopes, name, SymbolClass::GlobalExplicit));
    }
    let bound = class.has(Flags::BOUND) && !class.has(Flags::NONLOCAL);
    let resolution = Resolution::ClassThenGlobal(id);
    bound.then_some(Found { class: SymbolClass::GlobalImplicit, resolution, owner: None })
}

/// The nearest function around `from` that binds the name, else the global. Class bodies are passed over, but give their
/// methods `__class__`.
fn enclosing(scopes: &[Scope<'_>], name: &str, from: ScopeId) -> Found {
    let mut next = scopes[from.index()].parent;
    while let Some(id) = next {
        let scope = &scopes[id.index()];
        let owns = match scope.node {
            ScopeNode::Module => break,
            ScopeNode::Class(_) => name == "__class__",
            _ => {
                let here = flags(scopes, id, name);
                if here.has(Flags::GLOBAL) {
                    break;
                }
                here.has(Flags::BOUND) && !here.has(Flags::NONLOCAL)
            }
        };
        if owns {
            return Found { class: SymbolClass::Free, resolution: Resolution::Scope(id), owner: Some(id) };
        }
        next = scope.parent;
    }
    global(scopes, name, SymbolClass::GlobalImplicit)
}

fn global(scopes: &[Scope<'_>], name: &str, class: SymbolClass) -> Found {
    let resolution = if flags(scopes, ScopeId::MODULE, name).has(Flags::STORED) {
        Resolution::Scope(ScopeId::MODULE)
    } else if is_builtin(name) {
        Resolution::Builtin
    } else {
        Resolution::Unknown
    };
    Found { class, resolution, owner: None }
}

fn flags(scopes: &[Scope<'_>], scope: ScopeId, name: &str) -> Flags {
    scopes[scope.index()].symbols.get(name).map_or(Flags::default(), |symbol| symbol.flags)
}
