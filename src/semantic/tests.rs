//! Facts about scopes, bindings and references, in words.

use super::*;
use crate::python;

fn parse(text: &str) -> Module {
    python::parse(text.to_owned()).expect("the test's source is valid")
}

/// What a scope is called in these tests.
fn scope_name(model: &Model<'_>, id: ScopeId) -> String {
    match model.scope(id).node {
        ScopeNode::Module => "module".to_owned(),
        ScopeNode::Class(class) => class.name.name.to_string(),
        ScopeNode::Function(function) => function.name.name.to_string(),
        ScopeNode::Lambda { .. } => "lambda".to_owned(),
        ScopeNode::Comprehension(_) => "comprehension".to_owned(),
        ScopeNode::TypeParameters(_) => "type parameters".to_owned(),
        ScopeNode::Lazy(_) => "lazy".to_owned(),
    }
}

fn resolution_name(model: &Model<'_>, resolution: Resolution) -> String {
    match resolution {
        Resolution::Scope(scope) => scope_name(model, scope),
        Resolution::ClassThenGlobal(class) => format!("{} then global", scope_name(model, class)),
        Resolution::Builtin => "builtin".to_owned(),
        Resolution::Unknown => "unknown".to_owned(),
    }
}

/// Where each reference of `name` leads, in the order of the text.
#[track_caller]
fn assert_meanings(text: &str, name: &str, expected: &[&str]) {
    let module = parse(text);
    let model = Model::new(&module);
    let found: Vec<String> = model.references_named(name).map(|r| resolution_name(&model, r.resolution)).collect();
    assert_eq!(found, expected, "in {text}");
}

/// Context and phase of each reference of `name`, in the order of the text.
#[track_caller]
fn assert_roles(text: &str, name: &str, expected: &[(Context, Phase)]) {
    let module = parse(text);
    let model = Model::new(&module);
    let found: Vec<(Context, Phase)> = model.references_named(name).map(|r| (r.context, r.phase)).collect();
    assert_eq!(found, expected, "in {text}");
}

/// The scope in which each reference of `name` is looked up.
#[track_caller]
fn assert_lookups(text: &str, name: &str, expected: &[&str]) {
    let module = parse(text);
    let model = Model::new(&module);
    let found: Vec<String> = model.references_named(name).map(|r| scope_name(&model, r.scope)).collect();
    assert_eq!(found, expected, "in {text}");
}

fn scope_called(model: &Model<'_>, name: &str) -> ScopeId {
    model.scopes().map(|(id, _)| id).find(|&id| scope_name(model, id) == name).expect("the scope is there")
}

#[test]
fn a_parameter_hides_the_import() {
    assert_meanings("import json\ndef f(json): return json\n", "json", &["f"]);
    assert_meanings("import json\ng = lambda *json: json\n", "json", &["lambda"]);
}

#[test]
fn a_name_assigned_anywhere_in_a_function_is_local_in_all_of_it() {
    for binding in [
        "json = 3",
        "json += 3",
        "json: int = 3",
        "json: int",
        "del json",
        "import json",
        "import json.decoder",
        "def json(): pass",
        "class json: pass",
        "(json := 3)",
        "for json in y: pass",
        "for a, (*json, b) in y: pass",
        "with y as json: pass",
        "with y as (json, b): pass",
    ] {
        let text = format!("import json\ndef f():\n    json\n    {binding}\n");
        let module = parse(&text);
        let model = Model::new(&module);
        let first = model.references_named("json").next().expect("json is read");
        assert_eq!(first.resolution, Resolution::Scope(scope_called(&model, "f")), "{binding}");
    }
}

#[test]
fn a_parenthesised_annotation_without_a_value_binds_nothing() {
    assert_meanings("import json\ndef f():\n    json\n    (json): int\n", "json", &["module"]);
    assert_meanings("import json\ndef f():\n    json\n    (json): int = 1\n", "json", &["f"]);
}

#[test]
fn an_exception_name_is_local() {
    let text = "import e\ndef f():\n    try: g()\n    except ValueError as e: h()\n    return e\n";
    assert_meanings(text, "e", &["f"]);
}

#[test]
fn match_captures_bind_and_dotted_patterns_read() {
    let text = "import json\ndef f(e):\n    match e:\n        case {'a': json, **rest}: return json, rest\n";
    assert_meanings(text, "json", &["f"]);
    assert_meanings(text, "rest", &["f"]);
    let text = "import ast\ndef f(e):\n    match e:\n        case ast.X | ast.Call(): pass\n";
    assert_meanings(text, "ast", &["module", "module"]);
    let text = "def f(e):\n    match e:\n        case [*a] | (b as a): return a\n";
    assert_meanings(text, "a", &["f"]);
}

#[test]
fn augmented_assignment_reads_and_binds() {
    let text = "from counters import hits\nhits += 1\n";
    assert_roles(text, "hits", &[(Context::Augmented, Phase::Import)]);
    let module = parse(text);
    let model = Model::new(&module);
    let symbol = model.symbol(model.module_scope(), "hits").expect("hits is bound");
    assert_eq!(symbol.bindings.len(), 2);
}

#[test]
fn a_walrus_in_a_comprehension_binds_the_function_around() {
    let text = "import json\ndef f(xs): return [[json := x for x in y] for y in xs], json\n";
    assert_meanings(text, "json", &["f"]);
    let module = parse(text);
    let model = Model::new(&module);
    let f = scope_called(&model, "f");
    let walrus = model.bindings().iter().find(|b| matches!(b.kind, BindingKind::Walrus)).expect("a walrus");
    assert_eq!(walrus.scope, f);
    assert_ne!(walrus.written_in, f);
}

#[test]
fn a_walrus_in_a_comprehension_of_the_module_binds_the_module() {
    assert_meanings("[y := x for x in z]\ndef f(): return y\n", "y", &["module"]);
}

#[test]
fn a_comprehension_has_its_own_target_but_its_first_iterable_is_outside() {
    assert_meanings(
        "import json\ndef f(xs): return [json for json in xs], json\n",
        "json",
        &["comprehension", "module"],
    );
    assert_lookups("def f(xs): return [1 for x in xs for y in xs]\n", "xs", &["f", "comprehension"]);
}

#[test]
fn a_comprehension_in_a_class_sees_only_its_first_iterable_there() {
    let text = "import json\nclass C:\n    import json\n    X = [json for i in json]\n";
    assert_meanings(text, "json", &["module", "C then global"]);
    assert_roles(text, "json", &[(Context::Value, Phase::Import), (Context::Value, Phase::Import)]);
}

#[test]
fn a_global_declaration_leads_past_the_function() {
    let text = "import json\ndef f():\n    global json\n    json = 1\n    def g(): return json\n";
    assert_meanings(text, "json", &["module"]);
    let module = parse(text);
    let model = Model::new(&module);
    let assignment = model.bindings().iter().find(|b| matches!(b.kind, BindingKind::Assignment)).expect("json = 1");
    assert_eq!(assignment.scope, model.module_scope());
    assert_eq!(scope_name(&model, assignment.written_in), "f");
    assert_eq!(model.symbol(model.module_scope(), "json").map(|s| s.bindings.len()), Some(2));
}

#[test]
fn a_global_declaration_in_an_inner_function_skips_the_outer_ones_local() {
    let text = "def f():\n    import json\n    def g():\n        global json\n        return json\n";
    assert_meanings(text, "json", &["unknown"]);
}

#[test]
fn nonlocal_binds_the_outer_function() {
    let text = "def f():\n    import json\n    def g():\n        nonlocal json\n        json = 1\n    return json\n";
    assert_meanings(text, "json", &["f"]);
    let module = parse(text);
    let model = Model::new(&module);
    let f = scope_called(&model, "f");
    let symbol = model.symbol(f, "json").expect("json is bound");
    assert_eq!(symbol.bindings.len(), 2);
    assert_eq!(symbol.class, SymbolClass::Cell);
    let g = scope_called(&model, "g");
    let declared = model.bindings().iter().find(|b| matches!(b.kind, BindingKind::Nonlocal)).expect("a declaration");
    assert_eq!(declared.scope, g);
}

#[test]
fn a_nested_function_closes_over_the_outer_one() {
    let text = "def f():\n    import json\n    class C:\n        def g(self): return lambda: json\n";
    assert_meanings(text, "json", &["f"]);
    let module = parse(text);
    let model = Model::new(&module);
    let classes: Vec<SymbolClass> = ["f", "C", "g", "lambda"]
        .iter()
        .filter_map(|name| model.symbol(scope_called(&model, name), "json"))
        .map(|symbol| symbol.class)
        .collect();
    assert_eq!(classes, [SymbolClass::Cell, SymbolClass::Free, SymbolClass::Free, SymbolClass::Free]);
}

#[test]
fn a_class_that_binds_a_name_reads_the_global_and_never_the_function_around() {
    let text = "import json\ndef f():\n    import json\n    class A: json = json\n    class B: x = json\n";
    assert_meanings(text, "json", &["A then global", "f"]);
    let module = parse(text);
    let model = Model::new(&module);
    assert_eq!(model.references_to(model.module_scope(), "json").count(), 1);
    assert_eq!(model.references_to(scope_called(&model, "f"), "json").count(), 1);
    assert_eq!(model.references_to(scope_called(&model, "A"), "json").count(), 1);
}

#[test]
fn methods_do_not_see_the_names_of_their_class() {
    assert_meanings("class C:\n    import json\n    def f(self): return json\n", "json", &["unknown"]);
}

#[test]
fn an_import_that_hides_a_builtin_is_what_functions_read() {
    let text = "from codecs import open\ndef f(p): return open(p)\ndef g(): return len\n";
    assert_meanings(text, "open", &["module"]);
    assert_meanings(text, "len", &["builtin"]);
    assert_meanings("def f(): return __name__, __file__\n", "__file__", &["builtin"]);
}

#[test]
fn private_names_are_mangled_in_classes() {
    let text = "from lib import __secret\nclass _C:\n    __x = 1\n    def m(self): return __secret, __x, __name__\n";
    assert_meanings(text, "_C__secret", &["unknown"]);
    assert_meanings(text, "__secret", &[]);
    assert_meanings(text, "__name__", &["builtin"]);
    let module = parse(text);
    let model = Model::new(&module);
    let m = scope_called(&model, "m");
    assert_eq!(model.mangled("__secret", m), "_C__secret");
    assert_eq!(model.mangled("__secret", model.module_scope()), "__secret");
    assert!(model.symbol(scope_called(&model, "_C"), "_C__x").is_some());
    assert_meanings("class __: x = __y\n", "__y", &["unknown"]);
}

#[test]
fn super_and_dunder_class_reach_the_class_around() {
    let text = "class C:\n    def f(self): return super()\n    def g(self): return __class__\n    x = __class__\n";
    assert_meanings(text, "__class__", &["C", "unknown"]);
    let module = parse(text);
    let model = Model::new(&module);
    let symbol = model.symbol(scope_called(&model, "f"), "__class__").expect("super needs __class__");
    assert_eq!(symbol.class, SymbolClass::Free);
}

#[test]
fn decorators_defaults_bases_and_annotations_are_looked_up_around_the_definition() {
    let text = "def f():\n    @x.a\n    def g(p: x = x, *, q=x) -> x: x\n    @x\n    class C(x, k=x): x\n";
    assert_lookups(text, "x", &["f", "f", "f", "f", "f", "g", "f", "f", "f", "C"]);
    let text = "@x.a\ndef g(p: x = x) -> x: x\n@x\nclass C(x, k=x): x\n";
    let eager = Context::Annotation(Annotation::Eager);
    assert_roles(
        text,
        "x",
        &[
            (Context::Decorator, Phase::Import),
            (eager, Phase::Import),
            (Context::Default, Phase::Import),
            (eager, Phase::Import),
            (Context::Value, Phase::Call),
            (Context::Decorator, Phase::Import),
            (Context::ClassHeader, Phase::Import),
            (Context::ClassHeader, Phase::Import),
            (Context::Value, Phase::Import),
        ],
    );
}

#[test]
fn lambda_bodies_run_when_called_and_generator_expressions_count_as_import() {
    let value = |phase| (Context::Value, phase);
    assert_roles("d = lambda o: json\n", "json", &[value(Phase::Call)]);
    assert_roles("d = lambda o=json: 1\n", "json", &[(Context::Default, Phase::Import)]);
    assert_roles("d = (json for o in x)\n", "json", &[value(Phase::Import)]);
    assert_roles("def f(): return [json for o in x]\n", "json", &[value(Phase::Call)]);
}

#[test]
fn interpolations_are_code() {
    assert_roles("x = f'{a:>{b}}' 'c'\n", "a", &[(Context::Value, Phase::Import)]);
    assert_meanings("x = f'{a:>{b}}' 'c'\n", "b", &["unknown"]);
    assert_meanings("x = f'{a:>{b}}' 'c'\n", "c", &[]);
}

#[test]
fn the_future_import_defers_annotations() {
    let deferred = (Context::Annotation(Annotation::Deferred), Phase::Annotation);
    let text = "from __future__ import annotations\nimport a\ndef f(x: a.b) -> a.b: pass\nclass C:\n    y: a.c = 1\n";
    assert_roles(text, "a", &[deferred, deferred, deferred]);
    assert_meanings(text, "a", &["module", "module", "module"]);
    let text = "from __future__ import annotations\ndef f():\n    a = 1\n    def g(x: lambda: a): pass\n";
    assert_roles(text, "a", &[deferred]);
    let module = parse(text);
    let model = Model::new(&module);
    let symbol = model.symbol(scope_called(&model, "f"), "a").expect("a is bound");
    assert_eq!(symbol.class, SymbolClass::Local, "what is not compiled captures nothing");
}

#[test]
fn annotations_of_local_variables_are_never_evaluated() {
    let never = (Context::Annotation(Annotation::Never), Phase::Annotation);
    let eager = (Context::Annotation(Annotation::Eager), Phase::Import);
    let text = "def f(s):\n    x: T = 1\n    s.y: T = 2\n    s.z: 'T' = 3\n";
    assert_roles(text, "T", &[never, never, never]);
    assert_roles("x: T\no.y: T = 1\nclass C:\n    z: T\n", "T", &[eager, eager, eager]);
    assert_roles("from __future__ import annotations\ndef f():\n    x: T = 1\n", "T", &[never]);
}

#[test]
fn strings_in_annotations_are_references() {
    let quoted = (Context::Annotation(Annotation::Quoted), Phase::Annotation);
    for annotation in [
        "'decimal.Decimal'",
        "\"Optional['decimal.Decimal']\"",
        "List['decimal.Decimal']",
        "'List[' 'decimal.Decimal]'",
        "'Optional[\\'decimal.D\\']'",
        "Annotated['decimal.Decimal', 'other']",
        "'''\n  Union[int,\n    decimal.Decimal]\n'''",
        "int | 'decimal.Decimal'",
        "Callable[['decimal.Decimal'], None]",
        "'lambda other: decimal'",
        "'[decimal for other in decimal.x][0]'.y if 0 else 'decimal.z'",
    ] {
        let text = format!("import decimal\ndef f(*x: {annotation}): pass\n");
        let module = parse(&text);
        let model = Model::new(&module);
        let found: Vec<_> = model.references_named("decimal").map(|r| (r.context, r.phase)).collect();
        assert_eq!(found, [quoted], "{annotation}");
        assert_eq!(model.references_named("other").count(), 0, "{annotation}");
    }
}

#[test]
fn a_name_in_a_string_has_its_own_place() {
    let text = "import decimal\nx: Optional[ \" List['decimal.D']\"]\n";
    let module = parse(text);
    let model = Model::new(&module);
    let found: Vec<&str> = model.references_named("decimal").map(|r| &text[r.span]).collect();
    assert_eq!(found, ["decimal"]);
    let quoted: Vec<&str> = model.references_named("List").map(|r| &text[r.span]).collect();
    assert_eq!(quoted, ["List"]);
}

#[test]
fn strings_where_functions_expect_types_are_references() {
    for source in [
        "cast('a.B', x)",
        "typing.cast('a.B', x)",
        "T = TypeVar('T', bound='a.B')",
        "T = TypeVar('T', 'a.B', 'c')",
        "N = NewType('N', 'a.B')",
        "N = NamedTuple('N', [('f', 'a.B')])",
        "N = TypedDict('N', {'f': 'a.B'})",
        "X = Optional['a.B']",
        "X: TypeAlias = 'a.B'",
        "X: TypeAlias = list['a.B']",
        "class C(Generic['a.B']): pass",
        "class C(Own['a.B']): pass",
        "type X = 'a.B'",
    ] {
        let module = parse(&format!("{source}\n"));
        let model = Model::new(&module);
        let found: Vec<Context> = model.references_named("a").map(|r| r.context).collect();
        assert_eq!(found, [Context::Annotation(Annotation::Quoted)], "{source}");
        assert_eq!(model.references_named("f").count(), 0, "{source}");
    }
}

#[test]
fn strings_that_are_data_are_no_references() {
    for source in [
        "x: Literal['os']",
        "x: 'Literal[\"os\"]'",
        "x: Annotated[int, 'os']",
        "x: Annotated[int, Field('os')]",
        "x = table['os']",
        "print('os')",
        "T = TypeVar('os')",
        "x: b'os'",
        "x: 'os os'",
        "x: 'os('",
    ] {
        let module = parse(&format!("import os\n{source}\n"));
        let model = Model::new(&module);
        assert_eq!(model.references_named("os").count(), 0, "{source}");
    }
}

#[test]
fn type_parameters_are_seen_by_the_whole_definition_but_its_decorators_and_defaults() {
    let text = "import T\n@T\ndef f[T](x: T = T) -> T: return T\n";
    assert_meanings(text, "T", &["module", "type parameters", "module", "type parameters", "type parameters"]);
    let text = "class K[T](Base[T], m=T):\n    x: T\n    def m(self) -> T: return T\n";
    assert_meanings(text, "T", &["type parameters"; 5]);
    assert_roles("class K[T](Base): pass\n", "Base", &[(Context::ClassHeader, Phase::Import)]);
}

#[test]
fn bounds_and_alias_values_are_evaluated_when_asked() {
    let lazy = (Context::Value, Phase::Call);
    assert_roles("type A[T: a.b] = list[a.c]\n", "a", &[lazy, lazy]);
    assert_roles("def f[T: a.b](x): pass\n", "a", &[lazy]);
    assert_lookups("type A = list[a]\n", "a", &["lazy"]);
}

#[test]
fn lazy_scopes_in_a_class_see_the_class_and_then_the_module() {
    let text = "def f():\n    a = 1\n    b = 2\n    class C:\n        a = 3\n        type X = a | b\n        def m[T: a](self): pass\n";
    assert_meanings(text, "a", &["C then global", "C then global"]);
    assert_meanings(text, "b", &["f"]);
}

#[test]
fn a_star_import_binds_no_name_of_its_own() {
    let text = "from os.path import *\ndef f(): return join\n";
    assert_meanings(text, "join", &["unknown"]);
    let module = parse(text);
    let model = Model::new(&module);
    assert_eq!(model.imports().len(), 1);
    assert!(!model.bindings().iter().any(|binding| matches!(binding.kind, BindingKind::Import { .. })));
}

#[test]
fn import_sites_know_the_statements_around_them() {
    let text = "try:\n    import a\nexcept ImportError:\n    if x:\n        pass\n    else:\n        import b as a\n\
                def f():\n    for i in y:\n        import c\n    import d\n";
    let module = parse(text);
    let model = Model::new(&module);
    let arms: Vec<(usize, Vec<Arm>)> =
        model.imports().iter().map(|site| (site.index, site.guards.iter().map(|guard| guard.arm).collect())).collect();
    let expected = [(0, vec![Arm::TryBody]), (0, vec![Arm::Handler(0), Arm::Else]), (0, vec![Arm::Loop]), (1, vec![])];
    assert_eq!(arms, expected);
    assert_eq!(scope_name(&model, model.imports()[3].scope), "f");
}

#[test]
fn names_can_be_resolved_where_nobody_reads_them_yet() {
    let text = "import json\ndef f(json): pass\ndef g():\n    class C:\n        json = 1\n        def h(self): pass\n";
    let module = parse(text);
    let model = Model::new(&module);
    let meaning = |name, scope| resolution_name(&model, model.would_resolve(name, scope_called(&model, scope)));
    assert_eq!(meaning("json", "f"), "f");
    assert_eq!(meaning("json", "g"), "module");
    assert_eq!(meaning("json", "C"), "C then global");
    assert_eq!(meaning("json", "h"), "module");
    assert_eq!(meaning("print", "h"), "builtin");
    assert_eq!(meaning("nobody", "module"), "unknown");
}

#[test]
fn functions_are_found_by_their_syntax() {
    let text = "def f():\n    def g(): return [lambda: x for y in z]\n";
    let module = parse(text);
    let model = Model::new(&module);
    let x = model.references_named("x").next().expect("x is read");
    let g = model.enclosing_function(x.scope).expect("x is read in a function");
    let ScopeNode::Function(function) = model.scope(g).node else { panic!("g is a function") };
    assert_eq!(function.name.name, "g");
    assert_eq!(model.scope_of_function(function), Some(g));
    assert!(model.is_within(x.scope, g) && !model.is_within(g, x.scope));
    assert_eq!(model.ancestors(x.scope).count(), 5);
    assert_eq!(model.enclosing_function(model.module_scope()), None);
}

#[test]
fn twenty_thousand_functions_are_no_trouble() {
    let mut text = String::from("import json\n");
    for index in 0..20_000 {
        text.push_str(&format!("def f{index}(): return json.dumps(f{index})\n"));
    }
    let module = parse(&text);
    let model = Model::new(&module);
    assert_eq!(model.references_to(model.module_scope(), "json").count(), 20_000);
}
