//! Facts about well-known modules, decorators and files that no analysis of the user's code can find out.

/// In `sys.modules` of every CPython before the program's first line (`python -I -c ""`, 3.9 to 3.14): importing them
/// costs nothing.
pub const ALWAYS_LOADED: &[&str] = &[
    "__main__",
    "_abc",
    "_codecs",
    "_collections_abc",
    "_frozen_importlib",
    "_imp",
    "_io",
    "_signal",
    "_sitebuiltins",
    "_stat",
    "_thread",
    "_warnings",
    "_weakref",
    "abc",
    "builtins",
    "codecs",
    "encodings",
    "errno",
    "io",
    "marshal",
    "nt",
    "ntpath",
    "os",
    "posix",
    "posixpath",
    "site",
    "stat",
    "sys",
    "time",
    "zipimport",
];

/// Importing these changes something that code which does not name them relies on.
pub const SIDE_EFFECTS: &[&str] = &[
    // They replace parts of other modules, and must come first.
    "ddtrace.auto",
    "eventlet",
    "gevent.monkey",
    "newrelic.agent",
    "sitecustomize",
    "usercustomize",
    // They change the terminal, the interpreter or global state of another library.
    "antigravity",
    "faulthandler",
    "lovely_tensors",
    "readline",
    "rlcompleter",
    "seaborn",
    "this",
    "truststore",
    "pip_system_certs",
    // They register accessors, codecs, drivers or types on objects of another library.
    "cupy_xarray",
    "geopandas",
    "hvplot",
    "hdf5plugin",
    "janitor",
    "pandarallel",
    "pillow_avif",
    "pillow_heif",
    "pint_pandas",
    "pint_xarray",
    "rioxarray",
    "swifter",
];

/// Packages of the standard library, in some version.
pub const STDLIB_PACKAGES: &[&str] = &[
    "asyncio",
    "collections",
    "concurrent",
    "concurrent.futures",
    "ctypes",
    "curses",
    "dbm",
    "distutils",
    "distutils.command",
    "email",
    "email.mime",
    "encodings",
    "ensurepip",
    "html",
    "http",
    "idlelib",
    "importlib",
    "importlib.metadata",
    "importlib.resources",
    "json",
    "lib2to3",
    "logging",
    "multiprocessing",
    "multiprocessing.dummy",
    "os",
    "pathlib",
    "pydoc_data",
    "re",
    "sqlite3",
    "sysconfig",
    "tkinter",
    "tomllib",
    "unittest",
    "urllib",
    "venv",
    "wsgiref",
    "xml",
    "xml.dom",
    "xml.etree",
    "xml.parsers",
    "xml.sax",
    "xmlrpc",
    "zipfile",
    "zoneinfo",
];

/// Names of packages that are not the submodule of that name.
pub const SHADOWED: &[&str] = &["curses.has_key", "dask.delayed", "slugify.slugify", "tenacity.retry", "unittest.main"];

/// Importing two of these in another order crashes some builds.
pub const NATIVE: &[&str] =
    &["cv2", "mxnet", "numba", "open3d", "pyarrow", "sklearn", "tensorflow", "torch", "xgboost"];

/// Exist on some operating systems only.
pub const PLATFORM: &[&str] = &[
    "_curses",
    "_winapi",
    "crypt",
    "curses",
    "dbm.gnu",
    "dbm.ndbm",
    "fcntl",
    "grp",
    "msilib",
    "msvcrt",
    "nis",
    "ossaudiodev",
    "posix",
    "pty",
    "pwd",
    "readline",
    "resource",
    "spwd",
    "syslog",
    "termios",
    "tkinter",
    "tty",
    "win32api",
    "win32con",
    "winreg",
    "winsound",
];

pub const DEBUGGERS: &[&str] =
    &["IPython", "bpdb", "debugpy", "icecream", "ipdb", "pdb", "pudb", "pydevd", "rpdb", "wdb"];

/// Last parts of decorators whose function is translated by a compiler that knows no import statement.
pub const COMPILERS: &[&str] = &[
    "cfunc",
    "cuda_jit",
    "generated_jit",
    "guvectorize",
    "jit",
    "njit",
    "pjit",
    "script",
    "script_method",
    "stencil",
    "vectorize",
    "autotune",
    "parallel_loop",
    "outlined",
];

/// The same, where the last part alone would say too little.
pub const COMPILERS_DOTTED: &[&str] = &[
    "taichi.func",
    "taichi.kernel",
    "ti.func",
    "ti.kernel",
    "tf.function",
    "tensorflow.function",
    "torch.compile",
    "warp.func",
    "warp.kernel",
    "wp.func",
    "wp.kernel",
    "numba.experimental.jitclass",
];

/// Decorators that keep results across runs, keyed on the function's source.
pub const SOURCE_CACHES: &[&str] = &["cache_data", "cache_resource", "experimental_memo", "experimental_singleton"];
pub const SOURCE_CACHES_DOTTED: &[&str] = &["joblib.cache", "mem.cache", "memory.cache", "st.cache", "streamlit.cache"];

/// Decorators that ship a function's source or bytecode elsewhere.
pub const DETACHING: &[&str] = &[
    "component",
    "create_component_from_func",
    "external_python",
    "external_python_task",
    "func_to_container_op",
    "kubernetes",
    "lightweight_component",
    "pandas_udf",
    "pyfunc_component",
    "remote",
    "udf",
    "virtualenv",
    "virtualenv_task",
];

/// Calls that do the same to a function passed to them.
pub const DETACHING_CALLS: &[&str] = &[
    "BranchExternalPythonOperator",
    "BranchPythonVirtualenvOperator",
    "ExternalPythonOperator",
    "PythonVirtualenvOperator",
    "create_component_from_func",
    "func_to_container_op",
    "getsource",
    "getsourcelines",
    "map_partitions",
    "pandas_udf",
    "remote",
    "udf",
];

/// Files whose names a framework reads: every from-imported name may mean something there.
pub const FRAMEWORK_FILES: &[&str] = &[
    "celeryconfig.py",
    "conf.py",
    "conftest.py",
    "dodo.py",
    "env.py",
    "fabfile.py",
    "gunicorn.conf.py",
    "gunicorn_conf.py",
    "jupyter_config.py",
    "jupyter_notebook_config.py",
    "jupyter_server_config.py",
    "locustfile.py",
    "manage_settings.py",
    "noxfile.py",
    "setup.py",
    "tasks.py",
];

/// Those among them where plain modules count too: every global is a setting.
pub const SETTINGS_FILES: &[&str] = &["celeryconfig.py", "conf.py", "gunicorn.conf.py", "gunicorn_conf.py"];

/// Methods that the import system or attribute lookup calls.
pub const HOOKS: &[&str] = &[
    "__class_getitem__",
    "__getattr__",
    "__dir__",
    "create_module",
    "exec_module",
    "find_module",
    "find_spec",
    "load_module",
];

/// Methods that may run while the interpreter shuts down.
pub const SHUTDOWN_METHODS: &[&str] = &["__del__"];

/// Functions that register a function to run at shutdown.
pub const SHUTDOWN_REGISTRARS: &[&str] = &["atexit.register", "weakref.finalize", "register_at_exit"];

/// Functions that register a function to run between any two instructions.
pub const SIGNAL_REGISTRARS: &[&str] = &[
    "signal.signal",
    "sys.settrace",
    "sys.setprofile",
    "threading.settrace",
    "threading.setprofile",
    "signal.sigaction",
];

/// Objects that decide what an import finds, or that modules read when they are imported.
const IMPORT_STATE: &[&str] = &["builtins", "os.environ", "sys", "warnings.filters"];

/// Methods that change nothing of them.
const READING: &[&str] = &["copy", "count", "get", "index", "items", "keys", "values"];

/// Functions that change the like for the whole process.
const STATE_CHANGERS: &[&str] = &[
    "django.setup",
    "importlib.invalidate_caches",
    "locale.setlocale",
    "matplotlib.use",
    "multiprocessing.set_start_method",
    "os.chdir",
    "os.chroot",
    "os.fchdir",
    "os.fork",
    "os.putenv",
    "os.setegid",
    "os.seteuid",
    "os.setgid",
    "os.setuid",
    "os.unsetenv",
    "resource.setrlimit",
    "signal.alarm",
    "signal.setitimer",
    "site.addsitedir",
    "warnings.filterwarnings",
    "warnings.resetwarnings",
    "warnings.simplefilter",
];

/// Last parts of functions that do so whatever they are part of.
const STATE_CHANGERS_LAST: &[&str] =
    &["import_module", "install_import_hook", "load_dotenv", "monkey_patch", "patch_all", "patch_socket", "reload"];

/// Fixtures of tests whose every method replaces something.
const PATCHERS: &[&str] = &["mocker", "monkeypatch"];

/// Whether an assignment to `name`, a full name, or to an item of it, changes what a later import finds or does.
pub fn is_import_state(name: &str) -> bool {
    IMPORT_STATE.iter().any(|state| name == *state || name.starts_with(&format!("{state}.")))
}

/// Whether a call of `function`, its full name, changes what a later import finds or does.
pub fn changes_import_state(function: &str) -> bool {
    const CONTAINERS: &[&str] = &[
        "os.environ",
        "sys.argv",
        "sys.meta_path",
        "sys.modules",
        "sys.path",
        "sys.path_hooks",
        "sys.path_importer_cache",
        "warnings.filters",
    ];
    let (owner, last) = function.rsplit_once('.').unwrap_or(("", function));
    STATE_CHANGERS.contains(&function)
        || STATE_CHANGERS_LAST.contains(&last)
        || CONTAINERS.contains(&owner) && !READING.contains(&last)
        || PATCHERS.contains(&owner.split('.').next().unwrap_or_default())
}

/// Whether the file holds tests by the usual names.
pub fn is_test_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.starts_with("test_")
        || name.ends_with("_test.py")
        || name == "tests.py"
        || name == "test.py"
        || path.split('/').rev().skip(1).any(|folder| folder == "tests" || folder == "test")
}
