//! What is known of functions and decorators of the standard library and of common packages, as far as importing a module
//! that uses them is concerned.

/// Decorators that change nothing beyond what they decorate.
pub(super) const PURE_DECORATORS: &[&str] = &[
    "abstractmethod",
    "asynccontextmanager",
    "cache",
    "cached_property",
    "classmethod",
    "contextmanager",
    "dataclass",
    "define",
    "deleter",
    "final",
    "frozen",
    "getter",
    "lru_cache",
    "overload",
    "override",
    "property",
    "runtime_checkable",
    "setter",
    "singledispatch",
    "staticmethod",
    "total_ordering",
    "unique",
    "wraps",
];

/// Packages whose decorators only wrap or mark what they decorate.
pub(super) const PURE_PACKAGES: &[&str] = &[
    "abc",
    "attr",
    "attrs",
    "contextlib",
    "dataclasses",
    "enum",
    "functools",
    "mock",
    "pytest",
    "typing",
    "typing_extensions",
    "unittest",
];

/// What a process has of its own.
pub(super) const INPUTS: &[&str] = &[
    "decouple.config",
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "dynaconf.Dynaconf",
    "environ.Env",
    "environs.Env",
    "os.environ",
    "os.environb",
    "os.getcwd",
    "os.getcwdb",
    "os.getenv",
    "os.getenvb",
    "os.getpid",
    "os.getppid",
    "os.getuid",
    "os.urandom",
    "pathlib.Path.cwd",
    "random.choice",
    "random.getrandbits",
    "random.randint",
    "random.random",
    "secrets.token_bytes",
    "secrets.token_hex",
    "secrets.token_urlsafe",
    "starlette.config.Config",
    "sys.argv",
    "time.localtime",
    "time.monotonic",
    "time.perf_counter",
    "time.process_time",
    "time.time",
    "time.time_ns",
    "uuid.uuid1",
    "uuid.uuid4",
];

/// Functions that open a file by its name.
pub(super) const OPENERS: &[&str] =
    &["codecs.open", "gzip.open", "io.open", "os.listdir", "os.open", "os.scandir", "tokenize.open"];
