//! The proof on its own: edits made by hand, right ones and wrong ones, that no planner has seen.

use rustc_hash::FxHashSet;

use super::{Allowed, Violation, prove};
use crate::project::{FileIndex, Surroundings};
use crate::python::parse;
use crate::semantic::Model;

fn proved(before: &str, after: &str) -> Result<(), Violation> {
    proved_with(Allowed::default(), before, after)
}

fn proved_with(allowed: Allowed, before: &str, after: &str) -> Result<(), Violation> {
    let module = parse(before.to_owned()).expect("the text before is Python");
    let modules = FxHashSet::default();
    let around = Surroundings { modules: &modules, is_writable: true, line_length: 88, is_cold: &|_| false };
    let index = FileIndex::new("app.py", &module, &around).expect("it has a name");
    prove("app.py", &Model::new(&module), &index, after.to_owned(), allowed, |_, _| true).map(|_| ())
}

/// `import m` at the head of the module moves to the place marked `@`, which is left out before.
fn sunk(body: &str) -> Result<(), Violation> {
    let line = |line: &str| match line.split_once('@') {
        Some((indent, _)) => (None, Some(format!("{indent}import m"))),
        None => (Some(line.to_owned()), Some(line.to_owned())),
    };
    let (before, after): (Vec<_>, Vec<_>) = body.lines().map(line).unzip();
    let text = |lines: Vec<Option<String>>| lines.into_iter().flatten().map(|line| line + "\n").collect::<String>();
    proved(&format!("import m\n{}", text(before)), &text(after))
}

#[test]
fn an_import_may_stand_in_a_branch_that_holds_every_use_below_it() {
    for body in [
        "def f(a):\n    @\n    if a:\n        m.x\n    m.y",
        "def f(a):\n    if a:\n        @\n        m.x\n        m.y",
        "def f(a):\n    if a:\n        pass\n    elif b:\n        @\n        m.x\n    else:\n        pass",
        "def f(a):\n    if a:\n        pass\n    else:\n        @\n        if b:\n            m.x",
        "def f(a):\n    match a:\n        case 1:\n            @\n            m.x",
        "def f(a):\n    for i in a:\n        pass\n    else:\n        @\n        m.x",
        "def f(a):\n    try:\n        pass\n    except E:\n        @\n        m.x",
        "def f(a):\n    try:\n        pass\n    except E:\n        pass\n    else:\n        @\n        m.x",
        "def f(a):\n    try:\n        if a:\n            @\n            m.x\n    except KeyError:\n        pass",
        "def f(a):\n    if a:\n        @\n        def g(x=m.x):\n            return lambda: m.y\n        return g",
        "if __name__ == '__main__':\n    if a:\n        @\n        m.x",
    ] {
        assert!(sunk(body).is_ok(), "{body}\n{:?}", sunk(body));
    }
}

#[test]
fn a_use_outside_the_branch_would_be_unbound() {
    for body in [
        "def f(a):\n    if a:\n        @\n        m.x\n    m.y",
        "def f(a):\n    m.y\n    if a:\n        @\n        m.x",
        "def f(a):\n    if a:\n        @\n        m.x\n    elif m.y:\n        pass",
        "def f(a):\n    if a:\n        @\n        m.x\n    else:\n        m.y",
        "def f(a):\n    if a:\n        m.y\n        @\n        m.x",
        "def f(a):\n    if a:\n        if b:\n            @\n            m.x\n        m.y",
        "def f(a):\n    match a:\n        case 1:\n            @\n            m.x\n        case m.y:\n            pass",
        "def f(a):\n    try:\n        pass\n    except m.E:\n        @\n        m.x",
        "def f(a):\n    def g():\n        return m.y\n    if a:\n        @\n        m.x",
        "def f(a):\n    b = lambda: m.y\n    if a:\n        @\n        m.x",
        "def f(a):\n    y: m.Y\n    if a:\n        @\n        m.x",
        "if __name__ == '__main__':\n    if a:\n        @\n        m.x\n    m.y",
        "if __name__ == '__main__':\n    if a:\n        @\n        b = lambda: m.x",
    ] {
        let result = sunk(body);
        assert!(matches!(result, Err(Violation::Unbound { .. })), "{body}\n{result:?}");
    }
}

#[test]
fn an_import_must_not_stand_where_it_runs_in_another_way() {
    for body in [
        "def f(a):\n    for i in a:\n        @\n        m.x",
        "def f(a):\n    while a:\n        if b:\n            @\n            m.x",
        "def f(a):\n    if a:\n        for i in a:\n            @\n            m.x",
        "def f(a):\n    with a:\n        @\n        m.x",
        "async def f(a):\n    async with a:\n        if b:\n            @\n            m.x",
        "def f(a):\n    try:\n        @\n        m.x\n    except ImportError:\n        pass",
        "def f(a):\n    try:\n        @\n        m.x\n    except Exception:\n        pass",
        "def f(a):\n    try:\n        if a:\n            @\n            m.x\n    except:\n        pass",
        "def f(a):\n    try:\n        if a:\n            @\n            m.x\n    except (KeyError, lib.Error):\n        pass",
        "def f(a):\n    try:\n        pass\n    finally:\n        @\n        m.x",
        "def f(a):\n    try:\n        if a:\n            @\n            m.x\n    finally:\n        return 1",
        "def f(a):\n    try:\n        pass\n    except E:\n        @\n        m.x\n    finally:\n        if a:\n            return",
        "if __name__ == '__main__':\n    for i in a:\n        @\n        m.x",
        "if __name__ == '__main__':\n    try:\n        @\n        m.x\n    except Exception:\n        pass",
    ] {
        let result = sunk(body);
        assert!(matches!(result, Err(Violation::Unbound { .. })), "{body}\n{result:?}");
    }
}

const TEXT: &str = "from __future__ import annotations\nimport m\ndef f(x: m.T):\n    return m.y\n";

#[test]
fn an_import_may_go_under_type_checking_beside_the_function_that_uses_it() {
    let guard = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import m\n";
    let after = format!("from __future__ import annotations\n{guard}def f(x: m.T):\n    import m\n    return m.y\n");
    assert!(proved(TEXT, &after).is_ok(), "{:?}", proved(TEXT, &after));
}

#[test]
fn what_runs_must_not_rest_on_an_import_for_type_checkers() {
    let guard = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import m\n";
    let after = format!("from __future__ import annotations\n{guard}def f(x: m.T):\n    return m.y\n");
    assert!(matches!(proved(TEXT, &after), Err(Violation::Meaning { .. })), "{:?}", proved(TEXT, &after));
    // Without the future import the annotation runs too, unless Python defers it.
    let before = "import m\ndef f(x: m.T):\n    pass\n";
    let after = format!("{guard}def f(x: m.T):\n    pass\n");
    assert!(matches!(proved(before, &after), Err(Violation::Meaning { .. })), "{:?}", proved(before, &after));
    let deferred = Allowed { deferred_annotations: true, ..Allowed::default() };
    assert!(proved_with(deferred, before, &after).is_ok());
}

#[test]
fn a_guard_must_be_the_constant_of_typing_and_hold_imports_that_were_there() {
    let rest = "def f(x: m.T):\n    import m\n    return m.y\n";
    for guard in [
        "TYPE_CHECKING = True\nif TYPE_CHECKING:\n    import m\n",
        "from app import TYPE_CHECKING\nif TYPE_CHECKING:\n    import m\n",
        "if TYPE_CHECKING:\n    import m\nfrom typing import TYPE_CHECKING\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import m, other\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import m\n    print()\n",
        "from typing import TYPE_CHECKING\nif not TYPE_CHECKING:\n    import m\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import m\nelse:\n    pass\n",
    ] {
        let after = format!("from __future__ import annotations\n{guard}{rest}");
        assert!(proved(TEXT, &after).is_err(), "{guard}");
    }
}

#[test]
fn what_type_checkers_alone_import_never_comes_to_run() {
    let head = "from __future__ import annotations\nfrom typing import TYPE_CHECKING\n";
    let before = format!("{head}if TYPE_CHECKING:\n    import m\ndef f(x: m.T):\n    pass\n");
    let after = format!("{head}import m\ndef f(x: m.T):\n    pass\n");
    assert!(proved(&before, &after).is_err());
}

#[test]
fn the_future_import_is_added_only_where_it_is_allowed() {
    let before = "import m\ndef f(x: m.T):\n    return m.y\n";
    let guard = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import m\n";
    let after = format!("from __future__ import annotations\n{guard}def f(x: m.T):\n    import m\n    return m.y\n");
    assert!(matches!(proved(before, &after), Err(Violation::Code(_))), "{:?}", proved(before, &after));
    let allowed = Allowed { future_import: true, ..Allowed::default() };
    assert!(proved_with(allowed, before, &after).is_ok(), "{:?}", proved_with(allowed, before, &after));
}
