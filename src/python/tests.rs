//! What a file means once it is read, and what is refused.

use super::*;

fn module(text: &str) -> Module {
    parse(text.to_owned()).unwrap_or_else(|faults| panic!("{text:?}: {faults:?}"))
}

#[track_caller]
fn fault(text: &str) -> FaultKind {
    parse(text.to_owned()).expect_err(text)[0].kind
}

#[track_caller]
fn only(text: &str) -> StmtKind {
    let mut body = module(text).body().clone().body;
    assert_eq!(body.len(), 1, "{text:?}");
    body.remove(0).kind
}

#[track_caller]
fn import(text: &str) -> Import {
    match only(text) {
        StmtKind::Import(import) => import,
        other => panic!("{other:?}"),
    }
}

fn equal_skeletons(a: &str, b: &str) -> bool {
    let (a, b) = (module(a), module(b));
    let difference = a.skeleton().first_difference(&b.skeleton());
    assert_eq!(difference.is_none(), a.skeleton() == b.skeleton());
    difference.is_none()
}

/// A reparsed text has the tree of a fresh parse, whatever statement of the earlier one is gone, doubled or changed.
#[track_caller]
fn reparses(earlier: &str, text: &str) {
    let read = |result: Result<Module, Vec<Fault>>| format!("{result:?}");
    assert_eq!(read(reparse(text.to_owned(), &module(earlier))), read(parse(text.to_owned())), "{earlier:?} {text:?}");
}

const STATEMENTS: &[&str] = &[
    "import a\n",
    "# above\nimport b; import c\n\n",
    "def f():\n    return a\n    # inside\n\n# below\n",
    "class C:\n    x = 1\n\n    def g(self):\n        pass\n        # of g\n    # of C\n",
    "@d\ndef h(): pass\n",
    "if a:\n    pass\nelse:\n    pass\n",
    "x = [\n1,\n]\n",
    "y = \"\"\"\nimport a\n\"\"\"\n",
    "z = 1; \\\nw = 2\n",
    "\r\nv = 3\r\n",
    "try:\n    import q\nexcept ImportError:\n    q = None\n",
];

#[test]
fn a_text_of_which_statements_changed_has_the_tree_of_a_fresh_parse() {
    let whole: String = STATEMENTS.concat();
    reparses(&whole, &whole);
    for at in 0..STATEMENTS.len() {
        let with = |new: &str| [STATEMENTS[..at].concat(), new.to_owned(), STATEMENTS[at + 1..].concat()].concat();
        reparses(&whole, &with(""));
        reparses(&whole, &with(&STATEMENTS[at].repeat(2)));
        for new in STATEMENTS.iter().chain(&[
            "def n():\n    import m\n    return m\n",
            "import a # why\n",
            "\u{1F600}",
            "(",
            "  ",
        ]) {
            reparses(&whole, &with(new));
            reparses(&whole, &with(&format!("{}{new}", STATEMENTS[at])));
        }
    }
    // Each line gone, or put further in.
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    for line in 0..lines.len() {
        let with = |new: &str| [lines[..line].concat(), new.to_owned(), lines[line + 1..].concat()].concat();
        reparses(&whole, &with(""));
        reparses(&whole, &with(&format!("    {}", lines[line])));
    }
}

#[test]
fn an_import_has_the_names_it_binds() {
    let import = import("import a . b, c as d\n");
    let bound: Vec<_> = import.aliases.iter().map(Alias::bound).collect();
    assert_eq!(bound, ["a", "d"]);
    assert_eq!(import.aliases[0].name, "a.b");
}

#[test]
fn a_relative_import_counts_its_dots() {
    let import = import("from ... a.b import (c as d, # why\n  e,)\n");
    let form = ImportForm::From { level: 3, module: Some("a.b".into()), star: false };
    assert_eq!(import.form, form);
    assert_eq!(import.parentheses, Some(span(20, 40)));
    assert!(import.trailing_comma);
}

#[test]
fn a_lazy_import_starts_at_its_keyword() {
    let text = "try:\n    lazy  import a.b as c\n    x\nfinally:\n    lazy from . import d\n";
    let module = module(text);
    let blocks = module.body().body[0].blocks();
    let first = &blocks[0].body[0];
    assert_eq!(&text[first.span], "lazy  import a.b as c");
    let import = first.as_import().unwrap();
    assert!(import.lazy);
    assert_eq!(&text[import.aliases[0].span], "a.b as c");
    assert_eq!(blocks[0].body.len(), 2);
    assert!(blocks[1].body[0].as_import().unwrap().lazy);
}

#[test]
fn lazy_in_a_string_or_as_a_name_is_no_keyword() {
    let text = "lazy = 1\n'''\nlazy import a\n'''\nimport lazy\n";
    let module = module(text);
    let string = module.body().body[1].clone();
    let StmtKind::Expr(expr) = &string.kind else { panic!() };
    assert_eq!(expr.as_str().unwrap().plain(text), Some("\nlazy import a\n"));
    assert!(!module.body().body[2].as_import().unwrap().lazy);
}

#[test]
fn soft_keywords_are_names() {
    for name in ["match", "case", "type", "print", "exec", "lazy", "_"] {
        for text in [
            "NAME = 1",
            "NAME(x)",
            "NAME (x), y",
            "NAME[0] = x",
            "NAME.x = y",
            "x = NAME",
            "(NAME)",
            "NAME: int = 1",
            "NAME(a).b = c",
            "NAME(a).b[c] = d",
            "NAME += 1",
            "for NAME in x: pass",
            "def NAME(NAME): pass",
            "import NAME",
            "f(NAME=NAME)",
            "global NAME",
            "x.NAME",
            "NAME -1",
        ] {
            let text = text.replace("NAME", name);
            assert!(!matches!(only(&text), StmtKind::TypeAlias { .. } | StmtKind::Match { .. }), "{text}");
        }
    }
}

#[test]
fn an_assignment_to_an_attribute_of_type_is_no_alias() {
    let StmtKind::Assign { targets, .. } = only("type(mock).call = x\n") else { panic!() };
    let ExprKind::Attribute { value, attr } = &targets[0].kind else { panic!() };
    let ExprKind::Call { func, args, .. } = &value.kind else { panic!() };
    assert_eq!((func.as_name(), args[0].as_name(), attr.name.as_str()), (Some("type"), Some("mock"), "call"));
    assert_eq!((targets[0].span, value.span), (span(0, 15), span(0, 10)));
}

#[test]
fn a_type_alias_has_its_parameters() {
    let StmtKind::TypeAlias { name, type_params, .. } = only("type A[T: (int, str), *Ts, **P] = list[T]\n") else {
        panic!()
    };
    let names: Vec<_> = type_params.iter().map(|param| param.ident.name.as_str()).collect();
    assert_eq!((name.name.as_str(), names), ("A", vec!["T", "Ts", "P"]));
    assert!(matches!(type_params[0].bound.as_ref().unwrap().kind, ExprKind::Tuple(_)));
}

#[test]
fn a_lone_name_in_a_pattern_binds_and_a_dotted_one_is_read() {
    let text = "match x:\n  case [a, b.c, _, *d]: pass\n  case {'k': -1, **e}: pass\n  case F(g, h=i) as j: pass\n";
    let StmtKind::Match { cases, .. } = only(text) else { panic!() };
    let Pattern::Sequence(items) = &cases[0].pattern else { panic!() };
    assert!(matches!(&items[0], Pattern::Capture(ident) if ident.name == "a"));
    assert!(matches!(&items[1], Pattern::Value(value) if value.as_dotted().as_deref() == Some(&["b", "c"])));
    assert!(matches!(&items[2], Pattern::Wildcard));
    assert!(matches!(&items[3], Pattern::Star(Some(ident)) if ident.name == "d"));
    let Pattern::Mapping { items, rest } = &cases[1].pattern else { panic!() };
    assert_eq!((items.len(), rest.as_ref().unwrap().name.as_str()), (1, "e"));
    let Pattern::As { pattern, name } = &cases[2].pattern else { panic!() };
    let Pattern::Class { arguments, keywords, .. } = &**pattern else { panic!() };
    assert_eq!((arguments.len(), keywords.len(), name.name.as_str()), (1, 1, "j"));
}

#[test]
fn parentheses_around_with_items_only_group() {
    for text in ["with (a as b, c): pass", "with a as b, c: pass", "with (a as b, c,): pass"] {
        let StmtKind::With { items, .. } = only(text) else { panic!() };
        assert_eq!(items.iter().map(|item| item.target.is_some()).collect::<Vec<_>>(), [true, false], "{text}");
    }
    let StmtKind::With { items, .. } = only("with (a, b) as c: pass") else { panic!() };
    assert!(matches!(items[0].context.kind, ExprKind::Tuple(_)));
}

#[test]
fn names_in_formats_of_f_strings_are_read() {
    let StmtKind::Expr(expr) = only("f'{a:{b:>{c}}}' f'{d:={e}}' t'{f!r}'") else { panic!() };
    let parts = &expr.as_str().unwrap().parts;
    let names = parts.iter().flat_map(|part| &part.interpolations).map(|expr| expr.as_name().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["a", "b", "c", "d", "e", "f"]);
    assert!(parts[2].prefix.template);
}

#[test]
fn names_are_normalised_as_python_compares_them() {
    let StmtKind::Expr(expr) = only("\u{fb01}le") else { panic!() };
    assert_eq!(expr.as_name(), Some("file"));
    assert_eq!(expr.span, span(0, 5));
}

#[test]
fn a_star_before_a_call_covers_the_call() {
    let StmtKind::Return(Some(value)) = (match only("def f(): return *g(x), y") {
        StmtKind::Function(function) => function.body.body[0].kind.clone(),
        other => panic!("{other:?}"),
    }) else {
        panic!()
    };
    let ExprKind::Tuple(elements) = value.kind else { panic!() };
    let ExprKind::Starred(call) = &elements[0].kind else { panic!() };
    let ExprKind::Call { func, .. } = &call.kind else { panic!() };
    assert_eq!((func.as_name(), call.span), (Some("g"), span(17, 21)));
}

#[test]
fn a_block_knows_whether_it_is_on_the_line_of_its_colon() {
    let inline = |text: &str| module(text).body().body[0].blocks()[0].inline;
    assert!(inline("if x: y"));
    assert!(inline("if x: \\\r\n  y"));
    assert!(!inline("if x: # y\n  y"));
    assert!(!inline("if x:\r\n\r\n  y"));
}

#[test]
fn a_compound_statement_ends_where_its_last_statement_ends() {
    let text = "def f():\n    x ; # c\n    # d\n\n# e\n";
    let module = module(text);
    let stmt = &module.body().body[0];
    assert_eq!(&text[stmt.span], "def f():\n    x");
    assert_eq!(module.comments().iter().map(|&comment| &text[comment]).collect::<Vec<_>>(), ["# c", "# d", "# e"]);
    assert_eq!(module.comment_at_line_end(stmt), Some(module.comments()[0]));
    assert_eq!(module.indent_of(&stmt.blocks()[0].body[0]), "    ");
}

#[test]
fn a_decorated_definition_starts_at_its_first_decorator() {
    let text = "x\n@a\n@b.c(d)\nasync def f(): pass\n";
    let module = module(text);
    assert_eq!(module.body().body[1].span.start(), size(2));
    let StmtKind::Function(function) = &module.body().body[1].kind else { panic!() };
    assert_eq!((function.decorators.len(), function.is_async), (2, true));
}

#[test]
fn layout_is_read_from_the_text() {
    let text = "\u{feff}if x:\r\n\t\x0c\ty # \u{e9}\r\nz";
    let module = module(text);
    assert_eq!(module.indent_unit(), "\t");
    assert_eq!(module.newline_at(size(3)), "\r\n");
    assert_eq!(module.newline_at(size(text.len())), "\r\n");
    assert_eq!(module.indent_of(&module.body().body[0].blocks()[0].body[0]), "\t");
    let comment = module.comments()[0];
    assert_eq!((&text[comment], module.line_end(comment.start())), ("# \u{e9}", comment.end()));
    assert_eq!(self::module("class A:\n  x = 1\n").indent_unit(), "  ");
    assert_eq!(self::module("").indent_unit(), "    ");
}

#[test]
fn future_annotations_are_seen() {
    assert!(module("'doc'\nfrom __future__ import division, annotations\n").has_future_annotations());
    assert!(!module("from __future__ import division\n").has_future_annotations());
}

#[test]
fn what_python_rejects_is_a_fault() {
    use FaultKind::*;
    let cases = [
        ("def f(:\n  pass", ParseError),
        ("x = = 1", ParseError),
        ("x =\n  5", ParseError),
        ("import a,\n", ParseError),
        ("import\u{200b} a\n", ParseError),
        ("(a\n", ParseError),
        ("x = 1 as b\n", ParseError),
        ("x = await\n", ParseError),
        ("x = 1 y = 2\n", ParseError),
        ("from a import b from c import d\n", ParseError),
        ("'a\nb'\n", ParseError),
        ("'\n'\n", ParseError),
        ("f(a=1, b)\n", ParseError),
        ("f(**a, *b)\n", ParseError),
        ("def f(a, *, a): pass\n", ParseError),
        ("x: y: z\n", ParseError),
        ("break\n", ParseError),
        ("for x in y:\n  def f(): continue\n", ParseError),
        ("for x in y: z\nelse: break\n", ParseError),
        ("from __future__ import nonsense\n", ParseError),
        ("if x:\n", EmptyBlock),
        ("if x:\ny\n", EmptyBlock),
        ("if x:\n\ty\n        z\n", Indentation),
        ("x\n  y\n", Indentation),
        ("  x\n", Indentation),
        ("if x:\n    y\n  z\n", Indentation),
        ("if x:\n    y\n      z\n", Indentation),
        ("if x:\n  y\n else:\n  z\n", Indentation),
        ("import a\nfrom __future__ import division\n", LateFuture),
        ("def f():\n  from __future__ import division\n", LateFuture),
        ("def f():\n  from a import *\n", NestedStar),
        ("class A:\n  from a import *\n", NestedStar),
        ("return 1\n", OutsideFunction),
        ("class A:\n  x = yield\n", OutsideFunction),
        ("x = '\0'\n", NulByte),
        ("x\ry\n", Newline),
        ("def f[T = int](): pass\n", UnsupportedSyntax),
        ("class A[T: int = int]: pass\n", UnsupportedSyntax),
        ("print x\n", Python2),
        ("print >>f, x\n", Python2),
        ("exec code in ns\n", Python2),
        ("x = `y`\n", Python2),
        ("x <> y\n", Python2),
        ("raise E, 'x'\n", Python2),
        ("ur'x'\n", Python2),
        ("0777\n", Python2),
        ("7L\n", Python2),
        ("def f((a, b)): pass\n", Python2),
        ("lambda (a, b): a\n", Python2),
    ];
    for (text, kind) in cases {
        assert_eq!(fault(text), kind, "{text:?}");
    }
}

#[test]
fn what_python_accepts_is_no_fault() {
    let texts = [
        "",
        "\n\n# c",
        "x = 1; \\\nimport a\n",
        "if x:\n\ty\n\tif z:\n\t\tw\n",
        "if x:\n        y\nelse:\n\tz\n",
        "def f():\n    x\n# c\n    y\n",
        "x = (1,\n2)\n",
        "f(a\n=\n1)\n",
        "\x0cx\n",
        "class A:\n\x0c    x\n",
        "'doc'; from __future__ import division\n",
        "0\n00\n0_0\n0777.5\n0j\n",
        "try: x\nexcept A, B: pass\n",
        "try: x\nexcept A, B, C: pass\n",
        "async def f():\n  return [x async for x in y]\n",
        "if x:\n    '''\ny\n'''\n    z\n",
        "f'''{\nx\n}\n  {y:\n>{w}}'''\n",
        "lambda: (yield)\n",
        "f(a=1, *b, **c)\n",
        "while x:\n  if y: break\n  for z in w: pass\n  else: continue\n",
        "x: y[1:2]\n",
        "'a\\\nb'\nr'a\\\nb' f'{x}\\\n{y}'\n",
        "match (x):\n  case _: pass\n",
        "def f(a, /, *, b): pass",
        "@a\n\n# c\n@b\nclass C: pass\n",
        "if x: y\nelif z:\n  w\nelse: v\n",
        "try: x\nexcept* E: y\n",
        "x = y if z else \\\n  w\n",
    ];
    for text in texts {
        module(text);
        module(&text.replace('\n', "\r\n"));
    }
}

#[test]
fn exceptions_without_parentheses_are_of_one_version_and_not_of_others() {
    let minors = |text: &str| [9, 13, 14, 15].map(|minor| module(text).fault_in(minor).map(|fault| fault.kind));
    let bare = Some(FaultKind::BareExceptions);
    assert_eq!(minors("try: x\nexcept A, B: pass\n"), [bare, bare, None, None]);
    assert_eq!(minors("try: x\nexcept* a.A, b: pass\n"), [bare, bare, None, None]);
    assert_eq!(minors("try: x\nexcept A, B, C: pass\n"), [None; 4]);
    assert_eq!(minors("try: x\nexcept (A, B): pass\nexcept (A) as e: pass\n"), [None; 4]);
}

#[test]
fn deep_nesting_is_refused_and_never_crashes() {
    let n = 10_000;
    let nested = |open: &str, close: &str| format!("x = {}y{}\n", open.repeat(n), close.repeat(n));
    let blocks: String = (0..150).map(|depth| format!("{}if x:\n", " ".repeat(depth))).collect();
    let texts = [
        nested("(", ")"),
        nested("[", "]"),
        nested("{1: ", "}"),
        nested("f(", ")"),
        nested("not ", ""),
        nested("-", ""),
        nested("lambda: ", ""),
        nested("x ** ", ""),
        nested("", "()"),
        nested("", ".a"),
        format!("{blocks}{}x\n", " ".repeat(150)),
    ];
    for text in texts {
        let faults = parse(text.clone()).expect_err(&text[..20]);
        assert!(faults.iter().any(|fault| fault.kind.code() == "too-large"), "{}: {:?}", &text[..20], faults[0]);
    }
    let _ = parse("(".repeat(n));
    let _ = parse("if x:\n ".repeat(n));
}

#[test]
fn long_chains_are_read() {
    let n = 5_000;
    let sum = vec!["a"; n].join(" + ");
    let either = vec!["a"; n].join(" or ");
    let conditions = "b if c else ".repeat(n);
    let arms: String = (0..n).map(|i| format!("elif x == {i}:\n  y\n")).collect();
    let assigned = "a = ".repeat(n);
    for text in [sum, either, format!("{conditions}d"), format!("if x: y\n{arms}"), format!("{assigned}1")] {
        module(&text);
    }
    module(&format!("x{}\n", ".a()".repeat(400)));
}

#[test]
fn an_annotation_in_a_string_is_an_expression_at_its_place() {
    let expr = parse_expression("a.b | 'c'", size(100)).unwrap();
    assert_eq!(expr.span, span(100, 109));
    let ExprKind::Operation(operands) = &expr.kind else { panic!() };
    assert_eq!(operands[0].as_dotted().as_deref(), Some(&["a", "b"][..]));
    assert_eq!((operands[0].span, operands[1].span), (span(100, 103), span(106, 109)));
    assert_eq!(parse_expression("a, b", size(0)).unwrap().span, span(0, 4));
    assert_eq!(parse_expression(" (a)", size(7)).unwrap().span, span(9, 10));
    for no in ["", "a b", "a)(b", "a), (b", "a # b", "x = 1", "a\0", "for", "a) + (b"] {
        assert!(parse_expression(no, size(3)).is_none(), "{no:?}");
    }
}

#[test]
fn skeletons_ignore_imports_comments_pass_and_layout() {
    assert!(equal_skeletons("import a\nx = 1\n", "x  =  1 # c\n"));
    assert!(equal_skeletons("def f(): return 1\n", "def f():\n    import a\n    return 1\n"));
    assert!(equal_skeletons("if x: import a\n", "if x:\n    pass\n"));
    assert!(equal_skeletons("f(a,\n  b)\n", "f(a, b); import c\n"));
    assert!(equal_skeletons("try:\n  lazy import a\nfinally: x\n", "try: pass\nfinally: x\n"));
}

#[test]
fn skeletons_differ_where_programs_do() {
    assert!(!equal_skeletons("if x:\n  y\n  z\n", "if x:\n  y\nz\n"));
    assert!(!equal_skeletons("f'{a} {b}'\n", "f'{a}  {b}'\n"));
    assert!(!equal_skeletons("f'{a:>{b}}'\n", "f'{a:<{b}}'\n"));
    assert!(!equal_skeletons("'a\\n'\n", "'a\\t'\n"));
    assert!(!equal_skeletons("x = 1\n", "x = 2\n"));
    assert!(!equal_skeletons("x\n", "x\ny\n"));
    assert!(!equal_skeletons("from __future__ import annotations\nx\n", "x\n"));
}

#[test]
fn an_import_above_a_docstring_changes_the_skeleton() {
    assert!(!equal_skeletons("'doc'\n", "import a\n'doc'\n"));
    assert!(!equal_skeletons("def f():\n  ('do' 'c')\n", "def f():\n  import a\n  ('do' 'c')\n"));
    assert!(!equal_skeletons("class A:\n  'doc'\n", "class A:\n  pass\n  'doc'\n"));
    assert!(equal_skeletons("if x:\n  'doc'\n", "if x:\n  import a\n  'doc'\n"));
    assert!(equal_skeletons("def f():\n  f'doc'\n", "def f():\n  import a\n  f'doc'\n"));
    assert!(equal_skeletons("def f():\n  'doc'\n  x\n", "def f():\n  'doc'\n  import a\n  x\n"));
}
