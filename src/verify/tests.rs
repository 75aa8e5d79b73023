//! The proof on its own: edits made by hand, right ones and wrong ones, that no planner has seen.

use std::collections::HashSet;

use super::{Violation, prove};
use crate::project::FileIndex;
use crate::python::parse;

fn proved(before: &str, after: &str) -> Result<(), Violation> {
    let module = parse(before.to_owned()).expect("the text before is Python");
    let index = FileIndex::new("app.py", &module, &HashSet::new()).expect("it has a name");
    prove("app.py", &module, &index, after.to_owned(), |_, _| true).map(|_| ())
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
