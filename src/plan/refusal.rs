//! Why an import stays: one code for each reason, with the hazard it avoids and what the user can change. A refusal
//! carries the places that prove it. Nothing here decides.

use crate::text::{LineColumn, Span};

/// A move that is not made.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Refusal {
    pub code: Code,
    /// The places that prove it, most telling first. Empty only where the import itself is the proof.
    pub places: Vec<Place>,
}

/// A place that proves a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub at: At,
    /// What stands there: "used in a decorator".
    pub what: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    /// In the file of the import.
    Here(Span),
    /// In another file of the project.
    File { path: String, place: LineColumn },
}

impl Refusal {
    pub fn here(code: Code, span: Span, what: impl Into<String>) -> Refusal {
        Refusal { code, places: vec![Place { at: At::Here(span), what: what.into() }] }
    }

    /// The same refusal of another import: places that are the import itself move with it.
    pub(super) fn at(mut self, asked: Span, own: Span) -> Refusal {
        for place in &mut self.places {
            if place.at == At::Here(asked) {
                place.at = At::Here(own);
            }
        }
        self
    }

    pub fn elsewhere(code: Code, path: &str, place: LineColumn, what: impl Into<String>) -> Refusal {
        Refusal { code, places: vec![Place { at: At::File { path: path.to_owned(), place }, what: what.into() }] }
    }
}

macro_rules! codes {
    ($($variant:ident $name:literal [$($hazard:literal)*] $summary:literal, $advice:literal;)*) => {
        /// The reasons for which an import stays where it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code { $(#[doc = $summary] $variant,)* }

        impl Code {
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The code as printed: `used-in-decorator`.
            pub fn name(self) -> &'static str {
                match self { $(Code::$variant => $name,)* }
            }

            /// What a move would break.
            pub fn summary(self) -> &'static str {
                match self { $(Code::$variant => $summary,)* }
            }

            /// What the user can change so that the import can move.
            pub fn advice(self) -> &'static str {
                match self { $(Code::$variant => $advice,)* }
            }

            /// The entries of the hazard catalogue that the refusal avoids.
            pub fn hazards(self) -> &'static [&'static str] {
                match self { $(Code::$variant => &[$($hazard),*],)* }
            }

            pub fn from_name(name: &str) -> Option<Code> {
                Code::ALL.iter().copied().find(|code| code.name() == name)
            }
        }
    };
}

codes! {
    UsedAtImportTime "used-at-import-time" ["H001" "H009" "H010" "H012" "H014" "H018" "H020" "H021"]
        "The name is read while the module's body runs, so the module is loaded at import all the same.",
        "Move that statement into a function, or compute its value on first use.";
    UsedInDecorator "used-in-decorator" ["H002" "H190"]
        "Decorators run when the definition does, which is at import.",
        "Apply the decorator inside a function, or keep the import.";
    UsedInDefault "used-in-default" ["H003" "H004"]
        "Default values are evaluated once, when the `def` runs, which is at import.",
        "Use `None` as the default and fill it in inside the function.";
    UsedInClassHeader "used-in-class-header" ["H005"]
        "Bases and class keywords are evaluated when the class statement runs, which is at import.",
        "Move the class into a module of its own that is imported when needed.";
    UsedInClassBody "used-in-class-body" ["H006" "H007" "H013"]
        "A class body runs at import.",
        "Compute the attribute in `__init__` or in a property.";
    UsedInLambda "used-in-lambda" ["H008"]
        "A lambda outside any function cannot hold an import statement.",
        "Write the lambda as a `def`.";
    UsedInAnnotation "used-in-annotation" ["H025" "H026" "H027" "H028" "H029" "H031" "H041"]
        "An annotation names it; without the module-level name, evaluating the annotation or checking types fails.",
        "Add `from __future__ import annotations`: then the import can go under `if TYPE_CHECKING:`.";
    AnnotationReader "annotation-reader" ["H032" "H033" "H034" "H035" "H036" "H037" "H038" "H039" "H040" "H044"]
        "An annotation names it, and something may evaluate that annotation when the program runs.",
        "Keep the import, or move what reads the annotations to a file of its own.";
    HeldBack "held-back" ["H045"]
        "The move rests on an assumption that you must judge.",
        "Look at the place, and run again with `--unsafe` if nothing reads the annotations of this file.";
    UsedInAnnotationScope "used-in-annotation-scope" ["H019"]
        "A `type` statement or a type parameter's bound reads the module's globals later.",
        "Keep the import, or move the alias to a module of its own.";
    TypeCheckingOnly "type-checking-only" ["H042" "H198"]
        "The import stands under `if TYPE_CHECKING:` and must never run.",
        "Nothing to do: it costs nothing at run time.";
    ExecutedAtImport "executed-at-import" ["H016" "H017" "H170"]
        "The function that uses it is called while the module's body runs, so moving the import there saves nothing.",
        "Call the function on first use instead of at import.";
    SideEffectOnly "side-effect-only" ["H133"]
        "Nothing refers to the imported name: the import is there for what it does when it runs.",
        "Delete the import if it is really unused.";
    PossibleFixture "possible-fixture" ["H048"]
        "A test takes a parameter of this name: the import may be a pytest fixture, found by attribute.",
        "Move the fixture to conftest.py.";
    Rebound "rebound" ["H050" "H055" "H064" "H065"]
        "Something else in the module binds or deletes the name.",
        "Give the other binding a name of its own.";
    ReboundInFunction "rebound-in-function" ["H049" "H051" "H052" "H054" "H077" "H207"]
        "The function binds the name in another way as well.",
        "Give the other binding a name of its own.";
    ReboundInClass "rebound-in-class" ["H060"]
        "A class body reads and binds the name; there Python looks it up among the globals, never in a function.",
        "Give the class attribute another name.";
    GlobalDeclared "global-declared" ["H056" "H058"]
        "A scope declares the name `global`: an import there would bind the module's name.",
        "Remove the `global` declaration.";
    NonlocalDeclared "nonlocal-declared" ["H057" "H206"]
        "An inner function declares the name `nonlocal`.",
        "Remove the `nonlocal` declaration.";
    MultipleBindings "multiple-bindings" ["H043" "H062" "H126" "H202"]
        "Several imports bind the name to different things; which one wins depends on their order.",
        "Use an alias (`import x as y`) so that each has its own name.";
    NameCollision "name-collision" ["H200" "H201" "H203"]
        "At module level the name already means something, to the module or to another function.",
        "Use an alias (`import x as y`) for one of the two.";
    MangledName "mangled-name" ["H061"]
        "Inside a class Python rewrites names that begin with two underscores.",
        "Import it under an alias without leading underscores.";
    StarImportInModule "star-import-in-module" ["H067" "H079"]
        "A star import in the file may bind this name, or is what would have to move.",
        "Name what is imported instead of `*`.";
    SharedRootBinding "shared-root-binding" ["H068" "H069" "H080"]
        "`import a.b` and `import a.c` bind one name `a`; one of them has to stay, so all stay.",
        "Use `import a.b as b`, which binds a name of its own.";
    ImplicitSubmodule "implicit-submodule" ["H070"]
        "A submodule is used that this file never imports; whether it is loaded depends on who imported it first.",
        "Import the submodule explicitly.";
    DynamicNamespace "dynamic-namespace" ["H081" "H084" "H233"]
        "The module looks names up in its own namespace by string.",
        "Read the names directly, or from a dictionary of their own.";
    LocalsInFunction "locals-in-function" ["H082" "H175"]
        "The function passes its local names on with `locals()`, `vars()` or `dir()`; the import would be among them.",
        "Pass the values that are meant by name.";
    EvalExec "eval-exec" ["H083" "H097"]
        "`eval` or `exec` may use any global name from inside a string.",
        "Pass it a dictionary with the names it may use.";
    ModuleGetattr "module-getattr" ["H085"]
        "The module defines `__getattr__`; a missing name would go there instead of failing.",
        "Keep the import.";
    LazyExportHook "lazy-export-hook" ["H169"]
        "The function is a hook of the import system or of attribute lookup.",
        "Keep the import where it is.";
    Exported "exported" ["H046" "H086" "H098"]
        "`__all__` lists the name, so it is part of the module's interface.",
        "Remove it from `__all__` if nobody needs it.";
    DynamicAll "dynamic-all" ["H087"]
        "`__all__` is computed, so the name may be part of the module's interface.",
        "Write `__all__` as a list of strings.";
    ExplicitReexport "explicit-reexport" ["H104"]
        "`import x as x` marks a name as part of the module's interface.",
        "Drop the redundant alias if nobody outside uses the name.";
    Reexported "reexported" ["H101" "H102" "H113" "H114"]
        "Another file reads the name from this module.",
        "Import it there from where it is defined.";
    StarImportedBy "star-imported-by" ["H088"]
        "Another file star-imports this module and gets the name with it.",
        "Name what is imported there, or define `__all__` here.";
    NamespaceScanned "namespace-scanned" ["H090" "H113"]
        "The project takes this module as a whole, or hands it on; any of its names may be read.",
        "Name what is read, or give it an object with those names.";
    Reloaded "reloaded" ["H089"]
        "The project reloads the module; names of before and after the reload would mix.",
        "Keep the import, or stop reloading.";
    ReferencedInString "referenced-in-string" ["H095" "H097"]
        "A string names it by its dotted path in this module.",
        "Let the string name the place of definition.";
    UsedInDoctest "used-in-doctest" ["H096"]
        "A doctest uses the name; doctests see the module's globals only.",
        "Import it in the doctest.";
    PatchedName "patched-name" ["H108" "H177" "H178" "H179" "H204"]
        "A test replaces the name in this module; after the move the replacement would not be used.",
        "Patch it where it is defined (`patch(\"boto3.client\")`).";
    PatchedSource "patched-source" ["H180"]
        "A test replaces the name in the module it comes from; a module-level copy would not see that.",
        "Import the module and use the attribute (`lib.g()`).";
    PatchedDependency "patched-dependency" ["H184"]
        "Tests freeze time; when `datetime` and `time` are imported decides whether they are frozen.",
        "Use `import datetime` and attributes.";
    SysModulesPatched "sys-modules-patched" ["H181"]
        "Something in the project replaces the module in `sys.modules`; when it is imported decides which is found.",
        "Patch an attribute of the module instead.";
    SysModulesProbe "sys-modules-probe" ["H238"]
        "Something in the project asks `sys.modules` for the module; when it is imported decides the answer.",
        "Import the module there, or look for it with `importlib.util.find_spec`.";
    SubmoduleProvider "submodule-provider" ["H106"]
        "Another file uses the submodule without importing it, and gets it through this import.",
        "Import the submodule there.";
    AttrSubmoduleClash "attr-submodule-clash" ["H107" "H236"]
        "A package attribute and a submodule share a name; when the submodule is loaded decides which one is seen.",
        "Rename one of the two.";
    PackageInit "package-init" ["H074" "H103" "H246"]
        "The names of an `__init__.py` are the package's interface.",
        "Move the code to a module of its own.";
    FrameworkModule "framework-module" ["H092" "H093" "H094"]
        "A framework reads this file's names (settings, fixtures, tasks).",
        "Import the module and use its attributes, or move the code to a file of its own.";
    TestModule "test-module" ["H091" "H187"]
        "Test runners collect imported classes and functions; where a test imports first-party code may matter.",
        "Keep the import.";
    MainModule "main-module" ["H199"]
        "The imported module is run as a script; importing it at start would execute it a second time.",
        "Move what is needed to a module of its own.";
    GuardedImport "guarded-import" ["H063" "H115" "H125" "H219"]
        "The import stands in a `try`, which handles its failure.",
        "Keep it: the guard is the point.";
    ConditionalImport "conditional-import" ["H117" "H118" "H126" "H253"]
        "The import depends on a condition.",
        "Import it without a condition if it is always installed.";
    InWith "in-with" ["H116" "H127" "H132" "H221"]
        "The import stands in a `with`, which changes how it runs.",
        "Keep it: the context is the point.";
    OrderBarrier "order-barrier" ["H119" "H120" "H121" "H122" "H137" "H209"]
        "Code that must run before or after the import stands between its old and its new place.",
        "Move that code, or keep the import.";
    PlatformModule "platform-module" ["H128"]
        "The module exists on some operating systems only.",
        "Keep the import in the function.";
    VersionDependentModule "version-dependent-module" ["H129"]
        "The module does not exist in every supported Python version.",
        "Raise `target-version`, or keep the import in the function.";
    DebugImport "debug-import" ["H131"]
        "A debugger's import is not meant to stay.",
        "Remove it when done.";
    SideEffectModule "side-effect-module" ["H134" "H135" "H141" "H142" "H146"]
        "Importing the module changes something that others rely on.",
        "Remove it from `side-effects` if the list is yours.";
    ImportTimeInput "import-time-input" ["H140" "H186"]
        "The module keeps what the process has when it is imported: environment, clock, files.",
        "Read it when it is used instead of at import.";
    ImportHook "import-hook" ["H143"]
        "The project changes how modules are found or loaded; when a module is imported decides what it becomes.",
        "Keep the import, or name the modules that the hook is for.";
    AmbiguousModule "ambiguous-module" ["H111" "H120"]
        "The project changes `sys.path`, and several files may be found by this name.",
        "Give the files names of their own.";
    SandboxedProcess "sandboxed-process" ["H145"]
        "The process gives up privileges or its file system; later it may not find the module.",
        "Keep the import.";
    NativeOrder "native-order" ["H139"]
        "The order in which native libraries are loaded matters, and the file loads two of them.",
        "Keep the imports together.";
    LateBinding "late-binding" ["H160" "H161"]
        "The project assigns this name anew in its module; when it is imported decides which value is seen.",
        "Import the module and read the attribute (`config.DEBUG`).";
    ShutdownPath "shutdown-path" ["H156"]
        "The function may run while the interpreter shuts down, when importing fails.",
        "Keep the import, or do the work earlier.";
    SignalHandler "signal-handler" ["H157"]
        "The function may interrupt an import in progress.",
        "Keep the import.";
    CompiledFunction "compiled-function" ["H162"]
        "A compiler translates the function, and import statements are not part of what it accepts.",
        "Keep the import.";
    DetachedFunction "detached-function" ["H163" "H164"]
        "The function's source is shipped elsewhere, without the module around it.",
        "Keep the import in the function.";
    SourceKeyedCache "source-keyed-cache" ["H167"]
        "A cache is keyed on the function's source; an edit would throw it away.",
        "Keep the import.";
    WouldCreateCycle "would-create-cycle" ["H191" "H192"]
        "At module level the import would close a cycle.",
        "Break the cycle: move what both need to a module of its own.";
    DocumentedLocal "documented-local" ["H194"]
        "A comment says why the import is local.",
        "Remove the comment if the reason is gone.";
    LazyLoaderFunction "lazy-loader-function" ["H214"]
        "The function exists to load the module late.",
        "Replace the function by the import.";
    PreloadFunction "preload-function" ["H213"]
        "The function exists to load the module early: the import is all it does.",
        "Remove the function.";
    ReloadPattern "reload-pattern" ["H215"]
        "The function manipulates the import system and relies on importing again.",
        "Keep the import.";
    ClassScopeImport "class-scope-import" ["H205"]
        "An import in a class body makes a class attribute.",
        "Import at module level and assign the attribute.";
    ConfiguredLocal "configured-local" ["H216"]
        "The linter's configuration bans the module at module level.",
        "Make the two configurations agree.";
    Suppressed "suppressed" ["H217" "H261" "H263"]
        "A comment asks tools to leave the import where it is.",
        "Remove the comment.";
    StringWouldBecomeDocstring "string-would-become-docstring" ["H249"]
        "The string after the import would become a docstring.",
        "Turn the string into a comment.";
    PragmaWouldBecomeFileLevel "pragma-would-become-file-level" ["H260" "H266"]
        "A comment after the import would come to apply to the whole file.",
        "Move the comment to the line it is meant for.";
    Notebook "notebook" ["H288"]
        "Cells of a notebook run in any order.",
        "Move the code to a module.";
    NoBenefit "no-benefit" ["H149"]
        "Every Python process has loaded the module before the program starts.",
        "Nothing to do: remove it from the configuration.";
    LoadedAnyway "loaded-anyway" ["H001"]
        "Another import of the same module in this file has to stay, so the module is loaded at start all the same.",
        "See the reason given for the other import.";
}
